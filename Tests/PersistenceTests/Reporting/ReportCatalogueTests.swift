import Domain
import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// The catalogue in Swift against the views in the database.
@Suite struct ReportCatalogueTests {
    /// The columns of a view as `name kind`, in its order.
    private static func columns(of view: String, on connection: inout Connection) throws -> [String] {
        let query = Statement(
            "test.columns",
            """
            SELECT attname || ' ' || CASE
                WHEN atttypid IN ('text'::regtype, 'uuid'::regtype) THEN 'text'
                WHEN atttypid = 'inet'::regtype THEN 'address'
                WHEN atttypid IN ('integer'::regtype, 'bigint'::regtype) THEN 'integer'
                WHEN atttypid IN ('numeric'::regtype, 'double precision'::regtype) THEN 'decimal'
                WHEN atttypid = 'boolean'::regtype THEN 'boolean'
                WHEN atttypid = 'timestamptz'::regtype THEN 'instant'
                WHEN atttypid = 'date'::regtype THEN 'day'
                ELSE format_type(atttypid, atttypmod)
            END
            FROM pg_attribute
            WHERE attrelid = $1::regclass AND attnum > 0
            ORDER BY attnum
            """,
            parameters: [.text]
        )
        var parameters = Parameters()
        parameters.append(view)
        return try connection.execute(query, parameters, deadline: .soon).rows.map { try $0.decode(0) }
    }

    @Test func `every view has a report, and every report a view`() async throws {
        try await withDatabase { database in
            var connection = try database.connect()
            let query = Statement(
                "test.views",
                "SELECT 'reporting.' || relname FROM pg_class WHERE relnamespace = 'reporting'::regnamespace AND relkind = 'v'"
            )
            let views = try connection.execute(query, deadline: .soon).rows.map { try $0.decode(0, as: String.self) }

            #expect(Set(views) == Set(Report.catalogue.map(\.view)))
            #expect(Set(Report.catalogue.map(\.view)).count == Report.catalogue.count)
            #expect(Set(Report.catalogue.map(\.name)).count == Report.catalogue.count)
        }
    }

    @Test func `a report has the columns of its view, in their order and of their types`() async throws {
        try await withDatabase { database in
            var connection = try database.connect()
            for report in Report.catalogue {
                let mine = report.columns.map { "\($0.name) \($0.kind)" }
                #expect(try Self.columns(of: report.view, on: &connection) == mine, "\(report.name)")
            }
        }
    }

    @Test func `every report answers the reporter, with all options and with none`() async throws {
        try await withDatabase { database in
            var connection = try database.connect(as: "connvo_reporter")
            for report in Report.catalogue {
                var all = ReportSelection(limit: 5)
                if report.period != nil {
                    all.from = Timestamp(secondsSinceEpoch: 0)
                    all.until = Timestamp(secondsSinceEpoch: 4_102_444_800)
                }
                if report.options.contains(.tier) { all.tier = "pro" }
                if report.options.contains(.meeting) { all.meeting = "meeting_one" }
                if report.options.contains(.user) { all.user = "user_ann" }
                #expect(Set(all.options) == Set(report.options), "\(report.name)")
                for selection in [ReportSelection(), all] {
                    try ReportSession.run(on: &connection) { connection, _ in
                        try ReportSession.read(report, selection, on: &connection) { row in
                            #expect(row.count == report.columns.count)
                        }
                    }
                }
            }
            let isIdle = connection.isIdle
            #expect(isIdle)
        }
    }

    /// The bounds must reach the scan of the records: a report of last week may not read last year.
    @Test(arguments: ["uncovered-tokens", "altered-roles", "record-faults"])
    func `a period reads only the partitions it touches`(name: String) async throws {
        try await withDatabase { database in
            let report = try #require(Report.named(name))
            try database.run("SELECT connvo.create_partition('issued_tokens', '2020-01-01')")
            let query = ReportQuery(
                report,
                ReportSelection(
                    from: Timestamp(secondsSinceEpoch: 1_577_836_800),  // 2020-01-01
                    until: Timestamp(secondsSinceEpoch: 1_580_515_200)  // 2020-02-01
                )
            )
            var connection = try database.connect()
            let explain = Statement("test.explain", "EXPLAIN (ANALYZE) \(query.sql)", parameters: query.types)
            let plan = try connection.execute(explain, query.parameters, deadline: .soon).rows
                .map { try $0.decode(0, as: String.self) }.joined(separator: "\n")

            let touched = plan.matches(of: /issued_tokens_\d{4}_\d{2}/).map { String($0.output) }
            #expect(Set(touched) == ["issued_tokens_2020_01"], "\(plan)")
        }
    }

