import Domain
import Glibc
import PostgreSQL
import Synchronization
import TestSupport

@testable import Persistence

/// An engine on a test's database, what it reported, and callers for it.
///
/// It connects as `connvo_app`, so that what the serving role may not do fails here too.
final class TestEngine: Sendable {
    static let applicationName = "connvo-tests-engine"

    let engine: IssuanceEngine
    let database: TestDatabase
    private let queue = TestCompletionQueue()
    private let events: Events
    private let counter = Atomic<Int>(0)

    private final class Events: Sendable {
        let all = Mutex<[IssuanceEvent]>([])
    }

    /// - Parameter configure: Changes defaults that suit tests: no quota, and long waits, so that a slow machine refuses nothing.
    init(
        on database: TestDatabase,
        policy: AdmissionPolicy = AdmissionPolicy(),
        configure: (inout IssuanceConfiguration) -> Void = { _ in }
    ) throws {
        let events = Events()
        var configuration = IssuanceConfiguration(
            target: try ConnectionTarget(
                "dbname=\(database.name) options='-c role=connvo_app'",
                applicationName: Self.applicationName
            ),
            policy: policy,
            terms: IssuanceTerms(signingKeyID: "0123456789abcdef", requestsPerMinute: 0, sign: Self.sign)
        )
        configuration.batching.maximumWait = .seconds(30)
        configuration.connectTimeout = .seconds(10)
        configuration.statementTimeout = .seconds(30)
        configuration.lockTimeout = .seconds(30)
        configuration.idleInTransactionTimeout = .seconds(30)
        configure(&configuration)
        self.database = database
        self.events = events
        engine = try IssuanceEngine(configuration) { event in events.all.withLock { $0.append(event) } }
    }

    /// Lends a started engine, and stops it afterwards.
    static func run<Value>(
        on database: TestDatabase,
        policy: AdmissionPolicy = AdmissionPolicy(),
        configure: (inout IssuanceConfiguration) -> Void = { _ in },
        body: (TestEngine) throws -> Value
    ) throws -> Value {
        let engine = try TestEngine(on: database, policy: policy, configure: configure)
        try engine.engine.start()
        defer { engine.engine.stop() }
        return try body(engine)
    }

    // MARK: Asking

    /// Submits a request.
    ///
    /// - Parameter observe: Called inside the completion, before ``PendingResponse/outcome()`` returns.
    func submit(
        _ caller: String,
        _ meeting: String,
        role: Role? = nil,
        id requestID: String? = nil,
        traceID: TraceID? = TraceID(high: 0, low: 1),
        at instant: Timestamp = .now,
        timeLimit: Duration = .seconds(60),
        observe: @escaping @Sendable (IssuanceOutcome) -> Void = { _ in }
    ) -> PendingResponse {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        let request = IssuanceRequest(
            admission: AdmissionRequest(
                callerID: User.ID(rawValue: caller),
                meetingID: Meeting.ID(rawValue: meeting),
                requestedRole: role
            ),
            receivedAt: instant,
            sessionID: "session_\(caller)",
            impersonator: nil,
            clientIP: "192.0.2.7",
            userAgent: "tests/1",
            requestID: requestID ?? "request-\(number)",
            traceID: traceID
        )
        return submit(request, timeLimit: timeLimit, observe: observe)
    }

    func submit(
        _ request: IssuanceRequest,
        timeLimit: Duration = .seconds(60),
        observe: @escaping @Sendable (IssuanceOutcome) -> Void = { _ in }
    ) -> PendingResponse {
        let outcomes = PendingResponse.Outcomes()
        let pending = PendingIssuance(request, deadline: .after(timeLimit), completionQueue: queue) { outcome in
            observe(outcome)
            outcomes.all.withLock { $0.append(outcome) }
        }
        let outcome = engine.submit(pending)
        return PendingResponse(pending: pending, outcomeAtOnce: outcome, outcomes: outcomes)
    }

    /// Submits a request and waits for its outcome.
    func ask(_ caller: String, _ meeting: String, role: Role? = nil) throws -> IssuanceOutcome {
        try submit(caller, meeting, role: role).outcome()
    }

    // MARK: Looking

    /// How many completions the engine handed over at once, each time.
    var deliveries: [Int] { queue.sizes.withLock { $0 } }

    /// Events so far that `pick` takes.
    func reported<Value>(_ pick: (IssuanceEvent) -> Value?) -> [Value] {
        let events = events.all.withLock { $0 }
        return events.compactMap(pick)
    }

    /// The sizes of the batches that were committed.
    var committedSizes: [Int] {
        reported { event in
            if case .committed(let size, _) = event { size } else { nil }
        }
    }

    // MARK: The server's side

    /// Ends every connection of the engine.
    func terminateConnections() throws {
        _ = try database.scalar(
            """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = '\(Self.applicationName)'
            """
        )
    }

    /// Waits until so many connections of the engine wait for a lock.
    func waitForBlocked(_ count: Int) throws {
        let blocked = """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = '\(Self.applicationName)' AND wait_event_type = 'Lock'
            """
        guard try waitUntil({ try database.scalar(blocked) == "\(count)" }) else {
            throw TimeoutError(what: "\(count) connections waiting for a lock")
        }
    }

    // MARK: Signing

    private static let sign: @Sendable (TokenContents) throws -> SignedToken = { contents in
        let text = "\(contents.id) \(contents.userID) \(contents.issuedAt) \(contents.expiresAt)"
        return SignedToken(bytes: Array(text.utf8), sha256: digest(Array(text.utf8)))
    }

    /// 32 bytes in the place of a SHA-256.
    static func digest(_ token: [UInt8]) -> [UInt8] {
        (0..<4).flatMap { testChecksum([$0] + token) }
    }
}

/// Something did not happen in time.
struct TimeoutError: Error {
    let what: String
}

/// A submitted request.
struct PendingResponse: Sendable {
    fileprivate final class Outcomes: Sendable {
        let all = Mutex<[IssuanceOutcome]>([])
    }

    let pending: PendingIssuance
    /// Nil when the engine took it.
    let outcomeAtOnce: IssuanceOutcome?
    fileprivate let outcomes: Outcomes

    var wasTaken: Bool { outcomeAtOnce == nil }

    /// How often it was completed.
    var completionCount: Int { outcomes.all.withLock { $0.count } }

    /// Waits for the outcome. Blocks.
    func outcome() throws -> IssuanceOutcome {
        guard waitUntil(within: .seconds(40), { completionCount > 0 }) else {
            throw TimeoutError(what: "the outcome of \(pending.request.requestID)")
        }
        return outcomes.all.withLock { $0[0] }
    }
}

/// Completes on the engine's own thread, and notes how many came at once.
private final class TestCompletionQueue: CompletionQueue {
    let sizes = Mutex<[Int]>([])

    func run(_ completions: [IssuanceCompletion]) {
        sizes.withLock { $0.append(completions.count) }
        for completion in completions { completion() }
    }
}

extension IssuanceOutcome {
    var token: IssuedToken? {
        if case .issued(let token) = self { token } else { nil }
    }

    var refusal: Refusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }

    var unavailability: Unavailability? {
        if case .unavailable(let reason) = self { reason } else { nil }
    }

    var isFailed: Bool {
        if case .failed = self { true } else { false }
    }
}

extension Timestamp {
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microsecondsSinceEpoch: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
