-- 0007: rollups of the records, for reports over months.
-- Why: a year of records answers in seconds what a rollup answers in milliseconds, and counts outlive retention.
-- Lock: none that anybody waits for; everything here is new.

-- Each rollup_… table has a tail_… view of the same columns, which counts the records that are not in the table yet.
-- A report reads both. Refreshing appends the tail to the table and moves the border, in one transaction; so what is
-- counted, and how, is written once, and a report is right whether, when and how often anybody refreshes. No trigger on
-- the records does it: a row that all of them update would make issuance four times as slow.
--
-- Hours and days are those of UTC. What can be added up is kept by the hour. Distinct counts cannot be added up: they
-- are kept for whole hours or days, made when these are over, or counted from one row per user and month.

CREATE TABLE connvo.rollup_state (
    is_only boolean NOT NULL DEFAULT true,
    rolled_up_until timestamptz NOT NULL,
    rolling_up_until timestamptz NOT NULL DEFAULT 'infinity',
    refreshed_at timestamptz,
    CONSTRAINT rollup_state_pkey PRIMARY KEY (is_only),
    CONSTRAINT rollup_state_is_only CHECK (is_only),
    CONSTRAINT rollup_state_whole_hours CHECK (
        date_trunc('hour', rolled_up_until, 'UTC') = rolled_up_until
        AND date_trunc('hour', rolling_up_until, 'UTC') = rolling_up_until
    )
);

COMMENT ON TABLE connvo.rollup_state IS 'One row: the border between what rollups hold and what is counted from records.';
COMMENT ON COLUMN connvo.rollup_state.is_only IS 'True; there is one row.';
COMMENT ON COLUMN connvo.rollup_state.rolled_up_until IS 'Rollups hold what was recorded before, tails what was recorded from then on; daily ones, at the last midnight (UTC) before.';
COMMENT ON COLUMN connvo.rollup_state.rolling_up_until IS 'Where tails end: infinity, except inside a refresh, which appends one stretch of time at once.';
COMMENT ON COLUMN connvo.rollup_state.refreshed_at IS 'When the border last moved; null before it first did.';

-- 1. By the hour: tokens, with what signing keys need.

CREATE TABLE connvo.rollup_tokens_hourly (
    hour_starts_at timestamptz NOT NULL,
    tier_id text COLLATE "C" NOT NULL,
    signing_key_id text COLLATE "C" NOT NULL,
    tokens bigint NOT NULL,
    first_issued_at timestamptz NOT NULL,
    last_issued_at timestamptz NOT NULL,
    last_expires_at timestamptz NOT NULL,
    CONSTRAINT rollup_tokens_hourly_pkey PRIMARY KEY (hour_starts_at, tier_id, signing_key_id)
);

COMMENT ON TABLE connvo.rollup_tokens_hourly IS 'Tokens by hour (UTC), tier and signing key.';
COMMENT ON COLUMN connvo.rollup_tokens_hourly.hour_starts_at IS 'First instant of the hour.';
COMMENT ON COLUMN connvo.rollup_tokens_hourly.tier_id IS 'The tier that paid.';
COMMENT ON COLUMN connvo.rollup_tokens_hourly.signing_key_id IS 'Which secret signed.';
COMMENT ON COLUMN connvo.rollup_tokens_hourly.tokens IS 'Tokens issued.';
COMMENT ON COLUMN connvo.rollup_tokens_hourly.first_issued_at IS 'When the first of them was issued.';
COMMENT ON COLUMN connvo.rollup_tokens_hourly.last_issued_at IS 'When the last of them was issued.';
COMMENT ON COLUMN connvo.rollup_tokens_hourly.last_expires_at IS 'When the last of them expires.';

CREATE VIEW connvo.tail_tokens_hourly AS
SELECT date_trunc('hour', issued.issued_at, 'UTC') AS hour_starts_at,
    issued.tier_id,
    issued.signing_key_id,
    count(*) AS tokens,
    min(issued.issued_at) AS first_issued_at,
    max(issued.issued_at) AS last_issued_at,
    max(issued.expires_at) AS last_expires_at
