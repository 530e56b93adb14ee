import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// COMMIT that fails, or of which nobody knows how it ended: never a token.
@Suite struct IssuanceCommitTests {
    @Test func `a COMMIT that is refused leaves no token and no record`() async throws {
        try await withDatabase { database in
            let scene = try database.scene()
            try database.trigger(atCommit: true, "RAISE EXCEPTION 'no'")

            let outcome = try TestEngine.run(on: database) { try $0.ask(scene.participant, scene.meeting) }

            #expect(outcome.unavailability == .databaseFailed)
            #expect(try database.tokenCount() == 0)
        }
    }

    @Test(arguments: [true, false])
    func `a server process that dies once COMMIT is sent leaves no token and no record`(atCommit: Bool) async throws {
        try await withDatabase { database in
            let scene = try database.scene()
            try database.trigger(atCommit: atCommit, "PERFORM pg_terminate_backend(pg_backend_pid())")

            try TestEngine.run(on: database) { engine in
                let outcome = try engine.ask(scene.participant, scene.meeting)

                #expect(outcome.unavailability == .commitUnknown)
                #expect(try database.tokenCount() == 0)
                try database.run("DROP FUNCTION public.test_trigger CASCADE")
                #expect(try engine.ask(scene.participant, scene.meeting).token != nil)
            }
            #expect(try database.tokenCount() == 1)
        }
    }

    @Test func `a COMMIT with a warning hands out no token, though there is a record`() async throws {
        try await withDatabase { database in
            let scene = try database.scene()
            try database.trigger(atCommit: true, "RAISE WARNING 'not replicated'")

            let (outcome, lost) = try TestEngine.run(on: database) { engine in
                let outcome = try engine.ask(scene.participant, scene.meeting)
                let isLost = waitUntil { engine.lostConnections.count == 1 }
                return (outcome, isLost)
            }

            #expect(outcome.unavailability == .commitUnknown)
            #expect(lost)
            #expect(try database.tokenCount() == 1)
        }
    }

    @Test func `a COMMIT that is not answered in time hands out no token`() async throws {
        try await withDatabase { database in
            let scene = try database.scene()
            try database.trigger(atCommit: true, "PERFORM pg_sleep(60)")

            // Long enough for the facts on a busy machine, and shorter than the server would wait by itself.
            let outcome = try TestEngine.run(on: database, configure: { $0.statementTimeout = .seconds(60) }) {
                engine in
                try engine.submit(scene.participant, scene.meeting, patience: .seconds(3)).outcome()
            }

            #expect(outcome.unavailability == .commitUnknown)
            #expect(try database.tokenCount() == 0)
        }
    }

    @Test func `a statement that takes too long is refused, and the connection stays`() async throws {
        try await withDatabase { database in
            let scene = try database.scene()
            try database.trigger(atCommit: false, "PERFORM pg_sleep(60)")

            try TestEngine.run(on: database, configure: { $0.statementTimeout = .milliseconds(200) }) { engine in
                let outcome = try engine.ask(scene.participant, scene.meeting)

                #expect(outcome.unavailability == .databaseFailed)
                try database.run("DROP FUNCTION public.test_trigger CASCADE")
                #expect(try engine.ask(scene.participant, scene.meeting).token != nil)
                #expect(engine.lostConnections.isEmpty)
            }
            #expect(try database.tokenCount() == 1)
        }
    }

    @Test func `a read-only database hands out no token, and is asked anew`() async throws {
        try await withDatabase { database in
            let scene = try database.scene()
            try database.run("ALTER DATABASE \(database.name) SET default_transaction_read_only = on")

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                let outcome = try engine.ask(scene.participant, scene.meeting)

                #expect(outcome.unavailability == .databaseFailed)
                #expect(waitUntil { engine.lostConnections.compactMap { $0?.sqlState } == [.readOnlyTransaction] })
                try TestServer.run("ALTER DATABASE \(database.name) RESET default_transaction_read_only")
                // The connection that replaced it may have come before the RESET, and is replaced in turn.
                #expect(try waitUntil { try engine.ask(scene.participant, scene.meeting).token != nil })
            }
            #expect(try database.tokenCount() == 1)
        }
    }

    @Test func `prepared statements that no longer fit the schema are prepared anew`() async throws {
        try await withDatabase { database in
            let scene = try database.scene()

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                #expect(try engine.ask(scene.participant, scene.meeting).token != nil)
                try database.run("ALTER TABLE connvo.users ALTER COLUMN display_name TYPE varchar(300)")

                // The first may fail; those after it do not.
                _ = try engine.ask(scene.participant, scene.meeting)

                #expect(try engine.ask(scene.participant, scene.meeting).token != nil)
            }
        }
    }

    @Test(arguments: ["issued_tokens", "token_refusals"])
    func `a month without a partition turns everybody away`(table: String) async throws {
        try await withDatabase { database in
            let scene = try database.scene()
            try database.detachMonth(of: table)

            let outcomes = try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                let tickets = try database.withMeetingsLocked {
                    let first = engine.submit(scene.participant, scene.meeting)
                    try engine.waitForBlocked(1)
                    let others = ["user_nobody", scene.participant, scene.organizer].map {
                        engine.submit($0, scene.meeting)
                    }
                    return [first] + others
                }
                return try tickets.dropFirst().map { try $0.outcome() }
            }

            #expect(outcomes.map(\.unavailability) == [.noPartition, .noPartition, .noPartition])
            #expect(try database.tokenCount() <= 1)
            #expect(try database.refusalCount() == 0)
        }
    }
}

extension TestEngine {
    /// The errors with which connections were lost.
    var lostConnections: [DatabaseError?] {
        reported { event in
            if case .connectionLost(_, let error) = event { .some(error) } else { nil }
        }
    }
}
