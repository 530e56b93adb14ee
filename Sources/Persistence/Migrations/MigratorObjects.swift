internal import PostgreSQL

/// Which of the objects that the migrator works with a database has.
struct MigratorObjects: Hashable, Sendable {
    var schema: Bool
    var migrationsTable: Bool
    /// `schema_migration_state` and `schema_migration_files`, which are made and dropped together.
    var stateTables: Bool
    /// `connvo.ensure_partitions()`, which a migration makes.
    var partitionFunction: Bool

    /// Scripts that make the migrator's own tables, as far as they are missing. Each is one implicit transaction.
    var creationScripts: [String] {
        var scripts: [String] = []
        if !schema { scripts.append(Self.createSchema) }
        if !migrationsTable { scripts.append(Self.createMigrationsTable) }
        if !stateTables { scripts.append(Self.createStateTables) }
        return scripts
    }
}

extension MigratorObjects {
    /// CREATE ... IF NOT EXISTS is no substitute: it asks for privileges even where the object exists.
    static let statement = Statement(
        "migrations.what_exists",
        """
        SELECT schema.oid IS NOT NULL,
            schema.oid IS NOT NULL AND to_regclass('connvo.schema_migrations') IS NOT NULL,
            schema.oid IS NOT NULL AND to_regclass('connvo.schema_migration_state') IS NOT NULL,
            schema.oid IS NOT NULL AND to_regprocedure('connvo.ensure_partitions()') IS NOT NULL
        FROM (VALUES (to_regnamespace('connvo'))) AS schema (oid)
        """
    )

    static func read(deadline: Deadline, on connection: inout Connection) throws(DatabaseError) -> MigratorObjects {
        let row = try connection.execute(statement, deadline: deadline).onlyRow
        return MigratorObjects(
            schema: try row.decode(0),
            migrationsTable: try row.decode(1),
            stateTables: try row.decode(2),
            partitionFunction: try row.decode(3)
        )
    }
}

// MARK: - SQL

extension MigratorObjects {
    private static let createSchema = "CREATE SCHEMA connvo;"

    private static let createMigrationsTable = """
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
    private static let createStateTables = """
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
}
