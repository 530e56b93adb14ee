-- What the other files may leave out: every trigger works on every table, and each of the roles tries what it may
-- do and what it may not.
BEGIN;
SELECT *
FROM no_plan();

-- A trigger that is not listed here has no test yet. Partitions are in partitions.sql; reporting has files of its own.
SELECT set_eq(
    $$
    SELECT relation.relname || '.' || trigger.tgname
    FROM pg_trigger AS trigger
    JOIN pg_class AS relation
        ON relation.oid = trigger.tgrelid
    WHERE relation.relnamespace = 'connvo'::regnamespace
        AND NOT relation.relispartition
        AND NOT trigger.tgisinternal
        AND relation.relname IN (
            'organizations', 'users', 'subscription_tiers', 'subscriptions', 'meetings', 'meeting_participants',
            'issued_tokens', 'token_refusals'
        )
    $$,
    $$
    VALUES ('organizations.organizations_set_updated_at'), ('users.users_set_updated_at'),
        ('subscription_tiers.subscription_tiers_set_updated_at'), ('subscriptions.subscriptions_set_updated_at'),
        ('meetings.meetings_set_updated_at'), ('meeting_participants.meeting_participants_set_updated_at'),
        ('meetings.meetings_add_organizer'), ('meetings.meetings_change_organizer'),
        ('issued_tokens.issued_tokens_append_only'), ('issued_tokens.issued_tokens_no_truncate'),
        ('token_refusals.token_refusals_append_only'), ('token_refusals.token_refusals_no_truncate')
    $$,
    'every trigger of the tables is one that is tested'
);

-- updated_at, on each table that has it.
INSERT INTO connvo.organizations (id, name)
VALUES ('org_a', 'Acme');
INSERT INTO connvo.users (id, email)
VALUES ('user_a', 'a@example.com');
INSERT INTO connvo.subscriptions (user_id, tier_id, status, starts_at)
VALUES ('user_a', 'pro', 'active', '2026-01-01T00:00:00Z');
INSERT INTO connvo.meetings (id, organizer_id, title)
VALUES ('meeting_a', 'user_a', 'A');

CREATE TEMPORARY TABLE stamped AS
SELECT relation.relname AS name, change.column_name, change.value
FROM pg_attribute AS attribute
JOIN pg_class AS relation
    ON relation.oid = attribute.attrelid
LEFT JOIN (
    VALUES ('organizations', 'name', 'Other'), ('users', 'display_name', 'Alice'),
        ('subscription_tiers', 'display_name', 'Other'), ('subscriptions', 'tier_id', 'business'),
        ('meetings', 'title', 'B'), ('meeting_participants', 'role', 'co-host')
) AS change (table_name, column_name, value)
    ON change.table_name = relation.relname
WHERE relation.relnamespace = 'connvo'::regnamespace
    AND attribute.attname = 'updated_at'
    AND relation.relkind = 'r';

CREATE FUNCTION pg_temp.stamps(of_table text)
    RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    stamps bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM connvo.%I WHERE updated_at <> $1', of_table)
        INTO stamps
        USING '2020-01-01T00:00:00Z'::timestamptz;
    RETURN stamps;
END;
$$;

-- The trigger would stamp this too.
SELECT lives_ok(
    format('ALTER TABLE connvo.%1$I DISABLE TRIGGER USER; UPDATE connvo.%1$I SET updated_at = %2$L;'
        ' ALTER TABLE connvo.%1$I ENABLE TRIGGER USER', name, '2020-01-01T00:00:00Z'),
    name || ' is made to look old'
)
FROM stamped;
SELECT lives_ok(format('UPDATE connvo.%1$I SET %2$I = %2$I', name, column_name), name || ' is updated, with nothing new')
FROM stamped;
SELECT is(pg_temp.stamps(name), 0::bigint, 'which leaves updated_at of ' || name || ' alone')
FROM stamped;
SELECT lives_ok(format('UPDATE connvo.%1$I SET %2$I = %3$L', name, column_name, value), name || ' is changed')
FROM stamped;
SELECT cmp_ok(pg_temp.stamps(name), '>', 0::bigint, 'which moves updated_at of ' || name)
FROM stamped;

-- The owner makes and changes what is in its schema; it is no superuser.
SET LOCAL ROLE connvo_owner;
SELECT lives_ok(statement, 'connvo_owner may: ' || statement)
FROM unnest(ARRAY[
    'CREATE TABLE connvo.made_by_owner (id integer)',
    'ALTER TABLE connvo.users ADD COLUMN made_by_owner integer',
    'CREATE INDEX made_by_owner_idx ON connvo.users (made_by_owner)',
    'SELECT connvo.create_partition(''issued_tokens'', ''2001-01-01'')',
    'SELECT connvo.ensure_partitions()',
    'UPDATE connvo.schema_migrations SET took_ms = took_ms'
]) WITH ORDINALITY AS allowed (statement, position)
ORDER BY position;
SELECT throws_ok(statement, '42501', NULL, 'connvo_owner may not: ' || statement)
FROM unnest(ARRAY[
    'CREATE ROLE made_by_owner',
    'CREATE TABLE public.made_by_owner ()',
    'SELECT count(*) FROM pg_catalog.pg_authid',
    'TRUNCATE connvo.issued_tokens',
    'COPY connvo.users TO PROGRAM ''true'''
]) AS statement;
RESET ROLE;

-- The reporter reaches nothing in connvo: no table, no partition, no function.
GRANT USAGE ON SCHEMA connvo TO connvo_reporter;
SET LOCAL ROLE connvo_reporter;
SELECT throws_ok(format('SELECT count(*) FROM connvo.%I', relname), '42501', NULL,
    'connvo_reporter may not read ' || relname || ', even when it may look into the schema')
FROM pg_class
WHERE relnamespace = 'connvo'::regnamespace
    AND relkind IN ('r', 'p', 'v', 'm');
SELECT throws_ok(statement, '42501', NULL, 'connvo_reporter may not: ' || statement)
FROM unnest(ARRAY[
    'SELECT connvo.ensure_partitions()',
    'SELECT connvo.users_with_records(ARRAY[''user_a''])',
    'INSERT INTO connvo.users (id, email) VALUES (''user_b'', ''b@example.com'')',
    'DELETE FROM connvo.users',
    'CREATE TABLE connvo.mine ()',
    'CREATE TABLE public.mine ()'
]) AS statement;
RESET ROLE;

-- The serving and the administering role cannot become another role.
SELECT is_empty(
    $$
    SELECT member.rolname, granted.rolname
    FROM pg_auth_members
    JOIN pg_roles AS member ON member.oid = pg_auth_members.member
    JOIN pg_roles AS granted ON granted.oid = pg_auth_members.roleid
    WHERE member.rolname IN ('connvo_owner', 'connvo_app', 'connvo_admin', 'connvo_reporter', 'connvo_maintainer')
    $$,
    'none of the five roles is a member of another role'
);

SELECT *
FROM finish();
ROLLBACK;
