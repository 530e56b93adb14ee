-- Roles, ownership and grants. Runs at the end of every `migrate up`, as the login that migrates.
-- Why: no numbered migration names a role, because roles belong to the whole cluster while migrations belong to one
--   database, and because not every login may make roles. What such a login may not do is printed, not failed on.
-- Lock: ACCESS EXCLUSIVE, for an instant, on what changes its owner; none when everything is as it should be.
--
-- Idempotent: everything is compared first and changed only where it differs. Other databases of the cluster may do
-- the same at this moment; what then fails with XX000 (tuple concurrently updated) succeeds when it is run again.
-- What it changes it says in a NOTICE with SQLSTATE CVCHG, which `migrate up` prints.
-- Privileges given to other roles by hand are left alone; those of PUBLIC and of these five are made exactly so:
--
--   connvo_owner     owns schemas connvo and reporting and all that is in them; runs migrations and maintenance
--   connvo_app       serve: reads the business tables, reads and appends records, makes missing partitions; no more
--   connvo_admin     seed, export: changes the six business tables; does not see records
--   connvo_reporter  report: reads the views of schema reporting; nothing else
--   connvo_maintainer  maintain: calls the functions of maintenance; reads and changes nothing by itself

-- 1. The roles. CREATE ROLE waits for another database that is making the same role, then fails, and all is well.
DO $$
DECLARE
    login constant text := quote_ident(current_user);
    statement text;
    to_do text[] := '{}';
    -- PostgreSQL 16 tells apart being a member, inheriting, and being allowed SET ROLE.
    set_option constant text := CASE
        WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET'
        ELSE 'MEMBER'
    END;
BEGIN
    FOR statement IN
        SELECT 'CREATE ROLE ' || wanted.name || ' NOLOGIN'
        FROM unnest(ARRAY['connvo_owner', 'connvo_app', 'connvo_admin', 'connvo_reporter', 'connvo_maintainer']) WITH ORDINALITY
            AS wanted (name, position)
        WHERE to_regrole(wanted.name) IS NULL
        ORDER BY wanted.position
    LOOP
        BEGIN
            EXECUTE statement;
            RAISE NOTICE '%', statement USING ERRCODE = 'CVCHG';
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL;
            WHEN insufficient_privilege THEN
                to_do := to_do || statement;
        END;
    END LOOP;

    -- Settings of a role count when that role itself logs in (ALTER ROLE connvo_reporter LOGIN): a login that
    -- is only a member of it does not inherit them.
    FOR statement IN
        SELECT format('ALTER ROLE connvo_reporter SET %s = %L', wanted.name, wanted.value)
        FROM (
            VALUES ('default_transaction_read_only', 'on'), ('statement_timeout', '60s'),
                -- A report compiles more, for each partition and each process, than it then saves.
                ('jit', 'off')
        ) AS wanted (name, value)
        WHERE NOT EXISTS (
            SELECT 1
            FROM pg_catalog.pg_db_role_setting AS setting
            WHERE setting.setrole = to_regrole('connvo_reporter')
                AND setting.setdatabase = 0
                -- Any value: an administrator may have chosen another one.
                AND EXISTS (
                    SELECT 1
                    FROM unnest(setting.setconfig) AS entry
                    WHERE entry LIKE wanted.name || '=%'
                )
        )
    LOOP
        BEGIN
            EXECUTE statement;
            RAISE NOTICE '%', statement USING ERRCODE = 'CVCHG';
        EXCEPTION
            WHEN insufficient_privilege OR undefined_object THEN
                to_do := to_do || statement;
        END;
    END LOOP;

    -- Without this membership the login would lock itself out by giving ownership away in step 2.
    IF to_regrole('connvo_owner') IS NULL
        OR NOT pg_has_role(current_user, to_regrole('connvo_owner'), 'USAGE')
        OR NOT pg_has_role(current_user, to_regrole('connvo_owner'), set_option)
    THEN
        statement := 'GRANT connvo_owner TO ' || login
            || CASE set_option WHEN 'SET' THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END;
        BEGIN
            EXECUTE statement;
            RAISE NOTICE '%', statement USING ERRCODE = 'CVCHG';
        EXCEPTION
            WHEN insufficient_privilege OR undefined_object THEN
                to_do := to_do || statement;
        END;
    END IF;

    IF to_do <> '{}' THEN
        RAISE WARNING E'% may not manage roles, so ownership and grants in database % stay incomplete. An administrator runs these, then `migrate up` again:\n%',
            login, quote_ident(current_database()), array_to_string(to_do, E';\n') || ';';
    END IF;
