-- A day is one of UTC: midnights, and the nights in which Berlin and New York move their clocks, counted by hand.
BEGIN;
SELECT *
FROM no_plan();

SELECT connvo.create_partition(record_table, month)
FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS record_table
CROSS JOIN unnest(ARRAY['2024-03-01', '2024-04-01', '2024-10-01', '2024-11-01']::date[]) AS month;
SELECT connvo.rewind_rollups('2024-03-01');

INSERT INTO connvo.issued_tokens
    (id, issued_at, expires_at, user_id, meeting_id, organizer_id, granted_role, stream_role, tier_id, tier_is_paid,
    subscription_id, subscription_status, subscription_starts_at, call_cid, token_sha256, signing_key_id, session_id,
    client_ip, request_id)
SELECT gen_random_uuid(), at, at + interval '1 hour', 'user_' || number, 'meeting_a', 'user_a', 'host', 'host', 'pro', true,
    '00000000-0000-4000-8000-000000000001', 'active', '2024-01-01', 'default:call_a', decode(repeat('ab', 32), 'hex'),
    '0123456789abcdef', 'session_a', '192.0.2.1', 'request-1'
FROM unnest(ARRAY[
    '2024-03-09 23:59:59.999999+00', '2024-03-10 00:00:00+00',
    -- New York: 01:59:59.999999 EST, then 03:00 EDT.
    '2024-03-10 06:59:59.999999+00', '2024-03-10 07:00:00+00',
    -- Berlin: 00:59 and 01:59:59.999999 CET, then 03:00 CEST; the last instant of the day in UTC.
    '2024-03-30 23:59:00+00', '2024-03-31 00:59:59.999999+00', '2024-03-31 01:00:00+00', '2024-03-31 23:59:59.999999+00',
    '2024-04-01 00:00:00+00',
    -- Berlin: 02:30 CEST, and 02:30 CET an hour later.
    '2024-10-27 00:30:00+00', '2024-10-27 01:30:00+00',
    -- New York: 01:30 EDT, and 01:30 EST an hour later.
    '2024-11-03 05:30:00+00', '2024-11-03 06:30:00+00'
]::timestamptz[]) WITH ORDINALITY AS issued (at, number);
INSERT INTO connvo.token_refusals (id, refused_at, user_id, meeting_id, code, reason, session_id, client_ip, request_id)
SELECT gen_random_uuid(), at, 'user_a', 'meeting_a', 'PAID_TIER_REQUIRED', 'tier_required', 'session_a', '192.0.2.1', 'request-1'
FROM unnest(ARRAY['2024-03-31 23:59:59.999999+00', '2024-04-01 00:00:00+00']::timestamptz[]) AS at;

CREATE FUNCTION pg_temp.by_hand(circumstances text)
    RETURNS SETOF text
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN NEXT bag_eq(
        'SELECT day_utc, tokens FROM reporting.token_issuance_daily_v1',
        $expected$ VALUES (DATE '2024-03-09', 1::bigint), ('2024-03-10', 3), ('2024-03-30', 1), ('2024-03-31', 3),
            ('2024-04-01', 1), ('2024-10-27', 2), ('2024-11-03', 2) $expected$,
        'days ' || circumstances
    );
    RETURN NEXT bag_eq(
        'SELECT month_utc, tokens FROM reporting.active_users_monthly_v1',
        $expected$ VALUES (DATE '2024-03-01', 8::bigint), ('2024-04-01', 1), ('2024-10-01', 2), ('2024-11-01', 2) $expected$,
        'months ' || circumstances
    );
    RETURN NEXT bag_eq(
        'SELECT month_utc, refusals FROM reporting.paywall_monthly_v1',
        $expected$ VALUES (DATE '2024-03-01', 1::bigint), ('2024-04-01', 1) $expected$,
        'months of refusals ' || circumstances
    );
    RETURN NEXT bag_eq(
        $query$ SELECT hour_starts_at, weekday_utc, hour_of_day_utc, tokens FROM reporting.token_issuance_hourly_v1
            WHERE hour_starts_at >= '2024-10-01 00:00:00+00' $query$,
        $expected$ VALUES (TIMESTAMPTZ '2024-10-27 00:00:00+00', 7, 0, 1::bigint), ('2024-10-27 01:00:00+00', 7, 1, 1),
            ('2024-11-03 05:00:00+00', 7, 5, 1), ('2024-11-03 06:00:00+00', 7, 6, 1) $expected$,
        'hours that a wall clock shows twice ' || circumstances
    );
    RETURN NEXT bag_eq(
        'SELECT day_utc, peak_tokens, peak_at FROM reporting.concurrent_tokens_daily_v1',
        $expected$ VALUES (DATE '2024-03-09', 1::bigint, TIMESTAMPTZ '2024-03-09 23:59:59.999999+00'),
            ('2024-03-10', 2, '2024-03-10 00:00:00+00'),
            ('2024-03-30', 1, '2024-03-30 23:59:00+00'),
            -- A token of 23:59 has expired at 00:59; one of 00:59:59.999999 is valid at 01:00.
            ('2024-03-31', 2, '2024-03-31 01:00:00+00'),
            ('2024-04-01', 2, '2024-04-01 00:00:00+00'),
            -- One expires at the instant the next begins.
            ('2024-10-27', 1, '2024-10-27 00:30:00+00'),
            ('2024-11-03', 1, '2024-11-03 05:30:00+00') $expected$,
        'peaks ' || circumstances
    );
END;
$$;

CREATE FUNCTION pg_temp.everywhere(circumstances text)
    RETURNS SETOF text
    LANGUAGE plpgsql
    AS $$
DECLARE
    zone text;
BEGIN
    FOREACH zone IN ARRAY ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Kiritimati', 'Asia/Kathmandu'] LOOP
        PERFORM set_config('TimeZone', zone, true);
        RETURN QUERY SELECT * FROM pg_temp.by_hand(format('%s, in %s', circumstances, zone));
    END LOOP;
END;
$$;

SELECT pg_temp.everywhere('from records');
-- Rolled up by a session in another time zone, in steps that end just before and just after midnight.
SET LOCAL TimeZone = 'America/St_Johns';
SELECT results_eq('SELECT rolled_up_until FROM connvo.refresh_rollups(31 * 24 - 1)', $$ VALUES (TIMESTAMPTZ '2024-03-31 23:00:00+00') $$,
    'up to an hour before midnight');
SELECT pg_temp.everywhere('an hour before midnight');
SELECT results_eq('SELECT rolled_up_until FROM connvo.refresh_rollups(1)', $$ VALUES (TIMESTAMPTZ '2024-04-01 00:00:00+00') $$,
    'up to midnight');
SELECT pg_temp.everywhere('at midnight');
SELECT ok(is_current, 'up to now')
FROM connvo.refresh_rollups(1000000);
SELECT pg_temp.everywhere('from rollups');

SELECT *
FROM finish();
ROLLBACK;
