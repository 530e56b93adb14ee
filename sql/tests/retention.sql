-- What maintenance may detach, attach and drop, and when; and what it must refuse. What takes several sessions is in
-- sql/tests/run.
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

SET LOCAL ROLE connvo_owner;
SELECT connvo.create_partition(record_table, (pg_temp.month(ago) AT TIME ZONE 'UTC')::date)
FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS record_table
CROSS JOIN generate_series(1, 5) AS ago;
RESET ROLE;
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

-- Detached by hand, and by maintenance.
SELECT is_empty(format('SELECT * FROM connvo.detach_partition(%L, 4)', name), 'not to be detached: ' || coalesce(name, 'null'))
FROM unnest(ARRAY['users', 'issued_tokens', 'issued_tokens_1999_01', 'x; DROP TABLE connvo.users', NULL,
    pg_temp.partition('issued_tokens', 4), pg_temp.partition('issued_tokens', 0)]) AS name;
SELECT throws_ok(format('SELECT connvo.drop_detached_partition(%L, 4)', pg_temp.partition('issued_tokens', 5)), '55000', NULL,
    'an attached partition is not dropped');
SELECT lives_ok(format('ALTER TABLE connvo.issued_tokens DETACH PARTITION connvo.%I', pg_temp.partition('issued_tokens', 5)),
    'one is detached by hand');
SELECT results_eq(
    format('SELECT is_detached, records, held_by FROM connvo.detach_partition(%L, 4)', pg_temp.partition('token_refusals', 5)),
    $$ VALUES (true, 10::bigint, NULL::text) $$,
    'the other one by retention, which counts its records'
);
SELECT is_empty(format('SELECT * FROM connvo.detach_partition(%L, 4)', pg_temp.partition('token_refusals', 5)), 'once');
SELECT results_eq(
    'SELECT record_table, partition_name, detached_at, drop_after, is_kept, is_due FROM connvo.detached_partitions(4)',
    $$ SELECT 'token_refusals', pg_temp.partition('token_refusals', 5), now(), now() + interval '7 days', false, false $$,
    'seven days begin; what was detached by hand is not listed'
);
SELECT throws_ok(format('SELECT connvo.drop_detached_partition(%L, 4)', name), '55000', NULL, 'not dropped: ' || name)
FROM unnest(ARRAY[pg_temp.partition('issued_tokens', 5), pg_temp.partition('token_refusals', 5), 'users']) AS name;
SELECT throws_ok(format('SELECT connvo.attach_partition(%L)', name), '55000', NULL, 'not attached: ' || name)
FROM unnest(ARRAY[pg_temp.partition('issued_tokens', 5), pg_temp.partition('issued_tokens', 4), 'users']) AS name;

UPDATE connvo.partition_detachments
SET detached_at = now() - interval '7 days' + interval '1 second';
SELECT throws_ok(format('SELECT connvo.drop_detached_partition(%L, 4)', pg_temp.partition('token_refusals', 5)), '55000', NULL,
    'not a second too early');
UPDATE connvo.partition_detachments
SET detached_at = now() - interval '7 days';
SELECT throws_ok(format('SELECT connvo.drop_detached_partition(%L, 5)', pg_temp.partition('token_refusals', 5)), '55000', NULL,
    'nor when the month is kept now');
SELECT results_eq('SELECT is_kept, is_due FROM connvo.detached_partitions(5)', 'VALUES (true, false)', 'which is said');

-- Attached again, by the function and by hand, and detached by hand.
SELECT throws_ok(format('ALTER TABLE connvo.token_refusals ATTACH PARTITION connvo.%I FOR VALUES FROM (%L) TO (%L)',
    pg_temp.partition('token_refusals', 5), pg_temp.month(5), pg_temp.month(4)), '42804', NULL, 'it is not attached unawares');
SELECT results_eq(format('SELECT record_table, records, is_altered FROM connvo.attach_partition(%L)', pg_temp.partition('token_refusals', 5)),
    $$ VALUES ('token_refusals', 10::bigint, false) $$, 'it is attached again');
SELECT results_eq('SELECT partition_name FROM connvo.expired_partitions(4)',
    $$ SELECT pg_temp.partition('token_refusals', 5) $$, 'and expires as before');
SELECT is_empty('SELECT * FROM connvo.detached_partitions(4)', 'it is not detached any more');
SELECT lives_ok(format('ALTER TABLE connvo.token_refusals DETACH PARTITION connvo.%I', pg_temp.partition('token_refusals', 5)),
    'detached by hand');
SELECT is_empty('SELECT * FROM connvo.note_attachments()', 'nothing is left to be noted');
SELECT is_empty('SELECT * FROM connvo.detached_partitions(4)', 'it is nobody''s to drop');
SELECT throws_ok(format('SELECT connvo.drop_detached_partition(%L, 4)', pg_temp.partition('token_refusals', 5)), '55000', NULL,
    'and not dropped');
