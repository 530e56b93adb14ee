import Domain
import TestSupport
import Testing

@testable import Persistence

/// The quota of the engine: its own count, and that of the database.
@Suite struct QuotaTests {
    @Test func `the request after the last that is allowed is refused without the database`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database, configure: { $0.terms.requestsPerMinute = 3 }) { engine in
                for _ in 0..<3 { #expect(try engine.ask(paid.participant, paid.meeting).token != nil) }

                let response = engine.submit(paid.participant, paid.meeting, id: "fourth")

                let rateLimited = try #require(response.outcomeAtOnce?.rateLimited)
                #expect(rateLimited.limit == 3)
                #expect((30...60).contains(rateLimited.retryAfter))
                #expect(engine.committedSizes == [1, 1, 1])
                // Another user is not concerned.
                #expect(try engine.ask(paid.organizer, paid.meeting).token != nil)
            }
            #expect(try database.tokenCount() == 4)
            #expect(try database.record(of: "fourth", in: "token_refusals") == nil)
        }
    }

    @Test func `what another process recorded counts, and the refused request itself does not`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try TestEngine.run(on: database) { _ = try $0.ask(paid.participant, paid.meeting) }
            try database.multiplyTokens(by: 60)

            try TestEngine.run(on: database, configure: { $0.terms.requestsPerMinute = 60 }) { engine in
                let response = engine.submit(paid.participant, paid.meeting, id: "refused")
                #expect(response.wasTaken)
                let rateLimited = try #require(try response.outcome().rateLimited)
                #expect(rateLimited.limit == 60)
                #expect((1...60).contains(rateLimited.retryAfter))
                #expect(try database.tokenCount() == 60)
                #expect(try database.refusalCount() == 0)

                try database.run(
                    """
                    DO $$ DECLARE part regclass; BEGIN
                        FOR part IN SELECT relid FROM pg_partition_tree('connvo.issued_tokens') LOOP
                            EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', part);
                        END LOOP;
                        TRUNCATE connvo.issued_tokens;
                    END $$
                    """
                )

                // The refused request was taken out of this process's own count.
                for _ in 0..<60 { #expect(try engine.ask(paid.participant, paid.meeting).token != nil) }
                #expect(engine.submit(paid.participant, paid.meeting).outcomeAtOnce?.rateLimited?.limit == 60)
            }
        }
    }

    @Test func `one record less than the limit leaves room for one request`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try TestEngine.run(on: database) { _ = try $0.ask(paid.participant, paid.meeting) }
            try database.multiplyTokens(by: 59)

            let outcomes = try TestEngine.run(on: database, configure: { $0.terms.requestsPerMinute = 60 }) { engine in
                try (0..<2).map { _ in try engine.ask(paid.participant, paid.meeting) }
            }

            #expect(outcomes[0].token != nil)
            // By the database: this process had counted one.
            #expect(outcomes[1].rateLimited?.limit == 60)
            #expect(try database.tokenCount() == 60)
        }
    }

    @Test func `records older than a minute do not count`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try TestEngine.run(on: database) {
                _ = try $0.submit(paid.participant, paid.meeting, at: .now - .seconds(61)).outcome()
            }
            try database.multiplyTokens(by: 60)

            let outcome = try TestEngine.run(on: database, configure: { $0.terms.requestsPerMinute = 1 }) {
                try $0.ask(paid.participant, paid.meeting)
            }

            #expect(outcome.token != nil)
            #expect(try database.tokenCount() == 61)
        }
    }

    @Test func `refusals count like tokens`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let outsider = try database.user()

            try TestEngine.run(on: database, configure: { $0.terms.requestsPerMinute = 2 }) { engine in
                for _ in 0..<2 {
                    let outcome = try engine.ask(outsider, paid.meeting)
                    #expect(outcome.refusal != nil)
                }
                #expect(engine.submit(outsider, paid.meeting).outcomeAtOnce?.rateLimited?.limit == 2)
            }
            // A process that has counted nothing itself.
            let outcome = try TestEngine.run(on: database, configure: { $0.terms.requestsPerMinute = 2 }) {
                try $0.ask(outsider, paid.meeting)
            }
            #expect(outcome.rateLimited?.limit == 2)
            #expect(try database.refusalCount() == 2)
        }
    }

    @Test func `requests of one batch count each`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(
                on: database,
                configure: {
                    $0.poolSize = 1
                    $0.terms.requestsPerMinute = 4
                }
            ) { engine in
                let responses = try database.withMeetingsLocked {
                    _ = engine.submit("user_blocked", "meeting_none")
                    try engine.waitForBlocked(1)
                    return (0..<10).map { _ in engine.submit(paid.participant, paid.meeting) }
                }

                #expect(responses.map(\.wasTaken) == [true, true, true, true] + [Bool](repeating: false, count: 6))
                let outcomes = try responses.prefix(4).map { try $0.outcome() }
                #expect(outcomes.allSatisfy { $0.token != nil })
                #expect(responses.suffix(6).allSatisfy { $0.outcomeAtOnce?.rateLimited?.limit == 4 })
                #expect(engine.committedSizes == [1, 4])
            }
            #expect(try database.tokenCount() == 4)
        }
    }

    @Test func `a batch refuses the users who have used up their quota, and serves the others`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try TestEngine.run(on: database) { _ = try $0.ask(paid.participant, paid.meeting) }
            try database.multiplyTokens(by: 5)

            try TestEngine.run(
                on: database,
                configure: {
                    $0.poolSize = 1
                    $0.terms.requestsPerMinute = 5
                }
            ) { engine in
                let responses = try database.withMeetingsLocked {
                    _ = engine.submit("user_blocked", "meeting_none")
                    try engine.waitForBlocked(1)
                    return [paid.participant, paid.organizer, paid.participant].map {
                        engine.submit($0, paid.meeting)
                    }
                }
                let outcomes = try responses.map { try $0.outcome() }

                #expect(outcomes.map { $0.rateLimited?.limit } == [5, nil, 5])
                #expect(outcomes[1].token?.admission.caller.id.rawValue == paid.organizer)
            }
            #expect(try database.tokenCount() == 6)
        }
    }

    @Test func `a limit of 0 turns the quota off`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database, configure: { $0.terms.requestsPerMinute = 0 }) { engine in
                let responses = (0..<200).map { _ in engine.submit(paid.participant, paid.meeting) }
                let outcomes = try responses.map { try $0.outcome() }
                #expect(outcomes.allSatisfy { $0.token != nil })
            }
            #expect(try database.tokenCount() == 200)
        }
    }

    @Test func `two processes together never let more through than twice the limit`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let configure: @Sendable (inout IssuanceConfiguration) -> Void = { $0.terms.requestsPerMinute = 10 }

            let outcomes = try TestEngine.run(on: database, configure: configure) { first in
                try TestEngine.run(on: database, configure: configure) { second in
                    let responses = (0..<80).map { number in
                        (number % 2 == 0 ? first : second).submit(paid.participant, paid.meeting)
                    }
                    return try responses.map { try $0.outcomeAtOnce ?? $0.outcome() }
                }
            }

            let count = outcomes.filter { $0.token != nil }.count
            #expect((10...20).contains(count))
            #expect(outcomes.filter { $0.rateLimited != nil }.count == 80 - count)
            #expect(try database.tokenCount() == count)
            // Once the records are there, no process lets a request through.
            let outcome = try TestEngine.run(on: database, configure: configure) {
                try $0.ask(paid.participant, paid.meeting)
            }
            #expect(outcome.rateLimited?.limit == 10)
        }
    }
}

extension IssuanceOutcome {
    var rateLimited: (limit: Int, retryAfter: Int64)? {
        if case .rateLimited(let limit, let retryAfter) = self { (limit, retryAfter) } else { nil }
    }
}

extension TestDatabase {
    /// Copies the one token record there is, as another process might have written it, until there are `count`.
    fileprivate func multiplyTokens(by count: Int) throws {
        try run(
            """
            INSERT INTO connvo.issued_tokens
            SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid()))).*
            FROM connvo.issued_tokens t, generate_series(2, \(count))
            """
        )
    }
}
