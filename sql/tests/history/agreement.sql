-- Each view says what a straightforward query over the records says: before anything is rolled up, half-way and after,
-- and in every time zone of the session. The history covers both changes to daylight saving time of spring 2026.
BEGIN;
SELECT *
FROM no_plan();
SET LOCAL TimeZone = 'UTC';

-- What generated history rarely has: records within the last hour, and just before midnight with nothing after it.
CREATE FUNCTION pg_temp.copy_to(instant timestamptz, suffix text)
    RETURNS void
    LANGUAGE sql
    AS $$
    INSERT INTO connvo.issued_tokens
    SELECT (jsonb_populate_record(
        CAST(issued AS connvo.issued_tokens),
        jsonb_build_object('id', gen_random_uuid(), 'issued_at', instant, 'expires_at', instant + interval '1 hour',
            'request_id', suffix)
    )).*
    FROM connvo.issued_tokens AS issued
    ORDER BY issued.id
    LIMIT 1
$$;
SELECT connvo.create_partition(record_table, '2025-11-01')
FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS record_table;
SELECT pg_temp.copy_to('2025-11-02 23:59:59.999999+00', 'before midnight');
SELECT pg_temp.copy_to('2025-11-02 23:30:00+00', 'half an hour before midnight');
SELECT pg_temp.copy_to('2025-11-05 00:00:00+00', 'at midnight');
SELECT pg_temp.copy_to(now() - interval '59 minutes 59 seconds', 'nearly expired');
SELECT pg_temp.copy_to(now() - interval '1 hour', 'just expired');
SELECT pg_temp.copy_to(now(), 'new');
SELECT connvo.rewind_rollups('2025-11-01');

-- The straightforward queries.
CREATE TEMPORARY TABLE expected_token_issuance_daily_v1 (LIKE reporting.token_issuance_daily_v1);
INSERT INTO expected_token_issuance_daily_v1
SELECT to_char(issued_at, 'YYYY-MM-DD')::date, tier_id::text, granted_role, count(*), count(DISTINCT user_id),
    count(DISTINCT meeting_id)
FROM connvo.issued_tokens
GROUP BY 1, 2, 3;

CREATE TEMPORARY TABLE expected_token_issuance_hourly_v1 (LIKE reporting.token_issuance_hourly_v1);
INSERT INTO expected_token_issuance_hourly_v1
SELECT date_trunc('hour', issued_at), to_char(min(issued_at), 'ID')::integer, to_char(min(issued_at), 'HH24')::integer,
    tier_id::text, count(*)
FROM connvo.issued_tokens
GROUP BY 1, tier_id;

CREATE TEMPORARY TABLE expected_active_users_monthly_v1 (LIKE reporting.active_users_monthly_v1);
INSERT INTO expected_active_users_monthly_v1
SELECT to_char(issued_at, 'YYYY-MM-01')::date, tier_id::text, count(DISTINCT user_id), count(DISTINCT subscription_id),
    count(*)
FROM connvo.issued_tokens
GROUP BY 1, 2;

CREATE TEMPORARY TABLE expected_refusals_hourly_v1 (LIKE reporting.refusals_hourly_v1);
INSERT INTO expected_refusals_hourly_v1
SELECT date_trunc('hour', refused_at), reason, code, count(*), count(DISTINCT user_id), count(DISTINCT meeting_id)
FROM connvo.token_refusals
GROUP BY 1, 2, 3;

CREATE TEMPORARY TABLE expected_paywall_monthly_v1 (LIKE reporting.paywall_monthly_v1);
INSERT INTO expected_paywall_monthly_v1
SELECT to_char(refused_at, 'YYYY-MM-01')::date, organizer_id::text,
    (SELECT organization_id FROM connvo.users WHERE id = organizer_id)::text, count(*), count(DISTINCT user_id),
    count(DISTINCT meeting_id), min(refused_at), max(refused_at),
    organizer_id IN (
        SELECT users.id
        FROM connvo.users, connvo.subscriptions, connvo.subscription_tiers
        WHERE (subscriptions.user_id = users.id OR subscriptions.organization_id = users.organization_id)
            AND subscriptions.status = ANY ('{trialing,active,past_due}')
            AND now() >= starts_at AND now() < coalesce(ends_at, 'infinity')
            AND subscription_tiers.id = tier_id AND is_paid
    )