SELECT lives_ok(format('ALTER TABLE connvo.token_refusals ATTACH PARTITION connvo.%I FOR VALUES FROM (%L) TO (%L)',
    pg_temp.partition('token_refusals', 5), pg_temp.month(5), pg_temp.month(4)), 'attached by hand');
SELECT results_eq(
    format('SELECT is_detached FROM connvo.detach_partition(%L, 4)', pg_temp.partition('token_refusals', 5)), 'VALUES (true)',
    'and detached by retention once more'
);
SELECT results_eq('SELECT is_due FROM connvo.detached_partitions(4)', 'VALUES (false)', 'it gets seven days again');
SELECT results_eq('SELECT attached_at IS NOT NULL, dropped_at IS NOT NULL FROM connvo.partition_detachments ORDER BY id',
    'VALUES (true, false), (false, false)', 'each time is on record');

SELECT is(count(*), 1::bigint, 'an address that ten came from is kept while the records are')
FROM reporting.address_fanout_daily_v1;
UPDATE connvo.partition_detachments
SET detached_at = now() - interval '7 days';
SELECT results_eq(format('SELECT is_dropped, held_by FROM connvo.drop_detached_partition(%L, 4)', pg_temp.partition('token_refusals', 5)),
    'VALUES (true, NULL::text)', 'now it is dropped');
SELECT hasnt_table('connvo', pg_temp.partition('token_refusals', 5), 'and gone');
SELECT is_empty('SELECT * FROM connvo.detached_partitions(4)', 'from the list, too');
SELECT results_eq('SELECT partition_name, dropped_at FROM connvo.partition_detachments WHERE dropped_at IS NOT NULL',
    $$ SELECT pg_temp.partition('token_refusals', 5) COLLATE "C", now() $$, 'but not from memory');
SELECT throws_ok(format('SELECT connvo.drop_detached_partition(%L, 4)', pg_temp.partition('token_refusals', 5)), '55000', NULL,
    'it is not dropped twice');
SELECT is_empty('SELECT * FROM reporting.address_fanout_daily_v1', 'rollups that name users are removed with the records');
SELECT is(sum(refusals), 10::numeric, 'and those that count are kept')
FROM reporting.refusals_hourly_v1;
SELECT is_empty('SELECT * FROM connvo.rollup_differences(NULL)', 'which disagree with nothing that is there');

-- Counting again.
SELECT is(connvo.recompute_rollups((pg_temp.month(5) AT TIME ZONE 'UTC')::date), false, 'what is gone is not counted again');
SELECT is(connvo.recompute_rollups((pg_temp.month(4) AT TIME ZONE 'UTC')::date), true, 'what is there is');
SELECT throws_ok('SELECT connvo.recompute_rollups(NULL)', '22004', NULL, 'not: no month');
SELECT is(sum(refusals), 10::numeric, 'counts of other months stay')
FROM reporting.refusals_hourly_v1;

-- Refreshing.
SELECT throws_ok(format('SELECT * FROM connvo.refresh_rollups(%L)', hours), '22023', NULL, 'not for so many hours: ' || coalesce(hours, 'null'))
FROM unnest(ARRAY['0', '-1', NULL]) AS hours;
SELECT throws_ok('SELECT connvo.rewind_rollups(NULL)', '22004', NULL, 'nor back to nowhere');
SELECT is(connvo.rewind_rollups('2999-01-01'), rolled_up_until, 'rewinding to the future does nothing')
FROM connvo.rollup_state;

-- A month that was detached before the records gained columns.
SELECT results_eq(format('SELECT is_detached FROM connvo.detach_partition(%L, 3)', pg_temp.partition('issued_tokens', 4)),
    'VALUES (true)', 'a month is detached');
DO $$
BEGIN
    EXECUTE format('ALTER TABLE connvo.%I DROP COLUMN held_role, DROP COLUMN trace_id', pg_temp.partition('issued_tokens', 4));
END;
$$;
UPDATE connvo.partition_detachments
SET checksum_columns = array_remove(array_remove(checksum_columns, 'held_role'), 'trace_id')
WHERE partition_name = pg_temp.partition('issued_tokens', 4);
SELECT lives_ok(format('SELECT connvo.attach_partition(%L)', pg_temp.partition('issued_tokens', 4)), 'and attached again');
SELECT bag_eq(
    format(
        'SELECT attname, atttypid, attcollation, col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = %L::regclass AND attnum > 0 AND NOT attisdropped',
        'connvo.' || pg_temp.partition('issued_tokens', 4)
    ),
    $$
    SELECT attname, atttypid, attcollation, col_description(attrelid, attnum) FROM pg_attribute
    WHERE attrelid = 'connvo.issued_tokens'::regclass AND attnum > 0 AND NOT attisdropped
    $$,
    'with the columns of all others and their comments'
);

SELECT *
FROM finish();
ROLLBACK;
