import PostgreSQL
import TestSupport

/// One change of a migrated schema, and how it must be called.
struct Alteration: Sendable {
    let sql: String
    /// The beginning of the line that `migrate verify` prints.
    let line: String

    init(_ sql: String, _ line: String) {
        self.sql = sql
        self.line = line
    }

    /// The ones that say the most, each by hand.
    static let chosen: [Alteration] = [
        Alteration(
            "DROP TRIGGER issued_tokens_append_only ON connvo.issued_tokens",
            "missing: trigger issued_tokens_append_only on connvo.issued_tokens"
        ),
        Alteration(
            "ALTER TABLE ONLY connvo.issued_tokens DISABLE TRIGGER issued_tokens_append_only",
            "altered: trigger issued_tokens_append_only on connvo.issued_tokens"
        ),
        Alteration(
            "ALTER TABLE connvo.token_refusals DISABLE TRIGGER ALL",
            "altered: trigger token_refusals_append_only on connvo.token_refusals"
        ),
        Alteration(
            "ALTER TABLE connvo.meetings ENABLE REPLICA TRIGGER meetings_add_organizer",
            "altered: trigger meetings_add_organizer on connvo.meetings"
        ),
        Alteration(
            "ALTER TABLE connvo.meetings DISABLE TRIGGER ALL",
            "altered: constraint meetings_organizer_id_fkey on connvo.meetings"
        ),
        Alteration(
            "CREATE RULE lose AS ON INSERT TO connvo.token_refusals DO INSTEAD NOTHING",
            "extra: rule lose on connvo.token_refusals"
        ),
        Alteration(
            "ALTER FUNCTION connvo.ensure_partitions() SECURITY INVOKER",
            "altered: function connvo.ensure_partitions()"
        ),
        Alteration(
            "ALTER FUNCTION connvo.ensure_partitions() SET search_path = public",
            "altered: function connvo.ensure_partitions()"
        ),
        Alteration(
            "ALTER FUNCTION connvo.users_with_records(text[]) RESET search_path",
            "altered: function connvo.users_with_records(text[])"
        ),
        Alteration(
            """
            CREATE OR REPLACE FUNCTION connvo.refuse_record_change() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN RETURN coalesce(NEW, OLD); END $$
            """,
            "altered: function connvo.refuse_record_change()"
        ),
        Alteration(
            "CREATE PROCEDURE connvo.tidy() LANGUAGE sql AS 'SELECT 1'",
            "extra: function connvo.tidy()"
        ),
        Alteration("CREATE TABLE connvo.notes (id integer PRIMARY KEY)", "extra: table connvo.notes"),
        Alteration("CREATE TYPE connvo.mood AS ENUM ('good')", "extra: type connvo.mood"),
        Alteration("CREATE INDEX added ON connvo.users (created_at)", "extra: index connvo.added on connvo.users"),
        Alteration("ALTER TABLE connvo.users ADD COLUMN note text", "extra: column connvo.users.note"),
        Alteration(
            "ALTER TABLE connvo.users ALTER COLUMN email DROP NOT NULL",
            "altered: column connvo.users.email"
        ),
        Alteration(
            "ALTER TABLE connvo.users ALTER COLUMN is_active DROP DEFAULT",
            "altered: column connvo.users.is_active"
        ),
        Alteration(
            "ALTER TABLE connvo.rollup_state SET UNLOGGED",
            "altered: table connvo.rollup_state"
        ),
        Alteration(
            "ALTER TABLE connvo.users ENABLE ROW LEVEL SECURITY",
            "altered: table connvo.users"
        ),
        Alteration(
            "CREATE POLICY hidden ON connvo.users USING (false)",
            "extra: policy hidden on connvo.users"
        ),
        Alteration(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'connvo.users_pkey'::regclass",
            "altered: index connvo.users_pkey on connvo.users"
        ),
        Alteration(
            "ALTER VIEW reporting.token_issuance_hourly_v1 SET (security_barrier = false)",
            "altered: view reporting.token_issuance_hourly_v1"
        ),
        Alteration(
            """
            DO $$ BEGIN
                EXECUTE 'CREATE OR REPLACE VIEW reporting.live_tokens_v1 WITH (security_barrier) AS SELECT * FROM ('
                    || rtrim(pg_get_viewdef('reporting.live_tokens_v1'), ';') || ') AS live WHERE tokens > 1';
            END $$
            """,
            "altered: definition of view reporting.live_tokens_v1"
        ),
        Alteration("DROP SCHEMA reporting CASCADE", "missing: schema reporting"),
        Alteration("DROP EXTENSION btree_gist CASCADE", "missing: extension btree_gist"),
        Alteration(
            "ALTER TABLE connvo.users OWNER TO CURRENT_USER",
            "altered: owner of table connvo.users"
        ),
        Alteration(
            "ALTER FUNCTION connvo.ensure_partitions() OWNER TO CURRENT_USER",
            "altered: owner of function connvo.ensure_partitions()"
        ),
        Alteration("ALTER SCHEMA connvo OWNER TO CURRENT_USER", "altered: owner of schema connvo"),
        Alteration(
            "GRANT UPDATE ON connvo.issued_tokens TO connvo_app",
            "altered: grant to connvo_app on table connvo.issued_tokens"
        ),
        Alteration(
            "GRANT UPDATE (user_id) ON connvo.issued_tokens TO connvo_app",
            "extra: grant to connvo_app on column connvo.issued_tokens.user_id"
        ),
        Alteration(
            "GRANT SELECT ON connvo.users TO connvo_app WITH GRANT OPTION",
            "altered: grant to connvo_app on table connvo.users"
        ),
        Alteration(
            "GRANT SELECT ON connvo.issued_tokens TO PUBLIC",
            "extra: grant to PUBLIC on table connvo.issued_tokens"
        ),
        Alteration(
            "GRANT EXECUTE ON FUNCTION connvo.users_with_records(text[]) TO PUBLIC",
            "extra: grant to PUBLIC on function connvo.users_with_records(text[])"
        ),
        Alteration(
            "GRANT CREATE ON SCHEMA connvo TO connvo_app",
            "altered: grant to connvo_app on schema connvo"
        ),
    ]

