import Domain
import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// The overview over rollups that are stale, refreshed half-way and fresh.
@Suite struct OverviewTests {
    /// Three months of records at borders of hours, days and months, and between them.
    private static let history = """
        SET TimeZone = 'UTC';
        SELECT connvo.create_partition(name, month)
        FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS name
        CROSS JOIN unnest(ARRAY['2026-01-01', '2026-02-01', '2026-03-01']::date[]) AS month
        WHERE to_regclass('connvo.' || name || to_char(month, '_YYYY_MM')) IS NULL;
        SELECT connvo.rewind_rollups('2026-01-01');
        INSERT INTO connvo.issued_tokens
            (id, issued_at, expires_at, user_id, meeting_id, organizer_id, granted_role, stream_role, tier_id, tier_is_paid,
            subscription_id, subscription_status, subscription_starts_at, call_cid, token_sha256, signing_key_id,
            session_id, client_ip, request_id)
        SELECT gen_random_uuid(), token.at, date_trunc('second', token.at) + interval '1 hour', 'user_' || n % 17,
            'meeting_' || n % 23, 'user_' || n % 5, 'host', 'host', CASE n % 3 WHEN 0 THEN 'pro' ELSE 'business' END, n % 50 > 0,
            CAST(lpad(CAST(n % 7 AS text), 32, '0') AS uuid), 'active', '2025-01-01', 'default:call', sha256('x'),
            '0123456789abcdef', 'session', '192.0.2.1', 'request'
        FROM generate_series(0, 2999) AS n
        CROSS JOIN LATERAL (
            SELECT CASE WHEN n % 2 = 0
                THEN timestamptz '2026-01-01 00:00:00+00' + n * interval '42 minutes 29 seconds 123456 microseconds'
                ELSE timestamptz '2026-01-02 00:00:00+00' + n % 1100 * interval '30 minutes'
            END AS at
        ) AS token;
        INSERT INTO connvo.token_refusals
            (id, refused_at, user_id, meeting_id, organizer_id, code, reason, session_id, client_ip, request_id)
        SELECT gen_random_uuid(), timestamptz '2026-01-01 00:00:00+00' + n * interval '5 hours', 'user_' || n % 7,
            'meeting_' || n, 'user_' || n % 3, 'PAID_TIER_REQUIRED', 'tier_required', 'session',
            '192.0.2.1', 'request'
        FROM generate_series(0, 399) AS n;
        """

    private static let period = Overview.Period(
        from: Timestamp(secondsSinceEpoch: 1_769_904_000),  // 2026-02-01
        until: Timestamp(secondsSinceEpoch: 1_772_323_200)  // 2026-03-01
    )

    private static func overview(on connection: inout Connection) throws -> Overview {
        try ReportSession.run(on: &connection) { connection, freshness in
            try Overview(of: period, freshness: freshness, on: &connection)
        }
    }

    /// All but how fresh it is.
    private static func content(of overview: Overview) -> [String] {
        [
            "\(overview.days)", "\(overview.tiers)", "\(String(describing: overview.comparison))",
            "\(overview.refusals)", "\(overview.hours)", "\(overview.topMeetings)",
            "\(overview.meetingCount)", "\(overview.live)", "\(overview.months)", "\(overview.paywall)",
            "\(overview.controls.map(\.count))",
        ]
    }

