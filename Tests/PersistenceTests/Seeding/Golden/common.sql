-- seed: begin
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
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
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
-- Only a migration, which locks a table for a moment, can be in the way.
SET LOCAL lock_timeout = '10s';
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';

-- dry run: end
ROLLBACK;

-- export: begin
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
-- All rows are wanted, not the first ones soon.
SET LOCAL cursor_tuple_fraction = 1;

-- export: end
COMMIT;
