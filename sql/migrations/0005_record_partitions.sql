-- 0005: partitions of the record tables, and the one function that makes them in time.
-- Why: there is no DEFAULT partition (it would forbid DETACH CONCURRENTLY), so a month must exist before it begins.
-- Lock: ACCESS SHARE and SHARE UPDATE EXCLUSIVE on issued_tokens and token_refusals: readers and issuance go on.

-- Months are computed as UTC wall-clock time, so that no TimeZone setting can move a bound.
CREATE FUNCTION connvo.missing_partitions(months_ahead integer DEFAULT 1)
    RETURNS TABLE (record_table text, month date)
    LANGUAGE sql
    STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT parent.name,
        CAST(wanted.month AS date)
    FROM (VALUES ('issued_tokens'), ('token_refusals')) AS parent (name)
    CROSS JOIN LATERAL (
        SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead)
        FROM generate_series(0, months_ahead) AS ahead
    ) AS wanted (month)
    WHERE NOT EXISTS (
        SELECT 1
        FROM pg_inherits AS attached
        JOIN pg_class AS part
            ON part.oid = attached.inhrelid
        WHERE attached.inhparent = CAST('connvo.' || parent.name AS regclass)
            AND part.relname = parent.name || to_char(wanted.month, '_YYYY_MM')
            AND NOT attached.inhdetachpending
    )
    ORDER BY parent.name, wanted.month
$$;

COMMENT ON FUNCTION connvo.missing_partitions(integer) IS 'Which monthly partitions, from the current month (UTC) to so many months ahead, do not exist. No row: all is well. Cheap: readiness asks it.';

-- For the owner only: a month of the past, before records are imported into it, is made with this too.
CREATE FUNCTION connvo.create_partition(record_table text, month date)
    RETURNS text
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    starts_at constant timestamp := date_trunc('month', CAST(month AS timestamp));
    ends_at constant timestamp := starts_at + interval '1 month';
    partition constant text := record_table || to_char(starts_at, '_YYYY_MM');
BEGIN
    IF record_table NOT IN ('issued_tokens', 'token_refusals') THEN
        RAISE EXCEPTION '% is not a record table', record_table
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    -- CREATE TABLE … PARTITION OF takes ACCESS EXCLUSIVE on the parent: it queues behind every reader and
    -- stalls issuance behind itself. ATTACH gets along with both, and finds nothing to scan in a new table.
    -- The rows never change, so the first vacuum may as well freeze them.
    EXECUTE format(
        'CREATE TABLE connvo.%I (LIKE connvo.%I INCLUDING ALL)'
            ' WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05,'
            ' autovacuum_freeze_min_age = 0)',
        partition, record_table
    );
    EXECUTE format(
        'COMMENT ON TABLE connvo.%I IS %L',
        partition, format('Records of %s (UTC) of connvo.%s.', to_char(starts_at, 'YYYY-MM'), record_table)
    );
    EXECUTE format(
        'CREATE TRIGGER %I BEFORE TRUNCATE ON connvo.%I FOR EACH STATEMENT'
            ' EXECUTE FUNCTION connvo.refuse_record_change()',
        record_table || '_no_truncate', partition
    );
    EXECUTE format(
        'ALTER TABLE connvo.%I ATTACH PARTITION connvo.%I FOR VALUES FROM (%L) TO (%L)',
        record_table, partition,
        to_char(starts_at, 'YYYY-MM-DD 00:00:00+00'), to_char(ends_at, 'YYYY-MM-DD 00:00:00+00')
    );
    RETURN partition;
END;
$$;

COMMENT ON FUNCTION connvo.create_partition(text, date) IS 'Makes and attaches the partition of one month (UTC) of issued_tokens or token_refusals; returns its name.';

-- SECURITY DEFINER: the only DDL that the serving role can reach, hence without parameters. A caller that
-- finds another at work waits at most lock_timeout, then gets 55P03 and may try later.
CREATE FUNCTION connvo.ensure_partitions()
    RETURNS SETOF text
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET "TimeZone" = 'UTC'
    SET lock_timeout = '200ms'
    AS $$
DECLARE
    missing record;
BEGIN
    -- The daily call finds nothing to do and takes no lock.
    IF NOT EXISTS (SELECT 1 FROM connvo.missing_partitions(2)) THEN
        RETURN;
    END IF;

    PERFORM pg_advisory_xact_lock(hashtextextended('connvo.ensure_partitions', 0));
    FOR missing IN
        SELECT m.record_table, m.month
        FROM connvo.missing_partitions(2) AS m
    LOOP
        RETURN NEXT connvo.create_partition(missing.record_table, missing.month);
    END LOOP;
END;
$$;

COMMENT ON FUNCTION connvo.ensure_partitions() IS 'Makes the partitions of this month and the next two (UTC) that are missing, and returns their names. Safe to call at any time from many sessions.';

DO $$
BEGIN
    PERFORM connvo.ensure_partitions();
END;
$$;
