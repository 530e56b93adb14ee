-- Months are UTC months in every time zone of a client, are made when missing, and take the records of their month.
-- What takes several sessions (callers at once, readers and issuers beside them) is in sql/tests/run.
BEGIN;
SELECT *
FROM no_plan();

CREATE TEMPORARY TABLE expected AS
SELECT record_table,
    record_table || to_char(month, '_YYYY_MM') AS partition,
    format('FOR VALUES FROM (''%s 00:00:00+00'') TO (''%s 00:00:00+00'')',
        to_char(month, 'YYYY-MM-DD'), to_char(month + interval '1 month', 'YYYY-MM-DD')) AS bounds,
    month AT TIME ZONE 'UTC' AS starts_at,
    (month + interval '1 month') AT TIME ZONE 'UTC' AS ends_at
FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS record_table
CROSS JOIN generate_series(0, 2) AS ahead
CROSS JOIN LATERAL (
    SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead)
) AS utc (month);
GRANT SELECT ON expected TO connvo_app;

SET LOCAL TimeZone = 'UTC';
SELECT set_eq(
    $$
    SELECT parent.relname::text AS record_table, part.relname::text AS partition,
        pg_get_expr(part.relpartbound, part.oid) AS bounds
    FROM pg_inherits
    JOIN pg_class AS part ON part.oid = inhrelid
    JOIN pg_class AS parent ON parent.oid = inhparent
    WHERE parent.oid IN ('connvo.issued_tokens'::regclass, 'connvo.token_refusals'::regclass)
    $$,
    'SELECT record_table, partition, bounds FROM expected',
    'migrating made this month and the next two, with UTC bounds and no DEFAULT'
);

-- Dropped, and made again by the serving role in another time zone, with another date style.
SELECT lives_ok(format('DROP TABLE connvo.%I', partition), partition || ' is dropped')
FROM expected;
SET LOCAL TimeZone = 'America/Los_Angeles';
SET LOCAL DateStyle = 'German, DMY';
SET LOCAL lock_timeout = '7s';
SET LOCAL ROLE connvo_app;
SELECT results_eq(
    'SELECT record_table, month FROM connvo.missing_partitions(0)',
    $$ SELECT record_table, (starts_at AT TIME ZONE 'UTC')::date FROM expected
        WHERE now() >= starts_at AND now() < ends_at ORDER BY record_table $$,
    'missing_partitions sees the current month missing'
);
SELECT is(count(*), 4::bigint, 'readiness asks for this month and the next')
FROM connvo.missing_partitions();
SELECT set_eq('SELECT connvo.ensure_partitions()', 'SELECT partition FROM expected', 'ensure_partitions returns what it made');
SELECT is_empty('SELECT connvo.ensure_partitions()', 'a second call has nothing to make');
SELECT is_empty('SELECT record_table FROM connvo.missing_partitions(2)', 'and nothing is missing');
SELECT is(current_setting('TimeZone') || ' ' || current_setting('lock_timeout') || ' ' || current_user,
    'America/Los_Angeles 7s connvo_app', 'the settings of the caller are as they were');
RESET ROLE;
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO';

-- 0019. Those that were made by migrating have it from there; these were made later.
SELECT is(count(*), 6::bigint, 'each new partition has a BRIN index of the time of its records')
FROM pg_index AS index
JOIN pg_class AS relation ON relation.oid = index.indexrelid
JOIN pg_am AS method ON method.oid = relation.relam
JOIN pg_inherits AS attached ON attached.inhrelid = index.indexrelid
JOIN pg_attribute AS attribute ON attribute.attrelid = index.indrelid AND attribute.attnum = index.indkey[0]
WHERE method.amname = 'brin'
    AND index.indisvalid
    AND attached.inhparent IN ('connvo.issued_tokens_issued_at_idx'::regclass, 'connvo.token_refusals_refused_at_idx'::regclass)
    AND attribute.attname IN ('issued_at', 'refused_at')
    AND index.indrelid IN (SELECT format('connvo.%I', partition)::regclass FROM expected);

