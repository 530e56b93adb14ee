import PostgreSQL
import Synchronization
import TestSupport
import Testing

@testable import Persistence

/// A database that goes away and comes back.
@Suite struct IssuanceOutageTests {
    @Test func `a connection that died at rest turns no request away`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                for _ in 0..<20 {
                    let outcome = try engine.ask(paid.participant, paid.meeting)
                    #expect(outcome.token != nil, "\(outcome)")
                    try engine.terminateConnections()
                }
            }

            #expect(try database.tokenCount() == 20)
        }
    }

    @Test func `a connection that dies before COMMIT was sent turns no request away`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                let response = try database.withMeetingsLocked {
                    let response = engine.submit(paid.participant, paid.meeting)
                    try engine.waitForBlocked(1)
                    try engine.terminateConnections()
                    _ = waitUntil { engine.lostConnections.count == 1 }
                    return response
                }

                #expect(try response.outcome().token != nil)
            }
            #expect(try database.tokenCount() == 1)
        }
    }

    @Test func `a request that has cost two connections is not tried a third time`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                let response = try database.withMeetingsLocked {
                    let response = engine.submit(paid.participant, paid.meeting)
                    for count in 1...2 {
                        try engine.waitForBlocked(1)
                        try engine.terminateConnections()
                        _ = waitUntil { engine.lostConnections.count == count }
                    }
                    return response
                }

                #expect(try response.outcome().unavailability == .databaseFailed)
            }
            #expect(try database.tokenCount() == 0)
        }
    }

    @Test func `a request that comes while the database restarts waits for it`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database) { engine in
                #expect(waitUntil { engine.engine.isDatabaseReachable })
                try database.shut()
                defer { try? database.open() }
                #expect(waitUntil { !engine.engine.isDatabaseReachable })

                let response = engine.submit(paid.participant, paid.meeting)
                #expect(response.wasTaken)
                try database.open()

                #expect(try response.outcome().token != nil)
            }
        }
    }

    @Test func `while the database stays away requests are refused at once, and taken again soon after it is back`()
        async throws
    {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database, configure: { $0.batching.maximumWait = .seconds(1) }) { engine in
                #expect(waitUntil { engine.engine.isDatabaseReachable })
                #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
                try database.shut()

                #expect(
                    waitUntil {
                        engine.submit(paid.participant, paid.meeting).outcomeAtOnce?.unavailability == .databaseAway
                    }
                )
                #expect(!engine.engine.isDatabaseReachable)
                let attemptsBefore = engine.failedAttempts
                let twoSeconds = Deadline.after(.seconds(2))
                _ = waitUntil { twoSeconds.hasPassed }
                #expect((2...8).contains(engine.failedAttempts - attemptsBefore))

                try database.open()
                let back = ContinuousClock.now
                #expect(
                    try waitUntil {
                        let response = engine.submit(paid.participant, paid.meeting)
                        return try response.wasTaken && response.outcome().token != nil
                    }
                )
                #expect(ContinuousClock.now - back < .seconds(2))
            }
        }
    }

    @Test func `a batch is given up when others find that the server has fallen silent, and not before`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let forwarder = try TCPForwarder()
            let silence = Shared<ContinuousClock.Instant?>(nil)
            let target = try ConnectionTarget(
                "host=127.0.0.1 port=\(forwarder.port) dbname=\(database.name) options='-c role=connvo_app'",
                applicationName: TestEngine.applicationName
            )
            try TestEngine.run(
                on: database,
                configure: {
                    $0.target = target
                    $0.poolSize = 1
                    $0.serverFellSilent = { silence.value.withLock { $0 } }
                },
                body: { engine in
                    #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
                    // What was found before a batch began says nothing about it.
                    silence.value.withLock { $0 = .now }
                    let slow = try database.withMeetingsLocked {
                        let slow = engine.submit(paid.participant, paid.meeting)
                        try engine.waitForBlocked(1)
                        let twoSeconds = Deadline.after(.seconds(2))
                        _ = waitUntil { twoSeconds.hasPassed }
                        return slow
                    }
                    #expect(try slow.outcome().token != nil)
                    #expect(engine.lostConnections.isEmpty)

                    forwarder.swallow(true)
                    // Its deadline is in an hour.
                    let lost = engine.submit(paid.participant, paid.meeting, timeLimit: .seconds(3600))
                    silence.value.withLock { $0 = .now + .seconds(1) }

                    #expect(waitUntil { engine.lostConnections.count == 1 })
                    forwarder.swallow(false)
                    #expect(try lost.outcome().token != nil)
                }
            )
        }
    }

    @Test func `after one failed attempt the pool grows again under load`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database, configure: { $0.poolSize = 2 }) { engine in
                // One connection is up before there is work, so the work makes no second one.
                #expect(waitUntil { engine.engine.isDatabaseReachable })
                #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
                var holder = try database.connect()
                try holder.executeScript("BEGIN; LOCK TABLE connvo.meetings IN ACCESS EXCLUSIVE MODE", deadline: .soon)
                let first = engine.submit(paid.participant, paid.meeting)
                try engine.waitForBlocked(1)
                try TestServer.run("ALTER DATABASE \(database.name) ALLOW_CONNECTIONS false")
                let second = engine.submit(paid.participant, paid.meeting)
                #expect(waitUntil { engine.failedAttempts > 0 })
                // The failed slot finds no work when it looks next.
                second.pending.abandon()
                try holder.executeScript("ROLLBACK", deadline: .soon)
                #expect(try first.outcome().token != nil)
                try TestServer.run("ALTER DATABASE \(database.name) ALLOW_CONNECTIONS true")

                let responses = try database.withMeetingsLocked {
                    let responses = try (1...2).map { count in
                        let response = engine.submit(paid.participant, paid.meeting)
                        try engine.waitForBlocked(count)
                        return response
                    }
                    return responses
                }

                for response in responses { #expect(try response.outcome().token != nil) }
            }
        }
    }

    @Test func `under load with connections ended all the time no token lacks its record`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let callers = try (0..<100).map { _ in
                let user = try database.user()
                try database.participant(meeting: paid.meeting, user: user)
                return user
            }

            let responses = try TestEngine.run(on: database) { engine in
                let isOver = Shared(false)
                let kills = Shared(0)
                let killer = try DedicatedThread(name: "killer") {
                    while !isOver.value.withLock({ $0 }) {
                        try? engine.terminateConnections()
                        kills.value.withLock { $0 += 1 }
                        // However slow the machine is, some work gets done in between.
                        let before = engine.committedSizes.count
                        _ = waitUntil(within: .seconds(1)) { engine.committedSizes.count >= before + 30 }
                    }
                }
                var responses: [PendingResponse] = []
                let end = Deadline.after(.seconds(3))
                while !end.hasPassed {
                    // At most 300 on their way.
                    _ = waitUntil {
                        responses.suffix(300).first.map { $0.completionCount > 0 || !$0.wasTaken } ?? true
                    }
                    for caller in callers.shuffled().prefix(20) {
                        responses.append(engine.submit(caller, paid.meeting))
                    }
                }
                isOver.value.withLock { $0 = true }
                killer.join()
                #expect(kills.value.withLock { $0 } >= 3)
                for response in responses where response.wasTaken { _ = try response.outcome() }
                return responses
            }

            let records = try Self.records(of: database)
            var issued = 0
            for response in responses {
                #expect(response.completionCount == (response.wasTaken ? 1 : 0))
                guard response.wasTaken, let token = try response.outcome().token else { continue }
                issued += 1
                #expect(records["\(token.id)"] == TestEngine.digest(token.token))
            }
            #expect(responses.count > 500)
            #expect(issued <= records.count)
            #expect(issued * 2 > responses.count, "\(issued) of \(responses.count)")
        }
    }

    private static func records(of database: TestDatabase) throws -> [String: [UInt8]] {
        var connection = try database.connect()
        let query = Statement("test.records", "SELECT id::text, token_sha256 FROM connvo.issued_tokens")
        let pairs = try connection.execute(query, deadline: .soon).rows.map {
            (try $0.decode(0, as: String.self), try $0.decode(1, as: [UInt8].self))
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }
}

extension TestEngine {
    /// How often connecting has failed.
    var failedAttempts: Int {
        reported { event in
            if case .connectingFailed = event { true } else { nil }
        }.count
    }
}
