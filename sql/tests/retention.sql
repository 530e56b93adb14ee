-- What maintenance may detach, when it may drop, and what it must refuse. DETACH CONCURRENTLY itself, and its
-- interruption, are in sql/tests/run.
BEGIN;
SELECT *
FROM no_plan();
SET LOCAL TimeZone = 'Pacific/Kiritimati';

CREATE FUNCTION pg_temp.month(ago integer)
    RETURNS timestamptz
    LANGUAGE sql
    AS $$ SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => ago)) AT TIME ZONE 'UTC' $$;
CREATE FUNCTION pg_temp.partition(record_table text, ago integer)
    RETURNS text
    LANGUAGE sql
    AS $$ SELECT record_table || to_char(pg_temp.month(ago) AT TIME ZONE 'UTC', '_YYYY_MM') $$;

SELECT connvo.create_partition(record_table, (pg_temp.month(ago) AT TIME ZONE 'UTC')::date)
FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS record_table
CROSS JOIN generate_series(1, 5) AS ago;
SELECT connvo.rewind_rollups((pg_temp.month(5) AT TIME ZONE 'UTC')::date);
INSERT INTO connvo.token_refusals (id, refused_at, user_id, meeting_id, code, reason, session_id, client_ip, request_id)
SELECT gen_random_uuid(), pg_temp.month(5) + interval '1 hour', 'user_' || n, 'meeting_a', 'FORBIDDEN', 'not_a_participant',
    'session_a', '192.0.2.1', 'request-1'
FROM generate_series(1, 10) AS n;

SELECT bag_eq(
    'SELECT record_table, partition_name, starts_at, ends_at, is_detach_pending FROM connvo.partitions()',
    $$
    SELECT record_table, pg_temp.partition(record_table, ago), pg_temp.month(ago) AS starts_at,
        pg_temp.month(ago - 1) AS ends_at, false
    FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS record_table
    CROSS JOIN generate_series(-2, 5) AS ago
    $$,
    'partitions are listed with their bounds in UTC'
);

SELECT is_empty('SELECT * FROM connvo.expired_partitions(1)', 'what is not rolled up does not expire');
SELECT is(rolled_up_until, pg_temp.month(5) + interval '1 day', 'a day is')
FROM connvo.refresh_rollups(24);
SELECT is_empty('SELECT * FROM connvo.expired_partitions(1)', 'nor does a month that is partly');
SELECT ok(is_current, 'now all of it is')
FROM connvo.refresh_rollups(1000000);
SELECT bag_eq(
    format('SELECT partition_name FROM connvo.expired_partitions(%s)', keep),
    format($$
        SELECT pg_temp.partition(record_table, ago)
        FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS record_table
        CROSS JOIN generate_series(%s + 1, 5) AS ago
    $$, keep),
    format('beside the current month, %s are kept', keep)
)
FROM generate_series(1, 6) AS keep;
SELECT throws_ok(format('SELECT * FROM connvo.expired_partitions(%L)', keep), '22023', NULL, 'not: keep ' || coalesce(keep, 'null'))
FROM unnest(ARRAY['0', '-1', NULL]) AS keep;

-- Detached without a note, and by maintenance.
SELECT throws_ok(format('SELECT connvo.note_detach(%L)', name), '22023', NULL, 'not to be detached: ' || coalesce(name, 'null'))
FROM unnest(ARRAY['users', 'issued_tokens', 'issued_tokens_1999_01', 'x; DROP TABLE connvo.users', NULL]) AS name;
SELECT lives_ok(format('SELECT connvo.note_detach(%L)', pg_temp.partition('issued_tokens', 5)), 'noted');
SELECT is_empty('SELECT * FROM connvo.detached_partitions()', 'what is noted is not detached yet');
SELECT is(count(*), 2::bigint, 'and expires as before when the session that noted it died')
FROM connvo.expired_partitions(4);
SELECT throws_ok(format('SELECT connvo.drop_detached_partition(%L)', pg_temp.partition('issued_tokens', 5)), '55000', NULL,
    'an attached partition is not dropped');
