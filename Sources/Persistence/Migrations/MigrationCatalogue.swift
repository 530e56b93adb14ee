/// All migrations that a binary knows, in order, and the script that comes after them.
package struct MigrationCatalogue: Sendable {
    /// Versions 1, 2, 3 and so on, without a hole.
    package let migrations: [Migration]
    /// `sql/roles.sql`: roles, ownership and grants; idempotent.
    package let roles: String
    /// What they make (`sql/fingerprint.txt`); nil where that is not known.
    package let fingerprint: SchemaFingerprint?

    /// - Throws: ``MigrationFailure/unusableFile(file:problem:)`` for a bad name, a number that is used twice, a hole in the
    ///   numbering, and a NUL byte.
    package init(
        files: [(file: String, sql: String)],
        roles: String,
        fingerprint: SchemaFingerprint? = nil,
        sha256: ([UInt8]) -> [UInt8]
    ) throws(MigrationFailure) {
        var migrations: [Migration] = []
        for (file, sql) in files {
            migrations.append(try Migration(file: file, sql: sql, sha256: sha256))
        }
        migrations.sort { ($0.version, $0.file) < ($1.version, $1.file) }
        for (index, migration) in migrations.enumerated() where migration.version != index + 1 {
            let problem =
                index > 0 && migrations[index - 1].version == migration.version
                ? "has the same number as \(migrations[index - 1].file)"
                : "comes where \(Migration.digits(of: index + 1)) is expected"
            throw .unusableFile(file: migration.file, problem: problem)
        }
        try Migration.refuseNUL(in: roles, file: "roles.sql")
        self.migrations = migrations
        self.roles = roles
        self.fingerprint = fingerprint
    }

    /// The migrations that the build put into this binary.
    package static func embedded(sha256: ([UInt8]) -> [UInt8]) throws(MigrationFailure) -> MigrationCatalogue {
        try MigrationCatalogue(
            files: EmbeddedSQL.migrations,
            roles: EmbeddedSQL.roles,
            fingerprint: SchemaFingerprint(EmbeddedSQL.fingerprint),
            sha256: sha256
        )
    }

    /// The roles.sql that the build put into this binary.
    package static var embeddedRoles: String { EmbeddedSQL.roles }

    /// The newest version; 0 when there are no migrations.
    package var latestVersion: Int { migrations.count }

    /// The migration with this version, if there is one.
    package subscript(version version: Int) -> Migration? {
        (1...max(1, migrations.count)).contains(version) && !migrations.isEmpty ? migrations[version - 1] : nil
    }
}