FROM connvo.issued_tokens AS issued
WHERE issued.issued_at >= (SELECT state.rolled_up_until FROM connvo.rollup_state AS state)
    AND issued.issued_at < (SELECT state.rolling_up_until FROM connvo.rollup_state AS state)
GROUP BY 1, 2, 3;

-- 2. By the hour: refusals.

CREATE TABLE connvo.rollup_refusals_hourly (
    hour_starts_at timestamptz NOT NULL,
    reason text NOT NULL,
    code text NOT NULL,
    refusals bigint NOT NULL,
    users bigint NOT NULL,
    meetings bigint NOT NULL,
    last_refused_at timestamptz NOT NULL,
    CONSTRAINT rollup_refusals_hourly_pkey PRIMARY KEY (hour_starts_at, reason)
);

COMMENT ON TABLE connvo.rollup_refusals_hourly IS 'Refusals by hour (UTC) and reason.';
COMMENT ON COLUMN connvo.rollup_refusals_hourly.hour_starts_at IS 'First instant of the hour.';
COMMENT ON COLUMN connvo.rollup_refusals_hourly.reason IS 'Why.';
COMMENT ON COLUMN connvo.rollup_refusals_hourly.code IS 'The code that goes with the reason.';
COMMENT ON COLUMN connvo.rollup_refusals_hourly.refusals IS 'Refusals.';
COMMENT ON COLUMN connvo.rollup_refusals_hourly.users IS 'Different users refused.';
COMMENT ON COLUMN connvo.rollup_refusals_hourly.meetings IS 'Different meetings asked for.';
COMMENT ON COLUMN connvo.rollup_refusals_hourly.last_refused_at IS 'When the last of them was recorded.';

CREATE VIEW connvo.tail_refusals_hourly AS
SELECT date_trunc('hour', refused.refused_at, 'UTC') AS hour_starts_at,
    refused.reason,
    -- token_refusals_code_of_reason: each reason has one.
    min(refused.code) AS code,
    count(*) AS refusals,
    count(DISTINCT refused.user_id) AS users,
    count(DISTINCT refused.meeting_id) AS meetings,
    max(refused.refused_at) AS last_refused_at
FROM connvo.token_refusals AS refused
WHERE refused.refused_at >= (SELECT state.rolled_up_until FROM connvo.rollup_state AS state)
    AND refused.refused_at < (SELECT state.rolling_up_until FROM connvo.rollup_state AS state)
GROUP BY 1, 2;

-- 3. By the hour, into one row per user and month: the distinct counts of months and of subscriptions.

CREATE TABLE connvo.rollup_users_monthly (
    month_utc date NOT NULL,
    tier_id text COLLATE "C" NOT NULL,
    subscription_id uuid NOT NULL,
    user_digest bytea NOT NULL,
    tokens bigint NOT NULL,
    first_issued_at timestamptz NOT NULL,
    last_issued_at timestamptz NOT NULL,
    CONSTRAINT rollup_users_monthly_pkey PRIMARY KEY (month_utc, tier_id, subscription_id, user_digest)
)
    -- Rows of the current month are updated; no column that changes is indexed.
    WITH (fillfactor = 80);

COMMENT ON TABLE connvo.rollup_users_monthly IS 'Tokens of each user by month (UTC), tier and subscription: distinct users of months and of subscriptions are counted from these rows.';
COMMENT ON COLUMN connvo.rollup_users_monthly.month_utc IS 'First day of the month.';
COMMENT ON COLUMN connvo.rollup_users_monthly.tier_id IS 'The tier that paid.';
COMMENT ON COLUMN connvo.rollup_users_monthly.subscription_id IS 'The subscription that paid.';
COMMENT ON COLUMN connvo.rollup_users_monthly.user_digest IS 'Who got the tokens: the first half of the SHA-256 of the id. Enough to tell people apart, and no name of anybody outlives the records.';
COMMENT ON COLUMN connvo.rollup_users_monthly.tokens IS 'Tokens issued.';
COMMENT ON COLUMN connvo.rollup_users_monthly.first_issued_at IS 'When the first of them was issued.';
COMMENT ON COLUMN connvo.rollup_users_monthly.last_issued_at IS 'When the last of them was issued.';