    /// Made from what is in the schema: of each kind of object some, spread over all.
    static func generated(for database: TestDatabase) throws -> [Alteration] {
        var connection = try database.connect()
        let rows = try connection.execute(Statement("test.alterations", query), deadline: .after(.seconds(20))).rows
        return try rows.map { row in Alteration(try row.decode(0), try row.decode(1)) }
    }

    private static let query = """
        WITH relation AS (
            SELECT oid, oid::regclass::text AS name, relkind, relispartition
            FROM pg_class
            WHERE relnamespace IN ('connvo'::regnamespace, 'reporting'::regnamespace)
        ),
        change (kind, sql, line) AS (
            SELECT 'trigger', format('DROP TRIGGER %I ON %s', t.tgname, r.name),
                format('missing: trigger %I on %s', t.tgname, r.name)
            FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid
            WHERE NOT t.tgisinternal AND NOT r.relispartition
            UNION ALL
            SELECT 'disable', format('ALTER TABLE ONLY %s DISABLE TRIGGER %I', r.name, t.tgname),
                format('altered: trigger %I on %s', t.tgname, r.name)
            FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid
            WHERE NOT t.tgisinternal AND NOT r.relispartition
            UNION ALL
            SELECT 'partition', format('ALTER TABLE %s DISABLE TRIGGER %I', r.name, t.tgname),
                format('altered: trigger %I on a partition of %s (%s)', t.tgname, i.inhparent::regclass, r.name)
            FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid JOIN pg_inherits AS i ON i.inhrelid = r.oid
            WHERE NOT t.tgisinternal AND r.relispartition
            UNION ALL
            SELECT 'partition grant', format('GRANT DELETE ON %s TO connvo_app', r.name),
                format('extra: grant to connvo_app on table a partition of %s (%s)', i.inhparent::regclass, r.name)
            FROM relation AS r JOIN pg_inherits AS i ON i.inhrelid = r.oid
            WHERE r.relkind = 'r'
            UNION ALL
            SELECT 'index', 'DROP INDEX ' || r.name, format('missing: index %s on %s', r.name, i.indrelid::regclass)
            FROM pg_index AS i JOIN relation AS r ON r.oid = i.indexrelid
            WHERE NOT r.relispartition AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = r.oid)
            UNION ALL
            SELECT 'constraint ' || c.contype::text, format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', r.name, c.conname),
                format('missing: constraint %I on %s', c.conname, r.name)
            FROM pg_constraint AS c JOIN relation AS r ON r.oid = c.conrelid
            WHERE c.contype IN ('c', 'f', 'p', 'u', 'x') AND NOT r.relispartition
            UNION ALL
            SELECT 'view', format('DROP VIEW %s CASCADE', name), 'missing: view ' || name
            FROM relation WHERE relkind = 'v'
            UNION ALL
            SELECT 'function', format('DROP FUNCTION %s CASCADE', oid::regprocedure),
                'missing: function ' || oid::regprocedure::text
            FROM pg_proc WHERE pronamespace = 'connvo'::regnamespace
            UNION ALL
            SELECT 'attribute', format('ALTER FUNCTION %s STRICT LEAKPROOF', oid::regprocedure),
                'altered: function ' || oid::regprocedure::text
            FROM pg_proc WHERE pronamespace = 'connvo'::regnamespace
            UNION ALL
            SELECT 'default', format('ALTER TABLE %s ALTER %I SET DEFAULT NULL', r.name, a.attname),
                format('altered: column %s.%I', r.name, a.attname)
            FROM pg_attribute AS a JOIN relation AS r ON r.oid = a.attrelid
            WHERE r.relkind = 'r' AND NOT r.relispartition AND a.attnum > 0 AND a.atthasdef AND a.attgenerated = ''
            UNION ALL
            SELECT 'column', format('ALTER TABLE %s DROP COLUMN %I CASCADE', r.name, a.attname),
                format('missing: column %s.%I', r.name, a.attname)
            FROM pg_attribute AS a JOIN relation AS r ON r.oid = a.attrelid
            WHERE r.relkind = 'r' AND NOT r.relispartition AND a.attnum > 0
            UNION ALL
            SELECT 'revoke', format('REVOKE ALL ON %s FROM %s', r.name, e.grantee::regrole),
                format('missing: grant to %s on %s %s', e.grantee::regrole,
                    CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END, r.name)
            FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid CROSS JOIN LATERAL aclexplode(c.relacl) AS e
            WHERE e.privilege_type = 'SELECT' AND NOT r.relispartition
            UNION ALL
            SELECT 'owner', format('ALTER TABLE %s OWNER TO CURRENT_USER', name),
                format('altered: owner of %s %s', CASE relkind WHEN 'v' THEN 'view' ELSE 'table' END, name)
            FROM relation WHERE relkind IN ('r', 'v') AND NOT relispartition
        )
        SELECT sql, line
        FROM (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY md5(line)) AS place FROM change) AS numbered
        WHERE place <= 4
        ORDER BY kind, place
        """
}
