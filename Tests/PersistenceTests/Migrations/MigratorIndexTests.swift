import Persistence
import PostgreSQL
import TestSupport
import Testing

/// Indexes that are built concurrently: what an interrupted build leaves, and how it is repaired.
@Suite struct MigratorIndexTests {
    private static let table = (
        file: "0001_things.sql", sql: "CREATE TABLE connvo.things AS SELECT generate_series(1, 100) AS id;\n"
    )
    private static let index = (
        file: "0002_things_idx.sql",
        sql: "-- connvo: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY things_idx ON connvo.things (id);\n"
    )

    private static let validity = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('connvo.things_idx')"

    /// What a migrator told of indexes.
    private final class Told {
        var events: [String] = []

        func note(_ event: MigrationEvent) {
            switch event {
            case .droppingRemnant(let index, let migration): events.append("\(migration.file) drops \(index)")
            case .foundApplied(let migration): events.append("\(migration.file) was done")
            case .repairing(_, let statement): events.append(statement)
            case .invalidIndex(let index): events.append("left \(index.name)")
            default: break
            }
        }
    }

    @Test(arguments: ["", "IF NOT EXISTS "])
    func `what a failed build left is dropped and built again, never taken for the index`(clause: String) async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let told = Told()
            let file = Self.index.sql.replacing("CONCURRENTLY ", with: "CONCURRENTLY \(clause)")
            let migrator = Migrator(
                try .scratch([Self.table, (Self.index.file, file)]),
                report: { told.note($0) }
            )
            _ = try migrator.up(to: 1, on: &connection)
            try database.run("INSERT INTO connvo.things VALUES (1)")

            let failure = #expect(throws: MigrationFailure.self) { try migrator.up(on: &connection) }

            #expect(failure?.description.contains("connvo.things_idx; the next run drops that") == true)
            #expect(try database.scalar(Self.validity) == "false")
            #expect(try migrator.status(on: &connection).pending.map(\.version) == [2])

            try database.run(
                "DELETE FROM connvo.things WHERE ctid = (SELECT max(ctid) FROM connvo.things WHERE id = 1)"
            )
            #expect(try migrator.up(on: &connection).map(\.version) == [2])
            #expect(told.events == ["0002_things_idx.sql drops connvo.things_idx"])
            #expect(try database.scalar(Self.validity) == "true")
            #expect(
                try database.scalar("SELECT count(*) FROM connvo.schema_migration_state WHERE name = 'unfinished'")
                    == "0"
            )
        }
    }

    @Test func `an index that was finished and not recorded is recorded, without building it again`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let told = Told()
            let catalogue = try MigrationCatalogue.scratch([Self.table, Self.index])
            let migrator = Migrator(catalogue, report: { told.note($0) })
            _ = try migrator.up(on: &connection)
            let node = try database.scalar("SELECT relfilenode FROM pg_class WHERE oid = 'connvo.things_idx'::regclass")
            // As if the process had died between the two.
            let checksum = try #require(catalogue[version: 2]?.checksum)
            try database.run(
                """
                DELETE FROM connvo.schema_migrations WHERE version = 2;
                INSERT INTO connvo.schema_migration_state VALUES ('unfinished', '0002 \(checksum)', now());
                """
            )

            #expect(try migrator.up(on: &connection).map(\.version) == [2])

            #expect(told.events == ["0002_things_idx.sql was done"])
            #expect(
                try database.scalar("SELECT relfilenode FROM pg_class WHERE oid = 'connvo.things_idx'::regclass")
                    == node
            )
            #expect(try migrator.status(on: &connection).isUpToDate)
            #expect(
                try database.scalar("SELECT count(*) FROM connvo.schema_migration_state WHERE name = 'unfinished'")
                    == "0"
            )
        }
    }

    @Test func `an index of the same name that no run began is not taken for it`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let migrator = Migrator(try .scratch([Self.table, Self.index]))
            _ = try migrator.up(to: 1, on: &connection)
            try database.run("CREATE INDEX things_idx ON connvo.things ((id + 1))")

            let first = #expect(throws: MigrationFailure.self) { try migrator.up(on: &connection) }
            let second = #expect(throws: MigrationFailure.self) { try migrator.up(on: &connection) }

            #expect(first?.description.contains("connvo.things_idx is there and valid") == true)
            #expect(second == first)
            #expect(try migrator.status(on: &connection).pending.map(\.version) == [2])
        }
    }

    @Test func `an INVALID index of a recorded migration is rebuilt by the next run`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let told = Told()
            let migrator = Migrator(try .scratch([Self.table, Self.index]), report: { told.note($0) })
            _ = try migrator.up(on: &connection)
            try database.run(
                """
                CREATE INDEX things_idx_ccnew ON connvo.things (id);
                UPDATE pg_index SET indisvalid = false
                WHERE indexrelid IN ('connvo.things_idx'::regclass, 'connvo.things_idx_ccnew'::regclass);
                """
            )
            #expect(
                try migrator.invalidIndexes(on: &connection).map(\.name) == [
                    "connvo.things_idx_ccnew", "connvo.things_idx",
                ]
            )

            #expect(try migrator.up(on: &connection).isEmpty)

            #expect(
                told.events == [
                    "DROP INDEX CONCURRENTLY connvo.things_idx_ccnew", "REINDEX INDEX CONCURRENTLY connvo.things_idx",
                ]
            )
            #expect(try database.scalar(Self.validity) == "true")
            #expect(try migrator.invalidIndexes(on: &connection).isEmpty)
        }
    }

    @Test func `one that cannot be repaired is reported, after all else is done`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let told = Told()
            let files = [
                Self.table, Self.index, (file: "0003_more.sql", sql: "CREATE TABLE connvo.more (id integer);"),
            ]
            _ = try Migrator(.scratch(files)).up(to: 2, on: &connection)
            try database.run(
                """
                DROP INDEX connvo.things_idx;
                INSERT INTO connvo.things VALUES (1);
                """
            )
            // Fails, and leaves what it leaves.
            #expect(throws: DatabaseError.self) {
                try database.run("CREATE UNIQUE INDEX CONCURRENTLY things_idx ON connvo.things (id)")
            }

            let failure = #expect(throws: MigrationFailure.self) {
                try Migrator(.scratch(files), report: { told.note($0) }).up(on: &connection)
            }

            #expect(failure?.description.hasPrefix("connvo.things_idx: INVALID, and repairing it failed") == true)
            #expect(told.events.contains("left connvo.things_idx"))
            #expect(try database.scalar("SELECT max(version) FROM connvo.schema_migrations") == "3")
        }
    }
}
