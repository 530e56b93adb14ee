import Foundation
import TestSupport
import Testing

/// `migrate repair`, and what `migrate up` says about its changes.
@Suite struct MigrateRepairTests {
    @Test func `repair prints its plan, and without a terminal needs --yes`() async throws {
        try await withDatabase(.empty) { database in
            let migrations = try Migrations(
                database,
                [
                    "0001_one.sql": "CREATE TABLE connvo.one (id integer);\n",
                    "0002_two.sql": "CREATE TABLE connvo.two (id integer);\n",
                ]
            )
            #expect(try await migrations.run("up").status == 0)
            #expect(try await migrations.run("repair").errors.contains("Nothing to repair."))
            try await migrations.sql("UPDATE connvo.schema_migrations SET took_ms = -1 WHERE version = 2")

            let up = try await migrations.run("up")
            #expect(up.status == 3)
            #expect(up.errors.contains("0002_two.sql: not applied as a whole"))
            #expect(up.errors.contains("migrate repair"))
            #expect(try await migrations.run("status").output.contains("INCOMPLETE"))
            #expect(try await migrations.run("status", "--json").output.contains("\"incomplete\""))

            let refused = try await migrations.run("repair")
            #expect(refused.status == 1)
            #expect(refused.output.contains("forget 0002_two.sql"))
            #expect(refused.errors.contains("needs --yes"))
            #expect(try await migrations.run("check").status == 3)

            let repaired = try await migrations.run("repair", "--as-applied", "2", "--yes")
            #expect(repaired.status == 0, "\(repaired.errors)")
            #expect(repaired.output.contains("record 0002_two.sql as applied as a whole"))
            #expect(try await migrations.run("check").status == 0)
            #expect(try await migrations.run("repair", "--as-applied", "2", "--yes").status == 1)
        }
    }

    @Test func `up says what roles dot sql changed, and "Nothing to do" only when nothing was`() async throws {
        try await withDatabase(.empty) { database in
            let settings = ["DATABASE_ADMIN_URL": "postgresql:///\(database.name)"]
            let first = try await Binary.run(["migrate"], settings: settings)
            #expect(first.status == 0, "\(first.errors)")
            #expect(first.output.contains("made the tables in which migrate keeps its records"))
            #expect(first.output.contains("roles.sql  ALTER SCHEMA connvo OWNER TO connvo_owner"))
            #expect(first.output.contains("roles.sql  GRANT SELECT ON TABLE connvo.users TO connvo_app"))
            #expect(try await Binary.run(["migrate"], settings: settings).errors.contains("Nothing to do"))

            try await onOwnThread {
                try database.run(
                    """
                    REVOKE SELECT ON connvo.users FROM connvo_app;
                    ALTER TABLE connvo.users OWNER TO postgres;
                    CREATE PROCEDURE connvo.stray() LANGUAGE sql AS 'SELECT 1';
                    """
                )
            }
            let mended = try await Binary.run(["migrate"], settings: settings)
            #expect(mended.status == 0, "\(mended.errors)")
            #expect(mended.output.contains("roles.sql  GRANT SELECT ON TABLE connvo.users TO connvo_app"))
            #expect(mended.output.contains("roles.sql  ALTER TABLE connvo.users OWNER TO connvo_owner"))
            #expect(mended.output.contains("REVOKE EXECUTE ON ROUTINE connvo.stray() FROM PUBLIC"))
            #expect(!mended.errors.contains("Nothing to do"))
        }
    }

    @Test func `a migration through a pooler in transaction mode is refused on a fresh database`() async throws {
        try #require(PgBouncer.isInstalled)
        try await withDatabase(.empty) { database in
            let pooler = try PgBouncer(poolSize: 3, login: "postgres")
            defer { withExtendedLifetime(pooler) {} }
            let settings = ["DATABASE_ADMIN_URL": "postgresql:///\(database.name)?host=\(pooler.host)"]

            let result = try await Binary.run(["migrate"], settings: settings)

            #expect(result.status == 1)
            #expect(result.errors.contains("pooler in transaction mode"), "\(result.errors)")
            #expect(try await onOwnThread { try database.scalar("SELECT to_regnamespace('connvo') IS NULL") } == "true")
        }
    }
}
