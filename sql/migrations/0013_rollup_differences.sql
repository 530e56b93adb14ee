-- 0013: rollups that disagree with the records are found, and counted again.
-- Why: a record whose time lies before the border of the rollups (a server's clock was hours behind, or an import) is in no
--   report by the hour, and nothing said so.
-- Lock: none that anybody waits for; functions and a view are replaced or new.

-- What refresh_rollups appends, between the two borders of rollup_state.
CREATE FUNCTION connvo.append_rollups(with_days boolean)
    RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
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

COMMENT ON FUNCTION connvo.append_rollups(boolean) IS 'Appends the tails to the rollups; a part of refresh_rollups and recompute_rollups.';

-- As in 0007, but for the rows, which append_rollups appends.
CREATE OR REPLACE FUNCTION connvo.refresh_rollups(max_hours integer DEFAULT 168)
    RETURNS TABLE (rolled_up_from timestamptz, rolled_up_until timestamptz, is_current boolean)
    LANGUAGE plpgsql
    SECURITY DEFINER
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

    PERFORM connvo.append_rollups(date_trunc('day', target, 'UTC') > rolled_up_from);

    UPDATE connvo.rollup_state
    SET rolled_up_until = target,
        rolling_up_until = 'infinity',
        refreshed_at = clock_timestamp();

    rolled_up_until := target;
    is_current := target = settled;
    RETURN NEXT;
END;
$$;

-- A month must be attached as a whole: what is not could not be counted again.
CREATE FUNCTION connvo.recompute_rollups(month date)
    RETURNS boolean
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    month_begins constant timestamptz := date_trunc('month', CAST(month AS timestamp)) AT TIME ZONE 'UTC';
    counted_until timestamptz := (date_trunc('month', CAST(month AS timestamp)) + interval '1 month') AT TIME ZONE 'UTC';
    border timestamptz;
BEGIN
    IF month IS NULL THEN
        RAISE EXCEPTION 'month must not be null'
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    -- Each statement below must see what was committed before it began.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'connvo.recompute_rollups needs READ COMMITTED'
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    SELECT state.rolled_up_until
    INTO STRICT border
    FROM connvo.rollup_state AS state
    FOR UPDATE;
    IF (
        SELECT count(*)
        FROM (
            SELECT part.record_table
            FROM connvo.partitions() AS part
            WHERE NOT part.is_detach_pending
            GROUP BY part.record_table
            HAVING range_agg(tstzrange(part.starts_at, part.ends_at)) @> tstzrange(month_begins, counted_until)
        ) AS whole
    ) <> 2 THEN
        RETURN false;
    END IF;
    counted_until := least(counted_until, border);
    IF counted_until <= month_begins THEN
        RETURN true;
    END IF;

    DELETE FROM connvo.rollup_tokens_hourly
    WHERE hour_starts_at >= month_begins
        AND hour_starts_at < counted_until;
    DELETE FROM connvo.rollup_refusals_hourly
    WHERE hour_starts_at >= month_begins
        AND hour_starts_at < counted_until;
    DELETE FROM connvo.rollup_bursts
    WHERE burst_starts_at >= month_begins
        AND burst_starts_at < counted_until;
    DELETE FROM connvo.rollup_users_monthly
    WHERE month_utc = CAST(month_begins AT TIME ZONE 'UTC' AS date);
    DELETE FROM connvo.rollup_tokens_daily
    WHERE day_utc >= CAST(month_begins AT TIME ZONE 'UTC' AS date)
        AND day_utc < CAST(counted_until AT TIME ZONE 'UTC' AS date);
    DELETE FROM connvo.rollup_meetings_daily
    WHERE day_utc >= CAST(month_begins AT TIME ZONE 'UTC' AS date)
        AND day_utc < CAST(counted_until AT TIME ZONE 'UTC' AS date);
    DELETE FROM connvo.rollup_concurrency_daily
    WHERE day_utc >= CAST(month_begins AT TIME ZONE 'UTC' AS date)
        AND day_utc < CAST(counted_until AT TIME ZONE 'UTC' AS date);
    DELETE FROM connvo.rollup_fanout_daily
    WHERE day_utc >= CAST(month_begins AT TIME ZONE 'UTC' AS date)
        AND day_utc < CAST(counted_until AT TIME ZONE 'UTC' AS date);

    -- Only this transaction sees these borders.
    UPDATE connvo.rollup_state
    SET rolled_up_until = month_begins,
        rolling_up_until = counted_until;
    PERFORM connvo.append_rollups(true);
    UPDATE connvo.rollup_state
    SET rolled_up_until = border,
        rolling_up_until = 'infinity',
        refreshed_at = clock_timestamp();
    RETURN true;
END;
$$;

COMMENT ON FUNCTION connvo.recompute_rollups(date) IS 'Counts the rollups of one month (UTC) again, in one transaction; false, and nothing is changed, when not all of its records are attached. Reports stay as they were until it is committed.';

CREATE FUNCTION connvo.rollup_differences(since_month date)
    RETURNS TABLE (starts_at timestamptz, rollup text, rolled_up bigint, recorded bigint)
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH border AS (
        SELECT coalesce(date_trunc('month', CAST(since_month AS timestamp)) AT TIME ZONE 'UTC', '-infinity') AS begins,
            state.rolled_up_until AS ends
        FROM connvo.rollup_state AS state
    ),
    -- A period whose records are not all attached is not compared.
    covered AS (
        SELECT part.record_table, range_agg(tstzrange(part.starts_at, part.ends_at)) AS periods
        FROM connvo.partitions() AS part
        WHERE NOT part.is_detach_pending
        GROUP BY part.record_table
    ),
    issued AS MATERIALIZED (
        SELECT date_trunc('hour', token.issued_at, 'UTC') AS at, count(*) AS records
        FROM connvo.issued_tokens AS token
        WHERE token.issued_at >= (SELECT border.begins FROM border)
            AND token.issued_at < (SELECT border.ends FROM border)
        GROUP BY 1
    ),
    counted (rollup, record_table, starts_at, lasts, rolled_up, recorded) AS (
        SELECT 'tokens_hourly', 'issued_tokens', hour_starts_at, interval '1 hour', tokens, 0
        FROM connvo.rollup_tokens_hourly
        UNION ALL
        SELECT 'tokens_hourly', 'issued_tokens', issued.at, interval '1 hour', 0, issued.records
        FROM issued
        UNION ALL
        SELECT 'refusals_hourly', 'token_refusals', hour_starts_at, interval '1 hour', refusals, 0
        FROM connvo.rollup_refusals_hourly
        UNION ALL
        SELECT 'refusals_hourly', 'token_refusals', date_trunc('hour', refused.refused_at, 'UTC'), interval '1 hour', 0,
            count(*)
        FROM connvo.token_refusals AS refused
        WHERE refused.refused_at >= (SELECT border.begins FROM border)
            AND refused.refused_at < (SELECT border.ends FROM border)
        GROUP BY 3
        UNION ALL
        SELECT 'tokens_daily', 'issued_tokens', CAST(day_utc AS timestamp) AT TIME ZONE 'UTC', interval '24 hours', tokens, 0
        FROM connvo.rollup_tokens_daily
        UNION ALL
        SELECT 'meetings_daily', 'issued_tokens', CAST(day_utc AS timestamp) AT TIME ZONE 'UTC', interval '24 hours', tokens, 0
        FROM connvo.rollup_meetings_daily
        UNION ALL
        SELECT daily.rollup, 'issued_tokens', date_trunc('day', issued.at, 'UTC'), interval '24 hours', 0, issued.records
        FROM issued
        CROSS JOIN (VALUES ('tokens_daily'), ('meetings_daily')) AS daily (rollup)
        WHERE issued.at < (SELECT date_trunc('day', border.ends, 'UTC') FROM border)
        UNION ALL
        SELECT 'users_monthly', 'issued_tokens', CAST(month_utc AS timestamp) AT TIME ZONE 'UTC', interval '1 month', tokens, 0
        FROM connvo.rollup_users_monthly
        UNION ALL
        SELECT 'users_monthly', 'issued_tokens', date_trunc('month', issued.at, 'UTC'), interval '1 month', 0, issued.records
        FROM issued
    ),
    summed AS (
        SELECT counted.rollup, counted.record_table, counted.starts_at, counted.lasts,
            CAST(sum(counted.rolled_up) AS bigint) AS rolled_up, CAST(sum(counted.recorded) AS bigint) AS recorded
        FROM counted
        WHERE counted.starts_at >= (SELECT border.begins FROM border)
            AND counted.starts_at < (SELECT border.ends FROM border)
        GROUP BY 1, 2, 3, 4
        HAVING sum(counted.rolled_up) <> sum(counted.recorded)
    )
    SELECT summed.starts_at, summed.rollup, summed.rolled_up, summed.recorded
    FROM summed
    JOIN covered
        ON covered.record_table = summed.record_table
    WHERE covered.periods @> tstzrange(
            summed.starts_at, (summed.starts_at AT TIME ZONE 'UTC' + summed.lasts) AT TIME ZONE 'UTC'
        )
    ORDER BY 1, 2
$$;

COMMENT ON FUNCTION connvo.rollup_differences(date) IS 'Where rollups and records disagree, from the beginning of that month (UTC) on; null compares all that is attached. Reads all records of the time.';

CREATE VIEW reporting.rollup_differences_v1
    WITH (security_barrier = true) AS
SELECT differing.starts_at, differing.rollup, differing.rolled_up, differing.recorded
FROM connvo.rollup_differences(CAST(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month' AS date)) AS differing;

COMMENT ON VIEW reporting.rollup_differences_v1 IS 'Operations, audit; a control that must be empty: do the kept counts agree with the records? One row per rollup and hour, day or month (UTC) of this month and the one before. maintain counts again what differs.';
COMMENT ON COLUMN reporting.rollup_differences_v1.starts_at IS 'First instant of the hour, day or month.';
COMMENT ON COLUMN reporting.rollup_differences_v1.rollup IS 'Which counts: tokens_hourly, refusals_hourly, tokens_daily, meetings_daily or users_monthly.';
COMMENT ON COLUMN reporting.rollup_differences_v1.rolled_up IS 'What was kept.';
COMMENT ON COLUMN reporting.rollup_differences_v1.recorded IS 'What the records say.';

-- As in 0007, and no further back than where the records of a month that is rolled up are not attached.
CREATE OR REPLACE FUNCTION connvo.rewind_rollups(to_month date)
    RETURNS timestamptz
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    border timestamptz;
    target timestamptz;
    lost timestamptz;
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
    SELECT max(rolled.at)
    INTO lost
    FROM (
        SELECT 'issued_tokens' AS record_table, hourly.hour_starts_at AS at
        FROM connvo.rollup_tokens_hourly AS hourly
        UNION ALL
        SELECT 'token_refusals', hourly.hour_starts_at
        FROM connvo.rollup_refusals_hourly AS hourly
    ) AS rolled
    WHERE rolled.at >= target
        AND NOT EXISTS (
            SELECT 1
            FROM (
                SELECT part.record_table, range_agg(tstzrange(part.starts_at, part.ends_at)) AS periods
                FROM connvo.partitions() AS part
                GROUP BY part.record_table
            ) AS covered
            WHERE covered.record_table = rolled.record_table
                AND covered.periods @> rolled.at
        );
    target := greatest(
        target, (date_trunc('month', lost AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC'
    );
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
