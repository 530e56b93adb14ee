import Domain
import Persistence
import PostgreSQL
import TestSupport
import Testing

@Suite struct SeederTests {
    /// One row or more of each kind, references across kinds, in an order that the database could not take.
    static let everything: [SeedRow] = [
        .participant(1, "meeting_1", "user_b", role: "participant", ["invited_at": .day(1)]),
        .participant(2, "meeting_1", "user_a", role: "host"),
        .meeting(
            3,
            "meeting_1",
            organizer: "user_a",
            [
                "state": .text("active"), "started_at": .day(2), "stream_call_type": .text("default"),
                "stream_call_id": .text("call_1"),
            ]
        ),
        .meeting(4, "meeting_2", organizer: "user_b"),
        .subscription(5, user: "user_a", from: 0),
        .test(
            .subscriptions,
            6,
            [
                "id": .text("5f0c1c3e-0000-4000-8000-000000000001"), "organization_id": .text("org_1"),
                "tier_id": .text("gold"), "status": .text("past_due"), "starts_at": .day(0), "past_due_since": .day(9),
            ]
        ),
        .user(
            7,
            "user_a",
            email: "Alice@example.com",
            ["display_name": .text("Ali\\ce\t\"ä\"\nX"), "organization_id": .text("org_1")]
        ),
        .user(8, "user_b", ["is_active": .boolean(false), "avatar_url": .null]),
        .test(.organizations, 9, ["id": .text("org_1"), "name": .text("Acme")]),
        .test(
            .subscriptionTiers,
            10,
            ["id": .text("gold"), "display_name": .text("Gold"), "is_paid": .boolean(true), "rank": .integer(40)]
        ),
    ]

