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

    /// A file may have become another role.
    static let becomeSessionUser = Statement(
        "migrations.become_session_user",
        "SET SESSION AUTHORIZATION DEFAULT"
    )

    /// States what a database or a login may have set otherwise.
    static let begin = Statement(
        "migrations.begin",
        "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE, NOT DEFERRABLE"
    )

    /// A transaction that only reads, with the settings of a session of ours.
    static let beginReading = """
        BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
        \(SessionSettings.setLocalForReading);
        SAVEPOINT connvo_reading
        """

    /// After an error in such a transaction.
    static let goOnReading = "ROLLBACK TO SAVEPOINT connvo_reading"

    /// Returns the id of the transaction, in which ``complete`` must be run.
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

    /// Replaces ``AppliedMigration/incompleteMark``. Changes no row when the transaction is not the one with the id $3:
    /// then the file has ended that one.
    static let complete = Statement(
        "migrations.complete",
        """
        UPDATE connvo.schema_migrations
        SET took_ms = $2
        WHERE version = $1
            AND pg_current_xact_id()::text = $3
        RETURNING version
        """,
        parameters: [.int4, .int4, .text]
    )

    /// Returns a row when a file has ended the transaction in which it was recorded.
    static let isIncomplete = Statement(
        "migrations.is_incomplete",
        """
        SELECT version
        FROM connvo.schema_migrations
        WHERE version = $1
            AND took_ms < 0
        """,
        parameters: [.int4]
    )

    static let forget = Statement(
        "migrations.forget_incomplete",
        """
        DELETE FROM connvo.schema_migrations
        WHERE version = $1
            AND took_ms < 0
        """,
        parameters: [.int4]
    )

    static let completeByHand = Statement(
        "migrations.complete_by_hand",
        """
        UPDATE connvo.schema_migrations
        SET took_ms = 0
        WHERE version = $1
            AND took_ms < 0
        """,
        parameters: [.int4]
    )

    /// Has the parameters of ``record``. When it was applied, by which login and in what time stays.
    static let accept = Statement(
        "migrations.accept",
        """
        UPDATE connvo.schema_migrations
        SET name = $2,
            checksum = $3,
            took_ms = greatest(took_ms, $4),
            oldest_binary = $5
        WHERE version = $1
        """,
        parameters: [.int4, .text, .text, .int4, .int4]
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
