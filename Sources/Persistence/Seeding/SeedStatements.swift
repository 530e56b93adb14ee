/// The SQL of ``Seeder`` that belongs to no single kind; see ``SeedTable`` for the rest.
enum SeedStatements {
    /// "connvo" in ASCII and the number of this lock.
    private static let lockKey: Int64 = 0x636F_6E6E_766F_0002

    /// Seeds take turns, and nobody else changes the business tables meanwhile, so that what is checked stays true.
    /// Readers, issuance among them, are not hindered. The tables are locked in the order of the kinds.
    static let begin = """
        BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
        SET LOCAL lock_timeout = '120s';
        SELECT pg_advisory_xact_lock(\(lockKey));
        SET LOCAL lock_timeout = '10s';
        LOCK TABLE \(SeedKind.allCases.map { "connvo.\($0.rawValue)" }.joined(separator: ", "))
            IN SHARE ROW EXCLUSIVE MODE;
        -- Each statement runs once: compiling it costs more than it saves.
        SET LOCAL jit = off;
        SET LOCAL work_mem = '64MB';
        SET CONSTRAINTS connvo.subscriptions_user_periods_disjoint,
            connvo.subscriptions_organization_periods_disjoint DEFERRED;
        """

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
