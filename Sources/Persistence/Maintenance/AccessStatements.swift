internal import PostgreSQL

/// What readiness asks about the rights of the login that serves. Only the catalogues are read, so that the look itself
/// needs no right.
enum AccessStatements {
    /// The tables that issuance reads, and those that it writes records to and counts a user's requests in.
    private static let readTables = [
        "users", "subscription_tiers", "subscriptions", "meetings", "meeting_participants",
    ]
    private static let recordTables = ["issued_tokens", "token_refusals"]

    /// Tables of which row-level security applies to the login. It hides rows without an error: a user would be "not
    /// provisioned". Owners, superusers and roles with BYPASSRLS are exempt (PostgreSQL 15 manual, 5.8).
    static let rowSecurity = Statement(
        "monitor.row_security",
        """
        SELECT 'connvo.' || relation.relname
        FROM pg_catalog.pg_class relation
        JOIN pg_catalog.pg_namespace namespace ON namespace.oid = relation.relnamespace
        WHERE namespace.nspname = 'connvo'
          AND relation.relname IN (\(list(readTables + recordTables + ["schema_migrations"])))
          AND pg_catalog.row_security_active(relation.oid)
        ORDER BY relation.relname
        """
    )

    /// Privileges that issuance and this monitor need and that the login lacks. What does not exist is not reported
    /// here.
    static let missingPrivileges = Statement(
        "monitor.missing_privileges",
        """
        SELECT lacking.privilege || ' on ' || lacking.object
        FROM (
            SELECT 'USAGE' AS privilege, 'schema connvo' AS object
            FROM pg_catalog.pg_namespace namespace
            WHERE namespace.nspname = 'connvo'
              AND NOT pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
            UNION ALL
            SELECT needed.privilege, 'connvo.' || relation.relname
            FROM pg_catalog.pg_class relation
            JOIN pg_catalog.pg_namespace namespace ON namespace.oid = relation.relnamespace
            CROSS JOIN (VALUES ('SELECT'), ('INSERT')) AS needed (privilege)
            WHERE namespace.nspname = 'connvo'
              AND (relation.relname IN (\(list(recordTables)))
                   OR relation.relname IN (\(list(readTables))) AND needed.privilege = 'SELECT')
              AND NOT pg_catalog.has_table_privilege(relation.oid, needed.privilege)
            UNION ALL
            SELECT 'EXECUTE', 'connvo.' || routine.proname || '()'
            FROM pg_catalog.pg_proc routine
            JOIN pg_catalog.pg_namespace namespace ON namespace.oid = routine.pronamespace
            WHERE namespace.nspname = 'connvo'
              AND routine.proname = 'missing_partitions'
              AND NOT pg_catalog.has_function_privilege(routine.oid, 'EXECUTE')
        ) AS lacking
        ORDER BY lacking.object, lacking.privilege
        """
    )

    /// Why the login can change what was recorded in spite of the triggers; no row when it cannot. `session_user`, because
    /// `SET ROLE` is undone by a statement.
    static let excessiveRights = Statement(
        "monitor.excessive_rights",
        """
        SELECT CASE
                WHEN login.rolsuper THEN 'is a superuser'
                WHEN EXISTS (
                    SELECT 1
                    FROM pg_catalog.pg_namespace AS namespace
                    WHERE namespace.nspname = 'connvo'
                        AND pg_catalog.pg_has_role(login.oid, namespace.nspowner, 'MEMBER')
                ) THEN 'may become the owner of schema connvo'
                ELSE 'may make roles, and with them itself a member of the owner'
            END
        FROM pg_catalog.pg_roles AS login
        WHERE login.rolname = session_user
            AND (
                login.rolsuper
                OR login.rolcreaterole
                OR EXISTS (
                    SELECT 1
                    FROM pg_catalog.pg_namespace AS namespace
                    WHERE namespace.nspname = 'connvo'
                        AND pg_catalog.pg_has_role(login.oid, namespace.nspowner, 'MEMBER')
                )
            )
        """
    )

    static func decode(_ result: QueryResult) throws(DatabaseError) -> [String] {
        try result.rows.map { (row) throws(DatabaseError) in try row.decode(0) }
    }

    private static func list(_ names: [String]) -> String {
        names.map { "'\($0)'" }.joined(separator: ", ")
    }
}
