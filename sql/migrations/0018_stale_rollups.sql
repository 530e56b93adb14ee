-- 0018: reports read stale rollups in a fraction of the time, and one day of records without the rest of its month.
-- Why: when `maintain` had not run for months, the overview of three million records took 28 s: the planner took the two
--   borders of a tail for a narrow range, and read months in the order of their ids, sorted.
-- Lock: SHARE on each month of records that is over, while its index is built (below a second for a million records). No
--   one writes to such a month; readers go on. ACCESS EXCLUSIVE on the tail views, for an instant.
--
-- An index of a partition cannot be built concurrently in a transaction, and months differ from database to database.
-- squawk-ignore-file require-concurrent-index-creation

-- 1. BRIN: 24 kB for a million records, and all that an INSERT has to do is to look at the summary of its page range. The
--    months that are over come first, here: issuance writes to none of them. 0019 makes the index of the whole table.

DO $$
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT found.partition_name, found.relation, recorded.column_name
        FROM connvo.partitions() AS found
        JOIN (VALUES ('issued_tokens', 'issued_at'), ('token_refusals', 'refused_at')) AS recorded (record_table, column_name)
            ON recorded.record_table = found.record_table
        WHERE found.ends_at <= now() - interval '1 day'
            AND NOT found.is_detach_pending
    LOOP
        EXECUTE format('CREATE INDEX ON %s USING brin (%I)', part.relation, part.column_name);
    END LOOP;
END;
$$;

-- 2. The tails, with the results that they had. Of two comparisons with values that it does not know the planner makes a
--    range that holds one row in two hundred; of a comparison with an element of an array it does not. So it expects many
--    rows, as there are when the rollups are stale: it hashes what it sorted, and has several processes read. Partitions
--    are left out by both kinds of comparison.

-- A condition on the days of a tail is not one on the records behind it: without more, a report of a week reads all that is
-- behind the border. So a reader who asks for no more than what was recorded since an instant may say it, by the setting
-- connvo.report_from of its session, and the tails begin there. Refreshing never does.
CREATE VIEW connvo.tail_begins AS
SELECT greatest(
        state.rolled_up_until, CAST(nullif(current_setting('connvo.report_from', true), '') AS timestamptz)
    ) AS begins
FROM connvo.rollup_state AS state;

COMMENT ON VIEW connvo.tail_begins IS 'One row: where the tails begin.';
COMMENT ON COLUMN connvo.tail_begins.begins IS 'The border of the rollups, or connvo.report_from where that is later: the first instant of a day or of an hour (UTC) that a reader sets for its session.';

-- Rollups are complete, whatever the session says. And compiling the plans takes longer than running them
-- (docs/reporting.md).
CREATE OR REPLACE FUNCTION connvo.append_rollups(with_days boolean)
    RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET jit = off
    AS $$
BEGIN
    -- Not by a SET clause: only a superuser may write one for a setting that no extension has defined.
    PERFORM set_config('connvo.report_from', '', true);

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

    IF with_days THEN
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
END;
$$;

ALTER FUNCTION connvo.refresh_rollups(integer) SET jit = 'off';
ALTER FUNCTION connvo.recompute_rollups(date) SET jit = 'off';

