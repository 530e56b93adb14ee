-- Each role has the privileges of sql/roles.sql and no others, by the catalogue and by trying.
BEGIN;
SELECT *
FROM no_plan();

CREATE ROLE unrelated;
CREATE TEMPORARY VIEW relation AS
SELECT relname AS name,
    relispartition AS is_partition,
    relname IN ('issued_tokens', 'token_refusals') AS is_record,
    relname = 'schema_migrations' AS is_history,
    relname ~ '^(rollup|tail|schema_migration)_' OR relname = 'partition_detachments' AS is_maintenance
FROM pg_class
WHERE relnamespace = 'connvo'::regnamespace
    AND relkind IN ('r', 'p', 'v');

SELECT schema_owner_is('connvo', 'connvo_owner');
SELECT is(relowner::regrole::text, 'connvo_owner', relname || ' belongs to connvo_owner')
FROM pg_class
WHERE relnamespace = 'connvo'::regnamespace
    AND relkind IN ('r', 'p', 'v');
SELECT function_owner_is('connvo', proname, string_to_array(oidvectortypes(proargtypes), ', '), 'connvo_owner',
    proname || ' belongs to connvo_owner')
FROM pg_proc
WHERE pronamespace = 'connvo'::regnamespace;

SELECT table_privs_are('connvo', name, 'connvo_app',
    CASE WHEN name = 'rollup_state' THEN '{SELECT}' WHEN is_partition OR is_maintenance THEN '{}' WHEN is_record THEN '{SELECT,INSERT}' ELSE '{SELECT}' END::text[],
    'connvo_app on ' || name)
FROM relation;
SELECT table_privs_are('connvo', name, 'connvo_admin',
    CASE WHEN is_history THEN '{SELECT}' WHEN is_partition OR is_record OR is_maintenance THEN '{}' ELSE '{SELECT,INSERT,UPDATE,DELETE}' END::text[],
    'connvo_admin on ' || name)
FROM relation;
SELECT table_privs_are('connvo', name, role, '{}', role || ' on ' || name)
FROM relation
CROSS JOIN unnest(ARRAY['connvo_reporter', 'connvo_maintainer', 'unrelated']) AS role;
SELECT is_empty(
    $$
    SELECT attrelid::regclass, attname
    FROM pg_attribute
    WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'connvo'::regnamespace)
        AND attacl IS NOT NULL
    $$,
    'nothing is granted by column'
);

SELECT schema_privs_are('connvo', role, privileges, role || ' on the schema')
FROM (
    VALUES ('connvo_app', '{USAGE}'::text[]), ('connvo_admin', '{USAGE}'), ('connvo_maintainer', '{USAGE}'), ('connvo_reporter', '{}'),
        ('unrelated', '{}')
) AS expected (role, privileges);

SELECT function_privs_are('connvo', proname, string_to_array(oidvectortypes(proargtypes), ', '), role,
    CASE
        WHEN role = 'connvo_app' AND proname IN ('ensure_partitions', 'missing_partitions') THEN '{EXECUTE}'
        WHEN role = 'connvo_admin' AND proname = 'users_with_records' THEN '{EXECUTE}'
        WHEN role = 'connvo_reporter' AND proname IN ('partitions', 'rollup_differences') THEN '{EXECUTE}'
        WHEN role = 'connvo_maintainer' AND proname IN (
            'ensure_partitions', 'missing_partitions', 'rollups_due', 'refresh_rollups', 'count_record_faults',
            'rollup_differences',
            'recompute_rollups', 'expired_partitions', 'detached_partitions', 'note_attachments', 'detach_partition',
            'finish_detach', 'drop_detached_partition', 'attach_partition'
        ) THEN '{EXECUTE}'
        ELSE '{}'
    END::text[],
    role || ' on ' || proname)
FROM pg_proc
CROSS JOIN unnest(ARRAY['connvo_app', 'connvo_admin', 'connvo_reporter', 'connvo_maintainer', 'unrelated']) AS role
WHERE pronamespace = 'connvo'::regnamespace;

