internal import PostgreSQL

extension SchemaLine {
    /// The lines of a database: what `migrate verify` compares.
    ///
    /// The texts that PostgreSQL makes of definitions depend on settings, so this is run in an ``AdministrativeSession``.
    /// They are the same in PostgreSQL 15, 17 and 18, and after pg_dump and restore, but for these:
    ///
    /// - In the text of a view, 16 and later leave out the name of a relation before its columns where there is one
    ///   relation only. So that is left out everywhere, and the columns that the view depends on are taken in its place.
    /// - A view that was dumped and restored has names in subqueries (`AS int4`) that it had not before. Such names are
    ///   left out; those of the view's own columns stand with the columns.
    /// - NOT NULL is a constraint of its own since 18 (`contype` n). It stands with the column here.
    /// - The privilege MAINTAIN is newer than 15.
    ///
    /// A function is described by its source text, not by what PostgreSQL makes of it. Of a partition's constraints and
    /// indexes PostgreSQL makes the names, so they are called by their definition. Left out are what belongs to an
    /// extension, detached partitions (known by their name or their triggers), comments, statistics, storage parameters of
    /// tables, and the order of columns.
    static let all = Statement(
        "verification.lines",
        """
        WITH relation AS (
            SELECT class.oid, class.relkind, class.relpersistence, class.relowner, class.relacl,
                class.relrowsecurity, class.relforcerowsecurity, class.reloptions,
                class.oid::regclass::text AS own_name,
                parent.inhparent::regclass::text AS partitioned,
                CASE WHEN parent.inhparent IS NULL THEN class.oid::regclass::text
                    ELSE 'a partition of ' || parent.inhparent::regclass::text END AS name,
                CASE class.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                    WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind
            FROM pg_catalog.pg_class AS class
            LEFT JOIN pg_catalog.pg_inherits AS parent
                ON class.relispartition
                AND parent.inhrelid = class.oid
            WHERE class.relnamespace IN (to_regnamespace('connvo'), to_regnamespace('reporting'))
                AND class.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
                AND NOT EXISTS (
                    SELECT 1
                    FROM pg_catalog.pg_depend AS member
                    WHERE member.classid = 'pg_catalog.pg_class'::regclass
                        AND member.objid = class.oid
                        AND member.deptype = 'e'
                )
                AND NOT (
                    class.relkind = 'r'
                    AND NOT class.relispartition
                    AND (
                        class.relname ~ '^(issued_tokens|token_refusals)_[0-9]{4}_[0-9]{2}(_[0-9]+)?$'
                        OR EXISTS (
                            SELECT 1
                            FROM pg_catalog.pg_trigger AS trigger
                            WHERE trigger.tgrelid = class.oid
                                AND trigger.tgfoid = to_regprocedure('connvo.refuse_record_change()')
                        )
                    )
                )
        ),
        routine AS (
            SELECT proc.*, proc.oid::regprocedure::text AS name
            FROM pg_catalog.pg_proc AS proc
            WHERE proc.pronamespace IN (to_regnamespace('connvo'), to_regnamespace('reporting'))
                AND NOT EXISTS (
                    SELECT 1
                    FROM pg_catalog.pg_depend AS member
                    WHERE member.classid = 'pg_catalog.pg_proc'::regclass
                        AND member.objid = proc.oid
                        AND member.deptype = 'e'
                )
        ),
        owned (name, relation, owner, acl) AS (
            SELECT 'schema ' || quote_ident(schema.nspname), NULL::oid, schema.nspowner,
                coalesce(schema.nspacl, acldefault('n', schema.nspowner))
            FROM pg_catalog.pg_namespace AS schema
            WHERE schema.nspname IN ('connvo', 'reporting')
            UNION ALL
            SELECT relation.kind || ' ' || relation.name, relation.oid, relation.relowner,
                coalesce(
                    relation.relacl,
                    acldefault(CASE relation.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relation.relowner)
                )
            FROM relation
            UNION ALL
            SELECT 'function ' || routine.name, NULL, routine.proowner,
                coalesce(routine.proacl, acldefault('f', routine.proowner))
            FROM routine
        ),
        granted (name, relation, acl) AS (
            SELECT owned.name, owned.relation, owned.acl
            FROM owned
            UNION ALL
            SELECT format('column %s.%I', relation.name, attribute.attname), relation.oid, attribute.attacl
            FROM relation
            JOIN pg_catalog.pg_attribute AS attribute
                ON attribute.attrelid = relation.oid
            WHERE attribute.attacl IS NOT NULL
                AND NOT attribute.attisdropped
        ),
        line (object, value, relation) AS (
            SELECT 'schema ' || quote_ident(schema.nspname), 'exists', NULL::oid
            FROM pg_catalog.pg_namespace AS schema
            WHERE schema.nspname IN ('connvo', 'reporting')
            UNION ALL
            SELECT 'extension ' || quote_ident(extension.extname), 'exists', NULL
            FROM pg_catalog.pg_extension AS extension
            UNION ALL
            SELECT 'owner of ' || owned.name, pg_get_userbyid(owned.owner)::text, owned.relation
            FROM owned
            UNION ALL
            SELECT format(
                    'grant to %s on %s',
                    CASE entry.grantee WHEN 0 THEN 'PUBLIC' ELSE entry.grantee::regrole::text END, granted.name
                ),
                string_agg(
                    DISTINCT entry.privilege_type || CASE WHEN entry.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', '
                ),
                granted.relation
            FROM granted
            CROSS JOIN LATERAL aclexplode(granted.acl) AS entry
            WHERE entry.privilege_type <> 'MAINTAIN'
            GROUP BY entry.grantee, granted.name, granted.relation
            UNION ALL
            SELECT relation.kind || ' ' || relation.name,
                concat_ws(
                    ', ',
                    CASE relation.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'logged' END,
                    CASE relation.relkind WHEN 'p' THEN 'PARTITION BY ' || pg_get_partkeydef(relation.oid) END,
                    CASE WHEN relation.relrowsecurity THEN 'ROW LEVEL SECURITY' END,
                    CASE WHEN relation.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END,
                    CASE WHEN relation.relkind IN ('v', 'm') THEN array_to_string(relation.reloptions, ', ') END
                ),
                relation.oid
            FROM relation
            UNION ALL
            SELECT format('definition of %s %s', relation.kind, relation.name),
                'SHA-256 ' || left(
                    encode(
                        sha256(
                            convert_to(
                                regexp_replace(
                                    regexp_replace(
                                        pg_get_viewdef(relation.oid), ' AS ("[^"]+"|[a-z_][a-z_0-9$]*)', '', 'g'
                                    ),
                                    '("[^"]+"|[a-z_][a-z_0-9$]*)[.]|[[:space:]]+', '', 'g'
                                ) || used.columns,
                                'UTF8'
                            )
                        ),
                        'hex'
                    ),
                    32
                ),
                relation.oid
            FROM relation
            JOIN pg_catalog.pg_rewrite AS rule
                ON rule.ev_class = relation.oid
                AND rule.rulename = '_RETURN'
            CROSS JOIN LATERAL (
                SELECT coalesce(string_agg(DISTINCT reference.name, ' ' ORDER BY reference.name), '')
                FROM pg_catalog.pg_depend AS dependency
                CROSS JOIN LATERAL (
                    SELECT concat(' ', dependency.refobjid::regclass::text, '.', attribute.attname) COLLATE "C"
                    FROM pg_catalog.pg_attribute AS attribute
                    WHERE attribute.attrelid = dependency.refobjid
                        AND attribute.attnum = dependency.refobjsubid
                ) AS reference (name)
                WHERE dependency.classid = 'pg_catalog.pg_rewrite'::regclass
                    AND dependency.objid = rule.oid
                    AND dependency.refclassid = 'pg_catalog.pg_class'::regclass
                    AND dependency.refobjsubid > 0
                    AND dependency.refobjid <> relation.oid
            ) AS used (columns)
            UNION ALL
            SELECT format('column %s.%I', relation.name, attribute.attname),
                concat_ws(
                    ' ',
                    format_type(attribute.atttypid, attribute.atttypmod),
                    CASE
                        WHEN attribute.attcollation <> type.typcollation
                            THEN 'COLLATE ' || attribute.attcollation::regcollation::text
                    END,
                    CASE WHEN attribute.attnotnull THEN 'NOT NULL' END,
                    CASE attribute.attidentity
                        WHEN 'a' THEN 'GENERATED ALWAYS AS IDENTITY'
                        WHEN 'd' THEN 'GENERATED BY DEFAULT AS IDENTITY'
                    END,
                    CASE attribute.attgenerated WHEN '' THEN 'DEFAULT ' WHEN 's' THEN 'STORED ' ELSE 'VIRTUAL ' END
                        || pg_get_expr(initial.adbin, initial.adrelid)
                ),
                relation.oid
            FROM relation
            JOIN pg_catalog.pg_attribute AS attribute
                ON attribute.attrelid = relation.oid
            JOIN pg_catalog.pg_type AS type
                ON type.oid = attribute.atttypid
            LEFT JOIN pg_catalog.pg_attrdef AS initial
                ON initial.adrelid = attribute.attrelid
                AND initial.adnum = attribute.attnum
            WHERE attribute.attnum > 0
                AND NOT attribute.attisdropped
                AND relation.relkind <> 'S'
            UNION ALL
            SELECT format(
                    'constraint %s on %s',
                    CASE
                        WHEN relation.partitioned IS NULL THEN quote_ident(con.conname)
                        ELSE pg_get_constraintdef(con.oid)
                    END,
                    relation.name
                ),
                concat_ws(
                    ', ',
                    CASE WHEN relation.partitioned IS NULL THEN pg_get_constraintdef(con.oid) ELSE 'exists' END,
                    CASE
                        WHEN EXISTS (
                            SELECT 1
                            FROM pg_catalog.pg_trigger AS internal
                            WHERE internal.tgconstraint = con.oid
                                AND internal.tgisinternal
                                AND internal.tgenabled <> 'O'
                        )
                            THEN 'not enforced: its triggers are disabled'
                    END
                ),
                relation.oid
            FROM relation
            JOIN pg_catalog.pg_constraint AS con
                ON con.conrelid = relation.oid
            WHERE con.contype NOT IN ('n', 't')
                -- DETACH CONCURRENTLY leaves one that says what the bounds say, and ATTACH lets it stay.
                AND (
                    relation.partitioned IS NULL
                    OR pg_get_constraintdef(con.oid)
                        IS DISTINCT FROM format('CHECK (%s)', pg_get_partition_constraintdef(relation.oid))
                )
            UNION ALL
            SELECT format(
                    'index %s on %s',
                    CASE WHEN relation.partitioned IS NULL THEN index.indexrelid::regclass::text ELSE made.definition END,
                    relation.name
                ),
                concat_ws(
                    ', ',
                    CASE WHEN relation.partitioned IS NULL THEN made.definition ELSE 'exists' END,
                    CASE WHEN NOT (index.indisvalid AND index.indisready AND index.indislive) THEN 'INVALID' END
                ),
                relation.oid
            FROM relation
            JOIN pg_catalog.pg_index AS index
                ON index.indrelid = relation.oid
            CROSS JOIN LATERAL (
                SELECT regexp_replace(
                    pg_get_indexdef(index.indexrelid), '^CREATE (UNIQUE )?INDEX .+? ON (ONLY )?.+? (USING .*)$', '\\1\\3'
                )
            ) AS made (definition)
            UNION ALL
            SELECT format('trigger %I on %s', trigger.tgname, relation.name),
                concat_ws(
                    ', ',
                    regexp_replace(
                        replace(pg_get_triggerdef(trigger.oid), ' ON ' || relation.own_name || ' ', ' '),
                        '^CREATE (.*)TRIGGER ("[^"]+"|[^ ]+) ', '\\1'
                    ),
                    CASE trigger.tgenabled
                        WHEN 'D' THEN 'disabled'
                        WHEN 'R' THEN 'enabled in a replica only'
                        WHEN 'A' THEN 'enabled always'
                        ELSE 'enabled'
                    END
                ),
                relation.oid
            FROM relation
            JOIN pg_catalog.pg_trigger AS trigger
                ON trigger.tgrelid = relation.oid
            WHERE NOT trigger.tgisinternal
            UNION ALL
            SELECT format('rule %I on %s', rule.rulename, relation.name),
                regexp_replace(pg_get_ruledef(rule.oid), '^.*? AS ON ', 'ON '),
                relation.oid
            FROM relation
            JOIN pg_catalog.pg_rewrite AS rule
                ON rule.ev_class = relation.oid
            WHERE rule.rulename <> '_RETURN'
            UNION ALL
            SELECT format('policy %I on %s', policy.polname, relation.name),
                concat_ws(
                    ', ', policy.polcmd::text, policy.polpermissive::text, policy.polroles::regrole[]::text,
                    pg_get_expr(policy.polqual, policy.polrelid), pg_get_expr(policy.polwithcheck, policy.polrelid)
                ),
                relation.oid
            FROM relation
            JOIN pg_catalog.pg_policy AS policy
                ON policy.polrelid = relation.oid
            UNION ALL
            SELECT 'type ' || type.oid::regtype::text,
                CASE type.typtype
                    WHEN 'e' THEN 'enumeration'
                    WHEN 'd' THEN 'domain'
                    WHEN 'r' THEN 'range'
                    ELSE 'composite'
                END,
                NULL
            FROM pg_catalog.pg_type AS type
            WHERE type.typnamespace IN (to_regnamespace('connvo'), to_regnamespace('reporting'))
                AND (
                    type.typtype IN ('e', 'd', 'r')
                    OR EXISTS (
                        SELECT 1
                        FROM pg_catalog.pg_class AS composite
                        WHERE composite.oid = type.typrelid
                            AND composite.relkind = 'c'
                    )
                )
            UNION ALL
            SELECT 'function ' || routine.name,
                concat_ws(
                    ' ',
                    CASE routine.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' WHEN 'w' THEN 'window' END,
                    '(' || pg_get_function_arguments(routine.oid) || ')',
                    'RETURNS ' || pg_get_function_result(routine.oid),
                    'LANGUAGE ' || language.lanname,
                    CASE routine.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
                    CASE WHEN routine.proisstrict THEN 'STRICT' END,
                    CASE WHEN routine.proleakproof THEN 'LEAKPROOF' END,
                    CASE routine.proparallel WHEN 's' THEN 'PARALLEL SAFE' WHEN 'r' THEN 'PARALLEL RESTRICTED' END,
                    CASE WHEN routine.prosecdef THEN 'SECURITY DEFINER' END,
                    (
                        SELECT string_agg('SET ' || setting, ' ' ORDER BY setting COLLATE "C")
                        FROM unnest(routine.proconfig) AS setting
                    ),
                    'AS SHA-256 ' || left(
                        encode(
                            sha256(
                                convert_to(concat(routine.prosrc, pg_get_function_sqlbody(routine.oid), routine.probin), 'UTF8')
                            ),
                            'hex'
                        ),
                        32
                    )
                ),
                NULL
            FROM routine
            JOIN pg_catalog.pg_language AS language
                ON language.oid = routine.prolang
        )
        SELECT regexp_replace(line.object, '[[:space:]]+', ' ', 'g'), regexp_replace(line.value, '[[:space:]]+', ' ', 'g'),
            relation.partitioned, CASE WHEN relation.partitioned IS NOT NULL THEN relation.own_name END
        FROM line
        LEFT JOIN relation
            ON relation.oid = line.relation
        ORDER BY 1, 4
        """
    )
}
