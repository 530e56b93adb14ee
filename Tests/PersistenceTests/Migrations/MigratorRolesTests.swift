import Persistence
import PostgreSQL
import TestSupport
import Testing

/// When roles.sql runs, and that not running it never leaves anything unrepaired.
@Suite struct MigratorRolesTests {
    /// The embedded migrations, with a roles.sql that counts its runs.
    private static func catalogue() throws -> MigrationCatalogue {
        let embedded = try MigrationCatalogue.embedded(sha256: testChecksum)
        return try .scratch(
            embedded.migrations.map { ($0.file, $0.sql) },
            roles: embedded.roles + "\nSELECT nextval('public.runs');"
        )
    }

    private static func runs(_ database: TestDatabase) throws -> Int {
        try Int(database.scalar("SELECT last_value - 1 + is_called::integer FROM public.runs") ?? "") ?? 0
    }

    /// Migrates until a run has found that roles.sql need not run. Other tests change roles of the same cluster meanwhile.
    private static func converge(_ database: TestDatabase, on connection: inout Connection) throws {
        let migrator = Migrator(try catalogue())
        for _ in 0..<100 {
            let before = try runs(database)
            _ = try migrator.up(on: &connection)
            if try runs(database) == before { return }
        }
        Issue.record("roles.sql never ceased to run")
    }

    @Test func `it runs until it has found nothing to do, and not again`() async throws {
        try await withDatabase(.empty) { database in
            try database.run("CREATE SEQUENCE public.runs")
            var connection = try database.connect()
            _ = try Migrator(Self.catalogue()).up(on: &connection)
            #expect(try Self.runs(database) == 1)
            #expect(
                try database.scalar("SELECT count(*) FROM connvo.schema_migration_state WHERE name = 'settled'") == "0"
            )

            try Self.converge(database, on: &connection)

            #expect(try Self.runs(database) >= 2)
            #expect(try database.scalar("SELECT has_table_privilege('connvo_app', 'connvo.users', 'SELECT')") == "true")
        }
    }

    @Test(arguments: [
        (
            "REVOKE SELECT ON connvo.users FROM connvo_app",
            "has_table_privilege('connvo_app', 'connvo.users', 'SELECT')"
        ),
        (
            "GRANT UPDATE ON connvo.issued_tokens TO connvo_app",
            "NOT has_table_privilege('connvo_app', 'connvo.issued_tokens', 'UPDATE')"
        ),
        (
            "GRANT SELECT ON connvo.users TO PUBLIC",
            "NOT has_table_privilege('connvo_reporter', 'connvo.users', 'SELECT')"
        ),
        ("REVOKE USAGE ON SCHEMA connvo FROM connvo_admin", "has_schema_privilege('connvo_admin', 'connvo', 'USAGE')"),
        (
            "GRANT EXECUTE ON FUNCTION connvo.create_partition(text, date) TO PUBLIC",
            "NOT has_function_privilege('connvo_app', 'connvo.create_partition(text, date)', 'EXECUTE')"
        ),
        (
            "ALTER TABLE connvo.users OWNER TO postgres",
            "(SELECT relowner FROM pg_class WHERE oid = 'connvo.users'::regclass) = to_regrole('connvo_owner')"
        ),
        (
            "ALTER SCHEMA connvo OWNER TO postgres",
            "(SELECT nspowner FROM pg_namespace WHERE nspname = 'connvo') = to_regrole('connvo_owner')"
        ),
        (
            "ALTER FUNCTION connvo.ensure_partitions() OWNER TO postgres",
            "(SELECT proowner FROM pg_proc WHERE oid = 'connvo.ensure_partitions()'::regprocedure) = to_regrole('connvo_owner')"
        ),
        (
            "CREATE TABLE connvo.unowned (id integer)",
            "(SELECT relowner FROM pg_class WHERE oid = 'connvo.unowned'::regclass) = to_regrole('connvo_owner')"
        ),
        (
            "CREATE VIEW reporting.people_v1 AS SELECT 1 AS one",
            "has_table_privilege('connvo_reporter', 'reporting.people_v1', 'SELECT')"
        ),
    ])
    func `what was altered by hand is repaired by the next run`(alteration: String, isRepaired: String) async throws {
        try await withDatabase(.empty) { database in
            try database.run("CREATE SEQUENCE public.runs")
            var connection = try database.connect()
            try Self.converge(database, on: &connection)
            try database.run(alteration)
            #expect(try database.scalar("SELECT \(isRepaired)") == "false")

            _ = try Migrator(Self.catalogue()).up(on: &connection)

            #expect(try database.scalar("SELECT \(isRepaired)") == "true")
        }
    }

    @Test func `another roles.sql runs`() async throws {
        try await withDatabase(.empty) { database in
            try database.run("CREATE SEQUENCE public.runs")
            var connection = try database.connect()
            try Self.converge(database, on: &connection)
            let same = try Self.catalogue()
            let catalogue = try MigrationCatalogue.scratch(
                same.migrations.map { ($0.file, $0.sql) },
                roles: same.roles + "\nSELECT nextval('public.runs');"
            )
            let before = try Self.runs(database)

            _ = try Migrator(catalogue).up(on: &connection)

            #expect(try Self.runs(database) >= before + 2)
        }
    }

    @Test func `one that complains goes on complaining`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            var complaints = 0
            let catalogue = try MigrationCatalogue.scratch([], roles: "DO $$ BEGIN RAISE WARNING 'help'; END $$;")
            let migrator = Migrator(catalogue) { event in
                if case .notice = event { complaints += 1 }
            }

            for _ in 0..<4 { _ = try migrator.up(on: &connection) }

            #expect(complaints == 4)
        }
    }
}