FROM connvo.token_refusals
WHERE code = 'PAID_TIER_REQUIRED'
GROUP BY 1, organizer_id;

CREATE TEMPORARY TABLE expected_subscription_use_v1 (LIKE reporting.subscription_use_v1);
INSERT INTO expected_subscription_use_v1
SELECT id, tier_id::text, status, user_id::text, organization_id::text, starts_at, ends_at,
    status = ANY ('{trialing,active,past_due}') AND now() >= starts_at AND now() < coalesce(ends_at, 'infinity'),
    (SELECT count(*) FROM connvo.issued_tokens WHERE subscription_id = subscriptions.id),
    (SELECT count(DISTINCT issued_tokens.user_id) FROM connvo.issued_tokens WHERE subscription_id = subscriptions.id),
    (SELECT min(issued_at) FROM connvo.issued_tokens WHERE subscription_id = subscriptions.id),
    (SELECT max(issued_at) FROM connvo.issued_tokens WHERE subscription_id = subscriptions.id)
FROM connvo.subscriptions;

CREATE TEMPORARY TABLE expected_idle_subscriptions_v1 (LIKE reporting.idle_subscriptions_v1);
INSERT INTO expected_idle_subscriptions_v1
SELECT subscriptions.id, tier_id::text, status, user_id::text, organization_id::text, starts_at, ends_at,
    (extract(epoch FROM now()) - extract(epoch FROM starts_at))::bigint / 86400
FROM connvo.subscriptions, connvo.subscription_tiers
WHERE subscription_tiers.id = tier_id AND is_paid
    AND status = ANY ('{trialing,active,past_due}')
    AND now() >= starts_at AND now() < coalesce(ends_at, 'infinity')
    AND subscriptions.id NOT IN (SELECT subscription_id FROM connvo.issued_tokens);

CREATE TEMPORARY TABLE expected_live_tokens_v1 (LIKE reporting.live_tokens_v1);
INSERT INTO expected_live_tokens_v1
SELECT meeting_id::text, granted_role, count(*), count(DISTINCT user_id), min(expires_at), max(expires_at)
FROM connvo.issued_tokens
WHERE expires_at > now()
GROUP BY 1, 2;

-- The number of valid tokens grows only when one is issued; a day begins with those still valid.
CREATE TEMPORARY TABLE expected_concurrent_tokens_daily_v1 (LIKE reporting.concurrent_tokens_daily_v1);
INSERT INTO expected_concurrent_tokens_daily_v1
SELECT DISTINCT ON (day) day, tokens, at
FROM (
    SELECT to_char(instant.at, 'YYYY-MM-DD')::date AS day, instant.at,
        (SELECT count(*) FROM connvo.issued_tokens WHERE issued_at <= instant.at AND expires_at > instant.at) AS tokens
    FROM (
        SELECT issued_at FROM connvo.issued_tokens
        UNION
        -- A midnight that is yet to come is no instant of the history.
        SELECT date_trunc('day', expires_at) FROM connvo.issued_tokens WHERE date_trunc('day', expires_at) <= now()
    ) AS instant (at)
) AS alive
WHERE tokens > 0
ORDER BY day, tokens DESC, at;

CREATE TEMPORARY TABLE expected_meeting_use_daily_v1 (LIKE reporting.meeting_use_daily_v1);
INSERT INTO expected_meeting_use_daily_v1
SELECT to_char(issued_at, 'YYYY-MM-DD')::date, meeting_id::text, organizer_id::text, tier_id::text, count(*),
    count(DISTINCT user_id), min(issued_at), max(issued_at)