-- date_bin counts microseconds; date_trunc looks into the calendar, and takes three times as long.
CREATE OR REPLACE VIEW connvo.tail_tokens_hourly AS
SELECT date_bin('1 hour', issued.issued_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS hour_starts_at,
    issued.tier_id,
    issued.signing_key_id,
    count(*) AS tokens,
    min(issued.issued_at) AS first_issued_at,
    max(issued.issued_at) AS last_issued_at,
    max(issued.expires_at) AS last_expires_at
FROM connvo.issued_tokens AS issued
WHERE issued.issued_at >= (SELECT tail.begins FROM connvo.tail_begins AS tail)
    AND issued.issued_at < ANY (ARRAY[(SELECT state.rolling_up_until FROM connvo.rollup_state AS state)])
GROUP BY 1, 2, 3;

CREATE OR REPLACE VIEW connvo.tail_refusals_hourly AS
SELECT date_bin('1 hour', refused.refused_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS hour_starts_at,
    refused.reason,
    -- token_refusals_code_of_reason: each reason has one.
    min(refused.code) AS code,
    count(*) AS refusals,
    count(DISTINCT refused.user_id) AS users,
    count(DISTINCT refused.meeting_id) AS meetings,
    max(refused.refused_at) AS last_refused_at
FROM connvo.token_refusals AS refused
WHERE refused.refused_at >= (SELECT tail.begins FROM connvo.tail_begins AS tail)
    AND refused.refused_at < ANY (ARRAY[(SELECT state.rolling_up_until FROM connvo.rollup_state AS state)])
GROUP BY 1, 2;

-- Digests are made of each user of a month once, not of each record. The month is a date outside only: the order of the
-- groups would otherwise be of use further up, and the planner would sort the records for it.
CREATE OR REPLACE VIEW connvo.tail_users_monthly AS
SELECT CAST(used.month_begins AS date) AS month_utc,
    used.tier_id,
    used.subscription_id,
    substring(sha256(convert_to(used.user_id, 'UTF8')) FROM 1 FOR 16) AS user_digest,
    used.tokens,
    used.first_issued_at,
    used.last_issued_at
FROM (
    SELECT date_trunc('month', issued.issued_at AT TIME ZONE 'UTC') AS month_begins,
        issued.tier_id,
        issued.subscription_id,
        issued.user_id,
        count(*) AS tokens,
        min(issued.issued_at) AS first_issued_at,
        max(issued.issued_at) AS last_issued_at
    FROM connvo.issued_tokens AS issued
    WHERE issued.issued_at >= (SELECT tail.begins FROM connvo.tail_begins AS tail)
        AND issued.issued_at < ANY (ARRAY[(SELECT state.rolling_up_until FROM connvo.rollup_state AS state)])
    GROUP BY 1, 2, 3, 4
) AS used;

CREATE OR REPLACE VIEW connvo.tail_bursts AS
SELECT date_bin('5 minutes', issued.issued_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS burst_starts_at,
    issued.user_id,
    issued.meeting_id,
    count(*) AS tokens,
    count(DISTINCT issued.client_ip) AS addresses,
    count(DISTINCT issued.session_id) AS sessions
FROM connvo.issued_tokens AS issued
WHERE issued.issued_at >= (SELECT tail.begins FROM connvo.tail_begins AS tail)
    AND issued.issued_at < ANY (ARRAY[(SELECT state.rolling_up_until FROM connvo.rollup_state AS state)])
GROUP BY 1, 2, 3
HAVING count(*) > 5;

CREATE OR REPLACE VIEW connvo.tail_tokens_daily AS
SELECT CAST(issued.issued_at AT TIME ZONE 'UTC' AS date) AS day_utc,
    issued.tier_id,
    issued.granted_role,
    count(*) AS tokens,
    count(DISTINCT issued.user_id) AS users,
    count(DISTINCT issued.meeting_id) AS meetings
FROM connvo.issued_tokens AS issued
WHERE issued.issued_at >= (SELECT date_trunc('day', tail.begins, 'UTC') FROM connvo.tail_begins AS tail)
    AND issued.issued_at < ANY (ARRAY[(SELECT date_trunc('day', state.rolling_up_until, 'UTC') FROM connvo.rollup_state AS state)])
GROUP BY 1, 2, 3;

CREATE OR REPLACE VIEW connvo.tail_meetings_daily AS
SELECT CAST(issued.issued_at AT TIME ZONE 'UTC' AS date) AS day_utc,
    issued.meeting_id,
    issued.organizer_id,
    issued.tier_id,
    count(*) AS tokens,
    count(DISTINCT issued.user_id) AS users,
    min(issued.issued_at) AS first_issued_at,
    max(issued.issued_at) AS last_issued_at
FROM connvo.issued_tokens AS issued
WHERE issued.issued_at >= (SELECT date_trunc('day', tail.begins, 'UTC') FROM connvo.tail_begins AS tail)
    AND issued.issued_at < ANY (ARRAY[(SELECT date_trunc('day', state.rolling_up_until, 'UTC') FROM connvo.rollup_state AS state)])
GROUP BY 1, 2, 3, 4;

-- The peak of a day without sorting all of its records: the level at the end of each minute is a sum of counts, and the
-- peak is at least the highest of these. So it lies in a minute whose level before, with all that was issued in it, comes
-- up to that: a few minutes a day, and only their records are put in order.
--
-- A token lives for an hour (record_faults_v1 lists any other): what is alive at midnight was issued in the hour before.
CREATE OR REPLACE VIEW connvo.tail_concurrency_daily AS
WITH border AS (
    -- Two values, and not a join of tables that nothing has counted: the planner must see that this is one row.
    SELECT (SELECT date_trunc('day', tail.begins, 'UTC') FROM connvo.tail_begins AS tail) AS begins,
        (SELECT date_trunc('day', state.rolling_up_until, 'UTC') FROM connvo.rollup_state AS state) AS ends
),
lifetime AS MATERIALIZED (
    SELECT date_bin('1 minute', issued.issued_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS issued_in,
        date_bin('1 minute', issued.expires_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS expired_in,
        CAST(count(*) AS integer) AS tokens
    FROM connvo.issued_tokens AS issued
    WHERE issued.issued_at >= (
            SELECT date_trunc('day', tail.begins, 'UTC') - interval '1 hour'
            FROM connvo.tail_begins AS tail
        )
        AND issued.issued_at < ANY (
            ARRAY[(SELECT date_trunc('day', state.rolling_up_until, 'UTC') FROM connvo.rollup_state AS state)]
        )
    GROUP BY 1, 2
),
-- Midnight counts as an instant of its day though nothing happens. Steps of 24 hours are days of UTC everywhere.
midnight AS (
    SELECT midnight.at
    FROM border
    CROSS JOIN LATERAL generate_series(border.begins, least(border.ends, now()), interval '24 hours') AS midnight (at)
),
change (minute, issued, expired) AS (
    SELECT lifetime.issued_in, lifetime.tokens, 0
    FROM lifetime
    UNION ALL
    SELECT lifetime.expired_in, 0, lifetime.tokens
    FROM lifetime
    UNION ALL
    SELECT midnight.at, 0, 0
    FROM midnight
),
minute AS (
    SELECT summed.minute AS starts_at,
        summed.issued,
        -- Before its first event and after its last one.
        sum(CAST(summed.issued - summed.expired AS integer)) OVER (ORDER BY summed.minute)
            - (summed.issued - summed.expired) AS level_before,
        sum(CAST(summed.issued - summed.expired AS integer)) OVER (ORDER BY summed.minute) AS level_after
    FROM (
        SELECT change.minute, sum(change.issued) AS issued, sum(change.expired) AS expired
        FROM change
        GROUP BY change.minute
    ) AS summed
),
candidate AS MATERIALIZED (
    SELECT bounded.starts_at, bounded.level_before
    FROM (
        SELECT minute.starts_at,
            minute.issued,
            minute.level_before,
            max(minute.level_after) OVER (PARTITION BY CAST(minute.starts_at AT TIME ZONE 'UTC' AS date)) AS least_peak
        FROM minute
        WHERE minute.starts_at >= (SELECT border.begins FROM border)
            AND minute.starts_at < (SELECT border.ends FROM border)
    ) AS bounded
    WHERE bounded.level_before + bounded.issued >= greatest(bounded.least_peak, 1)
),
issued AS MATERIALIZED (
    SELECT token.issued_at, token.expires_at
    FROM connvo.issued_tokens AS token
    WHERE token.issued_at >= (
            SELECT date_trunc('day', tail.begins, 'UTC') - interval '1 hour'
            FROM connvo.tail_begins AS tail
        )
        AND token.issued_at < ANY (
            ARRAY[(SELECT date_trunc('day', state.rolling_up_until, 'UTC') FROM connvo.rollup_state AS state)]
        )
        AND date_bin('1 minute', token.issued_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') IN (
            SELECT lifetime.issued_in
            FROM lifetime
            WHERE lifetime.issued_in IN (SELECT candidate.starts_at FROM candidate)
                OR lifetime.expired_in IN (SELECT candidate.starts_at FROM candidate)
        )
),
event (at, change) AS (
    SELECT issued.issued_at, 1
    FROM issued
    UNION ALL
    SELECT issued.expires_at, -1
    FROM issued
    UNION ALL
    SELECT midnight.at, 0
    FROM midnight
),
level (at, change, tokens) AS (
    -- What expires at an instant is no longer alive at it.
    SELECT event.at,
        event.change,
        candidate.level_before + sum(event.change) OVER (
            PARTITION BY candidate.starts_at
            ORDER BY event.at, event.change
            ROWS UNBOUNDED PRECEDING
        )
    FROM event
    JOIN candidate
        ON candidate.starts_at = date_bin('1 minute', event.at, TIMESTAMPTZ '2000-01-01 00:00:00+00')
)
SELECT DISTINCT ON (CAST(level.at AT TIME ZONE 'UTC' AS date))
    CAST(level.at AT TIME ZONE 'UTC' AS date) AS day_utc,
    level.tokens AS peak_tokens,
    level.at AS peak_at
FROM level
WHERE level.tokens > 0
    -- Between two that expire at one instant there is no level.
    AND level.change >= 0
ORDER BY CAST(level.at AT TIME ZONE 'UTC' AS date), level.tokens DESC, level.at;

CREATE OR REPLACE VIEW connvo.tail_fanout_daily AS
WITH border AS (
    -- Two values, and not a join of tables that nothing has counted: the planner must see that this is one row.
    SELECT (SELECT date_trunc('day', tail.begins, 'UTC') FROM connvo.tail_begins AS tail) AS begins,
        (SELECT date_trunc('day', state.rolling_up_until, 'UTC') FROM connvo.rollup_state AS state) AS ends
),
asked (at, client_ip, user_id, tokens) AS (
    SELECT issued.issued_at, issued.client_ip, issued.user_id, 1
    FROM connvo.issued_tokens AS issued
    WHERE issued.issued_at >= (SELECT border.begins FROM border)
        AND issued.issued_at < ANY (ARRAY[(SELECT border.ends FROM border)])
    UNION ALL
    SELECT refused.refused_at, refused.client_ip, refused.user_id, 0
    FROM connvo.token_refusals AS refused
    WHERE refused.refused_at >= (SELECT border.begins FROM border)
        AND refused.refused_at < ANY (ARRAY[(SELECT border.ends FROM border)])
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

-- 3. Plainer words. docs/reporting.md has these comments as its dictionary.

COMMENT ON VIEW reporting.uncovered_tokens_v1 IS 'Finance, security; a control that must be empty: was a token issued that no paid subscription covered? By the facts copied when it was issued: a later change of a subscription does not change the result. One row per token and fault.';
COMMENT ON VIEW reporting.freshness_v1 IS 'All readers: how fresh are the figures? One row. Reports are of this moment: what is not in the rollups is counted from the records.';
COMMENT ON COLUMN reporting.signing_keys_v1.last_expires_at IS 'When the last of them expires: from then on the key is not needed, if it signs no more.';
COMMENT ON VIEW reporting.record_faults_v1 IS 'Security, audit; a control that must be empty: is a record not as the server writes it? One row per record and fault. Shows records that another program inserted, and those made while a clock was set back.';
