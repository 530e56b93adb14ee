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
}