SELECT lives_ok(
    format('ALTER TABLE connvo.%I DETACH PARTITION connvo.%I', record_table, pg_temp.partition(record_table, 5)),
    pg_temp.partition(record_table, 5) || ' is detached'
)
FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS record_table;
SELECT results_eq(
    'SELECT record_table, partition_name, detached_at, drop_after, is_due FROM connvo.detached_partitions()',
    $$ SELECT 'issued_tokens', pg_temp.partition('issued_tokens', 5), now(), now() + interval '7 days', false $$,
    'seven days begin when it is seen; what another session detached is not listed'
);
SELECT throws_ok(format('SELECT connvo.drop_detached_partition(%L)', name), '55000', NULL, 'not dropped: ' || name)
FROM unnest(ARRAY[pg_temp.partition('issued_tokens', 5), pg_temp.partition('token_refusals', 5), 'users']) AS name;

UPDATE connvo.partition_detachments
SET detached_at = now() - interval '7 days' + interval '1 second';
SELECT throws_ok(format('SELECT connvo.drop_detached_partition(%L)', pg_temp.partition('issued_tokens', 5)), '55000', NULL,
    'not a second too early');
UPDATE connvo.partition_detachments
SET detached_at = now() - interval '7 days';

-- Another session attached it again, and retention runs once more.
SELECT lives_ok(format('ALTER TABLE connvo.issued_tokens ATTACH PARTITION connvo.%I FOR VALUES FROM (%L) TO (%L)',
    pg_temp.partition('issued_tokens', 5), pg_temp.month(5), pg_temp.month(4)), 'attached again');
SELECT is_empty('SELECT * FROM connvo.detached_partitions()', 'it is not detached any more');
SELECT throws_ok(format('SELECT connvo.drop_detached_partition(%L)', pg_temp.partition('issued_tokens', 5)), '55000', NULL,
    'and not dropped');
SELECT lives_ok(format('SELECT connvo.note_detach(%L)', pg_temp.partition('issued_tokens', 5)), 'noted again');
SELECT lives_ok(format('ALTER TABLE connvo.issued_tokens DETACH PARTITION connvo.%I', pg_temp.partition('issued_tokens', 5)),
    'and detached again');
SELECT results_eq('SELECT is_due FROM connvo.detached_partitions()', 'VALUES (false)', 'it gets seven days again');

SELECT is(count(*), 1::bigint, 'an address that ten came from is kept while the records are')
FROM reporting.address_fanout_daily_v1;
UPDATE connvo.partition_detachments
SET detached_at = now() - interval '7 days';
SELECT lives_ok(format('SELECT connvo.drop_detached_partition(%L)', pg_temp.partition('issued_tokens', 5)), 'now it is dropped');
SELECT hasnt_table('connvo', pg_temp.partition('issued_tokens', 5), 'and gone');
SELECT is_empty('SELECT * FROM connvo.detached_partitions()', 'from the list, too');
SELECT results_eq('SELECT partition_name, dropped_at FROM connvo.partition_detachments',
    $$ SELECT pg_temp.partition('issued_tokens', 5) COLLATE "C", now() $$, 'but not from memory');
SELECT throws_ok(format('SELECT connvo.drop_detached_partition(%L)', pg_temp.partition('issued_tokens', 5)), '55000', NULL,
    'it is not dropped twice');
SELECT is_empty('SELECT * FROM reporting.address_fanout_daily_v1', 'rollups that name users are removed with the records');
SELECT is(sum(refusals), 10::numeric, 'and those that count are kept')
FROM reporting.refusals_hourly_v1;

-- Refreshing.
SELECT throws_ok(format('SELECT * FROM connvo.refresh_rollups(%L)', hours), '22023', NULL, 'not for so many hours: ' || coalesce(hours, 'null'))
FROM unnest(ARRAY['0', '-1', NULL]) AS hours;
SELECT throws_ok('SELECT connvo.rewind_rollups(NULL)', '22004', NULL, 'nor back to nowhere');
SELECT is(connvo.rewind_rollups('2999-01-01'), rolled_up_until, 'rewinding to the future does nothing')
FROM connvo.rollup_state;

SELECT *
FROM finish();
ROLLBACK;