FROM connvo.issued_tokens
GROUP BY 1, 2, 3, 4;

CREATE TEMPORARY TABLE expected_meeting_token_holders_v1 (LIKE reporting.meeting_token_holders_v1);
INSERT INTO expected_meeting_token_holders_v1
SELECT meeting_id::text, user_id::text, granted_role, count(*), count(DISTINCT client_ip), min(issued_at), max(issued_at),
    max(expires_at)
FROM connvo.issued_tokens
GROUP BY 1, 2, 3;

CREATE TEMPORARY TABLE expected_reissue_bursts_v1 (LIKE reporting.reissue_bursts_v1);
INSERT INTO expected_reissue_bursts_v1
SELECT to_timestamp(floor(extract(epoch FROM issued_at) / 300) * 300), user_id::text, meeting_id::text, count(*),
    count(DISTINCT client_ip), count(DISTINCT session_id)
FROM connvo.issued_tokens
GROUP BY 1, 2, 3
HAVING count(*) > 5;

CREATE TEMPORARY TABLE expected_address_fanout_daily_v1 (LIKE reporting.address_fanout_daily_v1);
INSERT INTO expected_address_fanout_daily_v1
SELECT to_char(at, 'YYYY-MM-DD')::date, client_ip, count(DISTINCT user_id), count(token), count(refusal),
    round(avg((refusal IS NOT NULL)::integer), 4)
FROM (
    SELECT issued_at, client_ip, user_id, id, NULL FROM connvo.issued_tokens
    UNION ALL
    SELECT refused_at, client_ip, user_id, NULL, id FROM connvo.token_refusals
) AS asked (at, client_ip, user_id, token, refusal)
GROUP BY 1, 2
HAVING count(DISTINCT user_id) > 9;

CREATE TEMPORARY TABLE expected_signing_keys_v1 (LIKE reporting.signing_keys_v1);
INSERT INTO expected_signing_keys_v1
SELECT signing_key_id::text, count(*), min(issued_at), max(issued_at), max(expires_at),
    max(issued_at) = (SELECT max(issued_at) FROM connvo.issued_tokens),
    max(expires_at) <= now() AND max(issued_at) <> (SELECT max(issued_at) FROM connvo.issued_tokens)
FROM connvo.issued_tokens
GROUP BY 1;

CREATE FUNCTION pg_temp.all_agree(stage text)
    RETURNS SETOF text
    LANGUAGE plpgsql
    AS $$
DECLARE
    view_name text;
    zone text;
BEGIN
    FOREACH zone IN ARRAY ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu'] LOOP
        PERFORM set_config('TimeZone', zone, true);
        FOR view_name IN
            SELECT substr(relname, 10)
            FROM pg_class
            WHERE relnamespace = pg_my_temp_schema()
                AND relname LIKE 'expected\_%'
            ORDER BY relname
        LOOP
            RETURN NEXT bag_eq(
                'SELECT * FROM reporting.' || view_name, 'SELECT * FROM pg_temp.expected_' || view_name,
                format('%s %s, in %s', view_name, stage, zone)
            );
        END LOOP;
    END LOOP;
    PERFORM set_config('TimeZone', 'UTC', true);
END;
$$;

SELECT is(count(*), 14::bigint, 'fourteen views have a straightforward query here')
FROM pg_class
WHERE relnamespace = pg_my_temp_schema()
    AND relname LIKE 'expected\_%';
