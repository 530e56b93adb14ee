import Foundation
import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// The SQL of seeding is made of parts; the files in `Golden` show it whole, as the server gets it.
///
/// After a change that is meant, record them again and review the difference:
///
///     RECORD_GOLDEN=1 scripts/with-postgres swift test --filter SeedStatementsTests
@Suite struct SeedStatementsTests {
    private struct Entry {
        let title: String
        let sql: String
    }

    /// Which kinds a seed has rows of, and of which it removes rows.
    private struct Scenario {
        let title: String
        let stagedKinds: Set<SeedKind>
        let prunedKinds: Set<SeedKind>
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().resolvingSymlinksInPath()
        .appending(path: "Golden")

    private static let isRecording = ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil

    @Test(arguments: SeedKind.allCases)
    func `what a seed, a dry run, pruning and an export say about a kind is as recorded`(kind: SeedKind) async throws {
        try await withDatabase { database in
            var connection = try database.connect(as: "connvo_admin")
            let text = try Self.text(of: kind, on: &connection)
            try Self.compare(text, with: "\(kind.rawValue).sql")
        }
    }

    @Test func `what a seed says about no single kind is as recorded`() throws {
        try Self.compare(Self.text(of: Self.common), with: "common.sql")
    }

    @Test(.enabled(if: !isRecording))
    func `the server got nothing that is not recorded`() async throws {
        try await withDatabase { database in
            var connection = try database.connect(as: "connvo_admin")
            let recorded = ["common.sql"] + SeedKind.allCases.map { "\($0.rawValue).sql" }
            let golden = try recorded.map { try String(contentsOf: Self.folder.appending(path: $0), encoding: .utf8) }
                .joined(separator: "\n")

            _ = try Seeder.seed(SeedBatch(SeederTests.everything), deadline: .never, on: &connection)
            var batch = SeedBatch([
                .user(1, "user_a", email: "new@example.com", ["organization_id": .null]),
                .meeting(2, "new", organizer: "user_a"),
            ])
            for kind in SeedKind.allCases { batch.name(kind) }
            let options = SeedOptions(isDryRun: true, reportsChanges: true, pruned: Set(SeedKind.allCases))
            _ = try Seeder.seed(batch, options: options, deadline: .never, on: &connection)
            try SeedExporter.export(SeedKind.allCases, timeout: .seconds(60), on: &connection) { _, _ in }

            let prepared = Statement("test.prepared", "SELECT name, statement FROM pg_prepared_statements")
            var names: Set<String> = []
            for row in try connection.execute(prepared, deadline: .after(.seconds(10))).rows {
                let name = try row.decode(0, as: String.self)
                let sql = try row.decode(1, as: String.self)
                guard !["test.prepared", "begin", "commit", "rollback"].contains(name) else { continue }
                names.insert(name)
                #expect(golden.contains("\n\(sql);\n"), "\(name) is not recorded: \(sql)")
            }
            #expect(
                names.isSuperset(of: ["seed.users.count.staged", "seed.pruned.users.protected", "declare.export_users"])
            )
        }
    }

    // MARK: - What is recorded

    private static let common: [Entry] = [
        Entry(title: "seed: begin", sql: SeedStatements.begin),
        Entry(title: "seed: take turns with other seeds", sql: AdvisoryLock.tryTransaction.sql),
        Entry(title: "seed: who has the turn", sql: AdvisoryLock.holder.sql),
        Entry(title: "seed: lock the tables", sql: SeedStatements.lockTables(timeout: "2s")),
        Entry(title: "seed: give up the tables when they were not free in time", sql: SeedStatements.giveUpTables),
        Entry(title: "seed: who keeps the tables", sql: SeedStatements.tablesHolder.sql),
        Entry(title: "seed: default values", sql: SeedStatements.defaults.sql),
        Entry(title: "seed: CHECK constraints", sql: SeedStatements.constraints.sql),
        Entry(title: "seed: end", sql: Statement.commit.sql),
        Entry(title: "dry run: begin", sql: SeedStatements.beginDryRun),
        Entry(title: "dry run: end", sql: Statement.rollback.sql),
        Entry(title: "export: begin", sql: SeedExporter.begin),
        Entry(title: "export: end", sql: Statement.commit.sql),
    ]

