-- Schema reporting has exactly these views and columns, in this order, readable by the reporter only.
BEGIN;
SELECT *
FROM no_plan();

SELECT set_eq(
    $$
    SELECT CAST(view.relname AS text), string_agg(
        attribute.attname || ' '
            || replace(format_type(attribute.atttypid, attribute.atttypmod), 'timestamp with time zone', 'timestamptz'),
        ', ' ORDER BY attribute.attnum
    )
    FROM pg_class AS view
    JOIN pg_attribute AS attribute
        ON attribute.attrelid = view.oid
        AND attribute.attnum > 0
    WHERE view.relnamespace = 'reporting'::regnamespace
    GROUP BY view.relname
    $$,
    $declared$
    SELECT name, regexp_replace(columns, '\s+', ' ', 'g')
    FROM (
        VALUES
            ('active_users_monthly_v1', 'month_utc date, tier_id text, users bigint, subscriptions bigint, tokens bigint'),
            ('address_fanout_daily_v1', 'day_utc date, client_ip inet, users bigint, tokens bigint, refusals bigint, refusal_ratio numeric'),
            ('altered_roles_v1', 'issued_at timestamptz, token_id uuid, change text, user_id text, meeting_id text, requested_role
                text, held_role text, granted_role text, stream_role text, request_id text, trace_id text'),
            ('concurrent_tokens_daily_v1', 'day_utc date, peak_tokens bigint, peak_at timestamptz'),
            ('freshness_v1', 'read_at timestamptz, last_issued_at timestamptz, last_refused_at timestamptz, records_from
                timestamptz, rolled_up_until timestamptz, refreshed_at timestamptz'),
            ('idle_subscriptions_v1', 'subscription_id uuid, tier_id text, status text, user_id text, organization_id text, starts_at
                timestamptz, ends_at timestamptz, days_open integer'),
            ('live_tokens_v1', 'meeting_id text, granted_role text, tokens bigint, users bigint, first_expires_at timestamptz,
                last_expires_at timestamptz'),
            ('meeting_token_holders_v1', 'meeting_id text, user_id text, granted_role text, tokens bigint, addresses bigint, first_issued_at
                timestamptz, last_issued_at timestamptz, last_expires_at timestamptz'),
            ('meeting_use_daily_v1', 'day_utc date, meeting_id text, organizer_id text, tier_id text, tokens bigint, users bigint,
                first_issued_at timestamptz, last_issued_at timestamptz'),
            ('paywall_monthly_v1', 'month_utc date, organizer_id text, organization_id text, refusals bigint, users bigint, meetings
                bigint, first_refused_at timestamptz, last_refused_at timestamptz, pays_now boolean'),
            ('record_faults_v1', 'recorded_at timestamptz, record_table text, record_id uuid, fault text, user_id text, meeting_id
                text, request_id text, trace_id text'),
            ('refusals_hourly_v1', 'hour_starts_at timestamptz, reason text, code text, refusals bigint, users bigint, meetings bigint'),
            ('reissue_bursts_v1', 'burst_starts_at timestamptz, user_id text, meeting_id text, tokens bigint, addresses bigint,
                sessions bigint'),
            ('partition_faults_v1', 'noticed_at timestamptz, record_table text, partition_name text, fault text, detail text'),
            ('rollup_differences_v1', 'starts_at timestamptz, rollup text, rolled_up bigint, recorded bigint'),
            ('signing_keys_v1', 'signing_key_id text, tokens bigint, first_issued_at timestamptz, last_issued_at timestamptz,
                last_expires_at timestamptz, is_newest boolean, may_retire boolean'),
            ('subscription_use_v1', 'subscription_id uuid, tier_id text, status text, user_id text, organization_id text, starts_at
                timestamptz, ends_at timestamptz, is_open boolean, tokens bigint, users bigint, first_issued_at
                timestamptz, last_issued_at timestamptz'),
            ('token_issuance_daily_v1', 'day_utc date, tier_id text, granted_role text, tokens bigint, users bigint, meetings bigint'),
            ('token_issuance_hourly_v1', 'hour_starts_at timestamptz, weekday_utc integer, hour_of_day_utc integer, tier_id text, tokens
                bigint'),
            ('uncovered_tokens_v1', 'issued_at timestamptz, token_id uuid, fault text, user_id text, meeting_id text, organizer_id text,
                tier_id text, subscription_id uuid, subscription_status text, subscription_starts_at timestamptz,
                subscription_ends_at timestamptz, request_id text, trace_id text')
    ) AS declared (name, columns)
    $declared$,
    'the views and their columns are the declared ones'
);

SELECT set_eq($$ SELECT relkind::text FROM pg_class WHERE relnamespace = 'reporting'::regnamespace $$, ARRAY['v'],
    'the schema holds views and nothing else');
SELECT is_empty($$ SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'reporting'::regnamespace $$,
    'no functions, either');
SELECT is_empty(
    $$
    SELECT relname
    FROM pg_class
    WHERE relnamespace = 'reporting'::regnamespace
        AND relname !~ '^[a-z]+(_[a-z]+)*_v[1-9][0-9]*$'
    $$,
    'every name ends in its version'
);
SELECT is_empty(
    $$
    SELECT attrelid::regclass, attname
    FROM pg_attribute
    WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'reporting'::regnamespace)
        AND CASE format_type(atttypid, NULL)
            WHEN 'date' THEN attname !~ '_utc$'
            WHEN 'timestamp with time zone' THEN attname !~ '_(at|from|until)$'
            ELSE format_type(atttypid, NULL) NOT IN ('text', 'bigint', 'integer', 'boolean', 'uuid', 'inet', 'numeric')
        END
    $$,
    'a day says that it is one of UTC, an instant has a zone, and everything else is flat'
);
SELECT isnt(obj_description('reporting'::regnamespace, 'pg_namespace'), NULL, 'the schema has a comment');

-- Who reads them.
CREATE ROLE unrelated;
SELECT is(relowner::regrole::text, 'connvo_owner', relname || ' belongs to connvo_owner')
FROM pg_class
WHERE relnamespace = 'reporting'::regnamespace;
SELECT table_privs_are('reporting', relname, role,
    CASE role WHEN 'connvo_reporter' THEN '{SELECT}' ELSE '{}' END::text[], role || ' on ' || relname)
FROM pg_class
CROSS JOIN unnest(ARRAY['connvo_reporter', 'connvo_app', 'connvo_admin', 'unrelated']) AS role
WHERE relnamespace = 'reporting'::regnamespace;
SELECT schema_privs_are('reporting', role, CASE role WHEN 'connvo_reporter' THEN '{USAGE}' ELSE '{}' END::text[],
    role || ' on the schema')
FROM unnest(ARRAY['connvo_reporter', 'connvo_app', 'connvo_admin', 'unrelated']) AS role;
SELECT is_empty(
    $$
    SELECT relname
    FROM pg_class
    WHERE relnamespace = 'reporting'::regnamespace
        AND reloptions IS DISTINCT FROM '{security_barrier=true}'
    $$,
    'each is a barrier and runs with the rights of its owner'
);

-- A record that no control shows, and a function that would reveal it.
INSERT INTO connvo.issued_tokens
    (id, issued_at, expires_at, user_id, meeting_id, organizer_id, held_role, granted_role, stream_role, tier_id,
    tier_is_paid, subscription_id, subscription_status, subscription_starts_at, call_cid, token_sha256, signing_key_id,
    session_id, request_id)
VALUES (gen_random_uuid(), now(), now() + interval '1 hour', 'user_secret', 'meeting_a', 'user_a', 'host', 'host', 'host',
    'pro', true, gen_random_uuid(), 'active', now(), 'default:call_a', decode(repeat('ab', 32), 'hex'),
    '0123456789abcdef', 'session_a', 'request-1');
SET LOCAL ROLE connvo_reporter;
CREATE FUNCTION pg_temp.tell(secret text)
    RETURNS boolean
    LANGUAGE plpgsql
    COST 0.0000001
    AS $$
BEGIN
    RAISE EXCEPTION 'I was shown %', secret;
END;
$$;
SELECT lives_ok($$ SELECT * FROM reporting.uncovered_tokens_v1 WHERE pg_temp.tell(user_id) $$,
    'a function in WHERE is not shown what a view leaves out');
SELECT throws_ok($$ SELECT * FROM reporting.live_tokens_v1 WHERE pg_temp.tell(meeting_id) $$, 'P0001',
    'I was shown meeting_a', 'only what it does not');
SELECT lives_ok('SELECT * FROM reporting.' || name, 'connvo_reporter reads ' || name)
FROM unnest(ARRAY[
    'active_users_monthly_v1', 'address_fanout_daily_v1', 'altered_roles_v1',
    'concurrent_tokens_daily_v1', 'freshness_v1', 'idle_subscriptions_v1',
    'live_tokens_v1', 'meeting_token_holders_v1', 'meeting_use_daily_v1',
    'paywall_monthly_v1', 'record_faults_v1', 'refusals_hourly_v1',
    'reissue_bursts_v1', 'partition_faults_v1', 'rollup_differences_v1', 'signing_keys_v1', 'subscription_use_v1',
    'token_issuance_daily_v1', 'token_issuance_hourly_v1', 'uncovered_tokens_v1'
]) AS name;
RESET ROLE;

-- Partitions are pruned below the barrier.
SELECT connvo.create_partition('issued_tokens', '2024-03-01');
CREATE FUNCTION pg_temp.plan_of(query text)
    RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT json) ' || query INTO plan;
    RETURN plan::text;
END;
$$;
SELECT unalike(
    pg_temp.plan_of(format('SELECT * FROM reporting.%I WHERE %I >= now() - interval ''1 minute'' ', name, bound)),
    '%issued_tokens_2024_03%', name || ' reads no month outside the requested time'
)
FROM (
    VALUES ('altered_roles_v1', 'issued_at'), ('uncovered_tokens_v1', 'issued_at'), ('record_faults_v1', 'recorded_at')
) AS control (name, bound);
SELECT alike(pg_temp.plan_of('SELECT * FROM reporting.altered_roles_v1'), '%issued_tokens_2024_03%', 'but all without a bound');

SELECT *
FROM finish();
ROLLBACK;
