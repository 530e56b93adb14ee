internal import PostgreSQL

/// The SQL around a migration's own: `up` executes it, and `plan` prints it.
enum MigrationStatements {
    /// The server ends a statement whose client has gone: a migration that continued would hold its locks until its end.
    ///
    /// PostgreSQL 15 manual, 20.3.2 "TCP Settings".
    static let watchClient = Statement(
        "migrations.watch_client",
        "SET client_connection_check_interval = '2s'"
    )

    static func setLockTimeout(_ retry: LockRetry) -> Statement {
        let setting = retry.lockTimeoutSetting
        return Statement("migrations.set_lock_timeout.\(setting)", "SET LOCAL lock_timeout = '\(setting)'")
    }

    /// A timeout that the login or the database sets for everyday work must not cut a migration.
    static let setNoStatementTimeout = Statement(
        "migrations.set_no_statement_timeout",
        "SET LOCAL statement_timeout = 0"
    )
    static let setNotices = Statement("migrations.set_notices", "SET LOCAL client_min_messages = notice")

    /// Returns the id of the transaction, which must be the one that ``complete`` returns.
    static let record = Statement(
        "migrations.record",
        """
        INSERT INTO connvo.schema_migrations
            (version, name, checksum, applied_at, took_ms, applied_by, oldest_binary)
        VALUES
            ($1, $2, $3, now(), $4, session_user, $5)
        RETURNING pg_current_xact_id()::text
        """,
        parameters: [.int4, .text, .text, .int4, .int4]
    )

    static let complete = Statement(
        "migrations.complete",
        """
        UPDATE connvo.schema_migrations
        SET took_ms = $2
        WHERE version = $1
        RETURNING pg_current_xact_id()::text
        """,
        parameters: [.int4, .int4]
    )

    static let storeText = Statement(
        "migrations.keep_content",
        """
        INSERT INTO connvo.schema_migration_files
            (version, checksum, content)
        VALUES
            ($1, $2, $3)
        ON CONFLICT (version) DO UPDATE
        SET checksum = EXCLUDED.checksum,
            content = EXCLUDED.content
        """,
        parameters: [.int4, .text, .text]
    )
}
