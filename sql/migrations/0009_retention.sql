-- 0009: what maintenance needs to take records away when they are old enough.
-- Why: personal data must not be kept for ever, and no record may be deleted: whole months are detached, kept for seven
--   days in case that was a mistake, and dropped.
-- Lock: none that anybody waits for; everything here is new.

-- DETACH … CONCURRENTLY cannot run in a function, so maintenance does, for each row of expired_partitions:
--   1. SELECT connvo.note_detach(partition_name)
--   2. ALTER TABLE connvo.RECORD_TABLE DETACH PARTITION connvo.PARTITION_NAME CONCURRENTLY, outside a transaction; or
--      FINALIZE in its place, where is_detach_pending says that an earlier one was interrupted
-- then, for each row of detached_partitions that is due:
--   3. SELECT connvo.drop_detached_partition(partition_name)
-- Whoever dies in between leaves a state that the next run goes on from: what was noted and is still attached is
-- expired as before, and the seven days begin when a run first sees the partition detached.

CREATE TABLE connvo.partition_detachments (
    partition_name text COLLATE "C" NOT NULL,
    record_table text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    detached_at timestamptz,
    dropped_at timestamptz,
    CONSTRAINT partition_detachments_pkey PRIMARY KEY (partition_name),
    CONSTRAINT partition_detachments_record_table_known CHECK (record_table IN ('issued_tokens', 'token_refusals')),
    CONSTRAINT partition_detachments_dropped_after_detached CHECK (
        dropped_at IS NULL OR (detached_at IS NOT NULL AND dropped_at >= detached_at)
    )
);

COMMENT ON TABLE connvo.partition_detachments IS 'Which months of records retention has taken away, and when. A table that is not named here is never dropped.';
COMMENT ON COLUMN connvo.partition_detachments.partition_name IS 'The partition, a table of schema connvo.';
COMMENT ON COLUMN connvo.partition_detachments.record_table IS 'The table it was a partition of.';
COMMENT ON COLUMN connvo.partition_detachments.requested_at IS 'When maintenance decided to detach it.';
COMMENT ON COLUMN connvo.partition_detachments.detached_at IS 'When it was first seen detached; null before.';
COMMENT ON COLUMN connvo.partition_detachments.dropped_at IS 'When it was dropped; null before.';

CREATE FUNCTION connvo.expired_partitions(keep_months integer)
    RETURNS TABLE (
        record_table text,
        partition_name text,
        starts_at timestamptz,
        ends_at timestamptz,
        is_detach_pending boolean
    )
    LANGUAGE plpgsql
    STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
BEGIN
    IF keep_months IS NULL OR keep_months < 1 THEN
        RAISE EXCEPTION 'keep_months must be 1 or more'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    SELECT part.record_table, part.partition_name, part.starts_at, part.ends_at, part.is_detach_pending
    FROM connvo.partitions() AS part
    CROSS JOIN connvo.rollup_state AS state
    WHERE part.is_detach_pending
        OR (
            part.ends_at <= (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => keep_months))
                AT TIME ZONE 'UTC'
            -- What is not in the rollups yet would be lost to the counts.
            AND part.ends_at <= state.rolled_up_until
        );
END;
$$;

COMMENT ON FUNCTION connvo.expired_partitions(integer) IS 'The partitions to detach when the current month (UTC) and so many full months before it are kept. One that is not in the rollups yet is not among them; one whose DETACH was interrupted always is.';

CREATE FUNCTION connvo.note_detach(partition_name text)
    RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    wanted constant text := note_detach.partition_name;
    parent text;
BEGIN
    SELECT part.record_table
    INTO parent
    FROM connvo.partitions() AS part
    WHERE part.partition_name = wanted;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not an attached partition', wanted
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    -- Whoever attached it again after an earlier time gets seven days again.
    INSERT INTO connvo.partition_detachments AS noted
        (partition_name, record_table)
    VALUES
        (wanted, parent)
    ON CONFLICT (partition_name) DO UPDATE
    SET requested_at = EXCLUDED.requested_at,
        detached_at = NULL,
        dropped_at = NULL;
END;
$$;

COMMENT ON FUNCTION connvo.note_detach(text) IS 'Notes that this partition is about to be detached; must be committed before it is.';

CREATE FUNCTION connvo.detached_partitions()
    RETURNS TABLE (
        record_table text,
        partition_name text,
        detached_at timestamptz,
        drop_after timestamptz,
        is_due boolean
    )
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
BEGIN
    UPDATE connvo.partition_detachments AS noted
    SET detached_at = now()
    WHERE noted.detached_at IS NULL
        AND EXISTS (
            SELECT 1
            FROM pg_class AS relation
            WHERE relation.oid = to_regclass(format('connvo.%I', noted.partition_name))
                AND NOT relation.relispartition
        );

    RETURN QUERY
    SELECT noted.record_table,
        CAST(noted.partition_name AS text),
        noted.detached_at,
        noted.detached_at + interval '7 days',
        noted.detached_at + interval '7 days' <= now()
    FROM connvo.partition_detachments AS noted
    JOIN pg_class AS relation
        ON relation.oid = to_regclass(format('connvo.%I', noted.partition_name))
    WHERE NOT relation.relispartition
        AND noted.dropped_at IS NULL
    ORDER BY noted.detached_at, noted.partition_name;
END;
$$;

COMMENT ON FUNCTION connvo.detached_partitions() IS 'The partitions that retention detached and that still exist, with the time after which they may be dropped; notes when it sees one for the first time.';

CREATE FUNCTION connvo.drop_detached_partition(partition_name text)
    RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    wanted constant text := drop_detached_partition.partition_name;
    -- As a wall clock of UTC.
    ends_at timestamp;
BEGIN
    -- Two that drop at once: the second waits here, and finds it done.
    PERFORM 1
    FROM connvo.partition_detachments AS noted
    WHERE noted.partition_name = wanted
    FOR UPDATE;

    IF NOT EXISTS (
        SELECT 1
        FROM connvo.detached_partitions() AS detached
        WHERE detached.partition_name = wanted
            AND detached.is_due
    ) THEN
        RAISE EXCEPTION '% was not detached by retention at least seven days ago', wanted
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    EXECUTE format('DROP TABLE connvo.%I', wanted);
    ends_at := to_date(right(wanted, 7), 'YYYY_MM') + interval '1 month';

    -- Rollups that name people, meetings or addresses end with the records. Those that only count stay.
    DELETE FROM connvo.rollup_bursts
    WHERE burst_starts_at < ends_at AT TIME ZONE 'UTC';
    DELETE FROM connvo.rollup_fanout_daily
    WHERE day_utc < ends_at;
    DELETE FROM connvo.rollup_meetings_daily
    WHERE day_utc < ends_at;

    UPDATE connvo.partition_detachments
    SET dropped_at = now()
    WHERE partition_name = wanted;
END;
$$;

COMMENT ON FUNCTION connvo.drop_detached_partition(text) IS 'Drops a partition that retention detached at least seven days ago, and what rollups say of people, meetings and addresses until its end; refuses anything else.';
