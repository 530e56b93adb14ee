import PostgreSQL
import Synchronization
import TestSupport
import Testing

@testable import Persistence

/// Waiting, abandoning, turning away, and stopping.
@Suite struct IssuanceQueueTests {
    @Test func `a request abandoned before it was sent leaves no record and is not completed`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                let abandoned = try database.withMeetingsLocked {
                    _ = engine.submit("user_blocked", "meeting_none")
                    try engine.waitForBlocked(1)
                    let response = engine.submit(paid.participant, paid.meeting, id: "abandoned")
                    response.pending.abandon()
                    return response
                }
                #expect(try engine.ask(paid.participant, paid.meeting).token != nil)

                #expect(abandoned.completionCount == 0)
            }

            #expect(try database.record(of: "abandoned", in: "issued_tokens") == nil)
            #expect(try database.tokenCount() == 1)
        }
    }

    @Test func `a request abandoned after it was sent keeps its record`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                let response = try database.withMeetingsLocked {
                    let response = engine.submit(paid.participant, paid.meeting, id: "late")
                    try engine.waitForBlocked(1)
                    response.pending.abandon()
                    return response
                }
                #expect(try response.outcome().token != nil)
            }

            #expect(try database.record(of: "late", in: "issued_tokens") != nil)
        }
    }

    @Test func `a full queue refuses at once`() async throws {
        try await withDatabase { database in
            try TestEngine.run(
                on: database,
                configure: {
                    $0.poolSize = 1
                    $0.batching.maximumQueueLength = 3
                }
            ) { engine in
                let responses = try database.withMeetingsLocked {
                    let first = engine.submit("user_blocked", "meeting_none")
                    try engine.waitForBlocked(1)
                    return [first] + (0..<5).map { _ in engine.submit("user_nobody", "meeting_none") }
                }

                #expect(
                    responses.map { $0.outcomeAtOnce?.unavailability } == [
                        nil, nil, nil, nil, .overloaded, .overloaded,
                    ]
                )
                for response in responses.prefix(4) { #expect(try response.outcome().refusal != nil) }
                #expect(responses.map(\.completionCount) == [1, 1, 1, 1, 0, 0])
            }
        }
    }

    @Test func `while the only connection hangs for longer than requests wait, others are refused at once`()
        async throws
    {
        try await withDatabase { database in
            try TestEngine.run(
                on: database,
                configure: {
                    $0.poolSize = 1
                    $0.batching.maximumWait = .milliseconds(50)
                }
            ) { engine in
                let refused = try database.withMeetingsLocked {
                    _ = engine.submit("user_blocked", "meeting_none")
                    try engine.waitForBlocked(1)
                    _ = engine.submit("user_nobody", "meeting_none")
                    return waitUntil {
                        engine.submit("user_nobody", "meeting_none").outcomeAtOnce?.unavailability == .overloaded
                    }
                }

                #expect(refused)
            }
        }
    }

    @Test func `a request that waits too long is refused after about a second`() async throws {
        try await withDatabase { database in
            try TestEngine.run(
                on: database,
                configure: {
                    $0.poolSize = 1
                    $0.batching.maximumWait = .seconds(1)
                }
            ) { engine in
                try database.withMeetingsLocked {
                    _ = engine.submit("user_blocked", "meeting_none")
                    try engine.waitForBlocked(1)
                    let start = ContinuousClock.now

                    let outcome = try engine.ask("user_nobody", "meeting_none")

                    let took = ContinuousClock.now - start
                    #expect(outcome.unavailability == .waitedTooLong)
                    #expect(took >= .seconds(1))
                    #expect(took < .seconds(2))
                }
            }
            #expect(
                try database.scalar("SELECT count(*) FROM connvo.token_refusals WHERE user_id = 'user_nobody'") == "0"
            )
        }
    }

    @Test func `a request that came back does not make those behind it wait longer`() async throws {
        try await withDatabase { database in
            let order = Shared<[String]>([])
            @Sendable func note(_ name: String) -> @Sendable (IssuanceOutcome) -> Void {
                { outcome in order.value.withLock { $0.append("\(name) \(outcome.unavailability?.rawValue ?? "")") } }
            }
            try TestEngine.run(
                on: database,
                configure: {
                    $0.poolSize = 1
                    $0.batching.maximumWait = .seconds(1)
                }
            ) { engine in
                try database.withMeetingsLocked {
                    let first = engine.submit("user_nobody", "meeting_none", observe: note("first"))
                    try engine.waitForBlocked(1)
                    let second = engine.submit("user_nobody", "meeting_none", observe: note("second"))
                    try TestServer.run("ALTER DATABASE \(database.name) ALLOW_CONNECTIONS false")
                    defer { try? database.open() }
                    let half = Deadline.after(.milliseconds(400))
                    _ = waitUntil { half.hasPassed }
                    // From another database: this one takes no connections.
                    try TestServer.run(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database.name)' AND application_name = '\(TestEngine.applicationName)'"
                    )
                    _ = try (first.outcome(), second.outcome())
                }
            }

            // The first had hardly waited when it was sent; the second has waited all the while.
            #expect(order.value.withLock { $0 } == ["second waited_too_long", "first waited_too_long"])
        }
    }

    @Test func `a request that is sent and not answered by its deadline is not recorded`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                try database.withMeetingsLocked {
                    let outcome = try engine.submit(paid.participant, paid.meeting, timeLimit: .seconds(2))
                        .outcome()
                    #expect(outcome.unavailability == .databaseFailed)
                }
                #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
            }

            #expect(try database.tokenCount() == 1)
        }
    }

    @Test func `a statement that is not answered by its deadline ends on the server soon after`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                try database.withMeetingsLocked {
                    let outcome = try engine.submit(paid.participant, paid.meeting, timeLimit: .seconds(1)).outcome()
                    #expect(outcome.unavailability == .databaseFailed)

                    // The server's own limits are thirty seconds, and the lock is held meanwhile.
                    let waiting = """
                        SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'
                        """
                    #expect(try waitUntil(within: .seconds(15)) { try database.scalar(waiting) == "0" })
                }
            }
        }
    }

    @Test func `a short deadline is kept behind a request that takes long`() async throws {
        try await withDatabase { database in
            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                try database.withMeetingsLocked {
                    let long = engine.submit("user_blocked", "meeting_none")
                    try engine.waitForBlocked(1)
                    let short = engine.submit("user_nobody", "meeting_none", timeLimit: .seconds(1))

                    #expect(waitUntil(within: .seconds(10)) { short.completionCount == 1 })
                    #expect(try short.outcome().unavailability == .waitedTooLong)
                    #expect(long.completionCount == 0)
                }
            }
        }
    }

    @Test func `a batch has the earliest deadline of its requests, and the others are tried again`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let engine = try TestEngine(on: database, configure: { $0.poolSize = 1 })
            defer { engine.engine.stop() }

            let long = try database.withMeetingsLocked {
                let long = engine.submit(paid.participant, paid.meeting)
                let short = engine.submit(paid.organizer, paid.meeting, timeLimit: .seconds(3))
                try engine.engine.start()
                try engine.waitForBlocked(1)

                #expect(waitUntil(within: .seconds(10)) { short.completionCount == 1 })
                #expect(try short.outcome().unavailability == .databaseFailed)
                #expect(long.completionCount == 0)
                return long
            }

            #expect(try long.outcome().token != nil)
            #expect(try database.tokenCount() == 1)
        }
    }

    @Test func `a request that comes with too little time left takes none from those beside it`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let engine = try TestEngine(on: database, configure: { $0.poolSize = 1 })
            defer { engine.engine.stop() }
            let late = engine.submit(paid.organizer, paid.meeting, timeLimit: .milliseconds(100))
            let others = (0..<5).map { _ in engine.submit(paid.participant, paid.meeting) }

            try engine.engine.start()

            for other in others { #expect(try other.outcome().token != nil) }
            #expect(try late.outcome().unavailability == .waitedTooLong)
            #expect(engine.lostConnections.isEmpty)
            #expect(try database.tokenCount() == 5)
        }
    }

    @Test func `a lock that is not granted in time turns the request away, and the connection stays`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(
                on: database,
                configure: {
                    $0.poolSize = 1
                    $0.lockTimeout = .milliseconds(100)
                }
            ) { engine in
                let outcome = try database.withMeetingsLocked { try engine.ask(paid.participant, paid.meeting) }
                #expect(outcome.unavailability == .databaseFailed)
                #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
                #expect(engine.lostConnections.isEmpty)
            }
        }
    }

    // MARK: Stopping

    @Test func `stopping completes every request once, and takes no more`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let engine = try TestEngine(on: database)
            try engine.engine.start()
            let responses = (0..<300).map { _ in engine.submit(paid.participant, paid.meeting) }

            engine.engine.stop()

            #expect(responses.map(\.completionCount) == Array(repeating: 1, count: 300))
            let issued = try responses.filter { try $0.outcome().token != nil }
            #expect(try database.tokenCount() == issued.count)
            #expect(engine.submit(paid.participant, paid.meeting).outcomeAtOnce?.unavailability == .shuttingDown)
            let connections =
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = '\(TestEngine.applicationName)' AND datname = current_database()"
            #expect(try waitUntil { try database.scalar(connections) == "0" })
        }
    }

    @Test func `stopping while the database is away takes no longer than an attempt to connect`() async throws {
        try await withDatabase { database in
            let engine = try TestEngine(on: database)
            try database.shut()
            defer { try? database.open() }
            try engine.engine.start()
            let responses = (0..<10).map { _ in engine.submit("user_nobody", "meeting_none") }

            let took = ContinuousClock().measure { engine.engine.stop() }

            #expect(took < .seconds(5))
            for response in responses { #expect(response.completionCount == (response.wasTaken ? 1 : 0)) }
        }
    }

    @Test func `an engine that was never started completes its requests when it stops`() async throws {
        try await withDatabase { database in
            let engine = try TestEngine(on: database)
            let response = engine.submit("user_nobody", "meeting_none")

            engine.engine.stop()

            #expect(try response.outcome().unavailability == .shuttingDown)
        }
    }
}