SELECT cmp_ok(
    (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM pg_temp.%I', relname), false, true, '')))[1]
        ::text::bigint,
    '>', 0::bigint, relname || ' has rows to compare'
)
FROM pg_class
WHERE relnamespace = pg_my_temp_schema()
    AND relname LIKE 'expected\_%'
ORDER BY relname;

SELECT is(rolled_up_until, '2025-11-01 00:00:00+00', 'nothing is rolled up')
FROM reporting.freshness_v1;
SELECT pg_temp.all_agree('from records alone');

-- In the middle of a day, of a month and of what is recorded; then a little further, over a midnight.
SELECT is(refreshed.rolled_up_until, '2026-02-17 07:00:00+00', 'half of it')
FROM connvo.refresh_rollups(108 * 24 + 7) AS refreshed;
SELECT is_empty('SELECT is_current FROM connvo.rollup_state CROSS JOIN LATERAL (SELECT 1 WHERE rolling_up_until <> ''infinity'') AS x (is_current)',
    'a refresh leaves no limit behind');
SELECT pg_temp.all_agree('half-way');
SELECT is(refreshed.is_current, false, 'one hour more')
FROM connvo.refresh_rollups(1) AS refreshed;
SELECT is(refreshed.rolled_up_until, '2026-02-18 01:00:00+00', 'and over midnight')
FROM connvo.refresh_rollups(17) AS refreshed;
SELECT pg_temp.all_agree('a day later');

SELECT ok(refreshed.is_current, 'all of it')
FROM connvo.refresh_rollups(1000000) AS refreshed;
SELECT is(rolled_up_until, date_trunc('hour', clock_timestamp() - interval '10 minutes'), 'up to ten minutes ago')
FROM reporting.freshness_v1;
SELECT pg_temp.all_agree('from rollups');

CREATE TEMPORARY TABLE contents AS
SELECT relname::text, query_to_xml(format('SELECT * FROM connvo.%I AS rolled ORDER BY rolled', relname), true, false, '')::text
    AS content
FROM pg_class
WHERE relnamespace = 'connvo'::regnamespace
    AND relkind = 'r'
    AND relname LIKE 'rollup\_%'
    AND relname NOT IN ('rollup_state');
SELECT is(refreshed.rolled_up_from = refreshed.rolled_up_until AND refreshed.is_current, true, 'a second refresh finds nothing to do')
FROM connvo.refresh_rollups() AS refreshed;
-- Back into a month, and up to date again in steps that begin and end anywhere.
SELECT is(connvo.rewind_rollups('2026-02-11'), '2026-02-01 00:00:00+00', 'rewinding goes to the beginning of a month');
SELECT pg_temp.all_agree('rewound');
SELECT count(refreshed.*)
FROM generate_series(1, 30) AS step
CROSS JOIN LATERAL connvo.refresh_rollups(37 + step) AS refreshed;
SELECT ok(refreshed.is_current, 'it catches up')
FROM connvo.refresh_rollups(1000000) AS refreshed;
SELECT bag_eq(
    format('SELECT relname::text, query_to_xml(format(%L, relname), true, false, '''')::text FROM pg_temp.contents',
        'SELECT * FROM connvo.%I AS rolled ORDER BY rolled'),
    'SELECT relname, content FROM pg_temp.contents',
    'rollups hold the same however they were made'
);

-- Retention: what is counted stays.
CREATE TEMPORARY TABLE kept AS
SELECT *
FROM reporting.token_issuance_daily_v1;
ALTER TABLE connvo.issued_tokens
    DETACH PARTITION connvo.issued_tokens_2025_11;
ALTER TABLE connvo.token_refusals
    DETACH PARTITION connvo.token_refusals_2025_11;
DROP TABLE connvo.issued_tokens_2025_11, connvo.token_refusals_2025_11;
SELECT bag_eq('SELECT * FROM reporting.token_issuance_daily_v1', 'SELECT * FROM pg_temp.kept',
    'daily counts outlive the records');
SELECT is(records_from, '2026-01-01 00:00:00+00', 'freshness says how far back records go')
FROM reporting.freshness_v1;
SELECT is(connvo.rewind_rollups('2025-01-01'), '2026-01-01 00:00:00+00', 'and rewinding stops where they begin');
SELECT bag_eq('SELECT * FROM reporting.token_issuance_daily_v1', 'SELECT * FROM pg_temp.kept',
    'which keeps counts whose records are gone');

SELECT *
FROM finish();
ROLLBACK;
