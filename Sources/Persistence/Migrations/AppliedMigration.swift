package import Domain
internal import PostgreSQL

/// A row of `connvo.schema_migrations`.
package struct AppliedMigration: Hashable, Sendable {
    package let version: Int
    package let name: String
    package let checksum: String
    package let appliedAt: Timestamp
    package let took: Duration
    /// The login that ran it.
    package let appliedBy: String
    /// See ``Migration/oldestBinary``.
    package let oldestBinary: Int?

    package init(
        version: Int,
        name: String,
        checksum: String,
        appliedAt: Timestamp,
        took: Duration,
        appliedBy: String,
        oldestBinary: Int?
    ) {
        self.version = version
        self.name = name
        self.checksum = checksum
        self.appliedAt = appliedAt
        self.took = took
        self.appliedBy = appliedBy
        self.oldestBinary = oldestBinary
    }

    /// What `took_ms` holds from the beginning of a file's transaction to its end. A file that ends the transaction itself
    /// leaves it in the table.
    static let incompleteMark: Int32 = -1

    /// Whether the file ran to its end. If not, it ended its transaction, so that a part of it stayed.
    package var isComplete: Bool { took >= .zero }

    /// The name of the file that was applied, without `.sql`.
    package var label: String { "\(Migration.digits(of: version))_\(name)" }
}

extension AppliedMigration {
    /// Decodes the columns of ``all``.
    init(row: Row) throws(DatabaseError) {
        self.init(
            version: Int(try row.decode(0, as: Int32.self)),
            name: try row.decode(1),
            checksum: try row.decode(2),
            appliedAt: try row.decode(3),
            took: .milliseconds(try row.decode(4, as: Int32.self)),
            appliedBy: try row.decode(5),
            oldestBinary: try row.decodeIfPresent(6, as: Int32.self).map { Int($0) }
        )
    }
}

// MARK: - SQL

extension AppliedMigration {
    static let all = Statement(
        "migrations.applied",
        """
        SELECT version, name, checksum, applied_at, took_ms, applied_by, oldest_binary
        FROM connvo.schema_migrations
        ORDER BY version
        """
    )

    /// The columns of ``all``, and whether its text is stored.
    static let allWithTextStored = Statement(
        "migrations.applied_and_kept",
        """
        SELECT applied.version, applied.name, applied.checksum, applied.applied_at, applied.took_ms, applied.applied_by,
            applied.oldest_binary, kept.version IS NOT NULL
        FROM connvo.schema_migrations AS applied
        LEFT JOIN connvo.schema_migration_files AS kept
            ON kept.version = applied.version
            AND kept.checksum = applied.checksum
        ORDER BY applied.version
        """
    )

    /// Version and text of each, as far as the text is stored.
    static let texts = Statement(
        "migrations.contents",
        """
        SELECT kept.version, kept.content
        FROM connvo.schema_migration_files AS kept
        JOIN connvo.schema_migrations AS applied
            ON applied.version = kept.version
            AND applied.checksum = kept.checksum
        """
    )
}