    private static func text(of kind: SeedKind, on connection: inout Connection) throws -> String {
        let all = Set(SeedKind.allCases)
        let scenarios = [
            Scenario(title: "rows of all kinds", stagedKinds: all, prunedKinds: []),
            Scenario(title: "rows of this kind only", stagedKinds: [kind], prunedKinds: []),
            Scenario(title: "rows of all kinds, pruning all", stagedKinds: all, prunedKinds: all),
        ]
        var shown: [Entry] = []
        var text = ""
        for scenario in scenarios {
            let entries = try entries(of: kind, scenario, on: &connection).filter { entry in
                !shown.contains { $0.sql == entry.sql }
            }
            text += "-- ==== \(scenario.title)"
            text += shown.isEmpty ? "\n\n" : ", where the SQL is another\n\n"
            text += entries.isEmpty ? "-- None.\n\n" : self.text(of: entries)
            shown += entries
        }
        text += "-- ==== export\n\n"
        return text + self.text(of: entries("export", of: SeedExporter.rows(of: kind)))
    }

    /// In the order in which ``SeedTransaction`` runs them.
    private static func entries(
        of kind: SeedKind,
        _ scenario: Scenario,
        on connection: inout Connection
    ) throws -> [Entry] {
        let transaction = SeedTransaction(
            batch: SeedBatch(),
            options: SeedOptions(pruned: scenario.prunedKinds),
            foundProblems: SeedProblems(),
            deadline: .after(.seconds(60)),
            report: { _ in }
        )
        let table = SeedTable(
            kind: kind,
            defaults: try transaction.columnDefaults(on: &connection)[kind] ?? [:],
            stagedKinds: scenario.stagedKinds,
            prunedKinds: scenario.prunedKinds
        )
        var entries = [
            Entry(title: "load: the rows of the files", sql: table.createStaged),
            Entry(title: "load: the rows of the files", sql: table.copyStaged),
        ]
        entries += [table.addDerivedRows].compactMap { $0 }.map {
            Entry(title: "load: rows that a trigger will make", sql: $0)
        }
        entries.append(Entry(title: "load: statistics", sql: table.analyzeStaged))
        entries += table.findIDs.map { Entry(title: "load: find the ids of rows that name none", sql: $0) }
        entries += [
            Entry(title: "load: what the rows will be", sql: table.createDesired),
            Entry(title: "load: statistics", sql: table.analyzeDesired),
        ]
        if table.isPruned {
            entries += [
                Entry(title: "load: the rows to remove", sql: table.createPruned),
                Entry(title: "load: statistics", sql: table.analyzePruned),
            ]
        }
        entries.append(Entry(title: "count", sql: table.count.sql))

        let checks =
            try transaction.constraintChecks([table], on: &connection) + [table.keyCheck]
            + table.referenceChecks(complete: Set(SeedKind.allCases)) + table.uniqueChecks
            + [table.overlapCheck].compactMap { $0 }
        entries += checks.map { Entry(title: "check: \($0.statement.name)", sql: $0.statement.sql) }
        if table.isPruned {
            entries += table.pruningChecks.map { Entry(title: "check: \($0.statement.name)", sql: $0.statement.sql) }
        }
        entries += self.entries("dry run: the rows to write", of: table.changes)
        if table.isPruned { entries += self.entries("dry run: the rows to remove", of: table.removals) }

        if kind.definition.derivedRows != nil {
            entries.append(Entry(title: "write: before what the rows will be is made again", sql: table.dropDesired))
        }
        entries += table.release.map { Entry(title: "write: give unique values up", sql: $0) }
        entries += [
            Entry(title: "write: the rows that differ", sql: table.update),
            Entry(title: "write: the new rows", sql: table.insert),
        ]
        if table.isPruned { entries.append(Entry(title: "write: remove", sql: table.removePruned)) }
        return entries
    }

    private static func entries(_ title: String, of cursor: Cursor) -> [Entry] {
        [cursor.declaration.sql, cursor.fetch.sql, cursor.close].map { Entry(title: title, sql: $0) }
    }

    private static func text(of entries: [Entry]) -> String {
        entries.map { "-- \($0.title)\n\($0.sql);\n\n" }.joined()
    }

    private static func compare(_ text: String, with name: String) throws {
        let file = folder.appending(path: name)
        let text = String(text.dropLast())
        if isRecording { return try Data(text.utf8).write(to: file) }
        let recorded = try String(contentsOf: file, encoding: .utf8)
        #expect(recorded == text, "Golden/\(name) shows other SQL; see SeedStatementsTests")
    }
}
