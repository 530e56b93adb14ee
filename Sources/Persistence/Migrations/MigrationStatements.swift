/// The SQL of ``Migrator`` and of ``SchemaCompatibility``.
enum MigrationStatements {
    static let tryLock = Statement(
        "migrations.try_lock",
        "SELECT pg_catalog.pg_try_advisory_lock($1)",
        parameters: [.int8]
    )

    static let unlock = Statement("migrations.unlock", "SELECT pg_catalog.pg_advisory_unlock($1)", parameters: [.int8])

    /// The session that has an advisory lock with a 64-bit key, which `pg_locks` shows in two halves.
    static let lockHolder = Statement(
        "migrations.lock_holder",
        """
        SELECT lock.pid,
            coalesce(session.application_name, ''),
            to_char(session.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        FROM pg_catalog.pg_locks AS lock
        LEFT JOIN pg_catalog.pg_stat_activity AS session
            ON session.pid = lock.pid
        WHERE lock.locktype = 'advisory'
            AND lock.granted
            AND lock.objsubid = 1
            AND lock.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
            AND (lock.classid::bigint << 32) | lock.objid::bigint = $1
        """,
        parameters: [.int8]
    )

    /// Whether the schema and the table are there. CREATE ... IF NOT EXISTS would ask for privileges even then.
    static let whatExists = Statement(
        "migrations.what_exists",
        """
        SELECT to_regnamespace('connvo') IS NOT NULL,
            to_regnamespace('connvo') IS NOT NULL AND to_regclass('connvo.schema_migrations') IS NOT NULL,
            to_regnamespace('connvo') IS NOT NULL AND to_regprocedure('connvo.ensure_partitions()') IS NOT NULL
        """
    )

    static let createSchema = Statement("migrations.create_schema", "CREATE SCHEMA connvo")

    static let createTable = """
        CREATE TABLE connvo.schema_migrations (
            version integer NOT NULL,
            name text NOT NULL,
            checksum text NOT NULL,
            applied_at timestamptz NOT NULL,
            took_ms integer NOT NULL,
            applied_by text NOT NULL,
            oldest_binary integer,
            CONSTRAINT schema_migrations_pkey PRIMARY KEY (version)
        );
        COMMENT ON TABLE connvo.schema_migrations IS 'Migrations that have been applied; kept by connvo-server migrate.';
        COMMENT ON COLUMN connvo.schema_migrations.version IS 'The number in the name of the file.';
        COMMENT ON COLUMN connvo.schema_migrations.name IS 'The words in the name of the file.';
        COMMENT ON COLUMN connvo.schema_migrations.checksum IS 'SHA-256 of the content, without regard to line ends and white space at line ends.';
        COMMENT ON COLUMN connvo.schema_migrations.applied_at IS 'When it was applied.';
        COMMENT ON COLUMN connvo.schema_migrations.took_ms IS 'How long it took, in milliseconds.';
        COMMENT ON COLUMN connvo.schema_migrations.applied_by IS 'The login that applied it.';
        COMMENT ON COLUMN connvo.schema_migrations.oldest_binary IS 'The newest migration that a binary must know to go on working; null when any older binary may.';
        """

    /// Whether migrations should run as connvo_owner: it owns the schema, and this login, no superuser, may become it.
    static let shouldBecomeOwner = Statement(
        "migrations.should_become_owner",
        """
        SELECT EXISTS (
            SELECT 1
            FROM pg_catalog.pg_namespace AS schema
            JOIN pg_catalog.pg_roles AS owner
                ON owner.oid = schema.nspowner
            JOIN pg_catalog.pg_roles AS login
                ON login.rolname = session_user
            WHERE schema.nspname = 'connvo'
                AND owner.rolname = 'connvo_owner'
                AND login.oid <> owner.oid
                AND NOT login.rolsuper
                -- PostgreSQL 16 tells apart being a member and being allowed SET ROLE.
                AND pg_has_role(
                    login.oid, owner.oid,
                    CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END
                )
        )
        """
    )

    static let becomeOwner = Statement("migrations.become_owner", "SET ROLE connvo_owner")

    static let becomeLogin = Statement("migrations.become_login", "RESET ROLE")

    static let applied = Statement(
        "migrations.applied",
        """
        SELECT version, name, checksum, applied_at, took_ms, applied_by, oldest_binary
        FROM connvo.schema_migrations
        ORDER BY version
        """
    )

    /// A timeout that the login or the database sets for everyday work must not cut a migration.
    static let setLockTimeout = Statement(
        "migrations.set_lock_timeout",
        "SET LOCAL lock_timeout = '\(Migrator.lockTimeout)'"
    )
    static let setNoStatementTimeout = Statement(
        "migrations.set_no_statement_timeout",
        "SET LOCAL statement_timeout = 0"
    )
    static let setNotices = Statement("migrations.set_notices", "SET LOCAL client_min_messages = notice")

    /// Returns the transaction's id, by which ``complete`` is compared.
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

    static let ensurePartitions = Statement("migrations.ensure_partitions", "SELECT connvo.ensure_partitions()")
}
