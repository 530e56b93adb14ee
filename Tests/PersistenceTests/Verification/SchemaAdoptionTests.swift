import Persistence
import PostgreSQL
import TestSupport
import Testing

/// Taking on a database that has the schema, and no record of what is applied.
@Suite struct SchemaAdoptionTests {
    private static let forget =
        "DROP TABLE connvo.schema_migrations, connvo.schema_migration_files, connvo.schema_migration_state"

    @Test func `a restored database without the record is taken on, and up completes it`() async throws {
        try await withDatabase { source in
            let options = "--no-owner --no-privileges --exclude-table=connvo.schema_migration*"
            let target = try TestDatabase.restored(from: source, dump: options)
            defer { target.drop() }
            var connection = try target.connect()
            let migrator = Migrator(try .embedded(sha256: testChecksum))

            let adoption = try migrator.adoption(on: &connection)
            #expect(try adoption.migrations == MigrationCatalogue.embedded(sha256: testChecksum).migrations)
            #expect(try target.scalar("SELECT to_regclass('connvo.schema_migrations') IS NULL") == "true")
            try migrator.adopt(adoption, on: &connection)

            #expect(try migrator.up(on: &connection).isEmpty)
            #expect(try migrator.status(on: &connection).isUpToDate)
            #expect(try migrator.verify(on: &connection)?.differences == [])
        }
    }

    @Test func `an older schema is taken on at its level, and up goes on from there`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let migrator = Migrator(try .embedded(sha256: testChecksum))
            _ = try migrator.up(to: 9, on: &connection)
            try database.run(Self.forget)

            let adoption = try migrator.adoption(on: &connection)
            #expect(adoption.migrations.last?.version == 9)
            try migrator.adopt(adoption, on: &connection)

            #expect(try migrator.up(on: &connection).first?.version == 10)
            #expect(try migrator.verify(on: &connection)?.differences == [])
        }
    }

    @Test func `an altered schema is not taken on, and the alteration is named`() async throws {
        try await withDatabase { database in
            try database.run("\(Self.forget); ALTER TABLE connvo.users DROP CONSTRAINT users_organization_id_fkey")
            var connection = try database.connect()
            let migrator = Migrator(try .embedded(sha256: testChecksum))

            let adoption = try migrator.adoption(on: &connection)

            #expect(adoption.migrations.isEmpty)
            #expect(
                adoption.differences.map { "\($0)" }
                    == ["missing: constraint users_organization_id_fkey on connvo.users"]
            )
        }
    }

    @Test func `an alteration between comparing and recording is seen`() async throws {
        try await withDatabase { database in
            try database.run(Self.forget)
            var connection = try database.connect()
            let migrator = Migrator(try .embedded(sha256: testChecksum))
            let adoption = try migrator.adoption(on: &connection)
            try database.run("DROP VIEW reporting.live_tokens_v1")

            #expect(throws: MigrationFailure.self) { try migrator.adopt(adoption, on: &connection) }

            #expect(try database.scalar("SELECT to_regclass('connvo.schema_migrations') IS NULL") == "true")
        }
    }

    @Test func `a database with a record, and one that is empty, are refused`() async throws {
        let migrator: @Sendable () throws -> Migrator = { Migrator(try .embedded(sha256: testChecksum)) }
        try await withDatabase { database in
            var connection = try database.connect()
            #expect(throws: MigrationFailure.self) { try migrator().adoption(on: &connection) }
        }
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let failure = #expect(throws: MigrationFailure.self) { try migrator().adoption(on: &connection) }
            #expect(failure.map { "\($0)".contains("never migrated. Run connvo-server migrate up") } == true)
        }
    }
}
