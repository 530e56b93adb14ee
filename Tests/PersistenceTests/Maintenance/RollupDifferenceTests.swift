import Domain
import PostgreSQL
import Synchronization
import TestSupport
import Testing

@testable import Persistence

/// Rollups that disagree with the records are found and counted again; and the clock that makes them disagree is noticed.
@Suite struct RollupDifferenceTests {
    @discardableResult
    private static func maintain(_ database: TestDatabase, comparesAll: Bool = false) throws -> [MaintenanceEvent] {
        let events = Mutex<[MaintenanceEvent]>([])
        var connection = try database.connect()
        try Maintainer(keepMonths: nil, comparesAll: comparesAll) { event in events.withLock { $0.append(event) } }
            .run(on: &connection)
        return events.withLock { $0 }
    }

    private static func refusals(_ count: Int, at instant: String, _ database: TestDatabase) throws {
        try database.run(
            """
            INSERT INTO connvo.token_refusals
                (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
            SELECT gen_random_uuid(), \(instant), 'user_eve', 'meeting_one', 'FORBIDDEN', 'not_a_participant', 'session',
                'request-1'
            FROM generate_series(1, \(count))
            """
        )
    }

    private static let reported = "SELECT sum(refusals) FROM reporting.refusals_hourly_v1"

    /// The border of the rollups is a whole hour of this month, which may have just begun.
    private static let lateInstant = "(SELECT rolled_up_until - interval '1 second' FROM connvo.rollup_state)"