    @Test func `rows of all kinds are inserted in any order`() async throws {
        try await withDatabase { database in
            let summary = try database.seed(Self.everything)

            #expect(summary.counts[.users] == .init(inserted: 2))
            #expect(summary.counts[.organizations] == .init(inserted: 1))
            #expect(summary.counts[.subscriptionTiers] == .init(inserted: 1))
            #expect(summary.counts[.subscriptions] == .init(inserted: 2))
            #expect(summary.counts[.meetings] == .init(inserted: 2))
            // The two of the files, and the organizer of meeting_2, by trigger.
            #expect(summary.counts[.meetingParticipants] == .init(inserted: 3))
            #expect(
                try database.scalar("SELECT display_name FROM connvo.users WHERE id = 'user_a'") == "Ali\\ce\t\"ä\"\nX"
            )
            #expect(try database.scalar("SELECT state FROM connvo.meetings WHERE id = 'meeting_2'") == "scheduled")
            #expect(
                try database.scalar(
                    "SELECT starts_at = '2026-01-01T00:00:00Z' FROM connvo.subscriptions WHERE user_id = 'user_a'"
                ) == "true"
            )
        }
    }

    @Test func `the second run changes nothing and writes nothing`() async throws {
        try await withDatabase { database in
            var connection = try database.connect(as: "connvo_admin")
            _ = try Seeder.seed(SeedBatch(Self.everything), deadline: .after(.seconds(60)), on: &connection)
            let content = try database.content()
            let writes = try database.writes(after: &connection)

            let summary = try Seeder.seed(SeedBatch(Self.everything), deadline: .after(.seconds(60)), on: &connection)

            #expect(summary.changesNothing)
            #expect(summary.counts[.meetingParticipants] == .init(unchanged: 2))
            #expect(try database.content() == content)
            #expect(try database.writes(after: &connection) == writes)
            #expect(writes != "0")
        }
    }

    @Test func `an unchanged row is not even touched`() async throws {
        try await withDatabase { database in
            _ = try database.seed(Self.everything)
            let versions = "SELECT string_agg(xmin::text || xmax::text, ',' ORDER BY id) FROM connvo.users"
            let before = try database.scalar(versions)
            var rows = Self.everything
            rows.append(.user(20, "user_c"))

            let summary = try database.seed(rows)

            #expect(summary.counts[.users] == .init(inserted: 1, unchanged: 2))
            #expect(
                try database.scalar(
                    "SELECT string_agg(xmin::text || xmax::text, ',' ORDER BY id) FROM connvo.users WHERE id <> 'user_c'"
                ) == before
            )
        }
    }

    @Test func `left out keeps, null clears, a value changes`() async throws {
        try await withDatabase { database in
            _ = try database.seed([
                .user(
                    1,
                    "u",
                    ["display_name": .text("Ann"), "avatar_url": .text("https://a"), "is_active": .boolean(false)]
                )
            ])

            let summary = try database.seed([.user(1, "u", email: "new@example.com", ["avatar_url": .null])])

            #expect(summary.counts[.users] == .init(changed: 1))
            #expect(
                try database.scalar("SELECT (email, display_name, avatar_url, is_active) FROM connvo.users")
                    == "(new@example.com,Ann,,f)"
            )
        }
    }

    @Test func `all or nothing`() async throws {
        try await withDatabase { database in
            let before = try database.content()

            let problems = try database.problems(
                of: Self.everything + [.participant(30, "meeting_1", "nobody", role: "host")]
            )

            #expect(problems == ["seed.json:30:3: user_id: no such row in users: \"nobody\""])
            #expect(try database.content() == before)
        }
    }

    @Test func `every broken reference is reported, and those to rows of the database are not`() async throws {
        try await withDatabase { database in
            try database.user("stored")
            try database.organization("org_stored")

            let problems = try database.problems(of: [
                .user(1, "a", ["organization_id": .text("org_x")]),
                .user(2, "b", ["organization_id": .text("org_stored")]),
                .meeting(3, "m1", organizer: "x"),
                .meeting(4, "m2", organizer: "stored"),
                .participant(5, "mx", "y", role: "host"),
                .participant(6, "m2", "a", role: "host"),
                .subscription(7, user: "z", from: 0, ["tier_id": .text("platinum")]),
                .test(
                    .subscriptions,
                    8,
                    [
                        "organization_id": .text("org_y"), "tier_id": .text("pro"), "status": .text("active"),
                        "starts_at": .day(0),
                    ]
                ),
            ])

            #expect(
                problems == [
                    "seed.json:1:6: organization_id: no such row in organizations: \"org_x\"",
                    "seed.json:3:3: organizer_id: no such row in users: \"x\"",
                    "seed.json:5:2: meeting_id: no such row in meetings: \"mx\"",
                    "seed.json:5:3: user_id: no such row in users: \"y\"",
                    "seed.json:7:3: user_id: no such row in users: \"z\"",
                    "seed.json:7:5: tier_id: no such row in subscription_tiers: \"platinum\"",
                    "seed.json:8:4: organization_id: no such row in organizations: \"org_y\"",
                ]
            )
        }
    }

    @Test func `every clash of a unique value is reported, in the files and with the database`() async throws {
        try await withDatabase { database in
            let stored = try database.user("stored", email: "Taken@example.com")
            try database.meeting("m_stored", organizer: stored, streamCallID: "call")

            let problems = try database.problems(of: [
                .user(1, "a", email: "same@example.com"),
                .user(2, "b", email: "SAME@example.com"),
                .user(3, "c", email: "taken@EXAMPLE.com"),
                .meeting(
                    4,
                    "m",
                    organizer: "stored",
                    ["stream_call_type": .text("default"), "stream_call_id": .text("call")]
                ),
                .meeting(
                    5,
                    "n",
                    organizer: "stored",
                    ["stream_call_type": .text("default"), "stream_call_id": .text("call2")]
                ),
                .meeting(
                    6,
                    "o",
                    organizer: "stored",
                    ["stream_call_type": .text("default"), "stream_call_id": .text("call2")]
                ),
                .meeting(
                    7,
                    "p",
                    organizer: "stored",
                    ["stream_call_type": .text("audio"), "stream_call_id": .text("call2")]
                ),
                .meeting(8, "q", organizer: "stored"),
                .meeting(9, "r", organizer: "stored"),
            ])

            #expect(
                problems == [
                    "seed.json:2:3: email: the same as in seed.json:1:1",
                    "seed.json:3:3: email: taken in the database by \"stored\"",
                    "seed.json:4:9: stream_call_type, stream_call_id: taken in the database by \"m_stored\"",
                    "seed.json:6:9: stream_call_type, stream_call_id: the same as in seed.json:5:1",
                ]
            )
        }
    }

    @Test func `overlapping subscriptions are reported with both rows`() async throws {
        try await withDatabase { database in
            try database.user("a")
            try database.user("b")
            try database.subscription(user: "b", startsAt: "2026-01-01T00:00:00Z", endsAt: "2026-02-01T00:00:00Z")

            let problems = try database.problems(of: [
                .subscription(1, user: "a", from: 0, to: 10),
                .subscription(2, user: "a", from: 10, to: 20),
                .subscription(3, user: "a", from: 19),
                .subscription(4, user: "a", from: 5, to: 6, ["status": .text("canceled")]),
                .subscription(5, user: "b", from: 30),
                .subscription(6, user: "b", from: 20, to: 20),
            ])

            #expect(problems.count == 3)
            #expect(problems[0] == "seed.json:3:7: starts_at, ends_at: overlaps the subscription in seed.json:2:1")
            #expect(
                problems[1].hasPrefix("seed.json:5:7: starts_at, ends_at: overlaps a subscription in the database: ")
            )
            #expect(problems[1].hasSuffix(", from 2026-01-01T00:00:00Z"))
            #expect(problems[2].hasPrefix("seed.json:6:7: starts_at, ends_at: breaks subscriptions_ends_after_start"))
        }
    }

    @Test func `every row that breaks a CHECK is reported with its name`() async throws {
        try await withDatabase { database in
            let problems = try database.problems(of: [
                .user(1, "a", email: "not an address"),
                .user(2, "b", email: "neither"),
                .meeting(3, "m", organizer: "a", ["state": .text("active")]),
                .meeting(4, "n", organizer: "a", ["title": .text("  ")]),
                .participant(5, "m", "b", role: "host", ["left_at": .day(1)]),
            ])

            #expect(problems.count == 5)
            #expect(problems[0].hasPrefix("seed.json:1:3: email: breaks users_email_valid"))
            #expect(problems[1].hasPrefix("seed.json:2:3: email: breaks users_email_valid"))
            #expect(problems[2].hasPrefix("seed.json:3:5: state, started_at: breaks meetings_started_at_agrees"))
            #expect(problems[3].hasPrefix("seed.json:4:4: title: breaks meetings_title_valid"))
            #expect(
                problems[4].hasPrefix(
                    "seed.json:5:7: joined_at, left_at: breaks meeting_participants_left_after_joined"
                )
            )
        }
    }

    @Test func `unique values are swapped and handed on`() async throws {
        try await withDatabase { database in
            let call = { (id: String) -> [String: SeedValue] in
                ["stream_call_type": .text("default"), "stream_call_id": .text(id)]
            }
            let ids = ["5f0c1c3e-0000-4000-8000-000000000001", "5f0c1c3e-0000-4000-8000-000000000002"]
            _ = try database.seed([
                .user(1, "a", email: "a@example.com"), .user(2, "b", email: "b@example.com"),
                .user(3, "c", email: "c@example.com"),
                .meeting(4, "m", organizer: "a", call("1")), .meeting(5, "n", organizer: "a", call("2")),
                .subscription(6, user: "a", from: 0, to: 10, ["id": .text(ids[0])]),
                .subscription(7, user: "a", from: 10, to: 20, ["id": .text(ids[1])]),
            ])

            let summary = try database.seed([
                .user(1, "a", email: "B@example.com"), .user(2, "b", email: "a@example.com"),
                .user(3, "c", email: "c2@example.com"), .user(8, "0new", email: "c@example.com"),
                .meeting(4, "m", organizer: "a", call("2")), .meeting(5, "n", organizer: "a", call("1")),
                .subscription(6, user: "a", from: 10, to: 20, ["id": .text(ids[0])]),
                .subscription(7, user: "a", from: 0, to: 10, ["id": .text(ids[1])]),
            ])

            #expect(summary.counts[.users] == .init(inserted: 1, changed: 3))
            #expect(summary.counts[.meetings] == .init(changed: 2))
            #expect(summary.counts[.subscriptions] == .init(changed: 2))
            #expect(
                try database.scalar("SELECT string_agg(email, ' ' ORDER BY id) FROM connvo.users")
                    == "c@example.com B@example.com a@example.com c2@example.com"
            )
            #expect(
                try database.scalar("SELECT string_agg(stream_call_id, ' ' ORDER BY id) FROM connvo.meetings") == "2 1"
            )
            #expect(
                try database.scalar(
                    "SELECT string_agg(extract(day FROM starts_at AT TIME ZONE 'UTC')::text, ' ' ORDER BY id) FROM connvo.subscriptions"
                ) == "11 1"
            )
        }
    }

    @Test func `a subscription without an id is matched by owner and start`() async throws {
        try await withDatabase { database in
            _ = try database.seed([.user(1, "a"), .subscription(2, user: "a", from: 0)])
            let id = try database.scalar("SELECT id FROM connvo.subscriptions")

            let summary = try database.seed([.subscription(2, user: "a", from: 0, ["tier_id": .text("business")])])

            #expect(summary.counts[.subscriptions] == .init(changed: 1))
            #expect(try database.scalar("SELECT id || tier_id FROM connvo.subscriptions") == id.map { "\($0)business" })
        }
    }

    @Test func `periods may be moved in any order`() async throws {
        try await withDatabase { database in
            _ = try database.seed([.user(1, "a"), .subscription(2, user: "a", from: 0)])

            let summary = try database.seed([
                .subscription(3, user: "a", from: 10),
                .subscription(2, user: "a", from: 0, to: 10),
            ])

            #expect(summary.counts[.subscriptions] == .init(inserted: 1, changed: 1))
        }
    }

    @Test func `a new organizer who is listed in another role ends in that role, on the first run too`() async throws {
        try await withDatabase { database in
            _ = try database.seed([
                .user(1, "a"), .user(2, "b"), .meeting(3, "m", organizer: "a"),
                .participant(4, "m", "b", role: "co-host", ["removed_at": .day(3)]),
            ])
            let rows: [SeedRow] = [.meeting(3, "m", organizer: "b"), .participant(4, "m", "b", role: "co-host")]

            let first = try database.seed(rows)
            let content = try database.content()
            let second = try database.seed(rows)

            #expect(first.counts[.meetings] == .init(changed: 1))
            #expect(second.changesNothing)
            #expect(try database.content() == content)
            #expect(
                try database.scalar("SELECT role FROM connvo.meeting_participants WHERE user_id = 'b'") == "co-host"
            )
            #expect(
                try database.scalar("SELECT removed_at FROM connvo.meeting_participants WHERE user_id = 'b'") == nil
            )
        }
    }

    @Test func `two seeds at once end well`() async throws {
        try await withDatabase { database in
            let summaries = try await withThrowingTaskGroup { group in
                for reversed in [false, true, false, true] {
                    group.addTask {
                        try await onOwnThread {
                            try database.seed(reversed ? Self.everything.reversed() : Self.everything)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(summaries.filter { !$0.changesNothing }.count == 1)
        }
    }

    @Test func `a refusal that no check foresaw is put into words`() async throws {
        try await withDatabase { database in
            try database.run(
                """
                CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = 'check_violation', DETAIL = 'user x'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON connvo.users FOR EACH ROW EXECUTE FUNCTION public.refuse();
                """
            )

            let failure = #expect(throws: SeedFailure.self) { try database.seed([.user(1, "x")]) }

            let text = try #require(failure?.description)
            #expect(text.hasPrefix("writing users: the database refuses a row: not today"))
            #expect(!text.contains("user x"))
            #expect(failure?.description(showingValues: true).contains("user x") == true)
        }
    }

    @Test func `a connection can be used again after a refusal`() async throws {
        try await withDatabase { database in
            var connection = try database.connect(as: "connvo_admin")

            #expect(throws: SeedFailure.self) {
                try Seeder.seed(
                    SeedBatch([.user(1, "a", email: "bad")]),
                    deadline: .after(.seconds(30)),
                    on: &connection
                )
            }
            let summary = try Seeder.seed(SeedBatch([.user(1, "a")]), deadline: .after(.seconds(30)), on: &connection)

            #expect(summary.counts[.users] == .init(inserted: 1))
        }
    }

    @Test func `no rows are no work`() async throws {
        try await withDatabase { database in
            let summary = try database.seed([])

            #expect(summary == SeedSummary())
        }
    }

    @Test func `a key that is named twice is reported with both places, bad rows included`() async throws {
        try await withDatabase { database in
            try database.user("a")
            var batch = SeedBatch([
                .user(1, "a"), .user(2, "b"), .meeting(3, "m", organizer: "a"),
                .participant(4, "m", "a", role: "host"), .participant(5, "m", "a", role: "host"),
                .user(6, "a", email: "other@example.com"),
                .subscription(7, user: "a", from: 0), .subscription(8, user: "a", from: 0),
            ])
            batch.append(.test(.users, 9, ["id": .text("b")]), known: 0)
            batch.append(.test(.users, 10, ["id": .text("c")]), known: 0)
            batch.append(.participant(11, "m", "c", role: "host"))
            var connection = try database.connect(as: "connvo_admin")

            let failure = #expect(throws: SeedFailure.self) {
                try Seeder.seed(
                    batch,
                    foundProblems: SeedProblems([
                        SeedProblem(at: SeedPosition(file: "seed.json", line: 9, column: 9), field: "email", "missing")
                    ]),
                    deadline: .after(.seconds(60)),
                    on: &connection
                )
            }

            #expect(
                failure?.description.split(separator: "\n") == [
                    "seed.json:5:2: meeting_id, user_id: the same as in seed.json:4:1",
                    "seed.json:6:2: id: the same as in seed.json:1:1",
                    "seed.json:8:3: user_id, organization_id, starts_at: the same as in seed.json:7:1",
                    "seed.json:9:2: id: the same as in seed.json:2:1",
                    "seed.json:9:9: email: missing",
                ]
            )
        }
    }

    @Test func `references to kinds that could not be read to the end are not judged`() async throws {
        try await withDatabase { database in
            var batch = SeedBatch([.meeting(1, "m", organizer: "x"), .participant(2, "n", "x", role: "host")])
            batch.markIncomplete([.users])
            var connection = try database.connect(as: "connvo_admin")

            let failure = #expect(throws: SeedFailure.self) {
                try Seeder.seed(
                    batch,
                    foundProblems: SeedProblems([
                        SeedProblem(at: SeedPosition(file: "seed.json", line: 3, column: 1), "syntax")
                    ]),
                    deadline: .after(.seconds(60)),
                    on: &connection
                )
            }

            #expect(
                failure?.description.split(separator: "\n") == [
                    "seed.json:2:2: meeting_id: no such row in meetings: \"n\"",
                    "seed.json:3:1: syntax",
                ]
            )
        }
    }

    @Test(arguments: [
        "0001-01-01 00:00:00+00", "1969-12-31 23:59:59.999999+00", "1970-01-01 00:00:00+00",
        "2000-02-29 12:34:56.000001+00",
        "2024-12-31 23:59:59+00", "2100-03-01 00:00:00+00", "9999-12-31 23:59:59.999999+00",
    ])
    func `times arrive as they are`(text: String) async throws {
        try await withDatabase { database in
            var connection = try database.connect()
            let query = Statement("test.instant", "SELECT timestamptz '\(text)'")
            let rows = try connection.execute(query, deadline: .after(.seconds(10))).rows
            let instant = try #require(try rows.first?.decode(0, as: Timestamp.self))

            _ = try database.seed([
                .user(1, "a"), .meeting(2, "m", organizer: "a", ["scheduled_at": .timestamp(instant)]),
            ])

            #expect(try database.scalar("SELECT scheduled_at = '\(text)' FROM connvo.meetings") == "true")
        }
    }
}