END;
$$;

-- 2. Ownership, when the login keeps its access by being a member of the owner.
DO $$
DECLARE
    statement text;
    done text[] := '{}';
    set_option constant text := CASE
        WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET'
        ELSE 'MEMBER'
    END;
BEGIN
    IF to_regrole('connvo_owner') IS NULL
        OR NOT pg_has_role(current_user, to_regrole('connvo_owner'), 'USAGE')
        OR NOT pg_has_role(current_user, to_regrole('connvo_owner'), set_option)
    THEN
        RETURN;
    END IF;

    FOR statement IN
        -- So that any member of the owner can run a later migration that adds a schema.
        SELECT format('GRANT CREATE ON DATABASE %I TO connvo_owner', current_database())
        FROM pg_catalog.pg_database AS database
        WHERE database.datname = current_database()
            AND pg_has_role(current_user, database.datdba, 'USAGE')
            AND NOT has_database_privilege(to_regrole('connvo_owner'), database.oid, 'CREATE')
        -- seed loads into temporary tables. PUBLIC may make some, until an administrator takes that away.
        UNION ALL
        SELECT format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), seeding.role)
        FROM pg_catalog.pg_database AS database
        CROSS JOIN (VALUES ('connvo_owner'), ('connvo_admin')) AS seeding (role)
        WHERE database.datname = current_database()
            AND pg_has_role(current_user, database.datdba, 'USAGE')
            AND to_regrole(seeding.role) IS NOT NULL
            AND NOT EXISTS (
                SELECT 1
                FROM aclexplode(database.datacl) AS granted
                WHERE granted.grantee = to_regrole(seeding.role)
                    AND granted.privilege_type = 'TEMPORARY'
            )
        -- Schemas first: the new owner of a table must be allowed to create in its schema.
        UNION ALL
        SELECT format('ALTER SCHEMA %I OWNER TO connvo_owner', schema.nspname)
        FROM pg_catalog.pg_namespace AS schema
        WHERE schema.nspname IN ('connvo', 'reporting')
            AND schema.nspowner <> to_regrole('connvo_owner')
        UNION ALL
        SELECT format(
                'ALTER %s %I.%I OWNER TO connvo_owner',
                CASE relation.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
                schema.nspname, relation.relname
            )
        FROM pg_catalog.pg_class AS relation
        JOIN pg_catalog.pg_namespace AS schema
            ON schema.oid = relation.relnamespace
        WHERE schema.nspname IN ('connvo', 'reporting')
            AND relation.relkind IN ('r', 'p', 'v', 'm')
            AND relation.relowner <> to_regrole('connvo_owner')
            AND NOT EXISTS (
                SELECT 1
                FROM pg_catalog.pg_depend AS member
                WHERE member.classid = 'pg_catalog.pg_class'::regclass
                    AND member.objid = relation.oid
                    AND member.deptype = 'e'
            )
        UNION ALL
        SELECT format('ALTER ROUTINE %s OWNER TO connvo_owner', routine.oid::regprocedure)
        FROM pg_catalog.pg_proc AS routine
        JOIN pg_catalog.pg_namespace AS schema
            ON schema.oid = routine.pronamespace
        WHERE schema.nspname IN ('connvo', 'reporting')
            AND routine.proowner <> to_regrole('connvo_owner')
            AND NOT EXISTS (
                SELECT 1
                FROM pg_catalog.pg_depend AS member
                WHERE member.classid = 'pg_catalog.pg_proc'::regclass
                    AND member.objid = routine.oid
                    AND member.deptype = 'e'
            )
    LOOP
        EXECUTE statement;
        done := done || statement;
    END LOOP;
    FOREACH statement IN ARRAY done LOOP
        RAISE NOTICE '%', statement USING ERRCODE = 'CVCHG';
    END LOOP;
