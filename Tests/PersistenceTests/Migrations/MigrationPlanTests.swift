import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// `migrate plan`: the SQL that `up` would run.
@Suite struct MigrationPlanTests {
    /// What can differ between two databases: objects with their owners and privileges, and what is recorded as applied.
    static let picture = """
        SELECT string_agg(entry, chr(10) ORDER BY entry)
        FROM (
            SELECT concat_ws(' ', relname, relkind, relowner::regrole, relacl::text, pg_get_expr(relpartbound, oid))
            FROM pg_class WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('connvo', 'reporting'))
            UNION ALL
            SELECT concat_ws(' ', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull)
            FROM pg_attribute WHERE attnum > 0 AND attrelid IN (
                SELECT oid FROM pg_class WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('connvo', 'reporting'))
            )
            UNION ALL
            SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
            WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('connvo', 'reporting'))
            UNION ALL
            SELECT concat_ws(' ', indexrelid::regclass, indisvalid) FROM pg_index
            JOIN pg_class ON pg_class.oid = indexrelid
            WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('connvo', 'reporting'))
            UNION ALL
            SELECT concat_ws(' ', oid::regprocedure, proowner::regrole, proacl::text, md5(prosrc)) FROM pg_proc
            WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('connvo', 'reporting'))
        ) AS state (entry)
        """
    private static let history = """
        SELECT string_agg(concat_ws(' ', version, name, checksum, applied_by, oldest_binary), chr(10) ORDER BY version)
        FROM connvo.schema_migrations
        """

    private static func catalogue() throws -> MigrationCatalogue {
        let embedded = try MigrationCatalogue.embedded(sha256: testChecksum)
        let next = embedded.latestVersion + 1
        func file(_ offset: Int, _ words: String) -> String {
            let number = String(next + offset)
            return String(repeating: "0", count: 4 - number.count) + number + "_\(words).sql"
        }
        return try .scratch(
            embedded.migrations.map { ($0.file, $0.sql) } + [
                (
                    file(0, "index"),
                    "-- connvo: no-transaction\nCREATE INDEX CONCURRENTLY meetings_title_idx ON connvo.meetings (title)\n"
                ),
                (
                    file(1, "demanding"),
                    "-- connvo: oldest-binary 0001\nCREATE TABLE connvo.last (id integer) -- no semicolon"
                ),
            ],
            roles: embedded.roles
        )
    }

    @Test(arguments: [0, 3])
    func `running it by hand does what up does`(alreadyApplied: Int) async throws {
        try await withDatabase(.empty) { planned in
            try await withDatabase(.empty) { migrated in
                try await onOwnThread {
                    let migrator = Migrator(try Self.catalogue())
                    var byHand = try planned.connect()
                    var byUp = try migrated.connect()
                    if alreadyApplied > 0 {
                        _ = try migrator.up(to: alreadyApplied, on: &byHand)
                        _ = try migrator.up(to: alreadyApplied, on: &byUp)
                    }

                    for statement in try migrator.plan(on: &byHand).sections.flatMap(\.statements) {
                        try byHand.executeScript(statement, deadline: .after(.seconds(60)))
                    }
                    _ = try migrator.up(on: &byUp)

                    #expect(try planned.scalar(Self.picture) == migrated.scalar(Self.picture))
                    #expect(try planned.scalar(Self.history) == migrated.scalar(Self.history))
                    var connection = try planned.connect()
                    #expect(try migrator.status(on: &connection).isUpToDate)
                }
            }
        }
    }

    /// What is left to do, with the state as `up` reads it.
    private static func stepsLeft(_ migrator: Migrator, in database: TestDatabase) throws -> [MigrationStep] {
        var connection = try database.connect()
        let objects = try migrator.readObjects(on: &connection)
        return try migrator.readState(objects, on: &connection).steps()
    }

