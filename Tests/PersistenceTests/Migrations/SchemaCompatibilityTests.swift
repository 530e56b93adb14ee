import Persistence
import PostgreSQL
import TestSupport
import Testing

@Suite struct SchemaCompatibilityTests {
    private func judge(known: Int, _ applied: [(Int, String, Int?)]) throws -> SchemaCompatibility {
        SchemaCompatibility(
            known: try MigrationCatalogue.numbered(known).names,
            applied: applied.map { .init(version: $0.0, name: $0.1, oldestBinary: $0.2) }
        )
    }

    @Test func `a database with all that the binary knows is ready`() throws {
        #expect(try judge(known: 2, [(2, "two", nil), (1, "one", nil)]) == .ready)
        #expect(try judge(known: 2, [(1, "one", 1), (2, "two", 2)]) == .ready)
    }

    @Test func `what is missing is named`() throws {
        let compatibility = try judge(known: 3, [(2, "two", nil)])

        #expect(compatibility == .missing(["0001_one", "0003_three"]))
        #expect(!compatibility.isUsable)
        #expect("\(compatibility)".contains("0001_one, 0003_three"))
    }

    @Test func `a newer database is served when it does not object`() throws {
        let compatibility = try judge(known: 1, [(1, "one", nil), (2, "two", 1)])

        #expect(compatibility == .newer(["0002_two"]))
        #expect(compatibility.isUsable)
    }

    @Test func `a newer database that needs a newer binary is not served`() throws {
        let compatibility = try judge(known: 1, [(1, "one", nil), (2, "two", nil), (3, "three", 2)])

        #expect(compatibility == .incompatible(migration: "0003_three", oldestBinary: 2, latestKnown: 1))
        #expect(!compatibility.isUsable)
    }

    @Test func `a database that was never migrated is told from one that lost its record`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()

            let compatibility = try SchemaCompatibility.read(
                known: MigrationCatalogue.numbered(2).names,
                deadline: .after(.seconds(10)),
                on: &connection
            )

            #expect(compatibility == .unmigrated)
            #expect("\(compatibility)" == "the database was never migrated; run connvo-server migrate up")

            try database.run("CREATE SCHEMA connvo; CREATE TABLE connvo.users ()")
            let restored = try SchemaCompatibility.read(
                known: MigrationCatalogue.numbered(2).names,
                deadline: .after(.seconds(10)),
                on: &connection
            )
            #expect(restored == .unrecorded)
            #expect("\(restored)".contains("run connvo-server migrate adopt"))
        }
    }

    @Test func `the names in the binary are those of its migrations`() throws {
        #expect(try [MigrationName].embedded == MigrationCatalogue.embedded(sha256: testChecksum).names)
    }

    @Test func `the serving role may ask`() async throws {
        try await withDatabase { database in
            var connection = try database.connect(as: "connvo_app")

            let compatibility = try SchemaCompatibility.read(
                known: .embedded,
                deadline: .after(.seconds(10)),
                on: &connection
            )

            #expect(compatibility == .ready)
        }
    }
}