    @Test func `a server that is hours behind does not falsify reports for ever`() async throws {
        try await withDatabase { database in
            try database.run(
                """
                SET ROLE connvo_owner;
                SELECT connvo.create_partition(name,
                    (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month')::date)
                FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS name;
                RESET ROLE;
                SELECT connvo.rewind_rollups((date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month')::date);
                """
            )
            try Self.maintain(database)
            try Self.refusals(3, at: Self.lateInstant, database)
            #expect(try database.scalar("SELECT coalesce((\(Self.reported)), 0)") == "0")
            #expect(
                try database.scalar(
                    "SELECT string_agg(rollup || ' ' || rolled_up || ' ' || recorded, ', ') FROM reporting.rollup_differences_v1",
                    as: "connvo_reporter"
                ) == "refusals_hourly 0 3"
            )
            var connection = try database.connect()
            let plan = try Maintainer(keepMonths: nil).plan(on: &connection)
            #expect(plan.differingMonths.count == 1)
            #expect(!plan.isEmpty)

            let counted = try Self.maintain(database).contains { event in
                if case .recomputed(_, differences: 1) = event { true } else { false }
            }
            #expect(counted)
            #expect(try database.scalar(Self.reported) == "3")
            #expect(try database.scalar("SELECT count(*) FROM reporting.rollup_differences_v1") == "0")
            #expect(try Self.maintain(database).isEmpty)
        }
    }

    @Test func `older months are compared when all are asked for, and what is not attached never`() async throws {
        try await withDatabase { database in
            try database.run(
                """
                SET ROLE connvo_owner;
                SELECT connvo.create_partition(name, month)
                FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS name
                CROSS JOIN unnest(ARRAY['2020-01-01', '2020-02-01']::date[]) AS month;
                SELECT connvo.rewind_rollups('2020-01-01');
                """
            )
            try Self.refusals(5, at: "'2020-01-05T00:00:00Z'", database)
            try Self.refusals(7, at: "'2020-02-05T00:00:00Z'", database)
            try Self.maintain(database)
            try Self.refusals(1, at: "'2020-02-06T00:00:00Z'", database)
            try database.run("ALTER TABLE connvo.token_refusals DETACH PARTITION connvo.token_refusals_2020_01")

            #expect(try Self.maintain(database).isEmpty)
            #expect(try database.scalar(Self.reported) == "12")
            let events = try Self.maintain(database, comparesAll: true)
            #expect(events == [.recomputed(month: Timestamp(secondsSinceEpoch: 1_580_515_200), differences: 1)])
            // The counts of January outlive its records, also when rollups are rewound.
            #expect(try database.scalar(Self.reported) == "13")
            #expect(try database.scalar("SELECT connvo.recompute_rollups('2020-01-01')") == "false")
            #expect(
                try database.scalar(
                    "SELECT connvo.rewind_rollups('2020-01-01') = '2020-02-01T00:00:00Z'::timestamptz"
                ) == "true"
            )
            #expect(try database.scalar(Self.reported) == "13")
        }
    }

    @Test(arguments: [
        "tokens_hourly", "refusals_hourly", "tokens_daily", "meetings_daily", "users_monthly",
    ])
    func `each rollup is compared, and counting again gives what counting once does`(rollup: String) async throws {
        try await withDatabase { database in
            try database.run(
                """
                SET ROLE connvo_owner;
                SELECT connvo.create_partition(name, '2020-01-01')
                FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS name;
                SELECT connvo.rewind_rollups('2020-01-01');
                RESET ROLE;
                INSERT INTO connvo.issued_tokens
                    (id, issued_at, expires_at, user_id, meeting_id, organizer_id, granted_role, stream_role, tier_id,
                    tier_is_paid, subscription_id, subscription_status, subscription_starts_at, call_cid, token_sha256,
                    signing_key_id, session_id, client_ip, request_id)
                SELECT gen_random_uuid(), issued.at, issued.at + interval '1 hour', 'user_' || n % 20, 'meeting_' || n % 3,
                    'user_0', 'host', 'host', 'pro', true, '00000000-0000-4000-8000-000000000001', 'active',
                    '2019-01-01T00:00:00Z', 'default:call', sha256('x'), '0123456789abcdef', 'session', '192.0.2.1',
                    'request-1'
                FROM generate_series(1, 200) AS n
                CROSS JOIN LATERAL (SELECT '2020-01-05T00:00:00Z'::timestamptz + n * interval '11 minutes') AS issued (at);
                """
            )
            try Self.refusals(5, at: "'2020-01-05T00:00:00Z'", database)
            try Self.maintain(database)
            let state = """
                SELECT md5(string_agg(entry, ' ' ORDER BY entry)) FROM (
                    SELECT rollup::text FROM connvo.rollup_tokens_hourly AS rollup
                    UNION ALL SELECT rollup::text FROM connvo.rollup_refusals_hourly AS rollup
                    UNION ALL SELECT rollup::text FROM connvo.rollup_users_monthly AS rollup
                    UNION ALL SELECT rollup::text FROM connvo.rollup_bursts AS rollup
                    UNION ALL SELECT rollup::text FROM connvo.rollup_tokens_daily AS rollup
                    UNION ALL SELECT rollup::text FROM connvo.rollup_meetings_daily AS rollup
                    UNION ALL SELECT rollup::text FROM connvo.rollup_concurrency_daily AS rollup
                    UNION ALL SELECT rollup::text FROM connvo.rollup_fanout_daily AS rollup
                    UNION ALL SELECT rolled_up_until || ' ' || rolling_up_until FROM connvo.rollup_state
                ) AS kept (entry)
                """
            let before = try database.scalar(state)
            try database.run("DELETE FROM connvo.rollup_\(rollup)")
            #expect(
                try database.scalar("SELECT string_agg(DISTINCT rollup, ' ') FROM connvo.rollup_differences(NULL)")
                    == rollup
            )
            try Self.maintain(database, comparesAll: true)
            #expect(try database.scalar(state) == before)
            #expect(try database.scalar("SELECT count(*) FROM connvo.rollup_differences(NULL)") == "0")
        }
    }

    /// Asked, database, answered, in seconds.
    private static let clocks: [(times: [Int64], verdict: ClockDifference.Verdict)] = [
        ([0, 0, 0], .agrees), ([0, 4, 0], .agrees), ([0, 5, 0], .warning), ([9, 4, 9], .warning),
        ([0, 59, 0], .warning), ([0, 60, 0], .notReady), ([0, -60, 0], .notReady), ([0, 3_456_000, 0], .notReady),
        // A question that took long proves less.
        ([0, 30, 60], .agrees), ([0, 66, 62], .agrees), ([0, 67, 62], .warning), ([10, 0, 100], .warning),
    ]

    @Test(arguments: clocks)
    func `clocks are compared by what one question can tell`(clock: (times: [Int64], verdict: ClockDifference.Verdict))
    {
        let times = clock.times.map { Timestamp(secondsSinceEpoch: $0) }
        let difference = ClockDifference(asked: times[0], database: times[1], answered: times[2])
        #expect(difference.verdict == clock.verdict)
        #expect((difference.direction == .behind) == (clock.times[0] + clock.times[2] < 2 * clock.times[1]))
    }

    @Test func `the database says what time it is`() async throws {
        try await withDatabase { database in
            var connection = try database.connect()
            let asked = try ClockDifference.decodeDatabaseTime(
                connection.execute(ClockDifference.statement, deadline: .soon)
            )
            let again = try ClockDifference.decodeDatabaseTime(
                connection.execute(ClockDifference.statement, deadline: .soon)
            )
            #expect(ClockDifference(asked: asked, database: asked, answered: again).verdict == .agrees)
        }
    }
}
