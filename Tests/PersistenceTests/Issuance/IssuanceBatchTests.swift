import Domain
import TestSupport
import Testing

@testable import Persistence

/// Many requests in one transaction, and one of them at fault.
@Suite struct IssuanceBatchTests {
    /// Submits `requests` so that they wait together, and returns their outcomes.
    private static func together(
        _ requests: [(caller: String, meeting: String)],
        on engine: TestEngine
    ) throws -> [IssuanceOutcome] {
        let responses = try engine.database.withMeetingsLocked {
            let first = engine.submit("user_blocked", "meeting_none")
            try engine.waitForBlocked(1)
            return [first] + requests.enumerated().map { engine.submit($1.caller, $1.meeting, id: "batch-\($0)") }
        }
        return try responses.map { try $0.outcome() }.dropFirst().map { $0 }
    }

    private static func people(_ count: Int, in database: TestDatabase) throws -> [(caller: String, meeting: String)] {
        let paid = try database.paidMeeting()
        return try (0..<count).map { _ in
            let user = try database.user()
            try database.participant(meeting: paid.meeting, user: user)
            return (user, paid.meeting)
        }
    }

    @Test func `what waits while all connections are busy is recorded in one transaction`() async throws {
        try await withDatabase { database in
            let people = try Self.people(40, in: database)

            try TestEngine.run(on: database, configure: { $0.poolSize = 2 }) { engine in
                let responses = try database.withMeetingsLocked {
                    let blockers = try (1...2).map { count in
                        let response = engine.submit("user_blocked", "meeting_none")
                        try engine.waitForBlocked(count)
                        return response
                    }
                    return blockers
                        + people.enumerated().map { engine.submit($1.caller, $1.meeting, id: "batch-\($0)") }
                }
                let outcomes = try responses.map { try $0.outcome() }

                #expect(
                    outcomes.dropFirst(2).compactMap { $0.token?.admission.caller.id.rawValue } == people.map(\.caller)
                )
                #expect(engine.committedSizes.sorted() == [1, 1, 40])
                #expect(engine.deliveries.sorted() == [1, 1, 40])
            }

            let batch = "FROM connvo.issued_tokens WHERE request_id LIKE 'batch-%'"
            #expect(try database.scalar("SELECT count(DISTINCT xmin::text) \(batch)") == "1")
            #expect(try database.scalar("SELECT count(*) \(batch)") == "40")
        }
    }

    @Test func `a batch is no larger than it may be`() async throws {
        try await withDatabase { database in
            let people = try Self.people(25, in: database)
            // As long as on a busy machine: half a batch would be tried, if smaller ones were allowed.
            try database.trigger(atCommit: true, "PERFORM pg_sleep(0.1)")

            try TestEngine.run(
                on: database,
                configure: {
                    $0.poolSize = 1
                    $0.batching.maximumBatchSize = 10
                    $0.batching.leastBatchLimit = 10
                }
            ) { engine in
                let outcomes = try Self.together(people, on: engine)

                #expect(outcomes.compactMap(\.token).count == 25)
                #expect(engine.committedSizes == [1, 10, 10, 5])
            }
        }
    }

    @Test func `every request of a batch gets its own facts and its own outcome`() async throws {
        try await withDatabase { database in
            let (first, second) = (try database.paidMeeting(), try database.paidMeeting(role: "co-host"))
            try database.run("UPDATE connvo.users SET is_active = false WHERE id = '\(second.organizer)'")
            let requests = [
                (first.participant, first.meeting), (first.participant, second.meeting), ("user_nobody", first.meeting),
                (second.participant, second.meeting), (second.organizer, second.meeting),
                (first.organizer, first.meeting),
            ]

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                let outcomes = try Self.together(requests, on: engine)

                #expect(engine.committedSizes == [1, 6])
                #expect(
                    outcomes.map { $0.refusal } == [
                        nil, .notAParticipant, .userNotProvisioned, nil, .userDeactivated, nil,
                    ]
                )
                #expect(
                    outcomes.map { $0.token?.admission.grantedRole } == [.participant, nil, nil, .coHost, nil, .host]
                )
            }

            let records = try database.scalar(
                "SELECT string_agg(request_id || ' ' || user_id, ',' ORDER BY request_id) FROM connvo.issued_tokens"
            )
            #expect(records == "batch-0 \(first.participant),batch-3 \(second.participant),batch-5 \(first.organizer)")
        }
    }

    @Test func `every record of a batch has the trace of its request, or none`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                let traces = [TraceID(high: 0, low: 10), nil, TraceID(high: .max, low: .max)]
                let responses = try database.withMeetingsLocked {
                    let first = engine.submit("user_blocked", "meeting_none")
                    try engine.waitForBlocked(1)
                    return [first]
                        + traces.enumerated().map { number, trace in
                            engine.submit(paid.participant, paid.meeting, id: "traced-\(number)", traceID: trace)
                        }
                }
                _ = try responses.map { try $0.outcome() }
                #expect(engine.committedSizes == [1, 3])
            }
            let recorded = try database.scalar(
                """
                SELECT string_agg(coalesce(trace_id::text, '-'), ' ' ORDER BY request_id)
                FROM connvo.issued_tokens WHERE request_id LIKE 'traced-%'
                """
            )
            #expect(
                recorded == "00000000-0000-0000-0000-00000000000a - ffffffff-ffff-ffff-ffff-ffffffffffff"
            )
        }
    }

    @Test func `the same request twice in a batch is two tokens and two records`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let request = (paid.participant, paid.meeting)

            let outcomes = try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                let outcomes = try Self.together([request, request], on: engine)
                #expect(engine.committedSizes == [1, 2])
                return outcomes
            }

            let tokens = outcomes.compactMap(\.token)
            #expect(Set(tokens.map(\.id)).count == 2)
            #expect(Set(tokens.map(\.token)).count == 2)
            #expect(try database.tokenCount() == 2)
        }
    }

    /// What makes the records of one meeting impossible.
    enum FaultyRow: CaseIterable, Sendable {
        case constraint, dataException, atCommit

        func arrange(against meeting: String, in database: TestDatabase) throws {
            switch self {
            case .constraint:
                try database.run(
                    "ALTER TABLE connvo.issued_tokens ADD CONSTRAINT test_refuses CHECK (meeting_id <> '\(meeting)')"
                )
            case .dataException:
                try database.trigger(
                    atCommit: false,
                    "IF NEW.meeting_id = '\(meeting)' THEN RAISE EXCEPTION 'bad' USING ERRCODE = '22000'; END IF"
                )
            case .atCommit:
                try database.trigger(
                    atCommit: true,
                    "IF NEW.meeting_id = '\(meeting)' THEN RAISE EXCEPTION 'bad' USING ERRCODE = '23514', CONSTRAINT = 'late'; END IF"
                )
            }
        }
    }

    @Test(arguments: FaultyRow.allCases)
    func `one request that cannot be recorded does not fail the others`(faultyRow: FaultyRow) async throws {
        try await withDatabase { database in
            var people = try Self.people(8, in: database)
            let bad = try database.paidMeeting()
            try faultyRow.arrange(against: bad.meeting, in: database)
            people.insert((bad.participant, bad.meeting), at: 5)

            let requests = people
            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                let outcomes = try Self.together(requests, on: engine)

                #expect(outcomes.map(\.isFailed) == (0..<9).map { $0 == 5 })
                #expect(outcomes.compactMap(\.token).count == 8)
                #expect(engine.failedRequests == ["batch-5"])
                #expect(engine.lostConnections.isEmpty)
            }

            #expect(try database.tokenCount() == 8)
            #expect(
                try database.scalar("SELECT count(*) FROM connvo.issued_tokens WHERE meeting_id = '\(bad.meeting)'")
                    == "0"
            )
        }
    }

    @Test func `an address that is none fails its own request only`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let bad = IssuanceRequest(
                admission: AdmissionRequest(
                    callerID: User.ID(rawValue: paid.participant),
                    meetingID: Meeting.ID(rawValue: paid.meeting),
                    requestedRole: nil
                ),
                receivedAt: .now,
                sessionID: "s",
                impersonator: nil,
                clientIP: "not an address",
                userAgent: nil,
                requestID: "bad"
            )

            try TestEngine.run(on: database) { engine in
                let outcome = try engine.submit(bad).outcome()
                #expect(outcome.isFailed)
                #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
            }
        }
    }
}

extension TestEngine {
    /// The requests that were reported as impossible to record.
    var failedRequests: [String] {
        reported { event in
            if case .itemFailed(let requestID, _) = event { requestID } else { nil }
        }
    }
}