CREATE VIEW connvo.tail_users_monthly AS
SELECT CAST(date_trunc('month', issued.issued_at AT TIME ZONE 'UTC') AS date) AS month_utc,
    issued.tier_id,
    issued.subscription_id,
    substring(sha256(convert_to(issued.user_id, 'UTF8')) FROM 1 FOR 16) AS user_digest,
    count(*) AS tokens,
    min(issued.issued_at) AS first_issued_at,
    max(issued.issued_at) AS last_issued_at
FROM connvo.issued_tokens AS issued
WHERE issued.issued_at >= (SELECT state.rolled_up_until FROM connvo.rollup_state AS state)
    AND issued.issued_at < (SELECT state.rolling_up_until FROM connvo.rollup_state AS state)
GROUP BY 1, 2, 3, 4;

-- 4. By the hour: bursts. Only those are kept.

CREATE TABLE connvo.rollup_bursts (
    burst_starts_at timestamptz NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    meeting_id text COLLATE "C" NOT NULL,
    tokens bigint NOT NULL,
    addresses bigint NOT NULL,
    sessions bigint NOT NULL,
    CONSTRAINT rollup_bursts_pkey PRIMARY KEY (burst_starts_at, user_id, meeting_id)
);

COMMENT ON TABLE connvo.rollup_bursts IS 'Five minutes in which one user got more than five tokens for one meeting.';
COMMENT ON COLUMN connvo.rollup_bursts.burst_starts_at IS 'First instant of the five minutes, a multiple of five past the hour.';
COMMENT ON COLUMN connvo.rollup_bursts.user_id IS 'Who got the tokens.';
COMMENT ON COLUMN connvo.rollup_bursts.meeting_id IS 'For which meeting.';
COMMENT ON COLUMN connvo.rollup_bursts.tokens IS 'Tokens issued.';
COMMENT ON COLUMN connvo.rollup_bursts.addresses IS 'Different client addresses.';
COMMENT ON COLUMN connvo.rollup_bursts.sessions IS 'Different WorkOS sessions.';

