import Foundation
import Persistence
import PostgreSQL
import TestSupport
import Testing

/// Commands through a pooler in transaction mode, with `DATABASE_STATEMENTS=unnamed`.
@Suite(.enabled(if: PgBouncer.isInstalled, "scripts/install-dependencies --tests installs it"))
struct PoolerCommandTests {
    private static let organization = #"{"organizations":[{"id":"org_pooled","name":"Pooled"}]}"#

    /// Each is run several times: with prepared statements the second or third fails ("already exists").
    private static let commands: [(arguments: [String], statuses: Set<Int32>)] = [
        (["migrate", "status"], [0]),
        (["migrate", "check"], [0]),
        (["migrate", "verify"], [0]),
        (["migrate", "plan"], [0]),
        (["migrate", "wait", "--timeout", "20s"], [0]),
        (["report", "freshness"], [0]),
        (["report", "tokens"], [0]),
        (["report", "overview", "--output", "overview.html"], [0]),
        (["seed", "--dry-run", "organizations.json"], [0, 2]),
        (["seed", "organizations.json"], [0]),
        (["export", "--kind", "organizations"], [0]),
        (["maintain", "--dry-run"], [0, 2]),
        (["maintain"], [0]),
        (["explain", "--user", "user_absent", "--meeting", "meeting_absent"], [0]),
    ]

    /// A database that the program has migrated: it compares checksums.
    private static func withMigratedDatabase(_ body: @escaping @Sendable (TestDatabase) throws -> Void) async throws {
        try await withDatabase(.empty) { database in
            let up = try run(["migrate"], settings: ["DATABASE_ADMIN_URL": "dbname=\(database.name)"])
            try #require(up.status == 0, "\(up.errors)")
            try body(database)
        }
    }

    /// As `Binary.run` does, on the thread of the test: the pooler ends with it.
    private static func run(
        _ arguments: [String],
        settings: [String: String],
        files: [String: String] = [:]
    ) throws -> Binary.Result {
        let folder = try Folder()
        for (name, text) in files { try folder.write(Array(text.utf8), to: name) }
        let process = try LaunchedProcess(arguments, settings: settings, folder: folder)
        let status = try #require(process.exitStatus(within: .seconds(60)), "\(arguments) did not end")
        return Binary.Result(status: status, output: folder.text("output"), errors: folder.text("errors"))
    }

    @Test(arguments: [1, 2, 5])
    func `every command but migrate up works through it, again and again`(size: Int) async throws {
        try await Self.withMigratedDatabase { database in
            let pooler = try PgBouncer(poolSize: size, login: "postgres")
            defer { withExtendedLifetime(pooler) {} }
            let url = "host=\(pooler.host) dbname=\(database.name)"
            let settings = [
                "DATABASE_ADMIN_URL": url, "DATABASE_URL": url, "DATABASE_STATEMENTS": "unnamed",
                "RECORD_RETENTION_MONTHS": "12",
            ]
            for round in 1...3 {
                for (arguments, statuses) in Self.commands {
                    let result = try Self.run(
                        arguments,
                        settings: settings,
                        files: ["organizations.json": Self.organization]
                    )
                    #expect(statuses.contains(result.status), "\(round) \(arguments): \(result.errors)")
                    #expect(!result.errors.contains("already exists"), "\(arguments): \(result.errors)")
                }
            }
            #expect(try database.scalar("SELECT name FROM connvo.organizations WHERE id = 'org_pooled'") == "Pooled")
        }
    }

    @Test func `maintain does there what it does without`() async throws {
        try await withDatabase { database in
            try database.run("SET ROLE connvo_owner; SELECT connvo.create_partition('token_refusals', '2020-01-01')")
            let pooler = try PgBouncer(poolSize: 2, login: "postgres")
            defer { withExtendedLifetime(pooler) {} }
            let own = [
                "DATABASE_ADMIN_URL": "host=\(pooler.host) dbname=\(database.name)", "DATABASE_STATEMENTS": "unnamed",
            ]
            #expect(try Self.run(["maintain"], settings: own).status == 0)
            let done = try Self.run(["maintain"], settings: own.merging(["RECORD_RETENTION_MONTHS": "12"]) { $1 })
            #expect(done.status == 0, "\(done.errors)")
            #expect(done.output.contains("detached token_refusals_2020_01: 0 records, checksum 0\n"), "\(done.output)")
            // Nothing of its settings, roles and locks is left in a session that others get.
            let left = """
                SELECT count(*) FROM pg_locks
                WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """
            #expect(try database.scalar(left) == "0")
        }
    }

    @Test func `maintain waits there for its turn, too`() async throws {
        try await withDatabase { database in
            let pooler = try PgBouncer(poolSize: 2, login: "postgres")
            defer { withExtendedLifetime(pooler) {} }
            var holder = try database.connect()
            #expect(try AdvisoryLock.migration.acquire(patience: .seconds(10), on: &holder) { _ in } == .acquired)
            let settings = [
                "DATABASE_ADMIN_URL": "host=\(pooler.host) dbname=\(database.name)", "DATABASE_STATEMENTS": "unnamed",
            ]
            let folder = try Folder()
            let process = try LaunchedProcess(["maintain"], settings: settings, folder: folder)
            #expect(
                waitUntil { folder.text("errors").contains("Waiting for another maintain") },
                "\(folder.text("errors"))"
            )
            AdvisoryLock.migration.release(on: &holder)
            #expect(process.exitStatus(within: .seconds(60)) == 0, "\(folder.text("errors"))")
        }
    }

    /// With a change that each would make.
    @Test(
        arguments: [
            (["repair", "--yes"], "UPDATE connvo.schema_migrations SET checksum = repeat('0', 64) WHERE version = 1"),
            (["adopt", "--yes"], "DROP TABLE connvo.schema_migrations"),
        ]
    )
    func `what changes the record of the schema is refused there`(
        subcommand: [String],
        change: String
    ) async throws {
        try await Self.withMigratedDatabase { database in
            try database.run(change)
            let record = "SELECT count(*) FROM pg_class WHERE relname LIKE 'schema_migration%'"
            let before = try database.scalar(record)
            let pooler = try PgBouncer(poolSize: 2, login: "postgres")
            defer { withExtendedLifetime(pooler) {} }
            let result = try Self.run(
                ["migrate"] + subcommand,
                settings: [
                    "DATABASE_ADMIN_URL": "host=\(pooler.host) dbname=\(database.name)",
                    "DATABASE_STATEMENTS": "unnamed",
                ]
            )
            #expect(result.status == 1, "\(result.output)\(result.errors)")
            #expect(result.errors.contains("pooler in transaction mode"), "\(result.errors)")
            #expect(try database.scalar(record) == before)
        }
    }

    @Test(arguments: ["unnamed", "prepared"])
    func `migrate up is refused there`(statements: String) async throws {
        try await withDatabase(.empty) { database in
            let pooler = try PgBouncer(poolSize: 2, login: "postgres")
            defer { withExtendedLifetime(pooler) {} }
            let result = try Self.run(
                ["migrate", "up"],
                settings: [
                    "DATABASE_ADMIN_URL": "host=\(pooler.host) dbname=\(database.name)",
                    "DATABASE_STATEMENTS": statements,
                ]
            )
            #expect(result.status == 1)
            #expect(result.errors.contains("a pooler in transaction mode"), "\(result.errors)")
            #expect(try database.scalar("SELECT to_regnamespace('connvo')::text") == nil)
        }
    }
}
