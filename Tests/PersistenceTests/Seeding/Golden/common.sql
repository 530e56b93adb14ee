-- seed: begin
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SELECT wanted.name, pg_catalog.set_config(wanted.name, wanted.value, true)
FROM (
    VALUES
        ('client_encoding', 'UTF8'),
        ('standard_conforming_strings', 'on'),
        ('backslash_quote', 'safe_encoding'),
        ('array_nulls', 'on'),
        ('transform_null_equals', 'off'),
        ('quote_all_identifiers', 'off'),
        ('DateStyle', 'ISO, MDY'),
        ('IntervalStyle', 'postgres'),
        ('TimeZone', 'UTC'),
        ('bytea_output', 'hex'),
        ('extra_float_digits', '1'),
        ('xmlbinary', 'base64'),
        ('xmloption', 'content'),
        ('lc_monetary', 'C'),
        ('lc_numeric', 'C'),
        ('lc_time', 'C'),
        ('search_path', 'public'),
        ('check_function_bodies', 'on'),
        ('default_tablespace', ''),
        ('temp_tablespaces', ''),
        ('default_table_access_method', 'heap'),
        ('default_toast_compression', 'pglz'),
        ('row_security', 'on'),
        ('default_transaction_isolation', 'read committed'),
        ('default_transaction_read_only', 'off'),
        ('default_transaction_deferrable', 'off'),
        ('statement_timeout', '0'),
        ('lock_timeout', '0'),
        ('idle_in_transaction_session_timeout', '0'),
        ('idle_session_timeout', '0'),
        ('exit_on_error', 'off'),
        ('client_min_messages', 'notice'),
        ('plan_cache_mode', 'auto'),
        ('cursor_tuple_fraction', '0.1'),
        ('gin_fuzzy_search_limit', '0'),
        ('transaction_timeout', '0'),
        ('createrole_self_grant', ''),
        ('restrict_nonsystem_relation_kind', ''),
        ('session_replication_role', 'origin'),
        ('synchronous_commit', 'on')
) AS wanted (name, value)
WHERE CASE wanted.name
        WHEN 'synchronous_commit' THEN pg_catalog.current_setting(wanted.name) = 'off'
        ELSE pg_catalog.current_setting(wanted.name, true) <> wanted.value
    END;
-- Each statement runs once: compiling it costs more than it saves.
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';
SET CONSTRAINTS connvo.subscriptions_user_periods_disjoint,
    connvo.subscriptions_organization_periods_disjoint DEFERRED;

-- seed: take turns with other seeds
SELECT pg_try_advisory_xact_lock($1);

