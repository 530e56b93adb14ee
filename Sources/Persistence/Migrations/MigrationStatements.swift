internal import PostgreSQL

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

    /// Which objects of ours are there. CREATE ... IF NOT EXISTS would ask for privileges even then.
    static let whatExists = Statement(
        "migrations.what_exists",
        """
        SELECT schema.oid IS NOT NULL,
            schema.oid IS NOT NULL AND to_regclass('connvo.schema_migrations') IS NOT NULL,
            schema.oid IS NOT NULL AND to_regclass('connvo.schema_migration_state') IS NOT NULL,
            schema.oid IS NOT NULL AND to_regprocedure('connvo.ensure_partitions()') IS NOT NULL
        FROM (VALUES (to_regnamespace('connvo'))) AS schema (oid)
        """
    )

    static let createSchema = "CREATE SCHEMA connvo;"

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

    /// The tables are apart from `schema_migrations`, so that databases which have that one already need no ALTER TABLE of it:
    /// every server reads it.
    static let createState = """
        CREATE TABLE connvo.schema_migration_state (
            name text NOT NULL,
            value text NOT NULL,
            noted_at timestamptz NOT NULL,
            CONSTRAINT schema_migration_state_pkey PRIMARY KEY (name),
            CONSTRAINT schema_migration_state_name_known CHECK (name IN ('settled', 'unfinished'))
        );
        CREATE TABLE connvo.schema_migration_files (
            version integer NOT NULL,
            checksum text NOT NULL,
            content text NOT NULL,
            CONSTRAINT schema_migration_files_pkey PRIMARY KEY (version)
        );
        COMMENT ON TABLE connvo.schema_migration_files IS 'The text of each migration as it was applied, to compare a changed file with.';
        COMMENT ON COLUMN connvo.schema_migration_files.version IS 'The number in the name of the file.';
        COMMENT ON COLUMN connvo.schema_migration_files.checksum IS 'Its SHA-256; counts only while it is that of schema_migrations.';
        COMMENT ON COLUMN connvo.schema_migration_files.content IS 'The text that the checksum covers.';
        COMMENT ON TABLE connvo.schema_migration_state IS 'What connvo-server migrate has to remember from one run to the next.';
        COMMENT ON COLUMN connvo.schema_migration_state.name IS 'settled: a fingerprint of all that decides about partitions, ownership and grants, as it was when a run last found nothing to do about them. unfinished: the migration without a transaction that was begun last, until it is recorded.';
        COMMENT ON COLUMN connvo.schema_migration_state.value IS 'For settled, a SHA-256; for unfinished, the number and the checksum of the migration.';
        COMMENT ON COLUMN connvo.schema_migration_state.noted_at IS 'When that was noted.';
        """

    /// Whether migrations should run as connvo_owner: it owns the schema, and this login, no superuser, may become it.
    static let shouldBecomeOwner = Statement(
        "migrations.should_become_owner",
        """
        SELECT EXISTS (
            SELECT 1
            FROM pg_catalog.pg_namespace AS schema
            WHERE schema.nspname = 'connvo'
                AND schema.nspowner = to_regrole('connvo_owner')
                AND session_user <> 'connvo_owner'
                AND current_setting('is_superuser') = 'off'
                -- PostgreSQL 16 tells apart being a member and being allowed SET ROLE.
                AND pg_has_role(
                    session_user, schema.nspowner,
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

    /// What was applied, as far as it is kept.
    static let contents = Statement(
        "migrations.contents",
        """
        SELECT kept.version, kept.content
        FROM connvo.schema_migration_files AS kept
        JOIN connvo.schema_migrations AS applied
            ON applied.version = kept.version
            AND applied.checksum = kept.checksum
        """
    )

    /// The columns of ``applied``, and whether the text of the file is kept.
    static let appliedAndKept = Statement(
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

    static let keepContent = Statement(
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

    /// A migration that whoever runs it has left must not go on alone: its lock would be held until it is done.
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

// MARK: - Locks and indexes

extension MigrationStatements {
    /// Whether this session has the advisory lock it was given. Behind a pooler that gives each statement another session,
    /// and on engines that only pretend, it has not.
    static let holdsLock = Statement(
        "migrations.holds_lock",
        """
        SELECT EXISTS (
            SELECT 1
            FROM pg_catalog.pg_locks AS lock
            WHERE lock.locktype = 'advisory'
                AND lock.granted
                AND lock.objsubid = 1
                AND lock.pid = pg_backend_pid()
                AND (lock.classid::bigint << 32) | lock.objid::bigint = $1
        )
        """,
        parameters: [.int8]
    )

    /// The sessions that have had tables of ours locked for longest.
    static let lockHolders = Statement(
        "migrations.lock_holders",
        """
        SELECT session.pid,
            coalesce(session.application_name, ''),
            session.state,
            to_char(session.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            min(lock.relation::regclass::text)
        FROM pg_catalog.pg_locks AS lock
        JOIN pg_catalog.pg_class AS relation
            ON relation.oid = lock.relation
        JOIN pg_catalog.pg_stat_activity AS session
            ON session.pid = lock.pid
        WHERE lock.locktype = 'relation'
            AND lock.granted
            AND lock.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
            AND lock.pid <> pg_backend_pid()
            AND relation.relkind IN ('r', 'p')
            AND relation.relnamespace IN (to_regnamespace('connvo'), to_regnamespace('reporting'))
        GROUP BY session.pid, session.application_name, session.state, session.xact_start
        ORDER BY session.xact_start NULLS LAST
        LIMIT 3
        """
    )

    /// Whether any index of the database is INVALID: cheaper than ``invalidIndexes``, and mostly enough.
    static let someIndexIsInvalid = Statement(
        "migrations.some_index_is_invalid",
        "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_index WHERE NOT indisvalid)"
    )

    /// INVALID indexes in our schemas that nobody is building at this moment. One on a partitioned table may be incomplete
    /// on purpose, and is nobody's remnant.
    ///
    /// The names of what REINDEX CONCURRENTLY works with: PostgreSQL 15 manual, REINDEX, "Rebuilding Indexes Concurrently".
    static let invalidIndexes = Statement(
        "migrations.invalid_indexes",
        """
        SELECT format('%I.%I', schema.nspname, relation.relname),
            index.indrelid::regclass::text,
            relation.relname ~ '_cc(new|old)[0-9]*$'
        FROM pg_catalog.pg_index AS index
        JOIN pg_catalog.pg_class AS relation
            ON relation.oid = index.indexrelid
        JOIN pg_catalog.pg_namespace AS schema
            ON schema.oid = relation.relnamespace
        WHERE NOT index.indisvalid
            AND relation.relkind = 'i'
            AND schema.nspname IN ('connvo', 'reporting')
            AND NOT EXISTS (
                SELECT 1
                FROM pg_catalog.pg_stat_progress_create_index AS progress
                WHERE progress.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
                    AND progress.relid = index.indrelid
            )
        ORDER BY 3 DESC, 1
        """
    )

    static func dropIndex(_ qualifiedName: String) -> Statement {
        Statement("migrations.drop_index.\(qualifiedName)", "DROP INDEX CONCURRENTLY \(qualifiedName)")
    }

    /// Whether an index is there, whether it is valid, and who is building it.
    static let indexState = Statement(
        "migrations.index_state",
        """
        SELECT index.indisvalid,
            (
                SELECT progress.pid
                FROM pg_catalog.pg_stat_progress_create_index AS progress
                WHERE progress.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
                    AND progress.relid = index.indrelid
                LIMIT 1
            )
        FROM pg_catalog.pg_index AS index
        WHERE index.indexrelid = to_regclass($1)
        """,
        parameters: [.text]
    )
}

// MARK: - What is remembered

extension MigrationStatements {
    static let remembered = Statement(
        "migrations.remembered",
        """
        SELECT value
        FROM connvo.schema_migration_state
        WHERE name = $1
        """,
        parameters: [.text]
    )

    static let remember = Statement(
        "migrations.remember",
        """
        INSERT INTO connvo.schema_migration_state
            (name, value, noted_at)
        VALUES
            ($1, $2, now())
        ON CONFLICT (name) DO UPDATE
        SET value = EXCLUDED.value,
            noted_at = EXCLUDED.noted_at
        """,
        parameters: [.text, .text]
    )

    static let forget = Statement(
        "migrations.forget",
        """
        DELETE FROM connvo.schema_migration_state
        WHERE name = $1
        """,
        parameters: [.text]
    )

    /// A fingerprint of what decides which partitions are missing and what roles.sql does, its own text ($1) included: who
    /// runs it, the month, our roles, their settings and memberships, and kind, owner and privileges of the database, of
    /// both schemas and of what is in them.
    ///
    /// roles.sql compares before it changes anything. So while this is what it was when roles.sql found nothing to do, it
    /// would find nothing to do again. What is looked at here may be more than roles.sql looks at, never less.
    ///
    /// Most of its time goes into looking up functions, types and plans in a session that has just begun, so it is made of
    /// few and plain ones. Nothing is sorted: rows that have changed places make roles.sql run once too often. OIDs below
    /// 16384 are PostgreSQL's own.
    static let fingerprint = Statement(
        "migrations.fingerprint",
        """
        SELECT encode(sha256(convert_to(concat_ws(
                ' ', $1, session_user, current_setting('server_version_num'),
                date_trunc('month', now() AT TIME ZONE 'UTC'),
                pg_has_role(session_user, to_regrole('connvo_owner'), 'USAGE'),
                pg_has_role(session_user, to_regrole('connvo_owner'), 'MEMBER'),
                ARRAY(
                    SELECT ROW (datname, datdba, datacl)::text
                    FROM pg_catalog.pg_database
                    WHERE datname = current_database()
                ),
                ARRAY(
                    SELECT role::text
                    FROM pg_catalog.pg_roles AS role
                    WHERE rolname ^@ 'connvo_'
                        OR rolname = session_user
                ),
                ARRAY(
                    SELECT membership::text
                    FROM pg_catalog.pg_auth_members AS membership
                ),
                ARRAY(
                    SELECT ROW (oid, nspname, nspowner, nspacl)::text
                    FROM pg_catalog.pg_namespace
                    WHERE oid = ANY (ours.oids)
                ),
                ARRAY(
                    SELECT ROW (oid, relname, relnamespace, relkind, relispartition, relowner, relacl)::text
                    FROM pg_catalog.pg_class
                    WHERE oid >= 16384
                        AND relnamespace = ANY (ours.oids)
                ),
                ARRAY(
                    SELECT ROW (oid, proname, pronamespace, proargtypes, proowner, proacl)::text
                    FROM pg_catalog.pg_proc
                    WHERE oid >= 16384
                        AND pronamespace = ANY (ours.oids)
                )
            ), 'UTF8')), 'hex')
        FROM (VALUES (ARRAY[to_regnamespace('connvo')::oid, to_regnamespace('reporting')::oid])) AS ours (oids)
        """,
        parameters: [.text]
    )
}