CREATE VIEW connvo.tail_bursts AS
SELECT date_bin('5 minutes', issued.issued_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS burst_starts_at,
    issued.user_id,
    issued.meeting_id,
    count(*) AS tokens,
    count(DISTINCT issued.client_ip) AS addresses,
    count(DISTINCT issued.session_id) AS sessions
FROM connvo.issued_tokens AS issued
WHERE issued.issued_at >= (SELECT state.rolled_up_until FROM connvo.rollup_state AS state)
    AND issued.issued_at < (SELECT state.rolling_up_until FROM connvo.rollup_state AS state)
GROUP BY 1, 2, 3
HAVING count(*) > 5;

-- 5. By the day: tokens, with the distinct counts of a day.

CREATE TABLE connvo.rollup_tokens_daily (
    day_utc date NOT NULL,
    tier_id text COLLATE "C" NOT NULL,
    granted_role text NOT NULL,
    tokens bigint NOT NULL,
    users bigint NOT NULL,
    meetings bigint NOT NULL,
    CONSTRAINT rollup_tokens_daily_pkey PRIMARY KEY (day_utc, tier_id, granted_role)
);

COMMENT ON TABLE connvo.rollup_tokens_daily IS 'Tokens by day (UTC), tier and role.';
COMMENT ON COLUMN connvo.rollup_tokens_daily.day_utc IS 'The day.';
COMMENT ON COLUMN connvo.rollup_tokens_daily.tier_id IS 'The tier that paid.';
COMMENT ON COLUMN connvo.rollup_tokens_daily.granted_role IS 'The role that was granted.';
COMMENT ON COLUMN connvo.rollup_tokens_daily.tokens IS 'Tokens issued.';
COMMENT ON COLUMN connvo.rollup_tokens_daily.users IS 'Different users who got one.';
COMMENT ON COLUMN connvo.rollup_tokens_daily.meetings IS 'Different meetings they were for.';

CREATE VIEW connvo.tail_tokens_daily AS
SELECT CAST(issued.issued_at AT TIME ZONE 'UTC' AS date) AS day_utc,
    issued.tier_id,
    issued.granted_role,
    count(*) AS tokens,
    count(DISTINCT issued.user_id) AS users,
    count(DISTINCT issued.meeting_id) AS meetings
FROM connvo.issued_tokens AS issued
WHERE issued.issued_at >= (SELECT date_trunc('day', state.rolled_up_until, 'UTC') FROM connvo.rollup_state AS state)
    AND issued.issued_at < (SELECT date_trunc('day', state.rolling_up_until, 'UTC') FROM connvo.rollup_state AS state)
GROUP BY 1, 2, 3;

-- 6. By the day: meetings.

CREATE TABLE connvo.rollup_meetings_daily (
    day_utc date NOT NULL,
    meeting_id text COLLATE "C" NOT NULL,
    organizer_id text COLLATE "C" NOT NULL,
    tier_id text COLLATE "C" NOT NULL,
    tokens bigint NOT NULL,
    users bigint NOT NULL,
    first_issued_at timestamptz NOT NULL,
    last_issued_at timestamptz NOT NULL,
    CONSTRAINT rollup_meetings_daily_pkey PRIMARY KEY (day_utc, meeting_id, organizer_id, tier_id)
);

COMMENT ON TABLE connvo.rollup_meetings_daily IS 'Tokens by day (UTC) and meeting.';
COMMENT ON COLUMN connvo.rollup_meetings_daily.day_utc IS 'The day.';
COMMENT ON COLUMN connvo.rollup_meetings_daily.meeting_id IS 'The meeting.';
COMMENT ON COLUMN connvo.rollup_meetings_daily.organizer_id IS 'Its organizer when they were issued.';
COMMENT ON COLUMN connvo.rollup_meetings_daily.tier_id IS 'The tier that paid.';
COMMENT ON COLUMN connvo.rollup_meetings_daily.tokens IS 'Tokens issued.';
COMMENT ON COLUMN connvo.rollup_meetings_daily.users IS 'Different users who got one.';
COMMENT ON COLUMN connvo.rollup_meetings_daily.first_issued_at IS 'When the first of them was issued.';
COMMENT ON COLUMN connvo.rollup_meetings_daily.last_issued_at IS 'When the last of them was issued.';

CREATE VIEW connvo.tail_meetings_daily AS
SELECT CAST(issued.issued_at AT TIME ZONE 'UTC' AS date) AS day_utc,
    issued.meeting_id,
    issued.organizer_id,
    issued.tier_id,
    count(*) AS tokens,
    count(DISTINCT issued.user_id) AS users,
    min(issued.issued_at) AS first_issued_at,
    max(issued.issued_at) AS last_issued_at
FROM connvo.issued_tokens AS issued
WHERE issued.issued_at >= (SELECT date_trunc('day', state.rolled_up_until, 'UTC') FROM connvo.rollup_state AS state)
    AND issued.issued_at < (SELECT date_trunc('day', state.rolling_up_until, 'UTC') FROM connvo.rollup_state AS state)
GROUP BY 1, 2, 3, 4;

-- 7. By the day: the most tokens that were alive at once.

CREATE TABLE connvo.rollup_concurrency_daily (
    day_utc date NOT NULL,
    peak_tokens bigint NOT NULL,
    peak_at timestamptz NOT NULL,
    CONSTRAINT rollup_concurrency_daily_pkey PRIMARY KEY (day_utc)
);

COMMENT ON TABLE connvo.rollup_concurrency_daily IS 'The most tokens that were alive at one instant of a day (UTC).';
COMMENT ON COLUMN connvo.rollup_concurrency_daily.day_utc IS 'The day.';
COMMENT ON COLUMN connvo.rollup_concurrency_daily.peak_tokens IS 'Tokens issued and not expired.';
COMMENT ON COLUMN connvo.rollup_concurrency_daily.peak_at IS 'The first instant with so many.';

-- A token lives for an hour (record_faults_v1 lists any other): what is alive at midnight was issued in the hour before.
CREATE VIEW connvo.tail_concurrency_daily AS
WITH border AS (
    SELECT date_trunc('day', state.rolled_up_until, 'UTC') AS begins,
        date_trunc('day', state.rolling_up_until, 'UTC') AS ends
    FROM connvo.rollup_state AS state
),
issued AS (
    SELECT token.issued_at, token.expires_at
    FROM connvo.issued_tokens AS token
    WHERE token.issued_at >= (SELECT border.begins FROM border) - interval '1 hour'
        AND token.issued_at < (SELECT border.ends FROM border)
),
event (at, change) AS (
    SELECT issued.issued_at, 1
    FROM issued
    UNION ALL
    SELECT issued.expires_at, -1
    FROM issued
    UNION ALL
    -- Midnight counts as an instant of its day though nothing happens. Steps of 24 hours are days of UTC everywhere.
    SELECT midnight.at, 0
    FROM border
    CROSS JOIN LATERAL generate_series(border.begins, least(border.ends, now()), interval '24 hours') AS midnight (at)
),
level (at, tokens) AS (
    -- What expires at an instant is no longer alive at it.
    SELECT event.at, sum(event.change) OVER (ORDER BY event.at, event.change ROWS UNBOUNDED PRECEDING)
    FROM event
)
SELECT DISTINCT ON (CAST(level.at AT TIME ZONE 'UTC' AS date))
    CAST(level.at AT TIME ZONE 'UTC' AS date) AS day_utc,
    level.tokens AS peak_tokens,
    level.at AS peak_at
FROM level
WHERE level.tokens > 0
    AND level.at >= (SELECT border.begins FROM border)
    AND level.at < (SELECT border.ends FROM border)
ORDER BY CAST(level.at AT TIME ZONE 'UTC' AS date), level.tokens DESC, level.at;

-- 8. By the day: addresses that many users came from. Only those are kept.

CREATE TABLE connvo.rollup_fanout_daily (
    day_utc date NOT NULL,
    client_ip inet NOT NULL,
    users bigint NOT NULL,
    tokens bigint NOT NULL,
    refusals bigint NOT NULL,
    CONSTRAINT rollup_fanout_daily_pkey PRIMARY KEY (day_utc, client_ip)
);

COMMENT ON TABLE connvo.rollup_fanout_daily IS 'Addresses from which ten or more users asked on one day (UTC).';
COMMENT ON COLUMN connvo.rollup_fanout_daily.day_utc IS 'The day.';
COMMENT ON COLUMN connvo.rollup_fanout_daily.client_ip IS 'The address of the client.';
COMMENT ON COLUMN connvo.rollup_fanout_daily.users IS 'Different users, let in or refused.';
COMMENT ON COLUMN connvo.rollup_fanout_daily.tokens IS 'Tokens issued.';
COMMENT ON COLUMN connvo.rollup_fanout_daily.refusals IS 'Refusals.';

CREATE VIEW connvo.tail_fanout_daily AS
WITH border AS (
    SELECT date_trunc('day', state.rolled_up_until, 'UTC') AS begins,
        date_trunc('day', state.rolling_up_until, 'UTC') AS ends
    FROM connvo.rollup_state AS state
),
asked (at, client_ip, user_id, tokens) AS (
    SELECT issued.issued_at, issued.client_ip, issued.user_id, 1
    FROM connvo.issued_tokens AS issued
    WHERE issued.issued_at >= (SELECT border.begins FROM border)
        AND issued.issued_at < (SELECT border.ends FROM border)
    UNION ALL
    SELECT refused.refused_at, refused.client_ip, refused.user_id, 0
    FROM connvo.token_refusals AS refused
    WHERE refused.refused_at >= (SELECT border.begins FROM border)
        AND refused.refused_at < (SELECT border.ends FROM border)
)
SELECT CAST(asked.at AT TIME ZONE 'UTC' AS date) AS day_utc,
    asked.client_ip,
    count(DISTINCT asked.user_id) AS users,
    sum(asked.tokens) AS tokens,
    count(*) - sum(asked.tokens) AS refusals
FROM asked
WHERE asked.client_ip IS NOT NULL
GROUP BY 1, 2
HAVING count(DISTINCT asked.user_id) >= 10;

DO $$
DECLARE
    tail record;
BEGIN
    FOR tail IN
        SELECT attribute.attrelid AS rollup,
            CAST(replace(CAST(attribute.attrelid::regclass AS text), 'rollup_', 'tail_') AS regclass) AS view,
            attribute.attname AS name,
            col_description(attribute.attrelid, attribute.attnum) AS description
        FROM pg_catalog.pg_attribute AS attribute
        JOIN pg_catalog.pg_class AS rollup
            ON rollup.oid = attribute.attrelid
        WHERE rollup.relnamespace = to_regnamespace('connvo')
            AND rollup.relkind = 'r'
            AND rollup.relname LIKE 'rollup\_%'
            AND rollup.relname <> 'rollup_state'
            AND attribute.attnum > 0
    LOOP
        EXECUTE format(
            'COMMENT ON VIEW %s IS %L', tail.view, format('What %s does not hold yet.', tail.rollup::regclass)
        );
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', tail.view, tail.name, tail.description);
    END LOOP;
END;
$$;

-- Partitions as maintenance sees them. A month is in the name, so no session's TimeZone is in the way.
CREATE FUNCTION connvo.partitions()
    RETURNS TABLE (
        record_table text,
        partition_name text,
        starts_at timestamptz,
        ends_at timestamptz,
        is_detach_pending boolean
    )
    LANGUAGE sql
    STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CAST(parent.relname AS text),
        CAST(part.relname AS text),
        month.starts_at AT TIME ZONE 'UTC',
        (month.starts_at + interval '1 month') AT TIME ZONE 'UTC',
        attached.inhdetachpending
    FROM pg_inherits AS attached
    JOIN pg_class AS parent
        ON parent.oid = attached.inhparent
    JOIN pg_class AS part
        ON part.oid = attached.inhrelid
    CROSS JOIN LATERAL (
        SELECT CAST(to_date(right(part.relname, 7), 'YYYY_MM') AS timestamp) AS starts_at
    ) AS month
    WHERE attached.inhparent IN ('connvo.issued_tokens'::regclass, 'connvo.token_refusals'::regclass)
    ORDER BY month.starts_at, parent.relname
$$;

COMMENT ON FUNCTION connvo.partitions() IS 'The partitions of the record tables with their bounds; is_detach_pending marks one whose DETACH CONCURRENTLY was interrupted and needs FINALIZE.';

-- Records are committed after the instant they carry, so an hour must not be closed too early. Ten minutes are for the
-- way from that instant to the INSERT (a request waits one second and its statements two each) and for servers' clocks
-- that disagree. A COMMIT may take any time, as when it waits for a standby: whoever was writing when the hour was
-- chosen is waited for, as CREATE INDEX CONCURRENTLY does. Nobody waits for this function: it locks no record table.
CREATE FUNCTION connvo.refresh_rollups(max_hours integer DEFAULT 168)
    RETURNS TABLE (rolled_up_from timestamptz, rolled_up_until timestamptz, is_current boolean)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    patience constant interval := interval '5 seconds';
    settled constant timestamptz := date_trunc('hour', clock_timestamp() - interval '10 minutes', 'UTC');
    target timestamptz;
    writers text[];
    gives_up_at timestamptz;
BEGIN
    IF max_hours IS NULL OR max_hours < 1 THEN
        RAISE EXCEPTION 'max_hours must be 1 or more'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Each statement below must see what was committed before it began.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'connvo.refresh_rollups needs READ COMMITTED'
            USING ERRCODE = 'invalid_transaction_state';
    END IF;

    -- Another refresh is waited for, and gone on from.
    SELECT state.rolled_up_until
    INTO STRICT rolled_up_from
    FROM connvo.rollup_state AS state
    FOR UPDATE;

    target := least(settled, rolled_up_from + make_interval(hours => max_hours));
    IF target <= rolled_up_from THEN
        rolled_up_until := rolled_up_from;
        is_current := true;
        RETURN NEXT;
        RETURN;
    END IF;

    gives_up_at := clock_timestamp() + patience;
    SELECT array_agg(DISTINCT held.virtualtransaction)
    INTO writers
    FROM pg_locks AS held
    WHERE held.locktype = 'relation'
        AND held.mode = 'RowExclusiveLock'
        AND held.granted
        AND held.pid IS DISTINCT FROM pg_backend_pid()
        AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (
            held.relation IN ('connvo.issued_tokens'::regclass, 'connvo.token_refusals'::regclass)
            OR held.relation IN (
                SELECT attached.inhrelid
                FROM pg_inherits AS attached
                WHERE attached.inhparent IN ('connvo.issued_tokens'::regclass, 'connvo.token_refusals'::regclass)
            )
        );
    WHILE EXISTS (
        SELECT 1
        FROM pg_locks AS held
        WHERE held.locktype = 'virtualxid'
            AND held.virtualtransaction = ANY (writers)
        UNION ALL
        -- A prepared transaction has no virtual transaction to hold.
        SELECT 1
        FROM pg_locks AS held
        WHERE held.pid IS NULL
            AND held.virtualtransaction = ANY (writers)
    ) LOOP
        IF clock_timestamp() > gives_up_at THEN
            RAISE EXCEPTION 'a transaction that began before % is still writing records', gives_up_at - patience
                USING ERRCODE = 'lock_not_available',
                    HINT = 'Nothing was changed, and reports stay right. Try again later.';
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;

    UPDATE connvo.rollup_state
    SET rolling_up_until = target;

    INSERT INTO connvo.rollup_tokens_hourly
        (hour_starts_at, tier_id, signing_key_id, tokens, first_issued_at, last_issued_at, last_expires_at)
    SELECT hour_starts_at, tier_id, signing_key_id, tokens, first_issued_at, last_issued_at, last_expires_at
    FROM connvo.tail_tokens_hourly;

    INSERT INTO connvo.rollup_refusals_hourly
        (hour_starts_at, reason, code, refusals, users, meetings, last_refused_at)
    SELECT hour_starts_at, reason, code, refusals, users, meetings, last_refused_at
    FROM connvo.tail_refusals_hourly;

    INSERT INTO connvo.rollup_users_monthly AS kept
        (month_utc, tier_id, subscription_id, user_digest, tokens, first_issued_at, last_issued_at)
    SELECT month_utc, tier_id, subscription_id, user_digest, tokens, first_issued_at, last_issued_at
    FROM connvo.tail_users_monthly
    ON CONFLICT (month_utc, tier_id, subscription_id, user_digest) DO UPDATE
    SET tokens = kept.tokens + EXCLUDED.tokens,
        first_issued_at = least(kept.first_issued_at, EXCLUDED.first_issued_at),
        last_issued_at = greatest(kept.last_issued_at, EXCLUDED.last_issued_at);

    INSERT INTO connvo.rollup_bursts
        (burst_starts_at, user_id, meeting_id, tokens, addresses, sessions)
    SELECT burst_starts_at, user_id, meeting_id, tokens, addresses, sessions
    FROM connvo.tail_bursts;

    IF date_trunc('day', target, 'UTC') > rolled_up_from THEN
        INSERT INTO connvo.rollup_tokens_daily
            (day_utc, tier_id, granted_role, tokens, users, meetings)
        SELECT day_utc, tier_id, granted_role, tokens, users, meetings
        FROM connvo.tail_tokens_daily;

        INSERT INTO connvo.rollup_meetings_daily
            (day_utc, meeting_id, organizer_id, tier_id, tokens, users, first_issued_at, last_issued_at)
        SELECT day_utc, meeting_id, organizer_id, tier_id, tokens, users, first_issued_at, last_issued_at
        FROM connvo.tail_meetings_daily;

        INSERT INTO connvo.rollup_concurrency_daily
            (day_utc, peak_tokens, peak_at)
        SELECT day_utc, peak_tokens, peak_at
        FROM connvo.tail_concurrency_daily;

        INSERT INTO connvo.rollup_fanout_daily
            (day_utc, client_ip, users, tokens, refusals)
        SELECT day_utc, client_ip, users, tokens, refusals
        FROM connvo.tail_fanout_daily;
    END IF;

    UPDATE connvo.rollup_state
    SET rolled_up_until = target,
        rolling_up_until = 'infinity',
        refreshed_at = clock_timestamp();

    rolled_up_until := target;
    is_current := target = settled;
    RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION connvo.refresh_rollups(integer) IS 'Appends to the rollups what was recorded since the last time, up to the last full hour (UTC) that ended ten minutes ago, and at most so many hours. Call it again until is_current. Any number may run at once; 55P03 when a writer does not end within five seconds.';

CREATE FUNCTION connvo.rewind_rollups(to_month date)
    RETURNS timestamptz
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    border timestamptz;
    target timestamptz;
BEGIN
    IF to_month IS NULL THEN
        RAISE EXCEPTION 'to_month must not be null'
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT state.rolled_up_until
    INTO STRICT border
    FROM connvo.rollup_state AS state
    FOR UPDATE;

    -- What retention has taken could not be counted again, in one table or the other: it stays as it is.
    SELECT greatest(date_trunc('month', CAST(to_month AS timestamp)) AT TIME ZONE 'UTC', max(oldest.starts_at))
    INTO target
    FROM (
        SELECT min(part.starts_at) AS starts_at
        FROM connvo.partitions() AS part
        GROUP BY part.record_table
    ) AS oldest;
    IF target >= border THEN
        RETURN border;
    END IF;

    DELETE FROM connvo.rollup_tokens_hourly
    WHERE hour_starts_at >= target;
    DELETE FROM connvo.rollup_refusals_hourly
    WHERE hour_starts_at >= target;
    DELETE FROM connvo.rollup_bursts
    WHERE burst_starts_at >= target;
    DELETE FROM connvo.rollup_users_monthly
    WHERE month_utc >= CAST(target AT TIME ZONE 'UTC' AS date);
    DELETE FROM connvo.rollup_tokens_daily
    WHERE day_utc >= CAST(target AT TIME ZONE 'UTC' AS date);
    DELETE FROM connvo.rollup_meetings_daily
    WHERE day_utc >= CAST(target AT TIME ZONE 'UTC' AS date);
    DELETE FROM connvo.rollup_concurrency_daily
    WHERE day_utc >= CAST(target AT TIME ZONE 'UTC' AS date);
    DELETE FROM connvo.rollup_fanout_daily
    WHERE day_utc >= CAST(target AT TIME ZONE 'UTC' AS date);
    UPDATE connvo.rollup_state
    SET rolled_up_until = target;
    RETURN target;
END;
$$;

COMMENT ON FUNCTION connvo.rewind_rollups(date) IS 'Forgets the rollups from the beginning of that month (UTC) on, as far back as there are records, and returns the new border: after records of the past were imported. Reports stay right meanwhile; refresh_rollups makes them fast again.';

INSERT INTO connvo.rollup_state
    (rolled_up_until)
SELECT min(part.starts_at)
FROM connvo.partitions() AS part;
