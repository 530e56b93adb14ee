import Persistence
import TestSupport
import Testing

@Suite struct MigrationTests {
    @Test(arguments: [
        "1_short.sql", "0001.sql", "0001_.sql", "0001_Upper.sql", "0001_a-b.sql", "0001__a.sql", "0001_a.SQL",
        "0000_zero.sql", "00001_a.sql", "x0001_a.sql", "٠٠٠١_a.sql",
    ])
    func `a file name that is not NNNN_words is refused`(name: String) {
        #expect(throws: MigrationFailure.self) {
            try Migration(file: name, sql: "SELECT 1;", sha256: testChecksum)
        }
    }

    @Test func `number, words and file are kept`() throws {
        let migration = try Migration(file: "0042_call_ids_2.sql", sql: "SELECT 1;", sha256: testChecksum)

        #expect(migration.version == 42)
        #expect(migration.name == "call_ids_2")
        #expect(migration.file == "0042_call_ids_2.sql")
        #expect(migration.runsInTransaction)
        #expect(migration.oldestBinary == nil)
    }

    @Test(arguments: [
        "SELECT 1;\r\nSELECT 2;\r\n",
        "\u{FEFF}SELECT 1;\nSELECT 2;\n",
        "SELECT 1;  \t\nSELECT 2; \n",
        "SELECT 1;\nSELECT 2;",
        "SELECT 1;\nSELECT 2;\n\n\n",
    ])
    func `what editors change without asking does not change the checksum`(sql: String) throws {
        #expect(try scratchChecksum(sql) == scratchChecksum("SELECT 1;\nSELECT 2;\n"))
    }

    @Test(arguments: [
        "SELECT 1;\nSELECT 3;\n", " SELECT 1;\nSELECT 2;\n", "SELECT 1;\n\nSELECT 2;\n", "SELECT  1;\nSELECT 2;\n",
    ])
    func `every other change does`(sql: String) throws {
        #expect(try scratchChecksum(sql) != scratchChecksum("SELECT 1;\nSELECT 2;\n"))
    }

    @Test func `the checksum is that of the bytes, in lowercase hexadecimal`() throws {
        let migration = try Migration(file: "0001_a.sql", sql: "A\n") { $0 + [0x0F, 0xF0] }

        #expect(migration.checksum == "410ff0")
    }

    @Test func `directives are read from the leading comments`() throws {
        let migration = try Migration(
            file: "0003_a.sql",
            sql: "-- 0003: why\n-- connvo: no-transaction\r\n--connvo: oldest-binary 0002\nSELECT 1;",
            sha256: testChecksum
        )

        #expect(!migration.runsInTransaction)
        #expect(migration.oldestBinary == 2)
    }

    @Test(arguments: ["\n-- connvo: no-transaction\nSELECT 1;", "SELECT 1;\n-- connvo: no-transaction\n"])
    func `directives further down are ordinary comments`(sql: String) throws {
        #expect(try Migration(file: "0001_a.sql", sql: sql, sha256: testChecksum).runsInTransaction)
    }

    @Test(arguments: [
        "-- connvo: no-transactions", "-- connvo:", "-- connvo: oldest-binary", "-- connvo: oldest-binary 3",
        "-- connvo: oldest-binary 0004", "-- connvo: oldest-binary 0000",
    ])
    func `a directive that means nothing is refused`(line: String) {
        #expect(throws: MigrationFailure.self) {
            try Migration(file: "0003_a.sql", sql: "\(line)\nSELECT 1;", sha256: testChecksum)
        }
    }

    @Test func `a catalogue is in order of the numbers`() throws {
        let catalogue = try MigrationCatalogue.scratch([("0002_b.sql", ""), ("0001_a.sql", "")])

        #expect(catalogue.migrations.map(\.version) == [1, 2])
        #expect(catalogue.latestVersion == 2)
        #expect(catalogue[version: 2]?.name == "b")
        #expect(catalogue[version: 0] == nil)
        #expect(catalogue[version: 3] == nil)
    }

    @Test func `a number used twice names both files`() {
        let failure = #expect(throws: MigrationFailure.self) {
            try MigrationCatalogue.scratch([("0001_a.sql", ""), ("0001_b.sql", "")])
        }
        #expect(failure?.description.contains("0001_b.sql: has the same number as 0001_a.sql") == true)
    }

    @Test func `a hole in the numbers is refused`() {
        let failure = #expect(throws: MigrationFailure.self) {
            try MigrationCatalogue.scratch([("0001_a.sql", ""), ("0003_c.sql", "")])
        }
        #expect(failure?.description.contains("0003_c.sql: comes where 0002 is expected") == true)
    }

    @Test func `the embedded migrations make a catalogue`() throws {
        let catalogue = try MigrationCatalogue.embedded(sha256: testChecksum)

        #expect(catalogue.latestVersion >= 5)
        #expect(catalogue.roles.contains("connvo_owner"))
    }
}
