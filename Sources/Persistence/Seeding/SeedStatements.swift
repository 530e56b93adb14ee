internal import PostgreSQL

/// The SQL of seeding that belongs to no single kind; see ``SeedTable`` for the rest.
enum SeedStatements {
    /// What the login or the database sets for everyday work must not cut or change a seed.
    static let begin = """
        BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
        \(SessionSettings.setLocal);
        -- Each statement runs once: compiling it costs more than it saves.
        SET LOCAL jit = off;
        SET LOCAL work_mem = '64MB';
        SET CONSTRAINTS \(deferredConstraints.joined(separator: ",\n    ")) DEFERRED
        """

    /// A dry run compares with the tables as they are at one moment, and waits for no writer, nor a writer for it: it
    /// writes to temporary tables alone. READ ONLY would forbid making those.
    static let beginDryRun = """
        BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE;
        \(SessionSettings.setLocal);
        -- Only a migration, which locks a table for a moment, can be in the way.
        SET LOCAL lock_timeout = '10s';
        SET LOCAL jit = off;
        SET LOCAL work_mem = '64MB'
        """

    private static let deferredConstraints = SeedKind.allCases.flatMap(\.definition.deferredConstraints)
        .map { "connvo.\($0)" }

    /// The session that has been writing to the tables for longest.
    static let tablesHolder = Statement(
        "seed.tables_holder",
        """
        SELECT lock.pid,
            coalesce(session.application_name, ''),
            to_char(session.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        FROM pg_catalog.pg_locks AS lock
        LEFT JOIN pg_catalog.pg_stat_activity AS session
            ON session.pid = lock.pid
        WHERE lock.granted
            AND lock.pid <> pg_backend_pid()
            AND lock.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
            AND lock.locktype = 'relation'
            AND lock.mode NOT IN ('AccessShareLock', 'RowShareLock')
            AND lock.relation IN (
                SELECT oid
                FROM pg_catalog.pg_class
                WHERE relnamespace = to_regnamespace('connvo')
                    AND relname IN (\(tables))
            )
        ORDER BY session.xact_start NULLS LAST, lock.pid
        LIMIT 1
        """
    )

    /// Keeps other sessions from changing the business tables, so that what is checked stays true. Readers, issuance
    /// among them, are not blocked. The tables are locked in the order of the kinds.
    static func lockTables(timeout: String) -> String {
        """
        SET LOCAL lock_timeout = '\(timeout)';
        SAVEPOINT connvo_seed_tables;
        LOCK TABLE \(SeedKind.allCases.map { "connvo.\($0.rawValue)" }.joined(separator: ", "))
            IN SHARE ROW EXCLUSIVE MODE;
        RELEASE SAVEPOINT connvo_seed_tables;
        -- From here on only a session that keeps rows locked can be in the way.
        SET LOCAL lock_timeout = '10s'
        """
    }

    static let giveUpTables = "ROLLBACK TO SAVEPOINT connvo_seed_tables; RELEASE SAVEPOINT connvo_seed_tables"

    private static let tables = SeedKind.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")

    /// Table, column and default expression.
    static let defaults = Statement(
        "seed.defaults",
        """
        SELECT relation.relname::text, attribute.attname::text, pg_get_expr(standard.adbin, standard.adrelid)
        FROM pg_catalog.pg_attrdef AS standard
        JOIN pg_catalog.pg_class AS relation
            ON relation.oid = standard.adrelid
        JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = standard.adrelid
            AND attribute.attnum = standard.adnum
        WHERE relation.relnamespace = to_regnamespace('connvo')
            AND relation.relname IN (\(tables))
        """
    )

    /// Table, name, columns joined by commas, and expression of each CHECK.
    static let constraints = Statement(
        "seed.constraints",
        """
        SELECT relation.relname::text,
            constr.conname::text,
            (
                SELECT string_agg(attribute.attname::text, ',' ORDER BY attribute.attnum)
                FROM pg_catalog.pg_attribute AS attribute
                WHERE attribute.attrelid = constr.conrelid
                    AND attribute.attnum = ANY (constr.conkey)
            ),
            pg_get_expr(constr.conbin, constr.conrelid)
        FROM pg_catalog.pg_constraint AS constr
        JOIN pg_catalog.pg_class AS relation
            ON relation.oid = constr.conrelid
        WHERE relation.relnamespace = to_regnamespace('connvo')
            AND relation.relname IN (\(tables))
            AND constr.contype = 'c'
        ORDER BY constr.conname
        """
    )
}
