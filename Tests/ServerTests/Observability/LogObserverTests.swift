import ConvexAPI
import Domain
import InMemoryLogging
import JOSE
import Logging
import Persistence
import PostgreSQL
import Testing

@testable import connvo_server

@Suite struct LogObserverTests {
    private let log = InMemoryLogHandler()
    private static let caller = User.ID(rawValue: "user_01HZ8XK3V9Q2M4N6P7R8S9T0VW")

    private static let signer = try? StreamTokenSigner(secret: Array("a secret of the Stream app, of the tests".utf8))

    private var observer: LogObserver { observer(successesPerSecond: 10) }

    private func observer(successesPerSecond: Int) -> LogObserver {
        let logger = Logger(label: "test") { [log] _ in
            var handler = log
            handler.logLevel = .debug
            return handler
        }
        return LogObserver(logger: logger, successes: SuccessSampling(limit: successesPerSecond)) {
            Self.signer?.pseudonym(of: $0.rawValue) ?? ""
        }
    }

    // MARK: Requests

    @Test(arguments: ["expired", "bad_signature", "alg_not_allowed", "unknown_kid"])
    func `causes with the same response are distinguished`(cause: String) {
        let failure = AuthenticationFailure(reason: .invalidToken, cause: cause)
        observer.observe(.answered(.example(.unauthenticated(failure), status: 401)))

        #expect(log.entries.map(\.level) == [.info])
        #expect(log.entries.first?.metadata["cause"]?.description == cause)
        #expect(log.entries.first?.metadata["outcome"] == "unauthenticated")
    }

    @Test func `the log names the issuer that is not accepted, and no text forges or floods a line`() {
        let issuer = "https://api.workos.com/user_management/client_01HZ8XK3V9Q2M4N6P7R8S9T0VW"
        for text in [issuer, "a\nb\u{1B}[2J\u{202E}", String(repeating: "x", count: 4000)] {
            var failure = AuthenticationFailure(reason: .invalidToken, cause: "wrong_issuer")
            failure.issuer = text
            observer.observe(.answered(.example(.unauthenticated(failure), status: 401)))
        }

        #expect(
            log.entries.map { $0.metadata["issuer"]?.description } == [
                issuer, "a\u{FFFD}b\u{FFFD}[2J\u{FFFD}", String(repeating: "x", count: 255) + "...",
            ]
        )
    }

    @Test func `an access line has what operators sort by, and the user only as a pseudonym`() throws {
        let trace = TraceID(traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        let result = AnsweredRequest.Result.decided(.refused(.tierRequired), caller: Self.caller)
        observer.observe(.answered(.example(result, status: 403, traceID: trace)))

        let entry = try #require(log.entries.first)
        #expect(entry.message == "Answered a request")
        #expect(entry.level == .info)
        #expect(
            entry.metadata.mapValues(\.description) == [
                "request_id": "request-1",
                "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
                "method": "POST",
                "route": "/api/run/meetings/stream/index/generateParticipantTokenPublic",
                "status": "403",
                "outcome": "tier_required",
                "duration_ms": "2.345",
                "queue_ms": "0.25",
                "database_ms": "1.5",
                // printf 'connvo log user %s' user_01HZ8XK3V9Q2M4N6P7R8S9T0VW
                //   | openssl dgst -sha256 -hmac 'a secret of the Stream app, of the tests' -r | cut -c -32
                "user": "547d5433b572ce36f69a8c1cb6a8730f",
            ]
        )
    }

    @Test func `what is the server's fault is a warning, what is the client's is not`() {
        let observer = observer
        let results: [(AnsweredRequest.Result, Int, Logger.Level)] = [
            (.rejected(.unavailable), 503, .warning),
            (.rejected(.unsupportedMediaType), 415, .info),
            (.decided(.unavailable(.overloaded), caller: Self.caller), 503, .warning),
            (.decided(.failed, caller: Self.caller), 500, .warning),
            (.decided(.rateLimited(limit: 60, retryAfter: 3), caller: Self.caller), 429, .info),
            (.unauthenticated(AuthenticationFailure(reason: .keysUnavailable, cause: "no_usable_key")), 503, .warning),
            (.page, 200, .debug),
            (.page, 503, .info),
        ]
        for (result, status, _) in results { observer.observe(.answered(.example(result, status: status))) }

        #expect(log.entries.map(\.level) == results.map(\.2))
    }

    @Test func `each refusal has its line, however many there are`() {
        let observer = observer
        for _ in 0..<500 {
            observer.observe(.answered(.example(.decided(.refused(.tierRequired), caller: Self.caller), status: 403)))
        }

        #expect(log.entries.count == 500)
    }

    @Test func `of issued tokens so many a second have a line, and the next line says how many had none`() {
        let observer = observer(successesPerSecond: 3)
        let second: UInt64 = 1_000_000_000
        for instant in [5 * second, 5 * second, 5 * second + 1, 6 * second - 1, 6 * second - 1, 6 * second, 9 * second]
        {
            observer.observe(.answered(.example(AnsweredRequest.issued(to: Self.caller), answeredAt: instant)))
        }

        #expect(log.entries.map { $0.metadata["outcome"]?.description } == Array(repeating: "issued", count: 5))
        #expect(log.entries.map { $0.metadata["suppressed"]?.description } == [nil, nil, nil, "2", nil])
    }

    @Test func `none, all, and a limit that is changed while requests come`() {
        let observer = observer(successesPerSecond: 0)
        func answer(_ count: Int) -> Int {
            log.clear()
            for _ in 0..<count {
                observer.observe(.answered(.example(AnsweredRequest.issued(to: Self.caller), answeredAt: 1)))
            }
            // A refusal has its line whatever the limit is.
            observer.observe(.answered(.example(.decided(.refused(.tierRequired), caller: Self.caller), status: 403)))
            return log.entries.count - 1
        }

        #expect(answer(500) == 0)
        observer.successes.limit = .max
        #expect(answer(500) == 500)
        observer.successes.limit = 7
        #expect(answer(500) == 7)
    }

    // MARK: The database

    @Test func `a COMMIT of unknown outcome is an error`() {
        observer.observe(.issuance(.commitUnknown(size: 7, DatabaseError(.connectionLost, "gone"))))

        #expect(log.entries.map(\.level) == [.error])
        #expect(log.entries.first?.metadata["requests"]?.description == "7")
    }

    @Test func `a batch that is committed has no line`() {
        observer.observe(.issuance(.committed(size: 12, took: .milliseconds(3))))

        #expect(log.entries.isEmpty)
    }

    @Test func `lines of one kind of outage are limited to ten a second`() {
        let observer = observer
        for _ in 0..<500 {
            observer.observe(.issuance(.connectionLost(slot: 0, DatabaseError(.connectionLost, "gone"))))
        }

        #expect((10...20).contains(log.entries.count))
    }

    @Test func `that COMMIT is not acknowledged, and that it is again, has a line each`() {
        observer.observe(.issuance(.commitsStalled(abandoned: 4)))
        observer.observe(.issuance(.commitsResumed))

        #expect(log.entries.map(\.level) == [.error, .notice])
        #expect(log.entries.first?.metadata["commits"]?.description == "4")
    }

    @Test func `no row data reaches the log`() {
        var error = DatabaseError(.server, "violates a constraint", sqlState: .checkViolation)
        error.detail = "Failing row contains (alice@example.com)"
        observer.observe(.issuance(.itemFailed(requestID: "request-1", error)))

        #expect(log.entries.count == 1)
        #expect(!"\(log.entries)".contains("alice"))
    }
}
