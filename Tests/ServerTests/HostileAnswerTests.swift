import ConvexAPI
import Domain
import HostileTokens
import InMemoryLogging
import JOSE
import Logging
import Prometheus
import Testing

@testable import connvo_server

/// The whole table of hostile credentials, from the header to the response, the log and the metrics.
@Suite struct HostileAnswerTests {
    /// The `Authorization` headers in the form that the HTTP parser gives.
    private static func authorization(_ credentials: HostileCase.Credentials) -> AuthorizationHeader {
        let values =
            switch credentials {
            case .token(let token): ["Bearer " + String(decoding: token, as: UTF8.self)]
            case .fields(let values): values
            }
        return values.count > 1 ? .several : values.first.map { .one($0) } ?? .absent
    }

    private static func keys(_ circumstances: Circumstances, _ fixture: HostileFixture) throws -> KeySetStore {
        let store = KeySetStore()
        _ = store.replace(with: try JWKSet(parsing: circumstances.keySet ?? HostileKeySet.fixture(fixture)))
        if circumstances.lastFetchFailed { store.noteFailure() }
        return store
    }

    /// Why a case is refused; nil when it is accepted.
    private static func failure(_ hostile: HostileCase, _ fixture: HostileFixture) throws -> AuthenticationFailure? {
        let circumstances = try hostile.circumstances(fixture)
        let authentication = CallerAuthentication(
            verifier: BearerTokenVerifier(policy: circumstances.policy),
            keys: try keys(circumstances, fixture)
        )
        let authorization = authorization(try hostile.credentials(fixture))
        let now = Timestamp(secondsSinceEpoch: fixture.now + circumstances.clock)
        do throws(AuthenticationFailure) {
            // Called twice: the first call must not change the result of the second through the cache.
            _ = try authentication.authenticate(authorization, address: nil, now: now)
            _ = try authentication.authenticate(authorization, address: nil, now: now)
            return nil
        } catch {
            return error
        }
    }

    @Test func `every case has its response, and its cause in the log and in a metric label`() throws {
        let fixture = try HostileFixture(now: 1_750_000_000)
        for hostile in HostileCase.all {
            let expected: ExpectedResponse =
                if case .changed(let arrived) = hostile.wire { arrived } else { hostile.expected }
            let failure = try Self.failure(hostile, fixture)
            #expect(failure?.cause == expected.cause, "\(hostile)")
            let response = failure.map { ErrorResponse($0.reason) }
            #expect(response?.status == expected.status, "\(hostile)")
            #expect(response?.code == expected.code, "\(hostile)")
            #expect(response?.statusCode == expected.status, "\(hostile)")
            let challenges = response?.headers.filter { $0.0.lowercased() == "www-authenticate" }.map(\.1) ?? []
            #expect(challenges == [expected.challenge].compactMap { $0 }, "\(hostile)")

            guard let failure, let cause = expected.cause else { continue }
            let metrics = PrometheusFactory(ServerMetric.allCases.map(\.description))
            let log = InMemoryLogHandler()
            let request = AnsweredRequest.example(.unauthenticated(failure), status: 401)
            MetricsObserver(metrics).observe(.answered(request))
            LogObserver(logger: Logger(label: "test") { _ in log }, successes: SuccessSampling(limit: 10)) { _ in "-" }
                .observe(.answered(request))
            #expect(
                metrics.value(of: #"connvo_authentication_failures_total{cause="\#(cause)"}"#) == 1,
                "\(hostile)"
            )
            #expect(log.entries.map { $0.metadata["cause"]?.description } == [cause], "\(hostile)")
        }
    }
}
