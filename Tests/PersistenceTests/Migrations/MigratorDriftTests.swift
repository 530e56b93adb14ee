import Persistence
import TestSupport
import Testing

/// What an applied file that has changed looks like.
@Suite struct MigratorDriftTests {
    private static let sql = "CREATE TABLE connvo.a (\n    id integer\n);\n"

    @Test func `the line that differs is shown from both sides, and nothing is changed`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            _ = try Migrator(.scratch([("0001_a.sql", Self.sql)])).up(on: &connection)
            let edited = try MigrationCatalogue.scratch([
                ("0001_a.sql", Self.sql.replacing("integer", with: "bigint")),
                ("0002_b.sql", "CREATE TABLE connvo.b ();"),
            ])

            let failure = #expect(throws: MigrationFailure.self) { try Migrator(edited).up(on: &connection) }

            let text = try #require(failure?.description)
            #expect(text.contains("line 2, database:        id integer"))
            #expect(text.contains("line 2, this binary:     id bigint"))
            #expect(text.contains("Restore the file"))
            #expect(try database.scalar("SELECT to_regclass('connvo.b') IS NULL") == "true")
            #expect(try Migrator(edited).status(on: &connection).changed.first?.difference?.line == 2)
        }
    }

    @Test func `what an older binary applied is kept by the next run, if the file is still the same`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let catalogue = try MigrationCatalogue.scratch([("0001_a.sql", Self.sql)])
            _ = try Migrator(catalogue).up(on: &connection)
            let kept = "SELECT content FROM connvo.schema_migration_files WHERE version = 1"
            #expect(try database.scalar(kept) == Self.sql.trimmingLast())
            try database.run("DROP TABLE connvo.schema_migration_files, connvo.schema_migration_state")

            _ = try Migrator(catalogue).up(on: &connection)

            #expect(try database.scalar(kept) == Self.sql.trimmingLast())
        }
    }

    @Test func `without the text that was applied, drift is known all the same`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            _ = try Migrator(.scratch([("0001_a.sql", Self.sql)])).up(on: &connection)
            try database.run("DELETE FROM connvo.schema_migration_files")
            let edited = try MigrationCatalogue.scratch([("0001_a.sql", Self.sql + "SELECT 1;\n")])

            let failure = #expect(throws: MigrationFailure.self) { try Migrator(edited).up(on: &connection) }

            #expect(failure?.description.contains("line") == false)
            #expect(failure?.description.contains("SHA-256, database:") == true)
        }
    }
}

extension String {
    /// Without the newline at its end, as the checksum covers it.
    fileprivate func trimmingLast() -> String { String(dropLast()) }
}