SELECT is_empty(
    $$
    SELECT rolname
    FROM pg_roles
    WHERE rolname LIKE 'connvo\_%'
        AND (rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
    $$,
    'the roles cannot log in and have no powers of their own'
);
SELECT set_eq(
    $$
    SELECT unnest(setconfig)
    FROM pg_db_role_setting
    WHERE setrole = 'connvo_reporter'::regrole
    $$,
    ARRAY['default_transaction_read_only=on', 'statement_timeout=60s', 'jit=off'],
    'the reporter is read-only by default and its statements have a time limit'
);
SELECT is_empty(
    $$
    SELECT proname
    FROM pg_proc
    WHERE pronamespace = 'connvo'::regnamespace
        AND has_function_privilege('connvo_maintainer', oid, 'EXECUTE')
        AND NOT prosecdef
    $$,
    'every function of connvo_maintainer runs with the rights of the owner'
);
SELECT is_empty(
    $$
    SELECT proname
    FROM pg_proc
    WHERE pronamespace = 'connvo'::regnamespace
        AND prosecdef
        AND NOT 'search_path=pg_catalog, pg_temp' = ANY (proconfig)
    $$,
    'every SECURITY DEFINER function fixes its search_path'
);

-- By trying.
INSERT INTO connvo.users (id, email)
VALUES ('user_a', 'a@example.com');
CREATE FUNCTION pg_temp.this_month(of_table text)
    RETURNS text
    LANGUAGE sql
    AS $$ SELECT 'connvo.' || of_table || to_char(now() AT TIME ZONE 'UTC', '_YYYY_MM') $$;

SET LOCAL ROLE connvo_app;
SELECT lives_ok(
    $$
    INSERT INTO connvo.token_refusals
        (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
    VALUES (gen_random_uuid(), now(), 'user_a', 'meeting_a', 'PAID_TIER_REQUIRED', 'tier_required', 'session_a', 'request-1')
    $$,
    'connvo_app appends a record'
);
SELECT is(count(*), 1::bigint, 'and reads it')
FROM connvo.token_refusals;
SELECT throws_ok(statement, '42501', NULL, 'connvo_app may not: ' || statement)
FROM unnest(ARRAY[
    'UPDATE connvo.token_refusals SET user_id = user_id',
    'DELETE FROM connvo.token_refusals',
    'TRUNCATE connvo.token_refusals',
    'SELECT count(*) FROM ' || pg_temp.this_month('token_refusals'),
    'DELETE FROM ' || pg_temp.this_month('issued_tokens'),
    'INSERT INTO ' || pg_temp.this_month('token_refusals') || ' SELECT * FROM connvo.token_refusals',
    'DROP TABLE ' || pg_temp.this_month('token_refusals'),
    'ALTER TABLE connvo.token_refusals DISABLE TRIGGER ALL',
    'ALTER TABLE connvo.token_refusals DETACH PARTITION ' || pg_temp.this_month('token_refusals'),
    'DROP TRIGGER token_refusals_append_only ON connvo.token_refusals',
    'CREATE TABLE connvo.mine ()',
    'CREATE TABLE public.mine ()',
    'CREATE FUNCTION connvo.mine() RETURNS integer LANGUAGE sql AS ''SELECT 1''',
    'SELECT connvo.create_partition(''issued_tokens'', ''2000-01-01'')',
    'INSERT INTO connvo.users (id, email) VALUES (''user_b'', ''b@example.com'')',
    'UPDATE connvo.users SET is_active = true',
    'SELECT id FROM connvo.users FOR UPDATE',
    'UPDATE connvo.schema_migrations SET version = 0'
]) AS statement;
RESET ROLE;

-- seed needs temporary tables, also where an administrator has taken them from PUBLIC.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SET LOCAL ROLE connvo_admin;
SELECT lives_ok(statement, 'connvo_admin may: ' || statement)
FROM unnest(ARRAY[
    'INSERT INTO connvo.organizations (id, name) VALUES (''org_a'', ''Acme'')',
    'INSERT INTO connvo.meetings (id, organizer_id, title) VALUES (''meeting_a'', ''user_a'', ''A'')',
    'UPDATE connvo.users SET organization_id = ''org_a''',
    'UPDATE connvo.meeting_participants SET role = ''co-host''',
    'SET CONSTRAINTS connvo.subscriptions_user_periods_disjoint, connvo.subscriptions_organization_periods_disjoint DEFERRED',
    'INSERT INTO connvo.subscriptions (user_id, tier_id, status, starts_at) VALUES (''user_a'', ''pro'', ''active'', now())',
    'CREATE TEMPORARY TABLE staged (LIKE connvo.users)',
    'DELETE FROM connvo.meetings'
]) WITH ORDINALITY AS allowed (statement, position)
ORDER BY position;
SELECT throws_ok(statement, '42501', NULL, 'connvo_admin may not: ' || statement)
FROM unnest(ARRAY[
    'SELECT count(*) FROM connvo.issued_tokens',
    'INSERT INTO connvo.token_refusals SELECT',
    'TRUNCATE connvo.meetings',
    'DROP TABLE connvo.meetings',
    'SELECT connvo.ensure_partitions()',
    'CREATE TABLE connvo.mine ()'
]) AS statement;
SELECT is(array_agg(id), ARRAY['user_a'], 'connvo_admin learns who has records, and no more')
FROM connvo.users_with_records(ARRAY['user_a', 'user_b']) AS id;
RESET ROLE;

SET LOCAL ROLE connvo_maintainer;
SELECT lives_ok(statement, 'connvo_maintainer may: ' || statement)
FROM unnest(ARRAY[
    'SELECT connvo.ensure_partitions()', 'SELECT * FROM connvo.missing_partitions(2)', 'SELECT connvo.rollups_due()',
    'SELECT * FROM connvo.refresh_rollups()', 'SELECT connvo.count_record_faults(now(), now())',
    'SELECT * FROM connvo.rollup_differences(NULL)',
    'SELECT connvo.recompute_rollups(now()::date)', 'SELECT * FROM connvo.expired_partitions(1)',
    'SELECT * FROM connvo.detached_partitions(1)', 'SELECT * FROM connvo.note_attachments()',
    'SELECT * FROM connvo.detach_partition(''x'', 1)', 'SELECT * FROM connvo.finish_detach(''x'')'
]) AS statement;
SELECT throws_ok(statement, '42501', NULL, 'connvo_maintainer may not: ' || statement)
FROM unnest(ARRAY[
    'SELECT count(*) FROM connvo.issued_tokens',
    'SELECT count(*) FROM ' || pg_temp.this_month('token_refusals'),
    'DELETE FROM ' || pg_temp.this_month('token_refusals'),
    'ALTER TABLE ' || pg_temp.this_month('token_refusals') || ' DISABLE TRIGGER ALL',
    'ALTER TABLE connvo.token_refusals DETACH PARTITION ' || pg_temp.this_month('token_refusals'),
    'DROP TABLE ' || pg_temp.this_month('token_refusals'),
    'UPDATE connvo.rollup_state SET rolled_up_until = now()',
    'DELETE FROM connvo.rollup_tokens_hourly',
    'DELETE FROM connvo.partition_detachments',
    'SELECT count(*) FROM connvo.users',
    'SELECT connvo.create_partition(''issued_tokens'', ''2000-01-01'')',
    'CREATE TABLE connvo.mine ()',
    'LOCK TABLE connvo.issued_tokens IN SHARE UPDATE EXCLUSIVE MODE'
]) AS statement;
RESET ROLE;

SET LOCAL ROLE connvo_reporter;
SELECT throws_ok('SELECT count(*) FROM connvo.users', '42501', NULL, 'connvo_reporter does not see tables');
RESET ROLE;

SELECT *
FROM finish();
ROLLBACK;