SELECT is(pg_get_expr(part.relpartbound, part.oid), bounds, partition || ' has the same bounds as before')
FROM expected
JOIN pg_class AS part
    ON part.oid = ('connvo.' || partition)::regclass;
SELECT table_owner_is('connvo', partition, 'connvo_owner', partition || ' belongs to connvo_owner')
FROM expected;
SELECT table_privs_are('connvo', partition, 'connvo_app', '{}', partition || ' grants nothing to its maker')
FROM expected;
SELECT triggers_are('connvo', partition, ARRAY[record_table || '_append_only', record_table || '_own_append_only', record_table || '_no_truncate'],
    partition || ' is append-only')
FROM expected;
SELECT is_empty('SELECT * FROM reporting.partition_faults_v1', 'whatever the replication role is');
SELECT indexes_are('connvo', partition,
    ARRAY(
        SELECT partition || suffix
        FROM unnest(CASE record_table
            WHEN 'issued_tokens' THEN ARRAY['_pkey', '_user_id_issued_at_idx', '_meeting_id_issued_at_idx', '_issued_at_idx']
            ELSE ARRAY['_pkey', '_user_id_refused_at_idx', '_meeting_id_refused_at_idx', '_refused_at_idx']
        END) AS suffix
    ),
    partition || ' has the indexes of its parent, each once')
FROM expected;
SELECT is_empty(
    $$
    SELECT part.indexrelid::regclass
    FROM pg_index AS part
    JOIN expected ON part.indrelid = ('connvo.' || partition)::regclass
    WHERE NOT EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = part.indexrelid)
    $$,
    'and each is attached to the parent''s'
);

-- The first and the last microsecond of every month.
INSERT INTO connvo.token_refusals
    (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
SELECT gen_random_uuid(), instant, 'user_a', partition, 'PAID_TIER_REQUIRED', 'tier_required', 'session_a', 'request-1'
FROM expected
CROSS JOIN LATERAL (VALUES (starts_at), (ends_at - interval '1 microsecond')) AS edge (instant)
WHERE record_table = 'token_refusals';
SELECT is(count(*) FILTER (WHERE tableoid = ('connvo.' || meeting_id)::regclass), 6::bigint,
    'the first and the last microsecond of a month are in its partition')
FROM connvo.token_refusals;
SELECT throws_ok(
    $$
    INSERT INTO connvo.token_refusals
        (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
    SELECT gen_random_uuid(), max(ends_at), 'user_a', 'meeting_a', 'PAID_TIER_REQUIRED', 'tier_required', 'session_a', 'request-1'
    FROM expected
    $$,
    '23514', 'no partition of relation "token_refusals" found for row', 'a record beyond them is refused, not put elsewhere'
);

-- Names say nothing.
SELECT lives_ok(format('ALTER TABLE connvo.%I RENAME TO %I', partition, 'renamed "' || partition || '"'), partition || ' gets another name')
FROM expected;
SELECT is_empty('SELECT record_table FROM connvo.missing_partitions(2)', 'nothing is missing for that');
SELECT results_eq('SELECT records_from FROM reporting.freshness_v1', 'SELECT min(starts_at) FROM expected', 'and reports know where records begin');

-- Other months, by the owner: an import of old records, a turn of the year.
SELECT is(connvo.create_partition('issued_tokens', '2024-12-31'), 'issued_tokens_2024_12', 'a month of the past can be made');
SELECT is(pg_get_expr(relpartbound, oid), 'FOR VALUES FROM (''2024-12-01 00:00:00+00'') TO (''2025-01-01 00:00:00+00'')',
    'it ends with the year')
FROM pg_class
WHERE oid = 'connvo.issued_tokens_2024_12'::regclass;
SELECT throws_ok($$ SELECT connvo.create_partition('users', '2024-12-01') $$, '22023', 'users is not a record table',
    'only record tables have months');
SELECT is(count(*), 2 * 12::bigint, 'a year ahead, twelve months beyond the next two are missing')
FROM connvo.missing_partitions(14);

SELECT *
FROM finish();
ROLLBACK;
