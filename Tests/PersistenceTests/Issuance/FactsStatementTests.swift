import Domain
import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

@Suite struct FactsStatementTests {
    /// However many months are kept, a batch must not pay for those that its quota does not read.
    @Test(arguments: [0, 1])
    func `the months that the quota does not read are left out when a statement starts`(index: Int) async throws {
        try await withDatabase { database in
            var connection = try database.connect()
            let facts = FactsStatement(countsRecentRequests: true).statements[index]
            let (types, values) =
                index == 0
                ? ("text, text, timestamptz", "'user', 'meeting', now()")
                : ("text[], text[], timestamptz[]", "'{user,user}', '{meeting,meeting}', ARRAY[now(), now()]")
            // As serve runs it.
            for sql in [
                "SET plan_cache_mode = force_generic_plan", "SET enable_seqscan = off",
                "PREPARE facts (\(types), timestamptz, timestamptz) AS \(facts.sql)",
            ] {
                _ = try connection.execute(Statement("test.\(sql.prefix(12))", sql), deadline: .soon)
            }
            let plan = try connection.execute(
                Statement(
                    "test.explain",
                    """
                    EXPLAIN EXECUTE facts (\(values), now() - interval '1 minute', now() + interval '1 minute')
                    """
                ),
                deadline: .soon
            ).rows.map { try $0.decode(0, as: String.self) }

            for table in ["issued_tokens", "token_refusals"] {
                let scanned = plan.filter { $0.contains(" on \(table)_") }
                // Two at the end of a month.
                #expect((1...2).contains(scanned.count), "\(scanned)")
            }
            #expect(plan.count { $0.contains("Subplans Removed") } == 2, "\(plan)")
        }
    }

    /// A plan that names a month locks it whenever it runs, also when it does not open it.
    @Test(arguments: [1, 2])
    func `a batch locks no month but its own`(size: Int) async throws {
        try await withDatabase { database in
            try database.run(
                """
                SET ROLE connvo_owner;
                SELECT connvo.create_partition(name, month::date)
                FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS name
                CROSS JOIN generate_series(timestamptz '2020-01-01', '2020-06-01', '1 month') AS month;
                """
            )
            let middle = try #require(Timestamp(rfc3339: "2020-03-15T12:00:00Z"))
            let border = try #require(Timestamp(rfc3339: "2020-04-01T00:00:59Z"))
            let facts = CountingFacts()
            #expect(try Self.lockedMonths(facts, [middle], size, database) == ["2020_03"])
            #expect(try Self.lockedMonths(facts, [border], size, database).count > 6)
            #expect(try Self.lockedMonths(facts, [border + .seconds(1)], size, database) == ["2020_04"])
            if size > 1 {
                let last = try #require(Timestamp(rfc3339: "2020-03-31T23:58:59Z"))
                #expect(try Self.lockedMonths(facts, [middle, last], size, database) == ["2020_03"])
                #expect(try Self.lockedMonths(facts, [middle, last + .seconds(1)], size, database).count > 6)
                #expect(try Self.lockedMonths(facts, [middle, border + .hours(1)], size, database).count > 6)
            }
        }
    }

    /// The months whose partitions are locked after `size` requests, received at `instants`, were read.
    private static func lockedMonths(
        _ facts: CountingFacts,
        _ instants: [Timestamp],
        _ size: Int,
        _ database: TestDatabase
    ) throws -> [String] {
        let requests = (0..<size).map { index in
            IssuanceRequest(
                admission: AdmissionRequest(
                    callerID: User.ID(rawValue: "user_\(index)"),
                    meetingID: Meeting.ID(rawValue: "meeting_one"),
                    requestedRole: nil
                ),
                receivedAt: instants[index % instants.count],
                sessionID: "",
                impersonator: nil,
                clientIP: nil,
                userAgent: nil,
                requestID: ""
            )
        }
        var connection = try database.connect()
        try connection.executeScript(
            "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; BEGIN",
            deadline: .soon
        )
        let statement = facts.statement(for: requests)
        let results = try connection.executeTogether([statement.command(for: requests)], deadline: .soon)
        #expect(try statement.decode(results[0], for: requests).allSatisfy { $0.recentRequests == 0 })
        // Planning locks what it leaves out, once.
        try connection.executeScript("COMMIT; BEGIN", deadline: .soon)
        _ = try connection.executeTogether([statement.command(for: requests)], deadline: .soon)
        return try connection.execute(
            Statement(
                "test.locks",
                """
                SELECT DISTINCT right(relname, 7) FROM pg_locks
                JOIN pg_class ON pg_class.oid = relation
                WHERE pid = pg_backend_pid() AND relkind = 'r' AND relname ~ '^(issued_tokens|token_refusals)_'
                ORDER BY 1
                """
            ),
            deadline: .soon
        ).rows.map { try $0.decode(0, as: String.self) }
    }
}
