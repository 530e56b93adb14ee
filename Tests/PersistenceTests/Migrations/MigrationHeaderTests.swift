import Persistence
import TestSupport
import Testing

@Suite struct MigrationHeaderTests {
    private func lock(_ sql: String) throws -> String? {
        try Migration(file: "0001_a.sql", sql: sql, sha256: testChecksum).lock
    }

    @Test func `what a file locks is read from its header`() throws {
        #expect(try lock("-- 0001: a\n-- Lock: SHARE on users.\nSELECT 1;") == "SHARE on users.")
    }

    @Test func `lines that are indented go on with it`() throws {
        let sql =
            "-- Lock: SHARE on users,\n--   while the index is built.\n-- connvo: oldest-binary 0001\n--   no more\n"

        #expect(try lock(sql) == "SHARE on users, while the index is built.")
    }

    @Test(arguments: ["SELECT 1;\n-- Lock: none\n", "-- 0001: a\n\n-- Lock: none\n", "-- 0001: a\n"])
    func `a file that does not say has none`(sql: String) throws {
        #expect(try lock(sql) == nil)
    }

    @Test func `every embedded migration says what it locks`() throws {
        for migration in try MigrationCatalogue.embedded(sha256: testChecksum).migrations {
            #expect(migration.lock?.isEmpty == false, "\(migration.file)")
        }
    }
}