    /// With `--limit`, the rows that the report is about: the busiest hours, the last days.
    @Test(arguments: ["hours", "tokens", "refusals", "active-users", "concurrent-tokens", "reissue-bursts"])
    func `a limited report shows what it is about, not the oldest`(name: String) async throws {
        try await withDatabase { database in
            let report = try #require(Report.named(name))
            try database.run(
                """
                SELECT connvo.create_partition(name, month)
                FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS name
                CROSS JOIN unnest(ARRAY['2020-01-01', '2020-02-01']::date[]) AS month;
                SELECT connvo.rewind_rollups('2020-01-01');
                INSERT INTO connvo.issued_tokens
                    (id, issued_at, expires_at, user_id, meeting_id, organizer_id, granted_role, stream_role, tier_id,
                    tier_is_paid, subscription_id, subscription_status, subscription_starts_at, call_cid, token_sha256,
                    signing_key_id, session_id, request_id)
                SELECT gen_random_uuid(), at::timestamptz, at::timestamptz + interval '1 hour', 'user_a', 'meeting_a',
                    'user_a', 'host', 'host', 'pro', true, '00000000-0000-4000-8000-000000000001', 'active',
                    '2019-01-01T00:00:00Z', 'default:call', sha256('x'), '0123456789abcdef', 'session', 'request-1'
                FROM (VALUES ('2020-01-01T08:00:00Z', 6), ('2020-01-02T14:00:00Z', 9), ('2020-01-03T08:00:00Z', 7),
                    ('2020-02-04T08:00:00Z', 6)) AS hour (at, tokens)
                CROSS JOIN generate_series(1, tokens);
                INSERT INTO connvo.token_refusals
                    (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
                SELECT gen_random_uuid(), issued_at, user_id, meeting_id, 'FORBIDDEN', 'not_a_participant', 'session', 'r'
                FROM connvo.issued_tokens;
                """
            )
            var connection = try database.connect()
            let query = ReportQuery(report, ReportSelection(limit: 1))
            let statement = Statement(
                "test.limited",
                "SELECT extract(epoch FROM period)::bigint::text FROM (\(query.sql)) AS limited (period)",
                parameters: query.types
            )
            let found = try connection.execute(statement, query.parameters, deadline: .soon).rows
                .map { try $0.decode(0, as: String.self) }
            let expected = try database.scalar(
                """
                SELECT extract(epoch FROM CASE '\(name)'
                    WHEN 'hours' THEN '2020-01-02T14:00:00Z'::timestamptz
                    WHEN 'refusals' THEN '2020-01-02T14:00:00Z'
                    WHEN 'reissue-bursts' THEN '2020-01-02T14:00:00Z'
                    WHEN 'tokens' THEN '2020-02-04T00:00:00Z'
                    WHEN 'concurrent-tokens' THEN '2020-01-02T00:00:00Z'
                    ELSE '2020-02-01T00:00:00Z'
                END)::bigint
                """
            )
            #expect(found == [expected])
        }
    }

    /// Second of the day of the reading, days before it that the period of two days begins, and the hours that count.
    private static let comparisons: [(second: Int64, daysBefore: Int64, hours: Int64?)] = [
        (0, 0, nil), (1800, 0, nil), (3600, 0, 1), (34_199, 0, 9), (32_400, 1, 33), (32_400, 3, 48),
    ]

    @Test(arguments: comparisons)
    func `an hour that is not over is not compared with a whole one`(
        comparison: (second: Int64, daysBefore: Int64, hours: Int64?)
    ) {
        let today = Timestamp(secondsSinceEpoch: 1_578_096_000)
        let from = today - .days(comparison.daysBefore)
        let freshness = ReportFreshness(
            readAt: today + .seconds(comparison.second),
            lastIssuedAt: nil,
            lastRefusedAt: nil,
            recordsFrom: Timestamp(secondsSinceEpoch: 0),
            rolledUpUntil: nil
        )
        let end = Overview.endOfComparison(Overview.Period(from: from, until: from + .days(2)), freshness)
        #expect(end == comparison.hours.map { from + .seconds($0 * 3600) })
    }

    @Test func `a session sees one moment, and writes nothing`() async throws {
        try await withDatabase { database in
            var connection = try database.connect()
            let failure = databaseError {
                try ReportSession.run(on: &connection) { connection, _ in
                    #expect(try connection.text("current_setting('transaction_isolation')") == "repeatable read")
                    #expect(try connection.text("current_setting('statement_timeout')") == "1min")
                    try connection.executeScript("CREATE TABLE public.written ()", deadline: .soon)
                }
            }
            #expect(failure?.sqlState == .readOnlyTransaction)
            let isIdle = connection.isIdle
            #expect(isIdle)

            // A limit that an administrator has set stays.
            try connection.executeScript("SET statement_timeout = '7s'", deadline: .soon)
            let limit = try ReportSession.run(on: &connection) { connection, _ in
                try connection.text("current_setting('statement_timeout')")
            }
            #expect(limit == "7s")
        }
    }

    @Test func `a cursor of many parts loses and repeats nothing`() async throws {
        try await withDatabase { database in
            try database.run(
                """
                CREATE OR REPLACE VIEW reporting.live_tokens_v1 AS
                    SELECT number::text COLLATE "C" AS meeting_id, 'host'::text AS granted_role, number AS tokens,
                        1::bigint AS users, now() AS first_expires_at, now() AS last_expires_at
                    FROM generate_series(1::bigint, 2500) AS number
                """
            )
            var connection = try database.connect()
            var seen: [Int64] = []
            try ReportSession.run(on: &connection) { connection, _ in
                try ReportSession.read(.liveTokens, ReportSelection(), on: &connection) { row in
                    if case .integer(let number) = row[2] { seen.append(number) }
                }
            }
            #expect(seen == Array((1...2500).reversed()))
        }
    }
}