    @Test func `an overview of stale rollups is that of half and of wholly refreshed ones`() async throws {
        try await withDatabase { database in
            try database.run(Self.history)
            var connection = try database.connect()
            let stale = try Self.overview(on: &connection)
            // The middle of a day in February.
            // A refresh leaves nothing out, though a reader in the same session might.
            try database.run(
                """
                SET connvo.report_from = '2026-02-10 00:00:00Z';
                SELECT connvo.refresh_rollups(CAST(45.5 * 24 AS integer));
                """
            )
            let half = try Self.overview(on: &connection)
            try database.run("SELECT connvo.refresh_rollups(1000000)")
            let fresh = try Self.overview(on: &connection)

            #expect(stale.freshness.rolledUpUntil != fresh.freshness.rolledUpUntil)
            #expect(half.freshness.rolledUpUntil != fresh.freshness.rolledUpUntil)
            #expect(Self.content(of: half) == Self.content(of: fresh))
            #expect(Self.content(of: stale) == Self.content(of: fresh))

            // And it is what the records say.
            let query = Statement(
                "test.records",
                """
                SELECT count(*) FILTER (WHERE issued_at >= '2026-02-01 00:00:00+00'),
                    count(*) FILTER (WHERE issued_at >= '2026-01-04 00:00:00+00' AND issued_at < '2026-02-01 00:00:00+00')
                FROM connvo.issued_tokens
                WHERE issued_at < '2026-03-01 00:00:00+00'
                """
            )
            let row = try #require(try connection.execute(query, deadline: .soon).rows.first)
            let (tokens, before) = (try row.decode(0, as: Int64.self), try row.decode(1, as: Int64.self))
            #expect(fresh.tokenCount == tokens && tokens > 0)
            #expect(fresh.hours.joined().reduce(0, +) == tokens)
            #expect(fresh.comparison == Overview.Comparison(tokens: tokens, tokensBefore: before))
            #expect(fresh.topMeetings.count == 10 && fresh.meetingCount == 23)
        }
    }

    @Test func `two tokens that expire at one midnight were not both alive at it, one after the other`() async throws {
        try await withDatabase { database in
            try database.run(
                """
                SELECT connvo.create_partition('issued_tokens', '2026-02-01');
                SELECT connvo.create_partition('token_refusals', '2026-02-01');
                SELECT connvo.rewind_rollups('2026-02-01');
                INSERT INTO connvo.issued_tokens
                    (id, issued_at, expires_at, user_id, meeting_id, organizer_id, granted_role, stream_role, tier_id,
                    tier_is_paid, subscription_id, subscription_status, subscription_starts_at, call_cid, token_sha256,
                    signing_key_id, session_id, request_id)
                SELECT gen_random_uuid(), at, date_trunc('second', at) + interval '1 hour', 'user_ann', 'meeting_one',
                    'user_ann', 'host', 'host', 'pro', true, gen_random_uuid(), 'active', '2025-01-01', 'default:call',
                    sha256('x'), '0123456789abcdef', 'session', 'request'
                FROM unnest(ARRAY['2026-02-09 23:00:00.1+00', '2026-02-09 23:00:00.2+00', '2026-02-09 23:30:00+00']
                    ::timestamptz[]) AS at
                """
            )
            var connection = try database.connect()
            let days = try Self.overview(on: &connection).days
            #expect(days[8].peak == 3)
            #expect(days[9].peak == 1)
        }
    }

    /// Two comparisons with values that the planner does not know are a narrow range for it: one row in two hundred. Then it
    /// reads whole months in the order of their ids, and sorts where it could hash.
    @Test func `the planner expects many records behind the border of stale rollups`() async throws {
        try await withDatabase { database in
            try database.run(Self.history)
            try database.run("ANALYZE connvo.issued_tokens; ANALYZE connvo.token_refusals")
            var connection = try database.connect()
            let tails = [
                "tokens_hourly", "refusals_hourly", "users_monthly", "bursts", "tokens_daily", "meetings_daily",
                "concurrency_daily", "fanout_daily",
            ]
            for tail in tails {
                let explain = Statement("test.explain.\(tail)", "EXPLAIN SELECT * FROM connvo.tail_\(tail)")
                let plan = try connection.execute(explain, deadline: .soon).rows
                    .map { try $0.decode(0, as: String.self) }
                let scan = try #require(plan.first { $0.contains("_2026_01") })
                let rows = try #require(scan.firstMatch(of: /rows=(\d+)/).flatMap { Int($0.1) })
                // Some 1,700 tokens and 149 refusals.
                #expect(rows > 14, "\(tail): \(scan)")
                #expect(!plan.contains { $0.contains("_pkey") }, "\(tail)")
            }
        }
    }
}
