import TestSupport
import Testing

@testable import Persistence

/// A run with nothing to do takes no lock; any other one does.
@Suite struct MigratorUpToDateTests {
    private static let one = ("0001_one.sql", "CREATE TABLE connvo.one (id integer);\n")

    /// Runs while another session has the migration lock. Nil when it had to wait for that one.
    private static func up(
        _ catalogue: MigrationCatalogue,
        to target: Int? = nil,
        in database: TestDatabase
    ) throws -> [Migration]? {
        var holder = try database.connect()
        _ = try AdvisoryLock.migration.acquire(patience: .seconds(10), on: &holder) { _ in }
        defer { AdvisoryLock.migration.release(on: &holder) }
        var connection = try database.connect()
        do {
            return try Migrator(catalogue, lockPatience: .zero).up(to: target, on: &connection)
        } catch MigrationFailure.locked {
            return nil
        }
    }

    /// Migrates until a run has found nothing to do. Other tests change roles of the same cluster meanwhile.
    private static func converge(
        _ catalogue: MigrationCatalogue,
        to target: Int? = nil,
        in database: TestDatabase
    ) throws -> Bool {
        for _ in 0..<100 {
            var connection = try database.connect()
            _ = try Migrator(catalogue).up(to: target, on: &connection)
            if try up(catalogue, to: target, in: database) == [] { return true }
        }
        return false
    }

    @Test func `with nothing to do it does not wait for another migrator`() async throws {
        try await withDatabase(.empty) { database in
            let catalogue = try MigrationCatalogue.scratch([Self.one])

            #expect(try Self.converge(catalogue, in: database))
        }
    }

    @Test func `what is beyond the target is nothing to do`() async throws {
        try await withDatabase(.empty) { database in
            let catalogue = try MigrationCatalogue.scratch([Self.one, ("0002_two.sql", "SELECT 1;\n")])

            #expect(try Self.converge(catalogue, to: 1, in: database))

            #expect(try Self.up(catalogue, in: database) == nil)
        }
    }

    @Test(arguments: [
        "DELETE FROM connvo.schema_migrations WHERE version = 1",
        "UPDATE connvo.schema_migrations SET checksum = 'another'",
        "UPDATE connvo.schema_migrations SET version = 7",
        "DELETE FROM connvo.schema_migration_files",
        "DELETE FROM connvo.schema_migration_state",
        "DROP TABLE connvo.schema_migration_state, connvo.schema_migration_files",
        "DROP SCHEMA connvo CASCADE",
        "GRANT SELECT ON connvo.one TO PUBLIC",
        """
        CREATE INDEX one_id ON connvo.one (id);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'connvo.one_id'::regclass
        """,
    ])
    func `with anything to look at it does`(change: String) async throws {
        try await withDatabase(.empty) { database in
            let catalogue = try MigrationCatalogue.scratch([Self.one])
            #expect(try Self.converge(catalogue, in: database))
            try database.run(change)

            #expect(try Self.up(catalogue, in: database) == nil)
        }
    }
}
