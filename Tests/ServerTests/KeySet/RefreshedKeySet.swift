import InMemoryLogging
import JOSE
import Logging
import Prometheus
import Testing

@testable import connvo_server

/// A key set that is refreshed from a scripted source in simulated time, with the authentication that uses it.
struct RefreshedKeySet: Sendable {
    let time = SimulatedTime()
    let source: ScriptedKeySet
    let store = KeySetStore()
    let metrics = PrometheusFactory(ServerMetric.allCases.map(\.description))
    let log = InMemoryLogHandler()
    /// The log of the requests.
    let requestLog = InMemoryLogHandler()
    let refresher: KeySetRefresher
    let authentication: CallerAuthentication

    private init(_ rules: KeySetSchedule.Rules) {
        source = ScriptedKeySet(rules)
        let logger = Logger(label: "test") { [log] _ in log }
        let logObserver = LogObserver(logger: logger, successes: SuccessSampling(limit: 10)) { _ in "-" }
        let metricsObserver = MetricsObserver(metrics)
        refresher = KeySetRefresher(
            source: source,
            store: store,
            observe: { observation in
                metricsObserver.observe(observation)
                logObserver.observe(observation)
            },
            time: time.time
        )
        ServerGauges(metrics: metrics).register(keySet: refresher, keys: store)
        authentication = CallerAuthentication(
            verifier: BearerTokenVerifier(
                policy: .init(issuers: [], developmentIssuer: DevelopmentToken.issuer)
            ),
            keys: store
        )
    }

    /// Runs the refresher while `body` runs.
    static func with(
        _ rules: KeySetSchedule.Rules = .download,
        body: (RefreshedKeySet) async throws -> Void
    ) async throws {
        let keySet = RefreshedKeySet(rules)
        let running = Task { try await keySet.refresher.run() }
        let result: Result<Void, any Error>
        do {
            try await body(keySet)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        running.cancel()
        keySet.source.end()
        try await running.value
        try result.get()
    }

    /// Ends the read that is in progress or about to start, and waits until the refresher has processed the result.
    func answer(_ answer: ScriptedKeySet.Answer) async throws {
        try await source.answer(answer)
        try await settle()
    }

    /// Advances the clock, and waits until the refresher has reacted.
    func advance(by duration: Duration) async throws {
        try await settle()
        time.advance(by: duration)
        try await settle()
    }

    /// Waits until the refresher is suspended, waiting for the clock or for the source.
    func settle() async throws {
        try await eventually { time.isAwaited || source.isBeingRead }
    }

    /// Why a token is refused; nil when it is accepted.
    func failure(of token: String) -> AuthenticationFailure? {
        do {
            _ = try authentication.authenticate(.one("Bearer \(token)"), address: nil, now: SystemClock.now())
            return nil
        } catch {
            return error
        }
    }

    // MARK: Sets and tokens

    static let nextKeyID = "development-next"

    static func set(current: Bool = true, next: Bool = false) throws -> [UInt8] {
        var keys: [(kid: String, key: RSAPublicKey)] = []
        if current { keys.append((kid: try Tokens.keyID(), key: try Tokens.key.get().publicKey)) }
        if next { keys.append((kid: nextKeyID, key: try Tokens.otherKey.get().publicKey)) }
        return try JWKSet.encode(keys)
    }

    /// A token signed by a key that only the next set has.
    static func nextToken() throws -> String {
        try Tokens.forge(header: #"{"alg":"RS256","kid":"\#(nextKeyID)"}"#, key: Tokens.otherKey.get())
    }

    /// A token with a key that no set has.
    static func unknownToken(_ number: Int = 0) throws -> String {
        try Tokens.forge(header: #"{"alg":"RS256","kid":"development-unknown-\#(number)"}"#)
    }
}