EXCEPTION
    -- All or nothing: the block is undone as a whole.
    WHEN insufficient_privilege THEN
        RAISE WARNING 'ownership in database % stays as it is: % (while trying: %). Run `migrate up` once as the present owner or as a superuser.',
            quote_ident(current_database()), SQLERRM, statement;
END;
$$;

-- 3. Privileges: what PUBLIC and the four roles have, against what they should have.
DO $$
DECLARE
    statement text;
    done text[] := '{}';
BEGIN
    FOR statement IN
        WITH business (name) AS (
            VALUES ('organizations'), ('users'), ('subscription_tiers'), ('subscriptions'), ('meetings'),
                ('meeting_participants')
        ),
        record (name) AS (
            VALUES ('issued_tokens'), ('token_refusals')
        ),
        -- Names that do not exist here (yet) drop out by to_reg…, roles that do not by to_regrole.
        wanted (kind, object, grantee, privilege) AS (
            SELECT 'SCHEMA', to_regnamespace(granted.schema)::oid, to_regrole(granted.role)::oid, 'USAGE'
            FROM (
                VALUES ('connvo', 'connvo_app'), ('connvo', 'connvo_admin'), ('reporting', 'connvo_reporter'),
                    ('connvo', 'connvo_maintainer')
            ) AS granted (schema, role)
            UNION ALL
            SELECT 'TABLE', to_regclass('connvo.' || business.name)::oid, to_regrole('connvo_app')::oid, 'SELECT'
            FROM business
            UNION ALL
            -- For a metric of how far the rollups are behind.
            SELECT 'TABLE', to_regclass('connvo.rollup_state')::oid, to_regrole('connvo_app')::oid, 'SELECT'
            UNION ALL
            SELECT 'TABLE', to_regclass('connvo.schema_migrations')::oid, to_regrole(reader.role)::oid, 'SELECT'
            FROM (VALUES ('connvo_app'), ('connvo_admin')) AS reader (role)
            UNION ALL
            SELECT 'TABLE', to_regclass('connvo.' || record.name)::oid, to_regrole('connvo_app')::oid, allowed.privilege
            FROM record
            CROSS JOIN (VALUES ('SELECT'), ('INSERT')) AS allowed (privilege)
            UNION ALL
            SELECT 'ROUTINE', to_regprocedure(allowed.signature)::oid, to_regrole(allowed.role)::oid, 'EXECUTE'
            FROM (
                VALUES ('connvo.ensure_partitions()', 'connvo_app'),
                    ('connvo.missing_partitions(integer)', 'connvo_app'),
                    ('connvo.users_with_records(text[])', 'connvo_admin'),
                    -- Called by views; a reader has no USAGE on their schema.
                    ('connvo.partitions()', 'connvo_reporter'),
                    ('connvo.rollup_differences(date)', 'connvo_reporter'),
                    ('connvo.rollup_differences(date)', 'connvo_maintainer'),
                    ('connvo.recompute_rollups(date)', 'connvo_maintainer'),
                    ('connvo.ensure_partitions()', 'connvo_maintainer'),
                    ('connvo.missing_partitions(integer)', 'connvo_maintainer'),
                    ('connvo.rollups_due()', 'connvo_maintainer'),
                    ('connvo.refresh_rollups(integer)', 'connvo_maintainer'),
                    ('connvo.count_record_faults(timestamptz,timestamptz)', 'connvo_maintainer'),
                    ('connvo.expired_partitions(integer)', 'connvo_maintainer'),
                    ('connvo.detached_partitions(integer)', 'connvo_maintainer'),
                    ('connvo.note_attachments()', 'connvo_maintainer'),
                    ('connvo.detach_partition(text,integer)', 'connvo_maintainer'),
                    ('connvo.finish_detach(text)', 'connvo_maintainer'),
                    ('connvo.drop_detached_partition(text,integer)', 'connvo_maintainer'),
                    ('connvo.attach_partition(text,boolean)', 'connvo_maintainer')
            ) AS allowed (signature, role)
            UNION ALL
            SELECT 'TABLE', to_regclass('connvo.' || business.name)::oid, to_regrole('connvo_admin')::oid, allowed.privilege
            FROM business
            CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS allowed (privilege)
            UNION ALL
            SELECT 'TABLE', view.oid, to_regrole('connvo_reporter')::oid, 'SELECT'
            FROM pg_catalog.pg_class AS view
            WHERE view.relnamespace = to_regnamespace('reporting')
                AND view.relkind = 'v'
        ),
        -- An object without an entry of its own has the default one, and that of a function names PUBLIC.
        entry (kind, object, owner, acl) AS (
            SELECT 'SCHEMA', schema.oid, schema.nspowner, coalesce(schema.nspacl, acldefault('n', schema.nspowner))
            FROM pg_catalog.pg_namespace AS schema
            WHERE schema.nspname IN ('connvo', 'reporting')
            UNION ALL
            SELECT 'TABLE', relation.oid, relation.relowner, coalesce(relation.relacl, acldefault('r', relation.relowner))
            FROM pg_catalog.pg_class AS relation
            WHERE relation.relnamespace IN (to_regnamespace('connvo'), to_regnamespace('reporting'))
                AND relation.relkind IN ('r', 'p', 'v', 'm')
            UNION ALL
            SELECT 'ROUTINE', routine.oid, routine.proowner, coalesce(routine.proacl, acldefault('f', routine.proowner))
            FROM pg_catalog.pg_proc AS routine
            WHERE routine.pronamespace IN (to_regnamespace('connvo'), to_regnamespace('reporting'))
                AND NOT EXISTS (
                    SELECT 1
                    FROM pg_catalog.pg_depend AS member
                    WHERE member.classid = 'pg_catalog.pg_proc'::regclass
                        AND member.objid = routine.oid
                        AND member.deptype = 'e'
                )
        ),
        actual (kind, object, grantee, privilege) AS (
            SELECT entry.kind, entry.object, granted.grantee, granted.privilege_type
            FROM entry
            CROSS JOIN LATERAL aclexplode(entry.acl) AS granted
            WHERE granted.grantee <> entry.owner
                AND granted.grantee IN (
                    0, -- PUBLIC
                    to_regrole('connvo_owner'), to_regrole('connvo_app'), to_regrole('connvo_admin'),
                    to_regrole('connvo_reporter'), to_regrole('connvo_maintainer')
                )
        ),
        difference (verb, preposition, kind, object, grantee, privilege) AS (
            SELECT 'REVOKE', 'FROM', extra.kind, extra.object, extra.grantee, extra.privilege
            FROM (TABLE actual EXCEPT TABLE wanted) AS extra
            UNION ALL
            SELECT 'GRANT', 'TO', lacking.kind, lacking.object, lacking.grantee, lacking.privilege
            FROM (TABLE wanted EXCEPT TABLE actual) AS lacking
            WHERE lacking.object IS NOT NULL
                AND lacking.grantee IS NOT NULL
        )
        SELECT format(
                '%s %s ON %s %s %s %s',
                difference.verb,
                difference.privilege,
                difference.kind,
                CASE difference.kind
                    WHEN 'SCHEMA' THEN difference.object::regnamespace::text
                    WHEN 'TABLE' THEN difference.object::regclass::text
                    ELSE difference.object::regprocedure::text
                END,
                difference.preposition,
                CASE difference.grantee WHEN 0 THEN 'PUBLIC' ELSE difference.grantee::regrole::text END
            )
        FROM difference
        ORDER BY difference.verb DESC, difference.kind, difference.object, difference.grantee, difference.privilege
    LOOP
        EXECUTE statement;
        done := done || statement;
    END LOOP;
    FOREACH statement IN ARRAY done LOOP
        RAISE NOTICE '%', statement USING ERRCODE = 'CVCHG';
    END LOOP;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE WARNING 'privileges in database % stay as they are: % (while trying: %). Run `migrate up` once as the present owner or as a superuser.',
            quote_ident(current_database()), SQLERRM, statement;
END;
$$;
