import Persistence
import PostgreSQL
import TestSupport
import Testing

/// Removing what the files do not name: only when asked, and never what something else needs.
@Suite struct SeedPruningTests {
    @Test func `nothing is removed unless its kind is asked for`() async throws {
        try await withDatabase { database in
            _ = try database.seed(SeederTests.everything)

            let summary = try database.seed([.user(1, "user_a", email: "Alice@example.com")])

            #expect(summary.counts[.users] == .init(unchanged: 1))
            #expect(try database.scalar("SELECT count(*) FROM connvo.users") == "2")
        }
    }

    @Test func `rows that the files do not name go, children before parents`() async throws {
        try await withDatabase { database in
            _ = try database.seed(SeederTests.everything)

            let summary = try database.seed(
                [
                    .user(1, "user_a", email: "Alice@example.com"), .meeting(2, "meeting_1", organizer: "user_a"),
                    .participant(3, "meeting_1", "user_a", role: "host"),
                ],
                options: SeedOptions(pruned: [.users, .meetings, .meetingParticipants])
            )

            #expect(summary.counts[.users] == .init(unchanged: 1, removed: 1))
            #expect(summary.counts[.meetings] == .init(unchanged: 1, removed: 1))
            #expect(summary.counts[.meetingParticipants] == .init(unchanged: 1, removed: 2))
            #expect(try database.scalar("SELECT string_agg(id, ' ') FROM connvo.users") == "user_a")
            #expect(try database.scalar("SELECT string_agg(user_id, ' ') FROM connvo.meeting_participants") == "user_a")
        }
    }

    @Test func `what is still referred to stays, and every reference is reported`() async throws {
        try await withDatabase { database in
            _ = try database.seed(
                SeederTests.everything + [.subscription(20, user: "user_b", from: 0), .user(21, "user_c")]
            )
            let before = try database.content()

            let problems = try database.problems(
                of: [.user(1, "user_c"), .meeting(2, "meeting_2", organizer: "user_b")],
                options: SeedOptions(pruned: [.users])
            )

            #expect(
                problems == [
                    "seed.json:2:3: organizer_id: no such row in users: \"user_b\" (--prune users leaves only those in the files)",
                    "--prune users: user_a: a row of meeting_participants still refers to it by user_id: meeting_1/user_a",
                    "--prune users: user_a: a row of meetings still refers to it by organizer_id: meeting_1",
                    "--prune users: user_a: a row of subscriptions still refers to it by user_id: \(try #require(try database.scalar("SELECT id FROM connvo.subscriptions WHERE user_id = 'user_a'")))",
                    "--prune users: user_b: 2 rows of meeting_participants still refer to it by user_id, one is meeting_1/user_b",
                    "--prune users: user_b: a row of subscriptions still refers to it by user_id: \(try #require(try database.scalar("SELECT id FROM connvo.subscriptions WHERE user_id = 'user_b'")))",
                ]
            )
            #expect(try database.content() == before)
        }
    }

    @Test func `users with records are never removed`() async throws {
        try await withDatabase { database in
            _ = try database.seed([.user(1, "kept"), .user(2, "recorded"), .user(3, "loose")])
            try database.run(
                """
                INSERT INTO connvo.token_refusals
                    (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
                VALUES
                    (gen_random_uuid(), now(), 'recorded', 'm', 'NOT_FOUND', 'meeting_not_found', 's', 'r')
                """
            )

            let problems = try database.problems(of: [.user(1, "kept")], options: SeedOptions(pruned: [.users]))

            #expect(
                problems == [
                    "--prune users: recorded: has records of tokens, and is never removed; is_active = false keeps the user out"
                ]
            )
            #expect(try database.scalar("SELECT count(*) FROM connvo.users") == "3")
        }
    }

    @Test func `a kind that the files do not name is not emptied`() async throws {
        try await withDatabase { database in
            _ = try database.seed(SeederTests.everything)

            let problems = try database.problems(
                of: [.user(1, "user_a")],
                options: SeedOptions(pruned: [.subscriptions])
            )

            #expect(
                problems == [
                    "--prune subscriptions: the files do not name the kind; this would remove all there is"
                ]
            )
            var batch = SeedBatch()
            batch.name(.subscriptions)
            var connection = try database.connect(as: "connvo_admin")
            let summary = try Seeder.seed(
                batch,
                options: SeedOptions(pruned: [.subscriptions]),
                deadline: .after(.seconds(60)),
                on: &connection
            )
            #expect(summary.counts == [.subscriptions: .init(removed: 2)])
        }
    }

    @Test func `the organizer of a meeting that stays stays its host`() async throws {
        try await withDatabase { database in
            _ = try database.seed([
                .user(1, "a"), .user(2, "b"), .user(3, "c"), .meeting(4, "m", organizer: "a"),
                .meeting(5, "n", organizer: "a"), .participant(6, "m", "b", role: "host"),
            ])

            let summary = try database.seed(
                [.meeting(5, "n", organizer: "c"), .participant(6, "m", "c", role: "observer")],
                options: SeedOptions(pruned: [.meetingParticipants])
            )

            // In m, b goes and a stays; in n, c comes and the former organizer goes.
            #expect(summary.counts[.meetingParticipants] == .init(inserted: 2, removed: 2))
            #expect(
                try database.scalar(
                    "SELECT string_agg(meeting_id || user_id || role, ' ' ORDER BY meeting_id, user_id) FROM connvo.meeting_participants"
                ) == "mahost mcobserver nchost"
            )
        }
    }

    @Test func `a value of a row that goes can be taken at the same time`() async throws {
        try await withDatabase { database in
            let call: [String: SeedValue] = ["stream_call_type": .text("default"), "stream_call_id": .text("1")]
            _ = try database.seed([
                .user(1, "old", email: "x@example.com"), .meeting(2, "m", organizer: "old", call),
                .subscription(3, user: "old", from: 0, ["id": .text("5f0c1c3e-0000-4000-8000-000000000001")]),
                .user(4, "payer"), .subscription(5, user: "payer", from: 0),
            ])

            let summary = try database.seed(
                [
                    .user(1, "new", email: "X@example.com"), .user(4, "payer"),
                    .meeting(2, "n", organizer: "new", call),
                    .participant(3, "n", "new", role: "host"),
                    .subscription(4, user: "payer", from: 0, ["id": .text("5f0c1c3e-0000-4000-8000-000000000002")]),
                ],
                options: SeedOptions(pruned: [.users, .meetings, .meetingParticipants, .subscriptions])
            )

            #expect(summary.counts[.users] == .init(inserted: 1, unchanged: 1, removed: 1))
            #expect(summary.counts[.subscriptions] == .init(inserted: 1, removed: 2))
            #expect(
                try database.scalar(
                    "SELECT string_agg(id || email, ' ' ORDER BY id) FROM connvo.users WHERE id <> 'payer'"
                ) == "newX@example.com"
            )
            #expect(
                try database.scalar("SELECT string_agg(id || organizer_id || stream_call_id, ' ') FROM connvo.meetings")
                    == "nnew1"
            )
        }
    }
}
