import Persistence
import PostgreSQL
import TestSupport
import Testing

extension TestDatabase {
    /// Seeds as the administrators' role.
    func seed(
        _ rows: [SeedRow],
        options: SeedOptions = SeedOptions(),
        report: @escaping (SeedEvent) -> Void = { _ in }
    ) throws -> SeedSummary {
        var connection = try connect(as: "connvo_admin")
        return try Seeder.seed(
            SeedBatch(rows),
            options: options,
            deadline: .after(.seconds(120)),
            on: &connection,
            report: report
        )
    }

    /// The problems that seeding reports, as people see them. A success is recorded as an issue.
    func problems(of rows: [SeedRow], options: SeedOptions = SeedOptions()) throws -> [String] {
        do {
            let summary = try seed(rows, options: options)
            Issue.record("was seeded: \(summary)")
            return []
        } catch let failure as SeedFailure {
            guard case .invalid(let problems) = failure else { throw failure }
            return problems.first.map(\.description)
        }
    }

    /// Everything in the business tables but the stamps.
    func content() throws -> String? {
        let tables = SeedKind.allCases.map { kind in
            let columns = kind.columns.map(\.name).joined(separator: ", ")
            return """
                SELECT '\(kind.rawValue)' AS kind, row_to_json(r)::text AS line
                FROM (SELECT \(columns) FROM connvo.\(kind.rawValue)) AS r
                """
        }
        return try scalar(
            "SELECT string_agg(kind || line, E'\\n' ORDER BY kind, line) FROM (\(tables.joined(separator: " UNION ALL "))) AS everything"
        )
    }

    /// Rows inserted, changed and deleted in schema connvo so far, committed or not, those of `connection` included.
    func writes(after connection: inout Connection) throws -> String? {
        let flush = Statement("test.flush", "SELECT pg_stat_force_next_flush()::text")
        _ = try connection.execute(flush, deadline: .after(.seconds(10)))
        return try scalar(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables WHERE schemaname = 'connvo'"
        )
    }
}
