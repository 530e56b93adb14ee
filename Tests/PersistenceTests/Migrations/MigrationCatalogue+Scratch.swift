import Persistence
import TestSupport

extension MigrationCatalogue {
    /// A catalogue of files that a test writes itself. Roles do nothing unless they are given.
    static func scratch(_ files: [(file: String, sql: String)], roles: String = "") throws -> MigrationCatalogue {
        try MigrationCatalogue(files: files, roles: roles, sha256: testChecksum)
    }

    /// `0001_one.sql`, `0002_two.sql` and so on, as many as asked for; each makes a table of its name in connvo.
    static func numbered(_ count: Int) throws -> MigrationCatalogue {
        let names = ["one", "two", "three", "four", "five"].prefix(count)
        return try scratch(
            names.enumerated().map { ("000\($0 + 1)_\($1).sql", "CREATE TABLE connvo.\($1) (id integer);\n") }
        )
    }

    /// What ``SchemaCompatibility`` compares with the database.
    var names: [MigrationName] { migrations.map { MigrationName(version: $0.version, words: $0.name) } }
}

/// A file's checksum as the scratch catalogues compute it.
func scratchChecksum(_ sql: String) throws -> String {
    try Migration(file: "0001_any.sql", sql: sql, sha256: testChecksum).checksum
}