    @Test(arguments: [
        "SELECT 1", "DELETE FROM connvo.schema_migrations WHERE version > 2; DROP TABLE connvo.c",
        "DELETE FROM connvo.schema_migration_files",
        "DROP TABLE connvo.schema_migration_state, connvo.schema_migration_files",
        "DROP SCHEMA connvo CASCADE",
        "CREATE INDEX b_idx ON connvo.b (id); UPDATE pg_index SET indisvalid = false WHERE indrelid = 'connvo.b'::regclass",
        "GRANT SELECT ON connvo.b TO PUBLIC",
    ])
    func `after up nothing is left of the list`(change: String) async throws {
        try await withDatabase(.empty) { database in
            let migrator = Migrator(
                try .scratch([
                    ("0001_a.sql", "CREATE TABLE connvo.a (id integer);"),
                    ("0002_b.sql", "CREATE TABLE connvo.b (id integer);"),
                    ("0003_c.sql", "CREATE TABLE connvo.c (id integer);"),
                ])
            )
            var connection = try database.connect()
            _ = try migrator.up(on: &connection)
            try database.run(change)

            _ = try migrator.up(on: &connection)

            // Whether roles.sql has found nothing to do is known when it has run once more. Roles belong to the cluster,
            // and other tests change them meanwhile.
            for step in try Self.stepsLeft(migrator, in: database) {
                switch step {
                case .prepare(creating: []), .converge: continue
                default: Issue.record("left: \(step)")
                }
            }
            for _ in 0..<100 {
                _ = try migrator.up(on: &connection)
                if try Self.stepsLeft(migrator, in: database).isEmpty { return }
            }
            Issue.record("there is always something to do")
        }
    }

    @Test func `making it changes nothing`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let migrator = Migrator(try Self.catalogue())
            #expect(try migrator.plan(on: &connection).sections.isEmpty == false)
            #expect(try database.scalar("SELECT count(*) FROM pg_namespace WHERE nspname = 'connvo'") == "0")
            _ = try migrator.up(to: 2, on: &connection)
            let before = try database.scalar(Self.picture)

            let plan = try migrator.plan(on: &connection)

            #expect(plan.sections.compactMap(\.migration?.version) == Array(3...plan.latest))
            #expect(try database.scalar(Self.picture) == before)
        }
    }

    @Test func `a database that needs nothing has an empty one`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let migrator = Migrator(try .scratch([("0001_a.sql", "SELECT 1;")]))
            // The first changes something, so only the second knows that nothing is left to do. Other tests may change
            // roles meanwhile.
            for _ in 0..<100 {
                _ = try migrator.up(on: &connection)
                if try migrator.plan(on: &connection).sections.isEmpty { return }
            }
            Issue.record("there is always something to do")
        }
    }

    @Test func `remnants and INVALID indexes are in it`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let files = [
                (file: "0001_a.sql", sql: "CREATE TABLE connvo.a (id integer);"),
                (
                    file: "0002_b.sql",
                    sql: "-- connvo: no-transaction\nCREATE INDEX CONCURRENTLY a_idx ON connvo.a (id);"
                ),
            ]
            let migrator = Migrator(try .scratch(files))
            _ = try migrator.up(to: 1, on: &connection)
            try database.run(
                """
                CREATE INDEX a_idx ON connvo.a (id);
                CREATE INDEX other_idx ON connvo.a (id);
                UPDATE pg_index SET indisvalid = false WHERE indrelid = 'connvo.a'::regclass;
                """
            )

            let statements = try migrator.plan(on: &connection).sections.flatMap(\.statements)

            #expect(statements.contains("DROP INDEX CONCURRENTLY connvo.a_idx;"))
            #expect(statements.contains("REINDEX INDEX CONCURRENTLY connvo.other_idx;"))
            #expect(!statements.contains("REINDEX INDEX CONCURRENTLY connvo.a_idx;"))
        }
    }

    @Test func `what up would refuse has none`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            _ = try Migrator(.numbered(3)).up(on: &connection)

            #expect(throws: MigrationFailure.self) { try Migrator(.numbered(2)).plan(on: &connection) }
            #expect(throws: MigrationFailure.unknownTarget(7, latest: 3)) {
                try Migrator(.numbered(3)).plan(to: 7, on: &connection)
            }
        }
    }
}

extension MigrationPlan {
    fileprivate var latest: Int { sections.compactMap(\.migration?.version).max() ?? 0 }
}
