import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// COMMIT that fails, or whose outcome is unknown: never a token.
@Suite struct IssuanceCommitTests {
    @Test func `a COMMIT that is refused leaves no token and no record`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.trigger(atCommit: true, "RAISE EXCEPTION 'no'")

            let outcome = try TestEngine.run(on: database) { try $0.ask(paid.participant, paid.meeting) }

            #expect(outcome.unavailability == .databaseFailed)
            #expect(try database.tokenCount() == 0)
        }
    }

    @Test(arguments: [true, false])
    func `a server process that dies once COMMIT is sent leaves no token and no record`(atCommit: Bool) async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.trigger(atCommit: atCommit, "PERFORM pg_terminate_backend(pg_backend_pid())")

            try TestEngine.run(on: database) { engine in
                let outcome = try engine.ask(paid.participant, paid.meeting)

                #expect(outcome.unavailability == .commitUnknown)
                #expect(try database.tokenCount() == 0)
                try database.run("DROP FUNCTION public.test_trigger CASCADE")
                #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
            }
            #expect(try database.tokenCount() == 1)
        }
    }

    @Test func `a COMMIT with a warning hands out no token, though there is a record`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.trigger(atCommit: true, "RAISE WARNING 'not replicated'")

            let (outcome, lost) = try TestEngine.run(on: database) { engine in
                let outcome = try engine.ask(paid.participant, paid.meeting)
                let isLost = waitUntil { engine.lostConnections.count == 1 }
                return (outcome, isLost)
            }

            #expect(outcome.unavailability == .commitUnknown)
            #expect(lost)
            #expect(try database.tokenCount() == 1)
        }
    }

    @Test func `a COMMIT that is not acknowledged in time hands out no token`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.trigger(atCommit: true, "PERFORM pg_sleep(60)")

            // Long enough for the facts on a busy machine, and shorter than the server would wait by itself.
            let outcome = try TestEngine.run(on: database, configure: { $0.statementTimeout = .seconds(60) }) {
                engine in
                try engine.submit(paid.participant, paid.meeting, timeLimit: .seconds(3)).outcome()
            }

            #expect(outcome.unavailability == .commitUnknown)
            #expect(try database.tokenCount() == 0)
        }
    }

    @Test func `a statement that takes too long is refused, and the connection stays`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.trigger(atCommit: false, "PERFORM pg_sleep(60)")

            try TestEngine.run(on: database, configure: { $0.statementTimeout = .milliseconds(200) }) { engine in
                let outcome = try engine.ask(paid.participant, paid.meeting)

                #expect(outcome.unavailability == .databaseFailed)
                try database.run("DROP FUNCTION public.test_trigger CASCADE")
                #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
                #expect(engine.lostConnections.isEmpty)
            }
            #expect(try database.tokenCount() == 1)
        }
    }

    @Test(arguments: ["issued_tokens", "token_refusals"])
    func `a month without a partition turns every request away`(table: String) async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.detachMonth(of: table)

            let outcomes = try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                let responses = try database.withMeetingsLocked {
                    let first = engine.submit(paid.participant, paid.meeting)
                    try engine.waitForBlocked(1)
                    let others = ["user_nobody", paid.participant, paid.organizer].map {
                        engine.submit($0, paid.meeting)
                    }
                    return [first] + others
                }
                return try responses.dropFirst().map { try $0.outcome() }
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