-- seed: who has the turn
SELECT lock.pid,
    coalesce(session.application_name, ''),
    to_char(session.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    to_char(session.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM pg_catalog.pg_locks AS lock
LEFT JOIN pg_catalog.pg_stat_activity AS session
    ON session.pid = lock.pid
WHERE lock.locktype = 'advisory'
    AND lock.granted
    AND lock.objsubid = 1
    AND lock.pid <> pg_backend_pid()
    AND lock.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    AND (lock.classid::bigint << 32) | lock.objid::bigint = $1;

-- seed: lock the tables
SET LOCAL lock_timeout = '2s';
SAVEPOINT connvo_seed_tables;
LOCK TABLE connvo.organizations, connvo.users, connvo.subscription_tiers, connvo.subscriptions, connvo.meetings, connvo.meeting_participants
    IN SHARE ROW EXCLUSIVE MODE;
RELEASE SAVEPOINT connvo_seed_tables;
-- From here on only a session that keeps rows locked can be in the way.
SET LOCAL lock_timeout = '10s';

-- seed: give up the tables when they were not free in time
ROLLBACK TO SAVEPOINT connvo_seed_tables; RELEASE SAVEPOINT connvo_seed_tables;

-- seed: who keeps the tables
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
            AND relname IN ('organizations', 'users', 'subscription_tiers', 'subscriptions', 'meetings', 'meeting_participants')
    )
ORDER BY session.xact_start NULLS LAST, lock.pid
LIMIT 1;

-- seed: default values
SELECT relation.relname::text, attribute.attname::text, pg_get_expr(standard.adbin, standard.adrelid)
FROM pg_catalog.pg_attrdef AS standard
JOIN pg_catalog.pg_class AS relation
    ON relation.oid = standard.adrelid
JOIN pg_catalog.pg_attribute AS attribute
    ON attribute.attrelid = standard.adrelid
    AND attribute.attnum = standard.adnum
WHERE relation.relnamespace = to_regnamespace('connvo')
    AND relation.relname IN ('organizations', 'users', 'subscription_tiers', 'subscriptions', 'meetings', 'meeting_participants');

-- seed: CHECK constraints
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
    AND relation.relname IN ('organizations', 'users', 'subscription_tiers', 'subscriptions', 'meetings', 'meeting_participants')
    AND constr.contype = 'c'
ORDER BY constr.conname;

-- seed: end
COMMIT;

-- dry run: begin
BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE;
SELECT wanted.name, pg_catalog.set_config(wanted.name, wanted.value, true)
FROM (
    VALUES
        ('client_encoding', 'UTF8'),
        ('standard_conforming_strings', 'on'),
        ('backslash_quote', 'safe_encoding'),
        ('array_nulls', 'on'),
        ('transform_null_equals', 'off'),
        ('quote_all_identifiers', 'off'),
        ('DateStyle', 'ISO, MDY'),
        ('IntervalStyle', 'postgres'),
        ('TimeZone', 'UTC'),
        ('bytea_output', 'hex'),
        ('extra_float_digits', '1'),
        ('xmlbinary', 'base64'),
        ('xmloption', 'content'),
        ('lc_monetary', 'C'),
        ('lc_numeric', 'C'),
        ('lc_time', 'C'),
        ('search_path', 'public'),
        ('check_function_bodies', 'on'),
        ('default_tablespace', ''),
        ('temp_tablespaces', ''),
        ('default_table_access_method', 'heap'),
        ('default_toast_compression', 'pglz'),
        ('row_security', 'on'),
        ('default_transaction_isolation', 'read committed'),
        ('default_transaction_read_only', 'off'),
        ('default_transaction_deferrable', 'off'),
        ('statement_timeout', '0'),
        ('lock_timeout', '0'),
        ('idle_in_transaction_session_timeout', '0'),
        ('idle_session_timeout', '0'),
        ('exit_on_error', 'off'),
        ('client_min_messages', 'notice'),
        ('plan_cache_mode', 'auto'),
        ('cursor_tuple_fraction', '0.1'),
        ('gin_fuzzy_search_limit', '0'),
        ('transaction_timeout', '0'),
        ('createrole_self_grant', ''),
        ('restrict_nonsystem_relation_kind', ''),
        ('session_replication_role', 'origin'),
        ('synchronous_commit', 'on')
) AS wanted (name, value)
WHERE CASE wanted.name
        WHEN 'synchronous_commit' THEN pg_catalog.current_setting(wanted.name) = 'off'
        ELSE pg_catalog.current_setting(wanted.name, true) <> wanted.value
    END;
-- Only a migration, which locks a table for a moment, can be in the way.
SET LOCAL lock_timeout = '10s';
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';

-- dry run: end
ROLLBACK;

-- export: begin
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT wanted.name, pg_catalog.set_config(wanted.name, wanted.value, true)
FROM (
    VALUES
        ('client_encoding', 'UTF8'),
        ('standard_conforming_strings', 'on'),
        ('backslash_quote', 'safe_encoding'),
        ('array_nulls', 'on'),
        ('transform_null_equals', 'off'),
        ('quote_all_identifiers', 'off'),
        ('DateStyle', 'ISO, MDY'),
        ('IntervalStyle', 'postgres'),
        ('TimeZone', 'UTC'),
        ('bytea_output', 'hex'),
        ('extra_float_digits', '1'),
        ('xmlbinary', 'base64'),
        ('xmloption', 'content'),
        ('lc_monetary', 'C'),
        ('lc_numeric', 'C'),
        ('lc_time', 'C'),
        ('search_path', 'public'),
        ('check_function_bodies', 'on'),
        ('default_tablespace', ''),
        ('temp_tablespaces', ''),
        ('default_table_access_method', 'heap'),
        ('default_toast_compression', 'pglz'),
        ('row_security', 'on'),
        ('default_transaction_isolation', 'read committed'),
        ('default_transaction_read_only', 'off'),
        ('default_transaction_deferrable', 'off'),
        ('statement_timeout', '0'),
        ('lock_timeout', '0'),
        ('idle_in_transaction_session_timeout', '0'),
        ('idle_session_timeout', '0'),
        ('exit_on_error', 'off'),
        ('client_min_messages', 'notice'),
        ('plan_cache_mode', 'auto'),
        ('cursor_tuple_fraction', '0.1'),
        ('gin_fuzzy_search_limit', '0'),
        ('transaction_timeout', '0'),
        ('createrole_self_grant', ''),
        ('restrict_nonsystem_relation_kind', '')
) AS wanted (name, value)
WHERE CASE wanted.name
        WHEN 'synchronous_commit' THEN pg_catalog.current_setting(wanted.name) = 'off'
        ELSE pg_catalog.current_setting(wanted.name, true) <> wanted.value
    END;
-- All rows are wanted, not the first ones soon.
SET LOCAL cursor_tuple_fraction = 1;

-- export: end
COMMIT;
