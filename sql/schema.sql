-- What the migrations make, without partitions, owners and grants. Written by scripts/schema; not for running.

CREATE SCHEMA connvo;

COMMENT ON SCHEMA connvo IS 'Who may enter which meeting, and a record of every token issued for one.';

CREATE SCHEMA reporting;

COMMENT ON SCHEMA reporting IS 'Answers to questions about tokens and refusals: views with versioned names, for people and for tools.';

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';

CREATE FUNCTION connvo.add_organizer_as_host() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO connvo.meeting_participants
        (meeting_id, user_id, role)
    VALUES
        (NEW.id, NEW.organizer_id, 'host')
    ON CONFLICT (meeting_id, user_id) DO UPDATE
    SET role = EXCLUDED.role,
        removed_at = NULL;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION connvo.add_organizer_as_host() IS 'Trigger: makes the new organizer of a meeting a host who is not removed.';

CREATE FUNCTION connvo.add_organizers_as_hosts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO connvo.meeting_participants
        (meeting_id, user_id, role)
    SELECT id, organizer_id, 'host'
    FROM made
    ON CONFLICT (meeting_id, user_id) DO UPDATE
    SET role = EXCLUDED.role,
        removed_at = NULL;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION connvo.add_organizers_as_hosts() IS 'Trigger: makes the organizers of new meetings hosts who are not removed.';

CREATE FUNCTION connvo.append_rollups(with_days boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
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

COMMENT ON FUNCTION connvo.append_rollups(with_days boolean) IS 'Appends the tails to the rollups; a part of refresh_rollups and recompute_rollups.';

CREATE FUNCTION connvo.attach_partition(partition_name text, accept_altered boolean DEFAULT false) RETURNS TABLE(record_table text, records bigint, is_altered boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS $$
#variable_conflict use_variable
DECLARE
    wanted constant text := partition_name;
    found constant regclass := to_regclass(format('connvo.%I', partition_name));
    noted record;
    gained record;
    now_checksum text;
BEGIN
    SELECT open.id, open.record_table, open.starts_at, open.ends_at, open.records, open.checksum, open.checksum_columns
    INTO noted
    FROM connvo.partition_detachments AS open
    WHERE open.partition_name = wanted
        AND open.attached_at IS NULL
        AND open.dropped_at IS NULL
        AND open.checksum IS NOT NULL
    FOR UPDATE;
    IF noted.id IS NULL OR NOT connvo.is_marked_detached(found) THEN
        RAISE EXCEPTION '% is not a partition that retention detached', wanted
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', found);
    IF (
        SELECT count(*)
        FROM pg_trigger AS own
        WHERE own.tgrelid = found
            AND own.tgname IN (noted.record_table || '_own_append_only', noted.record_table || '_no_truncate')
            AND own.tgfoid = 'connvo.refuse_record_change()'::regprocedure
            AND own.tgenabled = 'A'
    ) <> 2 THEN
        RAISE EXCEPTION 'a trigger that keeps % append-only is missing or disabled: its records may have been altered', wanted
            USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = format(
                    'The owner gives the triggers back: SELECT connvo.protect_partition(%L, %L). The records are compared all the same.',
                    format('connvo.%I', wanted), noted.record_table
                );
    END IF;

    SELECT counted.records, counted.checksum
    INTO records, now_checksum
    FROM connvo.record_checksum(found, noted.checksum_columns) AS counted;
    is_altered := (records, now_checksum) IS DISTINCT FROM (noted.records, noted.checksum);
    IF is_altered AND accept_altered IS NOT TRUE THEN
        RAISE EXCEPTION '% was altered after it was detached: it holds % records with checksum %, and held % with checksum %',
            wanted, records, now_checksum, noted.records, noted.checksum
            USING ERRCODE = 'data_exception',
                HINT = format(
                    'Restore it from a backup; or SELECT connvo.attach_partition(%L, true), which reporting.partition_faults_v1 shows for ever.',
                    wanted
                );
    END IF;

    EXECUTE format('ALTER TABLE %s DROP COLUMN use_connvo_attach_partition', found);
    FOR gained IN
        SELECT attribute.attname AS name,
            CAST(attribute.atttypid AS regtype) AS type,
            CAST(nullif(attribute.attcollation, 0) AS regcollation) AS sorted_by,
            col_description(attribute.attrelid, attribute.attnum) AS comment
        FROM pg_attribute AS attribute
        WHERE attribute.attrelid = CAST(format('connvo.%I', noted.record_table) AS regclass)
            AND attribute.attnum > 0
            AND NOT attribute.attisdropped
            AND NOT attribute.attnotnull
            AND NOT EXISTS (
                SELECT 1
                FROM pg_attribute AS own
                WHERE own.attrelid = found
                    AND own.attname = attribute.attname
                    AND NOT own.attisdropped
            )
        ORDER BY attribute.attnum
    LOOP
        IF gained.sorted_by IS NULL THEN
            EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', found, gained.name, gained.type);
        ELSE
            EXECUTE format(
                'ALTER TABLE %s ADD COLUMN %I %s COLLATE %s', found, gained.name, gained.type, gained.sorted_by
            );
        END IF;
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', found, gained.name, gained.comment);
    END LOOP;
    EXECUTE format(
        'ALTER TABLE connvo.%I ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
        noted.record_table, found, noted.starts_at, noted.ends_at
    );
    UPDATE connvo.partition_detachments AS ended
    SET attached_at = now(),
        attached_by = session_user,
        is_altered = attach_partition.is_altered
    WHERE ended.id = noted.id;
    record_table := noted.record_table;
    RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION connvo.attach_partition(partition_name text, accept_altered boolean) IS 'Attaches a month that retention took away, when its triggers are in place and its records are those that were detached; altered records only with accept_altered, which is noted. Columns that the table of records has gained since are added to the month.';

CREATE FUNCTION connvo.count_record_faults(since timestamp with time zone, until timestamp with time zone) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $$
    SELECT count(*)
    FROM reporting.record_faults_v1 AS fault
    WHERE fault.recorded_at >= count_record_faults.since
        AND fault.recorded_at < count_record_faults.until
$$;

COMMENT ON FUNCTION connvo.count_record_faults(since timestamp with time zone, until timestamp with time zone) IS 'Counts the rows of reporting.record_faults_v1 of one stretch of time: `maintain` asks for each that it rolled up.';

CREATE FUNCTION connvo.create_partition(record_table text, month date) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    starts_at constant timestamp := date_trunc('month', CAST(month AS timestamp));
    ends_at constant timestamp := starts_at + interval '1 month';
    base constant text := record_table || to_char(starts_at, '_YYYY_MM');
    partition text := base;
    number integer := 1;
BEGIN
    IF record_table NOT IN ('issued_tokens', 'token_refusals') THEN
        RAISE EXCEPTION '% is not a record table', record_table
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    -- A table that was detached by hand may have the name. It is left alone, and issuance goes on in another one.
    WHILE to_regclass(format('connvo.%I', partition)) IS NOT NULL LOOP
        number := number + 1;
        partition := base || '_' || number;
    END LOOP;

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
    PERFORM connvo.protect_partition(CAST(format('connvo.%I', partition) AS regclass), record_table);
    EXECUTE format(
        'ALTER TABLE connvo.%I ATTACH PARTITION connvo.%I FOR VALUES FROM (%L) TO (%L)',
        record_table, partition,
        to_char(starts_at, 'YYYY-MM-DD 00:00:00+00'), to_char(ends_at, 'YYYY-MM-DD 00:00:00+00')
    );
    RETURN partition;
END;
$$;

COMMENT ON FUNCTION connvo.create_partition(record_table text, month date) IS 'Makes and attaches the partition of one month (UTC) of issued_tokens or token_refusals; returns its name, which has a number behind the month where a table of that name exists.';

CREATE FUNCTION connvo.detach_partition(partition_name text, keep_months integer) RETURNS TABLE(is_detached boolean, records bigint, checksum text, held_by text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '200ms'
    AS $$
#variable_conflict use_variable
DECLARE
    wanted constant text := partition_name;
    attempts constant integer := 12;
    part record;
    columns text[];
    holders integer[];
BEGIN
    is_detached := false;
    SELECT attached.record_table, attached.relation, attached.starts_at, attached.ends_at
    INTO part
    FROM connvo.expired_partitions(keep_months) AS expired
    JOIN connvo.partitions() AS attached
        ON attached.relation = to_regclass(format('connvo.%I', expired.partition_name))
    WHERE expired.partition_name = wanted
        AND NOT expired.is_detach_pending;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    BEGIN
        -- Nothing may be added to it after it was counted; and two that detach it take turns.
        EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', part.relation);
    EXCEPTION
        WHEN lock_not_available THEN
            SELECT string_agg(holder.description, '; ')
            INTO held_by
            FROM connvo.lock_holders(ARRAY[part.relation]) AS holder;
            RETURN NEXT;
            RETURN;
    END;
    IF NOT EXISTS (SELECT 1 FROM connvo.partitions() AS attached WHERE attached.relation = part.relation) THEN
        RETURN;
    END IF;
    PERFORM connvo.protect_partition(part.relation, part.record_table);

    SELECT array_agg(CAST(attribute.attname AS text) ORDER BY attribute.attnum)
    INTO columns
    FROM pg_attribute AS attribute
    WHERE attribute.attrelid = CAST(format('connvo.%I', part.record_table) AS regclass)
        AND attribute.attnum > 0
        AND NOT attribute.attisdropped;
    SELECT counted.records, counted.checksum
    INTO records, checksum
    FROM connvo.record_checksum(part.relation, columns) AS counted;

    FOR attempt IN 1..attempts LOOP
        BEGIN
            EXECUTE format('ALTER TABLE connvo.%I DETACH PARTITION %s', part.record_table, part.relation);
            is_detached := true;
        EXCEPTION
            WHEN lock_not_available OR deadlock_detected THEN
                -- A session that was in the way every time is the one to name.
                SELECT array_agg(holder.pid), string_agg(holder.description, '; ')
                INTO holders, held_by
                FROM connvo.lock_holders(
                    ARRAY[part.relation, CAST(format('connvo.%I', part.record_table) AS regclass)]
                ) AS holder
                WHERE holders IS NULL OR holder.pid IS NULL OR holder.pid = ANY (holders);
        END;
        EXIT WHEN is_detached;
        IF attempt < attempts THEN
            PERFORM pg_sleep(least(attempt * 0.1, 1) * (0.5 + random()));
        END IF;
    END LOOP;
    IF NOT is_detached THEN
        records := NULL;
        checksum := NULL;
        RETURN NEXT;
        RETURN;
    END IF;
    held_by := NULL;

    -- ATTACH PARTITION refuses a table with a column that its parent does not have, and names the column. So nobody
    -- attaches it unawares, and a table without the mark is not the one that was detached here.
    EXECUTE format('ALTER TABLE %s ADD COLUMN use_connvo_attach_partition boolean', part.relation);
    EXECUTE format(
        'COMMENT ON COLUMN %s.use_connvo_attach_partition IS %L', part.relation,
        'Mark of retention: SELECT connvo.attach_partition(name) attaches this month again.'
    );
    INSERT INTO connvo.partition_detachments
        (partition_name, record_table, starts_at, ends_at, detached_at, detached_by, records, checksum, checksum_columns)
    VALUES
        (wanted, part.record_table, part.starts_at, part.ends_at, now(), session_user, records, checksum, columns);
    RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION connvo.detach_partition(partition_name text, keep_months integer) IS 'Detaches a partition that expired_partitions lists, and notes what it holds. No row: there is nothing to detach any more. Not detached: sessions kept a lock of it for about ten seconds; held_by names them.';

CREATE FUNCTION connvo.detached_partitions(keep_months integer) RETURNS TABLE(record_table text, partition_name text, detached_at timestamp with time zone, drop_after timestamp with time zone, is_kept boolean, is_due boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT noted.record_table,
        CAST(noted.partition_name AS text),
        noted.detached_at,
        noted.detached_at + interval '7 days',
        noted.ends_at > connvo.retention_border(keep_months),
        noted.detached_at + interval '7 days' <= now() AND noted.ends_at <= connvo.retention_border(keep_months)
    FROM connvo.partition_detachments AS noted
    WHERE noted.attached_at IS NULL
        AND noted.dropped_at IS NULL
        AND noted.checksum IS NOT NULL
        AND connvo.is_marked_detached(to_regclass(format('connvo.%I', noted.partition_name)))
    ORDER BY noted.detached_at, noted.starts_at, noted.partition_name;
END;
$$;

COMMENT ON FUNCTION connvo.detached_partitions(keep_months integer) IS 'The months that retention took away and that wait to be dropped: after when, and whether they are to be kept after all because so many months are kept now.';

CREATE FUNCTION connvo.drop_detached_partition(partition_name text, keep_months integer) RETURNS TABLE(is_dropped boolean, held_by text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '200ms'
    AS $$
#variable_conflict use_variable
DECLARE
    wanted constant text := partition_name;
    noted record;
    kept tstzmultirange;
BEGIN
    is_dropped := false;
    BEGIN
        SELECT open.id, open.starts_at, open.ends_at
        INTO noted
        FROM connvo.partition_detachments AS open
        WHERE open.partition_name = wanted
            AND open.attached_at IS NULL
            AND open.dropped_at IS NULL
        FOR UPDATE;

        -- Behind the lock of the row, which attach_partition takes, too.
        IF noted.id IS NULL OR NOT EXISTS (
            SELECT 1
            FROM connvo.detached_partitions(keep_months) AS detached
            WHERE detached.partition_name = wanted
                AND detached.is_due
        ) THEN
            RAISE EXCEPTION '% was not detached by retention at least seven days ago, or is to be kept', wanted
                USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;

        EXECUTE format('DROP TABLE connvo.%I', wanted);
    EXCEPTION
        WHEN lock_not_available THEN
            SELECT string_agg(holder.description, '; ')
            INTO held_by
            FROM connvo.lock_holders(ARRAY[to_regclass(format('connvo.%I', wanted))]) AS holder;
            RETURN NEXT;
            RETURN;
    END;

    UPDATE connvo.partition_detachments
    SET dropped_at = now(),
        dropped_by = session_user
    WHERE id = noted.id;

    -- Rollups that name people, meetings or addresses end with the records. Those that only count stay, and so does what
    -- belongs to records that are kept, attached or waiting to be dropped.
    SELECT range_agg(tstzrange(held.starts_at, held.ends_at))
    INTO kept
    FROM (
        SELECT part.starts_at, part.ends_at
        FROM connvo.partitions() AS part
        UNION ALL
        SELECT open.starts_at, open.ends_at
        FROM connvo.partition_detachments AS open
        WHERE open.attached_at IS NULL
            AND open.dropped_at IS NULL
            AND open.starts_at IS NOT NULL
    ) AS held;
    DELETE FROM connvo.rollup_bursts AS rollup
    WHERE rollup.burst_starts_at < noted.ends_at
        AND NOT kept @> rollup.burst_starts_at;
    DELETE FROM connvo.rollup_fanout_daily AS rollup
    WHERE rollup.day_utc < noted.ends_at AT TIME ZONE 'UTC'
        AND NOT kept @> (CAST(rollup.day_utc AS timestamp) AT TIME ZONE 'UTC');
    DELETE FROM connvo.rollup_meetings_daily AS rollup
    WHERE rollup.day_utc < noted.ends_at AT TIME ZONE 'UTC'
        AND NOT kept @> (CAST(rollup.day_utc AS timestamp) AT TIME ZONE 'UTC');
    is_dropped := true;
    RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION connvo.drop_detached_partition(partition_name text, keep_months integer) IS 'Drops a partition that retention detached at least seven days ago, that nobody attached since and that is not to be kept, and what rollups say of people, meetings and addresses in it; refuses anything else. Not dropped: a session kept a lock of it; held_by names it.';

CREATE FUNCTION connvo.ensure_partitions() RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '200ms'
    AS $$
DECLARE
    missing record;
    pending record;
BEGIN
    -- The daily call finds nothing to do and takes no lock.
    IF NOT EXISTS (SELECT 1 FROM connvo.missing_partitions(2)) THEN
        RETURN;
    END IF;

    -- ATTACH takes the same locks; readers and issuance get along with them.
    LOCK TABLE ONLY connvo.issued_tokens, ONLY connvo.token_refusals IN SHARE UPDATE EXCLUSIVE MODE;
    FOR missing IN
        SELECT m.record_table, m.month
        FROM connvo.missing_partitions(2) AS m
    LOOP
        -- One whose DETACH was begun by hand and interrupted holds no new record, and is in the way of another one.
        FOR pending IN
            SELECT part.relation
            FROM connvo.partitions() AS part
            WHERE part.is_detach_pending
                AND part.record_table = missing.record_table
                AND part.starts_at < (missing.month + interval '1 month') AT TIME ZONE 'UTC'
                AND part.ends_at > CAST(missing.month AS timestamp) AT TIME ZONE 'UTC'
        LOOP
            EXECUTE format('ALTER TABLE connvo.%I DETACH PARTITION %s FINALIZE', missing.record_table, pending.relation);
        END LOOP;
        BEGIN
            RETURN NEXT connvo.create_partition(missing.record_table, missing.month);
        EXCEPTION
            -- A partition of other bounds holds a part of the month. The other months are made all the same.
            WHEN invalid_object_definition THEN
                RAISE WARNING '%', SQLERRM;
        END;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION connvo.ensure_partitions() IS 'Makes the partitions of this month and the next two (UTC) that are missing, and returns their names. Safe to call at any time from many sessions.';

CREATE FUNCTION connvo.expired_partitions(keep_months integer) RETURNS TABLE(record_table text, partition_name text, starts_at timestamp with time zone, ends_at timestamp with time zone, is_detach_pending boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT part.record_table, part.partition_name, part.starts_at, part.ends_at, part.is_detach_pending
    FROM connvo.partitions() AS part
    JOIN pg_class AS relation
        ON relation.oid = part.relation
        AND relation.relnamespace = 'connvo'::regnamespace
        AND relation.relkind = 'r'
    CROSS JOIN connvo.rollup_state AS state
    WHERE part.is_detach_pending
        OR (
            part.ends_at <= connvo.retention_border(keep_months)
            -- What is not in the rollups yet would be lost to the counts.
            AND part.ends_at <= state.rolled_up_until
        );
END;
$$;

COMMENT ON FUNCTION connvo.expired_partitions(keep_months integer) IS 'The partitions to detach when the current month (UTC) and so many full months before it are kept. One that is not in the rollups yet is not among them; one whose DETACH was interrupted always is.';

CREATE FUNCTION connvo.finish_detach(partition_name text) RETURNS TABLE(is_detached boolean, held_by text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '200ms'
    AS $$
#variable_conflict use_variable
DECLARE
    part record;
BEGIN
    is_detached := false;
    SELECT attached.record_table, attached.relation
    INTO part
    FROM connvo.partitions() AS attached
    WHERE attached.is_detach_pending
        AND attached.relation = to_regclass(format('connvo.%I', finish_detach.partition_name));
    IF NOT FOUND THEN
        RETURN;
    END IF;
    FOR attempt IN 1..12 LOOP
        BEGIN
            EXECUTE format('ALTER TABLE connvo.%I DETACH PARTITION %s FINALIZE', part.record_table, part.relation);
            is_detached := true;
        EXCEPTION
            -- It waits for all older snapshots, and for readers of the partition.
            WHEN lock_not_available OR deadlock_detected THEN
                SELECT string_agg(holder.description, '; ')
                INTO held_by
                FROM connvo.lock_holders(
                    ARRAY[part.relation, CAST(format('connvo.%I', part.record_table) AS regclass)]
                ) AS holder;
        END;
        EXIT WHEN is_detached;
        PERFORM pg_sleep(least(attempt * 0.1, 1) * (0.5 + random()));
    END LOOP;
    RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION connvo.finish_detach(partition_name text) IS 'Finishes a DETACH CONCURRENTLY that was begun by hand and interrupted. What it detaches is not noted, and so never dropped.';

CREATE FUNCTION connvo.is_marked_detached(relation regclass) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT EXISTS (
            SELECT 1
            FROM pg_class AS class
            JOIN pg_attribute AS attribute
                ON attribute.attrelid = class.oid
            WHERE class.oid = relation
                AND class.relkind = 'r'
                AND NOT class.relispartition
                AND attribute.attname = 'use_connvo_attach_partition'
                AND NOT attribute.attisdropped
        )
$$;

COMMENT ON FUNCTION connvo.is_marked_detached(relation regclass) IS 'Whether this is a table that detach_partition detached and nobody has attached since.';

CREATE FUNCTION connvo.lock_holders(relations regclass[]) RETURNS TABLE(pid integer, description text)
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT DISTINCT held.pid,
        CASE
            WHEN held.pid IS NULL THEN 'a prepared transaction (pg_prepared_xacts)'
            ELSE format(
                'pid %s of login %s, application "%s"%s',
                held.pid, coalesce(session.usename, '?'), coalesce(session.application_name, ''),
                coalesce(
                    to_char(session.xact_start AT TIME ZONE 'UTC', '", in a transaction since "YYYY-MM-DD"T"HH24:MI:SS"Z"'), ''
                )
            )
        END
    FROM pg_locks AS held
    LEFT JOIN pg_stat_activity AS session
        ON session.pid = held.pid
    WHERE held.locktype = 'relation'
        AND held.granted
        AND held.relation = ANY (CAST(relations AS oid[]))
        AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND held.pid IS DISTINCT FROM pg_backend_pid()
$$;

COMMENT ON FUNCTION connvo.lock_holders(relations regclass[]) IS 'The sessions that have a lock of one of these tables.';

CREATE FUNCTION connvo.missing_partitions(months_ahead integer DEFAULT 1) RETURNS TABLE(record_table text, month date)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    WITH covered AS (
        SELECT part.record_table, range_agg(tstzrange(part.starts_at, part.ends_at)) AS periods
        FROM connvo.partitions() AS part
        WHERE NOT part.is_detach_pending
        GROUP BY part.record_table
    )
    SELECT parent.name,
        CAST(wanted.month AS date)
    FROM (VALUES ('issued_tokens'), ('token_refusals')) AS parent (name)
    CROSS JOIN LATERAL (
        SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead)
        FROM generate_series(0, months_ahead) AS ahead
    ) AS wanted (month)
    WHERE NOT EXISTS (
        SELECT 1
        FROM covered
        WHERE covered.record_table = parent.name
            AND covered.periods @> tstzrange(
                wanted.month AT TIME ZONE 'UTC', (wanted.month + interval '1 month') AT TIME ZONE 'UTC'
            )
    )
    ORDER BY parent.name, wanted.month
$$;

COMMENT ON FUNCTION connvo.missing_partitions(months_ahead integer) IS 'Which months (UTC), from the current one to so many ahead, no attached partition holds. No row: all is well. Cheap: readiness asks it.';

CREATE FUNCTION connvo.note_attachments() RETURNS TABLE(partition_name text, is_altered boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
DECLARE
    noted record;
    found regclass;
BEGIN
    FOR noted IN
        SELECT open.id, open.partition_name, open.records, open.checksum, open.checksum_columns
        FROM connvo.partition_detachments AS open
        WHERE open.attached_at IS NULL
            AND open.dropped_at IS NULL
        ORDER BY open.id
        FOR UPDATE
    LOOP
        found := to_regclass(format('connvo.%I', noted.partition_name));
        IF found IS NULL THEN
            UPDATE connvo.partition_detachments
            SET detached_at = coalesce(detached_at, now()),
                dropped_at = now()
            WHERE id = noted.id;
        ELSIF NOT connvo.is_marked_detached(found) THEN
            is_altered := NULL;
            IF noted.checksum IS NOT NULL THEN
                BEGIN
                    SELECT (counted.records, counted.checksum) IS DISTINCT FROM (noted.records, noted.checksum)
                    INTO is_altered
                    FROM connvo.record_checksum(found, noted.checksum_columns) AS counted;
                EXCEPTION
                    -- Another relation has the name.
                    WHEN insufficient_privilege OR undefined_column OR wrong_object_type THEN
                        is_altered := NULL;
                END;
            END IF;
            UPDATE connvo.partition_detachments AS ended
            SET attached_at = now(),
                is_altered = note_attachments.is_altered
            WHERE ended.id = noted.id;
            partition_name := noted.partition_name;
            RETURN NEXT;
        END IF;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION connvo.note_attachments() IS 'Notes which months that retention had taken away were attached again, unmarked or dropped by hand since; returns those that exist, with whether their records were altered. Retention never drops these.';

CREATE FUNCTION connvo.partitions() RETURNS TABLE(record_table text, partition_name text, starts_at timestamp with time zone, ends_at timestamp with time zone, is_detach_pending boolean, relation regclass)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS $_$
    SELECT CAST(parent.relname AS text),
        CAST(part.relname AS text),
        coalesce(CAST(bound.texts[1] AS timestamptz), '-infinity'),
        coalesce(CAST(bound.texts[2] AS timestamptz), 'infinity'),
        attached.inhdetachpending,
        CAST(part.oid AS regclass)
    FROM pg_inherits AS attached
    JOIN pg_class AS parent
        ON parent.oid = attached.inhparent
    JOIN pg_class AS part
        ON part.oid = attached.inhrelid
    CROSS JOIN LATERAL (
        SELECT regexp_match(
                pg_get_expr(part.relpartbound, part.oid),
                '^FOR VALUES FROM [(](?:''([^'']*)''|MINVALUE)[)] TO [(](?:''([^'']*)''|MAXVALUE)[)]$'
            ) AS texts
    ) AS bound
    WHERE attached.inhparent IN ('connvo.issued_tokens'::regclass, 'connvo.token_refusals'::regclass)
        AND bound.texts IS NOT NULL
    ORDER BY 3, 1
$_$;

COMMENT ON FUNCTION connvo.partitions() IS 'The partitions of the record tables with their bounds, by the catalogue and whatever their names are; is_detach_pending marks one whose DETACH CONCURRENTLY was interrupted and needs FINALIZE.';

CREATE FUNCTION connvo.protect_partition(relation regclass, record_table text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER %I BEFORE UPDATE OR DELETE ON %s FOR EACH ROW'
            ' EXECUTE FUNCTION connvo.refuse_record_change()',
        record_table || '_own_append_only', relation
    );
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER %I BEFORE TRUNCATE ON %s FOR EACH STATEMENT'
            ' EXECUTE FUNCTION connvo.refuse_record_change()',
        record_table || '_no_truncate', relation
    );
    EXECUTE format(
        'ALTER TABLE %s ENABLE ALWAYS TRIGGER %I, ENABLE ALWAYS TRIGGER %I',
        relation, record_table || '_own_append_only', record_table || '_no_truncate'
    );
END;
$$;

COMMENT ON FUNCTION connvo.protect_partition(relation regclass, record_table text) IS 'Gives a partition the triggers of its own that keep it append-only when it is detached.';

CREATE FUNCTION connvo.recompute_rollups(month date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
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

COMMENT ON FUNCTION connvo.recompute_rollups(month date) IS 'Counts the rollups of one month (UTC) again, in one transaction; false, and nothing is changed, when not all of its records are attached. Reports stay as they were until it is committed.';

CREATE FUNCTION connvo.record_checksum(relation regclass, checksum_columns text[], OUT records bigint, OUT checksum text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET bytea_output TO 'hex'
    SET jit TO 'off'
    AS $$
BEGIN
    EXECUTE format(
        'SELECT count(*), CAST(coalesce(sum(CAST(CAST(''x'' || left(md5(CAST(ROW(%s) AS text)), 16) AS bit(64)) AS bigint)),'
            ' 0) AS text) FROM ONLY %s',
        (
            SELECT string_agg(quote_ident(given.name), ', ' ORDER BY given.position)
            FROM unnest(checksum_columns) WITH ORDINALITY AS given (name, position)
        ),
        relation
    )
    INTO records, checksum;
END;
$$;

COMMENT ON FUNCTION connvo.record_checksum(relation regclass, checksum_columns text[], OUT records bigint, OUT checksum text) IS 'How many records a table holds, and the sum of the first 64 bits of the MD5 of each, to notice that one was altered. Reads all of it: about 200,000 records a second.';

CREATE FUNCTION connvo.refresh_rollups(max_hours integer DEFAULT 168) RETURNS TABLE(rolled_up_from timestamp with time zone, rolled_up_until timestamp with time zone, is_current boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
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

COMMENT ON FUNCTION connvo.refresh_rollups(max_hours integer) IS 'Appends to the rollups what was recorded since the last time, up to the last full hour (UTC) that ended ten minutes ago, and at most so many hours. Call it again until is_current. Any number may run at once; 55P03 when a writer does not end within five seconds.';

CREATE FUNCTION connvo.refuse_record_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'connvo.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
            HINT = 'Retention detaches whole months: connvo-server maintain.';
END;
$$;

COMMENT ON FUNCTION connvo.refuse_record_change() IS 'Trigger: refuses every change of a record, to the owner and to superusers too.';

CREATE FUNCTION connvo.retention_border(keep_months integer) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF keep_months IS NULL OR keep_months < 1 THEN
        RAISE EXCEPTION 'keep_months must be 1 or more'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => keep_months)) AT TIME ZONE 'UTC';
END;
$$;

COMMENT ON FUNCTION connvo.retention_border(keep_months integer) IS 'The first instant that is kept when the current month (UTC) and so many full months before it are.';

CREATE FUNCTION connvo.rewind_rollups(to_month date) RETURNS timestamp with time zone
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
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

COMMENT ON FUNCTION connvo.rewind_rollups(to_month date) IS 'Forgets the rollups from the beginning of that month (UTC) on, as far back as there are records, and returns the new border: after records of the past were imported. Reports stay right meanwhile; refresh_rollups makes them fast again.';

CREATE FUNCTION connvo.rollup_differences(since_month date) RETURNS TABLE(starts_at timestamp with time zone, rollup text, rolled_up bigint, recorded bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
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

COMMENT ON FUNCTION connvo.rollup_differences(since_month date) IS 'Where rollups and records disagree, from the beginning of that month (UTC) on; null compares all that is attached. Reads all records of the time.';

CREATE FUNCTION connvo.rollups_due() RETURNS timestamp with time zone
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT state.rolled_up_until
    FROM connvo.rollup_state AS state
    WHERE state.rolled_up_until < date_trunc('hour', now() - interval '10 minutes', 'UTC')
$$;

COMMENT ON FUNCTION connvo.rollups_due() IS 'From when on rollups are behind; null when they are not.';

CREATE FUNCTION connvo.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.updated_at := pg_catalog.now();
    RETURN NEW;
END;
$$;

COMMENT ON FUNCTION connvo.set_updated_at() IS 'Trigger: stamps updated_at when a row really changed.';

CREATE FUNCTION connvo.users_with_records(user_ids text[]) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT wanted.id
    FROM unnest(user_ids) AS wanted (id)
    WHERE EXISTS (
            SELECT 1
            FROM connvo.issued_tokens AS issued
            WHERE issued.user_id = wanted.id
        )
        OR EXISTS (
            SELECT 1
            FROM connvo.token_refusals AS refused
            WHERE refused.user_id = wanted.id
        )
$$;

COMMENT ON FUNCTION connvo.users_with_records(user_ids text[]) IS 'Which of these users a record names: pruning refuses to delete them.';

CREATE TABLE connvo.issued_tokens (
    id uuid NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    meeting_id text NOT NULL COLLATE pg_catalog."C",
    organizer_id text NOT NULL COLLATE pg_catalog."C",
    organization_id text COLLATE pg_catalog."C",
    requested_role text,
    granted_role text NOT NULL,
    stream_role text NOT NULL,
    tier_id text NOT NULL COLLATE pg_catalog."C",
    tier_is_paid boolean NOT NULL,
    subscription_id uuid NOT NULL,
    subscription_status text NOT NULL,
    subscription_starts_at timestamp with time zone NOT NULL,
    subscription_ends_at timestamp with time zone,
    call_cid text NOT NULL COLLATE pg_catalog."C",
    token_sha256 bytea NOT NULL,
    signing_key_id text NOT NULL COLLATE pg_catalog."C",
    session_id text NOT NULL COLLATE pg_catalog."C",
    impersonator text COLLATE pg_catalog."C",
    client_ip inet,
    user_agent text,
    request_id text NOT NULL COLLATE pg_catalog."C",
    held_role text,
    trace_id uuid,
    CONSTRAINT issued_tokens_token_sha256_length CHECK ((octet_length(token_sha256) = 32))
)
PARTITION BY RANGE (issued_at);

COMMENT ON TABLE connvo.issued_tokens IS 'One row per Stream token signed, committed before the token leaves. Append-only, monthly partitions (UTC). Facts are copied, not referenced: no foreign key, so that history stays true after a role changes or a user is erased, so that no parent row is locked per token, and so that retention can detach a month.';

COMMENT ON COLUMN connvo.issued_tokens.id IS 'UUID v7 made by the server, the jti of the token; its time is that of issued_at and so gives the partition.';

COMMENT ON COLUMN connvo.issued_tokens.issued_at IS 'When the decision was taken, by the one clock reading of the request.';

COMMENT ON COLUMN connvo.issued_tokens.expires_at IS 'When the token stops working: its exp.';

COMMENT ON COLUMN connvo.issued_tokens.user_id IS 'Who got the token: its user_id.';

COMMENT ON COLUMN connvo.issued_tokens.meeting_id IS 'The meeting it was issued for.';

COMMENT ON COLUMN connvo.issued_tokens.organizer_id IS 'The organizer of the meeting at that time.';

COMMENT ON COLUMN connvo.issued_tokens.organization_id IS 'The organizer''s organization at that time; null when there was none.';

COMMENT ON COLUMN connvo.issued_tokens.requested_role IS 'The role the client asked for; null when it asked for none.';

COMMENT ON COLUMN connvo.issued_tokens.granted_role IS 'The role that was granted.';

COMMENT ON COLUMN connvo.issued_tokens.stream_role IS 'What the granted role was mapped to: the role claim of the token.';

COMMENT ON COLUMN connvo.issued_tokens.tier_id IS 'The tier that paid for the meeting.';

COMMENT ON COLUMN connvo.issued_tokens.tier_is_paid IS 'Whether that tier counted as paid at that time.';

COMMENT ON COLUMN connvo.issued_tokens.subscription_id IS 'The subscription that covered the meeting.';

COMMENT ON COLUMN connvo.issued_tokens.subscription_status IS 'Its status at that time.';

COMMENT ON COLUMN connvo.issued_tokens.subscription_starts_at IS 'Start of its period at that time.';

COMMENT ON COLUMN connvo.issued_tokens.subscription_ends_at IS 'End of its period at that time; null when it was open.';

COMMENT ON COLUMN connvo.issued_tokens.call_cid IS 'The one entry of call_cids: call type, colon, call id.';

COMMENT ON COLUMN connvo.issued_tokens.token_sha256 IS 'SHA-256 of the token; the token itself is never stored.';

COMMENT ON COLUMN connvo.issued_tokens.signing_key_id IS 'Which secret signed it: first 16 hex digits of HMAC-SHA256(secret, "connvo key id").';

COMMENT ON COLUMN connvo.issued_tokens.session_id IS 'The WorkOS session (sid) of the bearer token.';

COMMENT ON COLUMN connvo.issued_tokens.impersonator IS 'Who acted as the user; null when the user did.';

COMMENT ON COLUMN connvo.issued_tokens.client_ip IS 'Address of the client, behind trusted proxies; null when unknown.';

COMMENT ON COLUMN connvo.issued_tokens.user_agent IS 'User-Agent, cut at 256 characters; null when none was sent.';

COMMENT ON COLUMN connvo.issued_tokens.request_id IS 'The X-Request-Id of the answer.';

COMMENT ON COLUMN connvo.issued_tokens.held_role IS 'The role the caller had in the meeting at that time; null in records older than migration 0006.';

COMMENT ON COLUMN connvo.issued_tokens.trace_id IS 'The trace of the request: trace-id of the W3C traceparent that the client sent. Null when it sent no valid one, and in records older than migration 0020.';

CREATE TABLE connvo.meeting_participants (
    meeting_id text NOT NULL COLLATE pg_catalog."C",
    user_id text NOT NULL COLLATE pg_catalog."C",
    role text NOT NULL,
    invited_at timestamp with time zone,
    joined_at timestamp with time zone,
    left_at timestamp with time zone,
    removed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT meeting_participants_left_after_joined CHECK (((left_at IS NULL) OR ((joined_at IS NOT NULL) AND (left_at >= joined_at)))),
    CONSTRAINT meeting_participants_role_known CHECK ((role = ANY (ARRAY['host'::text, 'co-host'::text, 'participant'::text, 'observer'::text]))),
    CONSTRAINT meeting_participants_times_finite CHECK ((isfinite(invited_at) AND isfinite(joined_at) AND isfinite(left_at) AND isfinite(removed_at))),
    CONSTRAINT meeting_participants_times_writable CHECK ((((invited_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((invited_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((joined_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((joined_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((left_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((left_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((removed_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((removed_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone)))
)
WITH (fillfactor='90');

COMMENT ON TABLE connvo.meeting_participants IS 'Membership, and nothing else decides it: who may enter a meeting, in which role.';

COMMENT ON COLUMN connvo.meeting_participants.meeting_id IS 'The meeting.';

COMMENT ON COLUMN connvo.meeting_participants.user_id IS 'The member.';

COMMENT ON COLUMN connvo.meeting_participants.role IS 'host, co-host, participant or observer; a request may lower it, never raise it.';

COMMENT ON COLUMN connvo.meeting_participants.invited_at IS 'When the member was invited; null when nobody had to, as for the organizer.';

COMMENT ON COLUMN connvo.meeting_participants.joined_at IS 'When the member last joined; null when never.';

COMMENT ON COLUMN connvo.meeting_participants.left_at IS 'When the member last left; null while inside or never there. Leaving is not removal.';

COMMENT ON COLUMN connvo.meeting_participants.removed_at IS 'When the member was removed; set, it keeps the person out.';

COMMENT ON COLUMN connvo.meeting_participants.created_at IS 'When the row was inserted here.';

COMMENT ON COLUMN connvo.meeting_participants.updated_at IS 'When the row last really changed; kept by trigger.';

CREATE TABLE connvo.meetings (
    id text NOT NULL COLLATE pg_catalog."C",
    organizer_id text NOT NULL COLLATE pg_catalog."C",
    title text NOT NULL,
    state text DEFAULT 'scheduled'::text NOT NULL,
    scheduled_at timestamp with time zone,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    stream_call_type text COLLATE pg_catalog."C",
    stream_call_id text COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT meetings_ended_after_started CHECK ((ended_at >= started_at)),
    CONSTRAINT meetings_ended_at_agrees CHECK (((state = 'concluded'::text) = (ended_at IS NOT NULL))),
    CONSTRAINT meetings_id_valid CHECK (((id ~ '^[A-Za-z0-9_-]+$'::text) AND (char_length(id) <= 64))),
    CONSTRAINT meetings_started_at_agrees CHECK (((state = ANY (ARRAY['active'::text, 'concluded'::text])) = (started_at IS NOT NULL))),
    CONSTRAINT meetings_state_known CHECK ((state = ANY (ARRAY['scheduled'::text, 'active'::text, 'concluded'::text, 'cancelled'::text]))),
    CONSTRAINT meetings_stream_call_complete CHECK ((num_nonnulls(stream_call_type, stream_call_id) = ANY (ARRAY[0, 2]))),
    CONSTRAINT meetings_stream_call_id_valid CHECK (((stream_call_id ~ '^[A-Za-z0-9_-]+$'::text) AND (char_length(stream_call_id) <= 64))),
    CONSTRAINT meetings_stream_call_type_valid CHECK (((stream_call_type ~ '^[A-Za-z0-9_-]+$'::text) AND (char_length(stream_call_type) <= 64))),
    CONSTRAINT meetings_times_finite CHECK ((isfinite(scheduled_at) AND isfinite(started_at) AND isfinite(ended_at))),
    CONSTRAINT meetings_times_writable CHECK ((((scheduled_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((scheduled_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((started_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((started_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((ended_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((ended_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone))),
    CONSTRAINT meetings_title_valid CHECK (((btrim(title) <> ''::text) AND (char_length(title) <= 255)))
)
WITH (fillfactor='90');

COMMENT ON TABLE connvo.meetings IS 'Video meetings. scheduled and active ones admit, concluded and cancelled ones never do.';

COMMENT ON COLUMN connvo.meetings.id IS 'The id that clients send (meeting_...).';

COMMENT ON COLUMN connvo.meetings.organizer_id IS 'The user whose subscription, or whose organization''s, pays for the meeting; always added as host.';

COMMENT ON COLUMN connvo.meetings.title IS 'Title shown to people.';

COMMENT ON COLUMN connvo.meetings.state IS 'scheduled, active, concluded or cancelled.';

COMMENT ON COLUMN connvo.meetings.scheduled_at IS 'When it is meant to begin; null when no time was set.';

COMMENT ON COLUMN connvo.meetings.started_at IS 'When it began; set exactly while active or concluded.';

COMMENT ON COLUMN connvo.meetings.ended_at IS 'When it ended; set exactly while concluded.';

COMMENT ON COLUMN connvo.meetings.stream_call_type IS 'GetStream call type; null until the call was made, together with stream_call_id.';

COMMENT ON COLUMN connvo.meetings.stream_call_id IS 'GetStream call id; null until the call was made, together with stream_call_type.';

COMMENT ON COLUMN connvo.meetings.created_at IS 'When the row was inserted here.';

COMMENT ON COLUMN connvo.meetings.updated_at IS 'When the row last really changed; kept by trigger.';

CREATE TABLE connvo.organizations (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT organizations_id_valid CHECK (((id ~ '^[A-Za-z0-9_@-]+$'::text) AND (char_length(id) <= 255))),
    CONSTRAINT organizations_name_valid CHECK (((btrim(name) <> ''::text) AND (char_length(name) <= 255)))
);

COMMENT ON TABLE connvo.organizations IS 'WorkOS organizations. One may pay for the meetings of all its members.';

COMMENT ON COLUMN connvo.organizations.id IS 'The WorkOS organization id (org_...), as it is.';

COMMENT ON COLUMN connvo.organizations.name IS 'Name shown to people.';

COMMENT ON COLUMN connvo.organizations.created_at IS 'When the row was inserted here.';

COMMENT ON COLUMN connvo.organizations.updated_at IS 'When the row last really changed; kept by trigger.';

CREATE TABLE connvo.partition_detachments (
    partition_name text NOT NULL COLLATE pg_catalog."C",
    record_table text NOT NULL,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    detached_at timestamp with time zone,
    dropped_at timestamp with time zone,
    id bigint NOT NULL,
    starts_at timestamp with time zone,
    ends_at timestamp with time zone,
    detached_by text,
    records bigint,
    checksum text,
    checksum_columns text[],
    attached_at timestamp with time zone,
    attached_by text,
    is_altered boolean,
    dropped_by text,
    CONSTRAINT partition_detachments_dropped_after_detached CHECK (((dropped_at IS NULL) OR ((detached_at IS NOT NULL) AND (dropped_at >= detached_at)))),
    CONSTRAINT partition_detachments_ends_once CHECK (((attached_at IS NULL) OR (dropped_at IS NULL))),
    CONSTRAINT partition_detachments_record_table_known CHECK ((record_table = ANY (ARRAY['issued_tokens'::text, 'token_refusals'::text])))
);

COMMENT ON TABLE connvo.partition_detachments IS 'Each time that retention took a month of records away: when, with what in it, and how it ended. Nothing else is ever dropped.';

COMMENT ON COLUMN connvo.partition_detachments.partition_name IS 'The partition, a table of schema connvo.';

COMMENT ON COLUMN connvo.partition_detachments.record_table IS 'The table it was a partition of.';

COMMENT ON COLUMN connvo.partition_detachments.requested_at IS 'When maintenance decided to detach it.';

COMMENT ON COLUMN connvo.partition_detachments.detached_at IS 'When it was detached.';

COMMENT ON COLUMN connvo.partition_detachments.dropped_at IS 'When it was dropped; null before.';

COMMENT ON COLUMN connvo.partition_detachments.id IS 'Number of the row.';

COMMENT ON COLUMN connvo.partition_detachments.starts_at IS 'First instant of the partition; null in rows older than migration 0012.';

COMMENT ON COLUMN connvo.partition_detachments.ends_at IS 'First instant after the partition; null in rows older than migration 0012.';

COMMENT ON COLUMN connvo.partition_detachments.detached_by IS 'The login that detached it; null in rows older than migration 0012.';

COMMENT ON COLUMN connvo.partition_detachments.records IS 'How many records it held when it was detached; null in rows older than migration 0012.';

COMMENT ON COLUMN connvo.partition_detachments.checksum IS 'What connvo.record_checksum said of them.';

COMMENT ON COLUMN connvo.partition_detachments.checksum_columns IS 'The columns that the checksum is of.';

COMMENT ON COLUMN connvo.partition_detachments.attached_at IS 'When it was attached again, or first seen without the mark of a detached partition; null before. Retention never drops it then.';

COMMENT ON COLUMN connvo.partition_detachments.attached_by IS 'The login that attached it with connvo.attach_partition; null when it was done by hand.';

COMMENT ON COLUMN connvo.partition_detachments.is_altered IS 'Whether its records were then other ones than when it was detached; null when that could not be told.';

COMMENT ON COLUMN connvo.partition_detachments.dropped_by IS 'The login that dropped it; null when it was done by hand.';

ALTER TABLE connvo.partition_detachments ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME connvo.partition_detachments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE connvo.rollup_bursts (
    burst_starts_at timestamp with time zone NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    meeting_id text NOT NULL COLLATE pg_catalog."C",
    tokens bigint NOT NULL,
    addresses bigint NOT NULL,
    sessions bigint NOT NULL
);

COMMENT ON TABLE connvo.rollup_bursts IS 'Five minutes in which one user got more than five tokens for one meeting.';

COMMENT ON COLUMN connvo.rollup_bursts.burst_starts_at IS 'First instant of the five minutes, a multiple of five past the hour.';

COMMENT ON COLUMN connvo.rollup_bursts.user_id IS 'Who got the tokens.';

COMMENT ON COLUMN connvo.rollup_bursts.meeting_id IS 'For which meeting.';

COMMENT ON COLUMN connvo.rollup_bursts.tokens IS 'Tokens issued.';

COMMENT ON COLUMN connvo.rollup_bursts.addresses IS 'Different client addresses.';

COMMENT ON COLUMN connvo.rollup_bursts.sessions IS 'Different WorkOS sessions.';

CREATE TABLE connvo.rollup_concurrency_daily (
    day_utc date NOT NULL,
    peak_tokens bigint NOT NULL,
    peak_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE connvo.rollup_concurrency_daily IS 'The most tokens that were alive at one instant of a day (UTC).';

COMMENT ON COLUMN connvo.rollup_concurrency_daily.day_utc IS 'The day.';

COMMENT ON COLUMN connvo.rollup_concurrency_daily.peak_tokens IS 'Tokens issued and not expired.';

COMMENT ON COLUMN connvo.rollup_concurrency_daily.peak_at IS 'The first instant with so many.';

CREATE TABLE connvo.rollup_fanout_daily (
    day_utc date NOT NULL,
    client_ip inet NOT NULL,
    users bigint NOT NULL,
    tokens bigint NOT NULL,
    refusals bigint NOT NULL
);

COMMENT ON TABLE connvo.rollup_fanout_daily IS 'Addresses from which ten or more users asked on one day (UTC).';

COMMENT ON COLUMN connvo.rollup_fanout_daily.day_utc IS 'The day.';

COMMENT ON COLUMN connvo.rollup_fanout_daily.client_ip IS 'The address of the client.';

COMMENT ON COLUMN connvo.rollup_fanout_daily.users IS 'Different users, let in or refused.';

COMMENT ON COLUMN connvo.rollup_fanout_daily.tokens IS 'Tokens issued.';

COMMENT ON COLUMN connvo.rollup_fanout_daily.refusals IS 'Refusals.';

CREATE TABLE connvo.rollup_meetings_daily (
    day_utc date NOT NULL,
    meeting_id text NOT NULL COLLATE pg_catalog."C",
    organizer_id text NOT NULL COLLATE pg_catalog."C",
    tier_id text NOT NULL COLLATE pg_catalog."C",
    tokens bigint NOT NULL,
    users bigint NOT NULL,
    first_issued_at timestamp with time zone NOT NULL,
    last_issued_at timestamp with time zone NOT NULL
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

CREATE TABLE connvo.rollup_refusals_hourly (
    hour_starts_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    code text NOT NULL,
    refusals bigint NOT NULL,
    users bigint NOT NULL,
    meetings bigint NOT NULL,
    last_refused_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE connvo.rollup_refusals_hourly IS 'Refusals by hour (UTC) and reason.';

COMMENT ON COLUMN connvo.rollup_refusals_hourly.hour_starts_at IS 'First instant of the hour.';

COMMENT ON COLUMN connvo.rollup_refusals_hourly.reason IS 'Why.';

COMMENT ON COLUMN connvo.rollup_refusals_hourly.code IS 'The code that goes with the reason.';

COMMENT ON COLUMN connvo.rollup_refusals_hourly.refusals IS 'Refusals.';

COMMENT ON COLUMN connvo.rollup_refusals_hourly.users IS 'Different users refused.';

COMMENT ON COLUMN connvo.rollup_refusals_hourly.meetings IS 'Different meetings asked for.';

COMMENT ON COLUMN connvo.rollup_refusals_hourly.last_refused_at IS 'When the last of them was recorded.';

CREATE TABLE connvo.rollup_state (
    is_only boolean DEFAULT true NOT NULL,
    rolled_up_until timestamp with time zone NOT NULL,
    rolling_up_until timestamp with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    refreshed_at timestamp with time zone,
    CONSTRAINT rollup_state_is_only CHECK (is_only),
    CONSTRAINT rollup_state_whole_hours CHECK (((date_trunc('hour'::text, rolled_up_until, 'UTC'::text) = rolled_up_until) AND (date_trunc('hour'::text, rolling_up_until, 'UTC'::text) = rolling_up_until)))
);

COMMENT ON TABLE connvo.rollup_state IS 'One row: the border between what rollups hold and what is counted from records.';

COMMENT ON COLUMN connvo.rollup_state.is_only IS 'True; there is one row.';

COMMENT ON COLUMN connvo.rollup_state.rolled_up_until IS 'Rollups hold what was recorded before, tails what was recorded from then on; daily ones, at the last midnight (UTC) before.';

COMMENT ON COLUMN connvo.rollup_state.rolling_up_until IS 'Where tails end: infinity, except inside a refresh, which appends one stretch of time at once.';

COMMENT ON COLUMN connvo.rollup_state.refreshed_at IS 'When the border last moved; null before it first did.';

CREATE TABLE connvo.rollup_tokens_daily (
    day_utc date NOT NULL,
    tier_id text NOT NULL COLLATE pg_catalog."C",
    granted_role text NOT NULL,
    tokens bigint NOT NULL,
    users bigint NOT NULL,
    meetings bigint NOT NULL
);

COMMENT ON TABLE connvo.rollup_tokens_daily IS 'Tokens by day (UTC), tier and role.';

COMMENT ON COLUMN connvo.rollup_tokens_daily.day_utc IS 'The day.';

COMMENT ON COLUMN connvo.rollup_tokens_daily.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN connvo.rollup_tokens_daily.granted_role IS 'The role that was granted.';

COMMENT ON COLUMN connvo.rollup_tokens_daily.tokens IS 'Tokens issued.';

COMMENT ON COLUMN connvo.rollup_tokens_daily.users IS 'Different users who got one.';

COMMENT ON COLUMN connvo.rollup_tokens_daily.meetings IS 'Different meetings they were for.';

CREATE TABLE connvo.rollup_tokens_hourly (
    hour_starts_at timestamp with time zone NOT NULL,
    tier_id text NOT NULL COLLATE pg_catalog."C",
    signing_key_id text NOT NULL COLLATE pg_catalog."C",
    tokens bigint NOT NULL,
    first_issued_at timestamp with time zone NOT NULL,
    last_issued_at timestamp with time zone NOT NULL,
    last_expires_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE connvo.rollup_tokens_hourly IS 'Tokens by hour (UTC), tier and signing key.';

COMMENT ON COLUMN connvo.rollup_tokens_hourly.hour_starts_at IS 'First instant of the hour.';

COMMENT ON COLUMN connvo.rollup_tokens_hourly.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN connvo.rollup_tokens_hourly.signing_key_id IS 'Which secret signed.';

COMMENT ON COLUMN connvo.rollup_tokens_hourly.tokens IS 'Tokens issued.';

COMMENT ON COLUMN connvo.rollup_tokens_hourly.first_issued_at IS 'When the first of them was issued.';

COMMENT ON COLUMN connvo.rollup_tokens_hourly.last_issued_at IS 'When the last of them was issued.';

COMMENT ON COLUMN connvo.rollup_tokens_hourly.last_expires_at IS 'When the last of them expires.';

CREATE TABLE connvo.rollup_users_monthly (
    month_utc date NOT NULL,
    tier_id text NOT NULL COLLATE pg_catalog."C",
    subscription_id uuid NOT NULL,
    user_digest bytea NOT NULL,
    tokens bigint NOT NULL,
    first_issued_at timestamp with time zone NOT NULL,
    last_issued_at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');

COMMENT ON TABLE connvo.rollup_users_monthly IS 'Tokens of each user by month (UTC), tier and subscription: distinct users of months and of subscriptions are counted from these rows.';

COMMENT ON COLUMN connvo.rollup_users_monthly.month_utc IS 'First day of the month.';

COMMENT ON COLUMN connvo.rollup_users_monthly.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN connvo.rollup_users_monthly.subscription_id IS 'The subscription that paid.';

COMMENT ON COLUMN connvo.rollup_users_monthly.user_digest IS 'Who got the tokens: the first half of the SHA-256 of the id. Enough to tell people apart, and no name of anybody outlives the records.';

COMMENT ON COLUMN connvo.rollup_users_monthly.tokens IS 'Tokens issued.';

COMMENT ON COLUMN connvo.rollup_users_monthly.first_issued_at IS 'When the first of them was issued.';

COMMENT ON COLUMN connvo.rollup_users_monthly.last_issued_at IS 'When the last of them was issued.';

CREATE TABLE connvo.schema_migration_files (
    version integer NOT NULL,
    checksum text NOT NULL,
    content text NOT NULL
);

COMMENT ON TABLE connvo.schema_migration_files IS 'The text of each migration as it was applied, to compare a changed file with.';

COMMENT ON COLUMN connvo.schema_migration_files.version IS 'The number in the name of the file.';

COMMENT ON COLUMN connvo.schema_migration_files.checksum IS 'Its SHA-256; counts only while it is that of schema_migrations.';

COMMENT ON COLUMN connvo.schema_migration_files.content IS 'The text that the checksum covers.';

CREATE TABLE connvo.schema_migration_state (
    name text NOT NULL,
    value text NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    CONSTRAINT schema_migration_state_name_known CHECK ((name = ANY (ARRAY['settled'::text, 'unfinished'::text])))
);

COMMENT ON TABLE connvo.schema_migration_state IS 'What connvo-server migrate has to remember from one run to the next.';

COMMENT ON COLUMN connvo.schema_migration_state.name IS 'settled: a fingerprint of all that decides about partitions, ownership and grants, as it was when a run last found nothing to do about them. unfinished: the migration without a transaction that was begun last, until it is recorded.';

COMMENT ON COLUMN connvo.schema_migration_state.value IS 'For settled, a SHA-256; for unfinished, the number and the checksum of the migration.';

COMMENT ON COLUMN connvo.schema_migration_state.noted_at IS 'When that was noted.';

CREATE TABLE connvo.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone NOT NULL,
    took_ms integer NOT NULL,
    applied_by text NOT NULL,
    oldest_binary integer
);

COMMENT ON TABLE connvo.schema_migrations IS 'Migrations that have been applied; kept by connvo-server migrate.';

COMMENT ON COLUMN connvo.schema_migrations.version IS 'The number in the name of the file.';

COMMENT ON COLUMN connvo.schema_migrations.name IS 'The words in the name of the file.';

COMMENT ON COLUMN connvo.schema_migrations.checksum IS 'SHA-256 of the content, without regard to line ends and white space at line ends.';

COMMENT ON COLUMN connvo.schema_migrations.applied_at IS 'When it was applied.';

COMMENT ON COLUMN connvo.schema_migrations.took_ms IS 'How long it took, in milliseconds.';

COMMENT ON COLUMN connvo.schema_migrations.applied_by IS 'The login that applied it.';

COMMENT ON COLUMN connvo.schema_migrations.oldest_binary IS 'The newest migration that a binary must know to go on working; null when any older binary may.';

CREATE TABLE connvo.subscription_tiers (
    id text NOT NULL COLLATE pg_catalog."C",
    display_name text NOT NULL,
    is_paid boolean NOT NULL,
    rank integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT subscription_tiers_display_name_valid CHECK (((btrim(display_name) <> ''::text) AND (char_length(display_name) <= 255))),
    CONSTRAINT subscription_tiers_id_valid CHECK (((id ~ '^[A-Za-z0-9_-]+$'::text) AND (char_length(id) <= 64))),
    CONSTRAINT subscription_tiers_rank_valid CHECK ((rank >= 0))
);

COMMENT ON TABLE connvo.subscription_tiers IS 'What can be subscribed to. free, pro, business and enterprise come with the migrations.';

COMMENT ON COLUMN connvo.subscription_tiers.id IS 'Slug of the tier; copied to records.';

COMMENT ON COLUMN connvo.subscription_tiers.display_name IS 'Name shown to people.';

COMMENT ON COLUMN connvo.subscription_tiers.is_paid IS 'Whether a meeting on this tier may have tokens.';

COMMENT ON COLUMN connvo.subscription_tiers.rank IS 'Of several subscriptions that cover a meeting, the highest rank wins.';

COMMENT ON COLUMN connvo.subscription_tiers.created_at IS 'When the row was inserted here.';

COMMENT ON COLUMN connvo.subscription_tiers.updated_at IS 'When the row last really changed; kept by trigger.';

CREATE TABLE connvo.subscriptions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id text COLLATE pg_catalog."C",
    organization_id text COLLATE pg_catalog."C",
    tier_id text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    past_due_since timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT subscriptions_ends_after_start CHECK ((ends_at > starts_at)),
    CONSTRAINT subscriptions_one_owner CHECK ((num_nonnulls(user_id, organization_id) = 1)),
    CONSTRAINT subscriptions_past_due_since_agrees CHECK (((status = 'past_due'::text) = (past_due_since IS NOT NULL))),
    CONSTRAINT subscriptions_status_known CHECK ((status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text, 'paused'::text, 'unpaid'::text, 'incomplete'::text, 'canceled'::text]))),
    CONSTRAINT subscriptions_times_finite CHECK ((isfinite(starts_at) AND isfinite(ends_at) AND isfinite(past_due_since))),
    CONSTRAINT subscriptions_times_writable CHECK ((((starts_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((starts_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((ends_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((ends_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((past_due_since AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((past_due_since AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone)))
);

COMMENT ON TABLE connvo.subscriptions IS 'Who pays for which tier from when to when. Periods that grant access never overlap for one owner.';

COMMENT ON COLUMN connvo.subscriptions.id IS 'Id of the subscription; copied to records.';

COMMENT ON COLUMN connvo.subscriptions.user_id IS 'The user who pays; null when an organization does.';

COMMENT ON COLUMN connvo.subscriptions.organization_id IS 'The organization that pays, for the meetings of all its members; null when a user does.';

COMMENT ON COLUMN connvo.subscriptions.tier_id IS 'What is paid for.';

COMMENT ON COLUMN connvo.subscriptions.status IS 'trialing, active and past_due (within the grace period) grant access; paused, unpaid, incomplete and canceled do not.';

COMMENT ON COLUMN connvo.subscriptions.starts_at IS 'First instant of the period.';

COMMENT ON COLUMN connvo.subscriptions.ends_at IS 'First instant after the period; null while it is open.';

COMMENT ON COLUMN connvo.subscriptions.past_due_since IS 'When payment failed; set exactly while the status is past_due, the grace period counts from it.';

COMMENT ON COLUMN connvo.subscriptions.created_at IS 'When the row was inserted here.';

COMMENT ON COLUMN connvo.subscriptions.updated_at IS 'When the row last really changed; kept by trigger.';

CREATE VIEW connvo.tail_begins AS
 SELECT GREATEST(state.rolled_up_until, (NULLIF(current_setting('connvo.report_from'::text, true), ''::text))::timestamp with time zone) AS begins
   FROM connvo.rollup_state state;

COMMENT ON VIEW connvo.tail_begins IS 'One row: where the tails begin.';

COMMENT ON COLUMN connvo.tail_begins.begins IS 'The border of the rollups, or connvo.report_from where that is later: the first instant of a day or of an hour (UTC) that a reader sets for its session.';

CREATE VIEW connvo.tail_bursts AS
 SELECT date_bin('00:05:00'::interval, issued.issued_at, '2000-01-01 05:45:00+05:45'::timestamp with time zone) AS burst_starts_at,
    issued.user_id,
    issued.meeting_id,
    count(*) AS tokens,
    count(DISTINCT issued.client_ip) AS addresses,
    count(DISTINCT issued.session_id) AS sessions
   FROM connvo.issued_tokens issued
  WHERE ((issued.issued_at >= ( SELECT tail.begins
           FROM connvo.tail_begins tail)) AND (issued.issued_at < ANY (ARRAY[( SELECT state.rolling_up_until
           FROM connvo.rollup_state state)])))
  GROUP BY (date_bin('00:05:00'::interval, issued.issued_at, '2000-01-01 05:45:00+05:45'::timestamp with time zone)), issued.user_id, issued.meeting_id
 HAVING (count(*) > 5);

COMMENT ON VIEW connvo.tail_bursts IS 'What connvo.rollup_bursts does not hold yet.';

COMMENT ON COLUMN connvo.tail_bursts.burst_starts_at IS 'First instant of the five minutes, a multiple of five past the hour.';

COMMENT ON COLUMN connvo.tail_bursts.user_id IS 'Who got the tokens.';

COMMENT ON COLUMN connvo.tail_bursts.meeting_id IS 'For which meeting.';

COMMENT ON COLUMN connvo.tail_bursts.tokens IS 'Tokens issued.';

COMMENT ON COLUMN connvo.tail_bursts.addresses IS 'Different client addresses.';

COMMENT ON COLUMN connvo.tail_bursts.sessions IS 'Different WorkOS sessions.';

CREATE VIEW connvo.tail_concurrency_daily AS
 WITH border AS (
         SELECT ( SELECT date_trunc('day'::text, tail.begins, 'UTC'::text) AS date_trunc
                   FROM connvo.tail_begins tail) AS begins,
            ( SELECT date_trunc('day'::text, state.rolling_up_until, 'UTC'::text) AS date_trunc
                   FROM connvo.rollup_state state) AS ends
        ), lifetime AS MATERIALIZED (
         SELECT date_bin('00:01:00'::interval, issued.issued_at, '2000-01-01 05:45:00+05:45'::timestamp with time zone) AS issued_in,
            date_bin('00:01:00'::interval, issued.expires_at, '2000-01-01 05:45:00+05:45'::timestamp with time zone) AS expired_in,
            (count(*))::integer AS tokens
           FROM connvo.issued_tokens issued
          WHERE ((issued.issued_at >= ( SELECT (date_trunc('day'::text, tail.begins, 'UTC'::text) - '01:00:00'::interval)
                   FROM connvo.tail_begins tail)) AND (issued.issued_at < ANY (ARRAY[( SELECT date_trunc('day'::text, state.rolling_up_until, 'UTC'::text) AS date_trunc
                   FROM connvo.rollup_state state)])))
          GROUP BY (date_bin('00:01:00'::interval, issued.issued_at, '2000-01-01 05:45:00+05:45'::timestamp with time zone)), (date_bin('00:01:00'::interval, issued.expires_at, '2000-01-01 05:45:00+05:45'::timestamp with time zone))
        ), midnight AS (
         SELECT midnight.at
           FROM (border
             CROSS JOIN LATERAL generate_series(border.begins, LEAST(border.ends, now()), '24:00:00'::interval) midnight(at))
        ), change(minute, issued, expired) AS (
         SELECT lifetime.issued_in,
            lifetime.tokens,
            0 AS "?column?"
           FROM lifetime
        UNION ALL
         SELECT lifetime.expired_in,
            0,
            lifetime.tokens
           FROM lifetime
        UNION ALL
         SELECT midnight.at,
            0,
            0
           FROM midnight
        ), minute AS (
         SELECT summed.minute AS starts_at,
            summed.issued,
            (sum(((summed.issued - summed.expired))::integer) OVER (ORDER BY summed.minute) - (summed.issued - summed.expired)) AS level_before,
            sum(((summed.issued - summed.expired))::integer) OVER (ORDER BY summed.minute) AS level_after
           FROM ( SELECT change.minute,
                    sum(change.issued) AS issued,
                    sum(change.expired) AS expired
                   FROM change
                  GROUP BY change.minute) summed
        ), candidate AS MATERIALIZED (
         SELECT bounded.starts_at,
            bounded.level_before
           FROM ( SELECT minute.starts_at,
                    minute.issued,
                    minute.level_before,
                    max(minute.level_after) OVER (PARTITION BY (((minute.starts_at AT TIME ZONE 'UTC'::text))::date)) AS least_peak
                   FROM minute
                  WHERE ((minute.starts_at >= ( SELECT border.begins
                           FROM border)) AND (minute.starts_at < ( SELECT border.ends
                           FROM border)))) bounded
          WHERE ((bounded.level_before + bounded.issued) >= GREATEST(bounded.least_peak, (1)::bigint))
        ), issued AS MATERIALIZED (
         SELECT token.issued_at,
            token.expires_at
           FROM connvo.issued_tokens token
          WHERE ((token.issued_at >= ( SELECT (date_trunc('day'::text, tail.begins, 'UTC'::text) - '01:00:00'::interval)
                   FROM connvo.tail_begins tail)) AND (token.issued_at < ANY (ARRAY[( SELECT date_trunc('day'::text, state.rolling_up_until, 'UTC'::text) AS date_trunc
                   FROM connvo.rollup_state state)])) AND (date_bin('00:01:00'::interval, token.issued_at, '2000-01-01 05:45:00+05:45'::timestamp with time zone) IN ( SELECT lifetime.issued_in
                   FROM lifetime
                  WHERE ((lifetime.issued_in IN ( SELECT candidate.starts_at
                           FROM candidate)) OR (lifetime.expired_in IN ( SELECT candidate.starts_at
                           FROM candidate))))))
        ), event(at, change) AS (
         SELECT issued.issued_at,
            1 AS "?column?"
           FROM issued
        UNION ALL
         SELECT issued.expires_at,
            '-1'::integer
           FROM issued
        UNION ALL
         SELECT midnight.at,
            0
           FROM midnight
        ), level(at, change, tokens) AS (
         SELECT event.at,
            event.change,
            (candidate.level_before + sum(event.change) OVER (PARTITION BY candidate.starts_at ORDER BY event.at, event.change ROWS UNBOUNDED PRECEDING)) AS "?column?"
           FROM (event
             JOIN candidate ON ((candidate.starts_at = date_bin('00:01:00'::interval, event.at, '2000-01-01 05:45:00+05:45'::timestamp with time zone))))
        )
 SELECT DISTINCT ON ((((level.at AT TIME ZONE 'UTC'::text))::date)) ((level.at AT TIME ZONE 'UTC'::text))::date AS day_utc,
    level.tokens AS peak_tokens,
    level.at AS peak_at
   FROM level
  WHERE ((level.tokens > 0) AND (level.change >= 0))
  ORDER BY (((level.at AT TIME ZONE 'UTC'::text))::date), level.tokens DESC, level.at;

COMMENT ON VIEW connvo.tail_concurrency_daily IS 'What connvo.rollup_concurrency_daily does not hold yet.';

COMMENT ON COLUMN connvo.tail_concurrency_daily.day_utc IS 'The day.';

COMMENT ON COLUMN connvo.tail_concurrency_daily.peak_tokens IS 'Tokens issued and not expired.';

COMMENT ON COLUMN connvo.tail_concurrency_daily.peak_at IS 'The first instant with so many.';

CREATE TABLE connvo.token_refusals (
    id uuid NOT NULL,
    refused_at timestamp with time zone NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    meeting_id text NOT NULL COLLATE pg_catalog."C",
    organizer_id text COLLATE pg_catalog."C",
    requested_role text,
    held_role text,
    code text NOT NULL,
    reason text NOT NULL,
    session_id text NOT NULL COLLATE pg_catalog."C",
    impersonator text COLLATE pg_catalog."C",
    client_ip inet,
    user_agent text,
    request_id text NOT NULL COLLATE pg_catalog."C",
    trace_id uuid,
    CONSTRAINT token_refusals_code_of_reason CHECK ((code =
CASE reason
    WHEN 'user_not_provisioned'::text THEN 'UNAUTHORIZED'::text
    WHEN 'user_deactivated'::text THEN 'FORBIDDEN'::text
    WHEN 'meeting_not_found'::text THEN 'NOT_FOUND'::text
    WHEN 'not_a_participant'::text THEN 'FORBIDDEN'::text
    WHEN 'participant_removed'::text THEN 'FORBIDDEN'::text
    WHEN 'meeting_ended'::text THEN 'MEETING_ALREADY_ENDED'::text
    WHEN 'meeting_not_open'::text THEN 'MEETING_NOT_ACTIVE'::text
    WHEN 'tier_required'::text THEN 'PAID_TIER_REQUIRED'::text
    WHEN 'no_stream_call'::text THEN 'VALIDATION_ERROR'::text
    WHEN 'role_above_own'::text THEN 'INSUFFICIENT_PERMISSIONS'::text
    WHEN 'role_not_admitted'::text THEN 'INSUFFICIENT_PERMISSIONS'::text
    ELSE NULL::text
END)),
    CONSTRAINT token_refusals_held_role_known CHECK ((held_role = ANY (ARRAY['host'::text, 'co-host'::text, 'participant'::text, 'observer'::text]))),
    CONSTRAINT token_refusals_impersonator_length CHECK ((octet_length(impersonator) <= 8192)),
    CONSTRAINT token_refusals_meeting_id_valid CHECK (((char_length(meeting_id) >= 1) AND (char_length(meeting_id) <= 64))),
    CONSTRAINT token_refusals_organizer_id_valid CHECK (((char_length(organizer_id) >= 1) AND (char_length(organizer_id) <= 255))),
    CONSTRAINT token_refusals_reason_known CHECK ((reason = ANY (ARRAY['user_not_provisioned'::text, 'user_deactivated'::text, 'meeting_not_found'::text, 'not_a_participant'::text, 'participant_removed'::text, 'meeting_ended'::text, 'meeting_not_open'::text, 'tier_required'::text, 'no_stream_call'::text, 'role_above_own'::text, 'role_not_admitted'::text]))),
    CONSTRAINT token_refusals_request_id_length CHECK (((char_length(request_id) >= 1) AND (char_length(request_id) <= 128))),
    CONSTRAINT token_refusals_requested_role_known CHECK ((requested_role = ANY (ARRAY['host'::text, 'co-host'::text, 'participant'::text, 'observer'::text]))),
    CONSTRAINT token_refusals_session_id_length CHECK ((octet_length(session_id) <= 8192)),
    CONSTRAINT token_refusals_user_agent_length CHECK ((char_length(user_agent) <= 256)),
    CONSTRAINT token_refusals_user_id_valid CHECK (((char_length(user_id) >= 1) AND (char_length(user_id) <= 255)))
)
PARTITION BY RANGE (refused_at);

COMMENT ON TABLE connvo.token_refusals IS 'One row per refusal of a verified caller (rows 7 to 16 of the contract). Append-only, monthly partitions (UTC). Facts are copied, not referenced: no foreign key, as in issued_tokens.';

COMMENT ON COLUMN connvo.token_refusals.id IS 'UUID v7 made by the server; its time is that of refused_at and so gives the partition.';

COMMENT ON COLUMN connvo.token_refusals.refused_at IS 'When the decision was taken, by the one clock reading of the request.';

COMMENT ON COLUMN connvo.token_refusals.user_id IS 'Who was refused: the verified subject, whether or not there is such a user.';

COMMENT ON COLUMN connvo.token_refusals.meeting_id IS 'The meeting that was asked for, whether or not there is one.';

COMMENT ON COLUMN connvo.token_refusals.organizer_id IS 'Its organizer at that time; null when the meeting was not found or not looked at.';

COMMENT ON COLUMN connvo.token_refusals.requested_role IS 'The role the client asked for; null when it asked for none.';

COMMENT ON COLUMN connvo.token_refusals.held_role IS 'The role the caller had in the meeting; null when none.';

COMMENT ON COLUMN connvo.token_refusals.code IS 'errorData.code of the answer.';

COMMENT ON COLUMN connvo.token_refusals.reason IS 'Why, from a closed list; finer than the code.';

COMMENT ON COLUMN connvo.token_refusals.session_id IS 'The WorkOS session (sid) of the bearer token.';

COMMENT ON COLUMN connvo.token_refusals.impersonator IS 'Who acted as the user; null when the user did.';

COMMENT ON COLUMN connvo.token_refusals.client_ip IS 'Address of the client, behind trusted proxies; null when unknown.';

COMMENT ON COLUMN connvo.token_refusals.user_agent IS 'User-Agent, cut at 256 characters; null when none was sent.';

COMMENT ON COLUMN connvo.token_refusals.request_id IS 'The X-Request-Id of the answer.';

COMMENT ON COLUMN connvo.token_refusals.trace_id IS 'The trace of the request: trace-id of the W3C traceparent that the client sent. Null when it sent no valid one, and in records older than migration 0020.';

CREATE VIEW connvo.tail_fanout_daily AS
 WITH border AS (
         SELECT ( SELECT date_trunc('day'::text, tail.begins, 'UTC'::text) AS date_trunc
                   FROM connvo.tail_begins tail) AS begins,
            ( SELECT date_trunc('day'::text, state.rolling_up_until, 'UTC'::text) AS date_trunc
                   FROM connvo.rollup_state state) AS ends
        ), asked(at, client_ip, user_id, tokens) AS (
         SELECT issued.issued_at,
            issued.client_ip,
            issued.user_id,
            1 AS "?column?"
           FROM connvo.issued_tokens issued
          WHERE ((issued.issued_at >= ( SELECT border.begins
                   FROM border)) AND (issued.issued_at < ANY (ARRAY[( SELECT border.ends
                   FROM border)])))
        UNION ALL
         SELECT refused.refused_at,
            refused.client_ip,
            refused.user_id,
            0
           FROM connvo.token_refusals refused
          WHERE ((refused.refused_at >= ( SELECT border.begins
                   FROM border)) AND (refused.refused_at < ANY (ARRAY[( SELECT border.ends
                   FROM border)])))
        )
 SELECT ((asked.at AT TIME ZONE 'UTC'::text))::date AS day_utc,
    asked.client_ip,
    count(DISTINCT asked.user_id) AS users,
    sum(asked.tokens) AS tokens,
    (count(*) - sum(asked.tokens)) AS refusals
   FROM asked
  WHERE (asked.client_ip IS NOT NULL)
  GROUP BY (((asked.at AT TIME ZONE 'UTC'::text))::date), asked.client_ip
 HAVING (count(DISTINCT asked.user_id) >= 10);

COMMENT ON VIEW connvo.tail_fanout_daily IS 'What connvo.rollup_fanout_daily does not hold yet.';

COMMENT ON COLUMN connvo.tail_fanout_daily.day_utc IS 'The day.';

COMMENT ON COLUMN connvo.tail_fanout_daily.client_ip IS 'The address of the client.';

COMMENT ON COLUMN connvo.tail_fanout_daily.users IS 'Different users, let in or refused.';

COMMENT ON COLUMN connvo.tail_fanout_daily.tokens IS 'Tokens issued.';

COMMENT ON COLUMN connvo.tail_fanout_daily.refusals IS 'Refusals.';

CREATE VIEW connvo.tail_meetings_daily AS
 SELECT ((issued.issued_at AT TIME ZONE 'UTC'::text))::date AS day_utc,
    issued.meeting_id,
    issued.organizer_id,
    issued.tier_id,
    count(*) AS tokens,
    count(DISTINCT issued.user_id) AS users,
    min(issued.issued_at) AS first_issued_at,
    max(issued.issued_at) AS last_issued_at
   FROM connvo.issued_tokens issued
  WHERE ((issued.issued_at >= ( SELECT date_trunc('day'::text, tail.begins, 'UTC'::text) AS date_trunc
           FROM connvo.tail_begins tail)) AND (issued.issued_at < ANY (ARRAY[( SELECT date_trunc('day'::text, state.rolling_up_until, 'UTC'::text) AS date_trunc
           FROM connvo.rollup_state state)])))
  GROUP BY (((issued.issued_at AT TIME ZONE 'UTC'::text))::date), issued.meeting_id, issued.organizer_id, issued.tier_id;

COMMENT ON VIEW connvo.tail_meetings_daily IS 'What connvo.rollup_meetings_daily does not hold yet.';

COMMENT ON COLUMN connvo.tail_meetings_daily.day_utc IS 'The day.';

COMMENT ON COLUMN connvo.tail_meetings_daily.meeting_id IS 'The meeting.';

COMMENT ON COLUMN connvo.tail_meetings_daily.organizer_id IS 'Its organizer when they were issued.';

COMMENT ON COLUMN connvo.tail_meetings_daily.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN connvo.tail_meetings_daily.tokens IS 'Tokens issued.';

COMMENT ON COLUMN connvo.tail_meetings_daily.users IS 'Different users who got one.';

COMMENT ON COLUMN connvo.tail_meetings_daily.first_issued_at IS 'When the first of them was issued.';

COMMENT ON COLUMN connvo.tail_meetings_daily.last_issued_at IS 'When the last of them was issued.';

CREATE VIEW connvo.tail_refusals_hourly AS
 SELECT date_bin('01:00:00'::interval, refused.refused_at, '2000-01-01 05:45:00+05:45'::timestamp with time zone) AS hour_starts_at,
    refused.reason,
    min(refused.code) AS code,
    count(*) AS refusals,
    count(DISTINCT refused.user_id) AS users,
    count(DISTINCT refused.meeting_id) AS meetings,
    max(refused.refused_at) AS last_refused_at
   FROM connvo.token_refusals refused
  WHERE ((refused.refused_at >= ( SELECT tail.begins
           FROM connvo.tail_begins tail)) AND (refused.refused_at < ANY (ARRAY[( SELECT state.rolling_up_until
           FROM connvo.rollup_state state)])))
  GROUP BY (date_bin('01:00:00'::interval, refused.refused_at, '2000-01-01 05:45:00+05:45'::timestamp with time zone)), refused.reason;

COMMENT ON VIEW connvo.tail_refusals_hourly IS 'What connvo.rollup_refusals_hourly does not hold yet.';

COMMENT ON COLUMN connvo.tail_refusals_hourly.hour_starts_at IS 'First instant of the hour.';

COMMENT ON COLUMN connvo.tail_refusals_hourly.reason IS 'Why.';

COMMENT ON COLUMN connvo.tail_refusals_hourly.code IS 'The code that goes with the reason.';

COMMENT ON COLUMN connvo.tail_refusals_hourly.refusals IS 'Refusals.';

COMMENT ON COLUMN connvo.tail_refusals_hourly.users IS 'Different users refused.';

COMMENT ON COLUMN connvo.tail_refusals_hourly.meetings IS 'Different meetings asked for.';

COMMENT ON COLUMN connvo.tail_refusals_hourly.last_refused_at IS 'When the last of them was recorded.';

CREATE VIEW connvo.tail_tokens_daily AS
 SELECT ((issued.issued_at AT TIME ZONE 'UTC'::text))::date AS day_utc,
    issued.tier_id,
    issued.granted_role,
    count(*) AS tokens,
    count(DISTINCT issued.user_id) AS users,
    count(DISTINCT issued.meeting_id) AS meetings
   FROM connvo.issued_tokens issued
  WHERE ((issued.issued_at >= ( SELECT date_trunc('day'::text, tail.begins, 'UTC'::text) AS date_trunc
           FROM connvo.tail_begins tail)) AND (issued.issued_at < ANY (ARRAY[( SELECT date_trunc('day'::text, state.rolling_up_until, 'UTC'::text) AS date_trunc
           FROM connvo.rollup_state state)])))
  GROUP BY (((issued.issued_at AT TIME ZONE 'UTC'::text))::date), issued.tier_id, issued.granted_role;

COMMENT ON VIEW connvo.tail_tokens_daily IS 'What connvo.rollup_tokens_daily does not hold yet.';

COMMENT ON COLUMN connvo.tail_tokens_daily.day_utc IS 'The day.';

COMMENT ON COLUMN connvo.tail_tokens_daily.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN connvo.tail_tokens_daily.granted_role IS 'The role that was granted.';

COMMENT ON COLUMN connvo.tail_tokens_daily.tokens IS 'Tokens issued.';

COMMENT ON COLUMN connvo.tail_tokens_daily.users IS 'Different users who got one.';

COMMENT ON COLUMN connvo.tail_tokens_daily.meetings IS 'Different meetings they were for.';

CREATE VIEW connvo.tail_tokens_hourly AS
 SELECT date_bin('01:00:00'::interval, issued.issued_at, '2000-01-01 05:45:00+05:45'::timestamp with time zone) AS hour_starts_at,
    issued.tier_id,
    issued.signing_key_id,
    count(*) AS tokens,
    min(issued.issued_at) AS first_issued_at,
    max(issued.issued_at) AS last_issued_at,
    max(issued.expires_at) AS last_expires_at
   FROM connvo.issued_tokens issued
  WHERE ((issued.issued_at >= ( SELECT tail.begins
           FROM connvo.tail_begins tail)) AND (issued.issued_at < ANY (ARRAY[( SELECT state.rolling_up_until
           FROM connvo.rollup_state state)])))
  GROUP BY (date_bin('01:00:00'::interval, issued.issued_at, '2000-01-01 05:45:00+05:45'::timestamp with time zone)), issued.tier_id, issued.signing_key_id;

COMMENT ON VIEW connvo.tail_tokens_hourly IS 'What connvo.rollup_tokens_hourly does not hold yet.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.hour_starts_at IS 'First instant of the hour.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.signing_key_id IS 'Which secret signed.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.tokens IS 'Tokens issued.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.first_issued_at IS 'When the first of them was issued.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.last_issued_at IS 'When the last of them was issued.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.last_expires_at IS 'When the last of them expires.';

CREATE VIEW connvo.tail_users_monthly AS
 SELECT (used.month_begins)::date AS month_utc,
    used.tier_id,
    used.subscription_id,
    SUBSTRING(sha256(convert_to(used.user_id, 'UTF8'::name)) FROM 1 FOR 16) AS user_digest,
    used.tokens,
    used.first_issued_at,
    used.last_issued_at
   FROM ( SELECT date_trunc('month'::text, (issued.issued_at AT TIME ZONE 'UTC'::text)) AS month_begins,
            issued.tier_id,
            issued.subscription_id,
            issued.user_id,
            count(*) AS tokens,
            min(issued.issued_at) AS first_issued_at,
            max(issued.issued_at) AS last_issued_at
           FROM connvo.issued_tokens issued
          WHERE ((issued.issued_at >= ( SELECT tail.begins
                   FROM connvo.tail_begins tail)) AND (issued.issued_at < ANY (ARRAY[( SELECT state.rolling_up_until
                   FROM connvo.rollup_state state)])))
          GROUP BY (date_trunc('month'::text, (issued.issued_at AT TIME ZONE 'UTC'::text))), issued.tier_id, issued.subscription_id, issued.user_id) used;

COMMENT ON VIEW connvo.tail_users_monthly IS 'What connvo.rollup_users_monthly does not hold yet.';

COMMENT ON COLUMN connvo.tail_users_monthly.month_utc IS 'First day of the month.';

COMMENT ON COLUMN connvo.tail_users_monthly.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN connvo.tail_users_monthly.subscription_id IS 'The subscription that paid.';

COMMENT ON COLUMN connvo.tail_users_monthly.user_digest IS 'Who got the tokens: the first half of the SHA-256 of the id. Enough to tell people apart, and no name of anybody outlives the records.';

COMMENT ON COLUMN connvo.tail_users_monthly.tokens IS 'Tokens issued.';

COMMENT ON COLUMN connvo.tail_users_monthly.first_issued_at IS 'When the first of them was issued.';

COMMENT ON COLUMN connvo.tail_users_monthly.last_issued_at IS 'When the last of them was issued.';

CREATE TABLE connvo.users (
    id text NOT NULL COLLATE pg_catalog."C",
    email text NOT NULL,
    display_name text,
    avatar_url text,
    organization_id text COLLATE pg_catalog."C",
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_avatar_url_valid CHECK (((avatar_url ~ '^https?://[^[:space:]]+$'::text) AND (char_length(avatar_url) <= 2048))),
    CONSTRAINT users_display_name_valid CHECK (((btrim(display_name) <> ''::text) AND (char_length(display_name) <= 255))),
    CONSTRAINT users_email_valid CHECK (((email ~ '^[^@[:space:]]+@[^@[:space:]]+$'::text) AND (char_length(email) <= 320))),
    CONSTRAINT users_id_valid CHECK (((id ~ '^[A-Za-z0-9_@-]+$'::text) AND (char_length(id) <= 255)))
);

COMMENT ON TABLE connvo.users IS 'One row per WorkOS user who has signed in. The verified subject of a bearer token is looked up here.';

COMMENT ON COLUMN connvo.users.id IS 'The WorkOS user id (user_...), byte for byte: it is the sub of the bearer token and the user_id of the Stream token.';

COMMENT ON COLUMN connvo.users.email IS 'E-mail address as written; unique without regard to case.';

COMMENT ON COLUMN connvo.users.display_name IS 'Name shown in meetings; null when the user has none, then the part of the e-mail before the @ is shown.';

COMMENT ON COLUMN connvo.users.avatar_url IS 'Picture shown in meetings; null when there is none.';

COMMENT ON COLUMN connvo.users.organization_id IS 'The organization the user belongs to; null for a person on their own.';

COMMENT ON COLUMN connvo.users.is_active IS 'False refuses every token of this user (Account deactivated).';

COMMENT ON COLUMN connvo.users.created_at IS 'When the row was inserted here.';

COMMENT ON COLUMN connvo.users.updated_at IS 'When the row last really changed; kept by trigger.';

CREATE VIEW reporting.active_users_monthly_v1 WITH (security_barrier='true') AS
 SELECT used.month_utc,
    used.tier_id,
    count(DISTINCT used.user_digest) AS users,
    count(DISTINCT used.subscription_id) AS subscriptions,
    (sum(used.tokens))::bigint AS tokens
   FROM ( SELECT rollup_users_monthly.month_utc,
            rollup_users_monthly.tier_id,
            rollup_users_monthly.user_digest,
            rollup_users_monthly.subscription_id,
            rollup_users_monthly.tokens
           FROM connvo.rollup_users_monthly
        UNION ALL
         SELECT tail_users_monthly.month_utc,
            tail_users_monthly.tier_id,
            tail_users_monthly.user_digest,
            tail_users_monthly.subscription_id,
            tail_users_monthly.tokens
           FROM connvo.tail_users_monthly) used
  GROUP BY used.month_utc, used.tier_id;

COMMENT ON VIEW reporting.active_users_monthly_v1 IS 'Finance: how many people used each paid tier in a month? One row per month (UTC) and tier.';

COMMENT ON COLUMN reporting.active_users_monthly_v1.month_utc IS 'First day of the month, UTC.';

COMMENT ON COLUMN reporting.active_users_monthly_v1.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN reporting.active_users_monthly_v1.users IS 'Different users who got a token. Not to be added up: a user may be in several rows.';

COMMENT ON COLUMN reporting.active_users_monthly_v1.subscriptions IS 'Different subscriptions that paid for one.';

COMMENT ON COLUMN reporting.active_users_monthly_v1.tokens IS 'Tokens issued.';

CREATE VIEW reporting.address_fanout_daily_v1 WITH (security_barrier='true') AS
 SELECT daily.day_utc,
    daily.client_ip,
    daily.users,
    daily.tokens,
    daily.refusals,
    round(((daily.refusals)::numeric / ((daily.tokens + daily.refusals))::numeric), 4) AS refusal_ratio
   FROM ( SELECT rollup_fanout_daily.day_utc,
            rollup_fanout_daily.client_ip,
            rollup_fanout_daily.users,
            rollup_fanout_daily.tokens,
            rollup_fanout_daily.refusals
           FROM connvo.rollup_fanout_daily
        UNION ALL
         SELECT tail_fanout_daily.day_utc,
            tail_fanout_daily.client_ip,
            tail_fanout_daily.users,
            tail_fanout_daily.tokens,
            tail_fanout_daily.refusals
           FROM connvo.tail_fanout_daily) daily;

COMMENT ON VIEW reporting.address_fanout_daily_v1 IS 'Security: which addresses do many users come from? One row per day (UTC) and client address with ten or more users. A large office is one, too.';

COMMENT ON COLUMN reporting.address_fanout_daily_v1.day_utc IS 'The day, UTC.';

COMMENT ON COLUMN reporting.address_fanout_daily_v1.client_ip IS 'The address of the client.';

COMMENT ON COLUMN reporting.address_fanout_daily_v1.users IS 'Different users who asked, let in or refused.';

COMMENT ON COLUMN reporting.address_fanout_daily_v1.tokens IS 'Tokens issued.';

COMMENT ON COLUMN reporting.address_fanout_daily_v1.refusals IS 'Refusals.';

COMMENT ON COLUMN reporting.address_fanout_daily_v1.refusal_ratio IS 'Refusals as a part of both, 0 to 1, with four digits.';

CREATE VIEW reporting.altered_roles_v1 WITH (security_barrier='true') AS
 SELECT issued.issued_at,
    issued.id AS token_id,
        CASE
            WHEN (array_position(ARRAY['observer'::text, 'participant'::text, 'co-host'::text, 'host'::text], issued.granted_role) > array_position(ARRAY['observer'::text, 'participant'::text, 'co-host'::text, 'host'::text], issued.held_role)) THEN 'raised'::text
            ELSE 'altered'::text
        END AS change,
    issued.user_id,
    issued.meeting_id,
    issued.requested_role,
    issued.held_role,
    issued.granted_role,
    issued.stream_role,
    issued.request_id,
    encode(uuid_send(issued.trace_id), 'hex'::text) AS trace_id
   FROM connvo.issued_tokens issued
  WHERE (
        CASE
            WHEN (issued.granted_role = issued.held_role) THEN 0
            WHEN (issued.granted_role <> COALESCE(issued.requested_role, issued.held_role)) THEN 1
            WHEN (array_position(ARRAY['observer'::text, 'participant'::text, 'co-host'::text, 'host'::text], issued.granted_role) > array_position(ARRAY['observer'::text, 'participant'::text, 'co-host'::text, 'host'::text], issued.held_role)) THEN 1
            ELSE 0
        END = 1);

COMMENT ON VIEW reporting.altered_roles_v1 IS 'Security, audit; a control that must be empty: was a role raised, or one granted that was neither held nor asked for? One row per token.';

COMMENT ON COLUMN reporting.altered_roles_v1.issued_at IS 'When the token was issued.';

COMMENT ON COLUMN reporting.altered_roles_v1.token_id IS 'The jti of the token.';

COMMENT ON COLUMN reporting.altered_roles_v1.change IS 'raised: above the role held in the meeting. altered: neither the role held nor the role asked for; where the role held is unknown, not the role asked for.';

COMMENT ON COLUMN reporting.altered_roles_v1.user_id IS 'Who got the token.';

COMMENT ON COLUMN reporting.altered_roles_v1.meeting_id IS 'For which meeting.';

COMMENT ON COLUMN reporting.altered_roles_v1.requested_role IS 'The role the client asked for; null when it asked for none.';

COMMENT ON COLUMN reporting.altered_roles_v1.held_role IS 'The role held in the meeting at that time; null in records older than migration 0006.';

COMMENT ON COLUMN reporting.altered_roles_v1.granted_role IS 'The role that was granted.';

COMMENT ON COLUMN reporting.altered_roles_v1.stream_role IS 'The role claim of the token.';

COMMENT ON COLUMN reporting.altered_roles_v1.request_id IS 'The X-Request-Id of the answer.';

COMMENT ON COLUMN reporting.altered_roles_v1.trace_id IS 'The trace of the request, from the traceparent of the client; null when it sent no valid one, and in records older than migration 0020.';

CREATE VIEW reporting.concurrent_tokens_daily_v1 WITH (security_barrier='true') AS
 SELECT rollup_concurrency_daily.day_utc,
    rollup_concurrency_daily.peak_tokens,
    rollup_concurrency_daily.peak_at
   FROM connvo.rollup_concurrency_daily
UNION ALL
 SELECT tail_concurrency_daily.day_utc,
    tail_concurrency_daily.peak_tokens,
    tail_concurrency_daily.peak_at
   FROM connvo.tail_concurrency_daily;

COMMENT ON VIEW reporting.concurrent_tokens_daily_v1 IS 'Capacity: how many tokens were alive at once? One row per day (UTC) on which one was.';

COMMENT ON COLUMN reporting.concurrent_tokens_daily_v1.day_utc IS 'The day, UTC.';

COMMENT ON COLUMN reporting.concurrent_tokens_daily_v1.peak_tokens IS 'The most tokens that were issued and not expired at one instant of the day.';

COMMENT ON COLUMN reporting.concurrent_tokens_daily_v1.peak_at IS 'The first instant with so many.';

CREATE VIEW reporting.freshness_v1 WITH (security_barrier='true') AS
 SELECT now() AS read_at,
    COALESCE(( SELECT issued.issued_at
           FROM connvo.issued_tokens issued
          WHERE (issued.issued_at >= ( SELECT border.rolled_up_until
                   FROM connvo.rollup_state border))
          ORDER BY issued.id DESC
         LIMIT 1), ( SELECT max(hourly.last_issued_at) AS max
           FROM connvo.rollup_tokens_hourly hourly)) AS last_issued_at,
    COALESCE(( SELECT refused.refused_at
           FROM connvo.token_refusals refused
          WHERE (refused.refused_at >= ( SELECT border.rolled_up_until
                   FROM connvo.rollup_state border))
          ORDER BY refused.id DESC
         LIMIT 1), ( SELECT max(hourly.last_refused_at) AS max
           FROM connvo.rollup_refusals_hourly hourly)) AS last_refused_at,
    ( SELECT min(part.starts_at) AS min
           FROM connvo.partitions() part(record_table, partition_name, starts_at, ends_at, is_detach_pending, relation)
          WHERE ((part.record_table = 'issued_tokens'::text) AND isfinite(part.starts_at))) AS records_from,
    state.rolled_up_until,
    state.refreshed_at
   FROM connvo.rollup_state state;

COMMENT ON VIEW reporting.freshness_v1 IS 'All readers: how fresh are the figures? One row. Reports are of this moment: what is not in the rollups is counted from the records.';

COMMENT ON COLUMN reporting.freshness_v1.read_at IS 'This moment, by the clock of the database.';

COMMENT ON COLUMN reporting.freshness_v1.last_issued_at IS 'When the latest token was issued; null when there is none.';

COMMENT ON COLUMN reporting.freshness_v1.last_refused_at IS 'When the latest refusal was recorded; null when there is none.';

COMMENT ON COLUMN reporting.freshness_v1.records_from IS 'Beginning of the oldest month whose records are kept; older months are in the rollups only.';

COMMENT ON COLUMN reporting.freshness_v1.rolled_up_until IS 'Rollups hold everything before; when this is long ago, maintenance does not run and reports are slow.';

COMMENT ON COLUMN reporting.freshness_v1.refreshed_at IS 'When the rollups were last refreshed; null before the first time.';

CREATE VIEW reporting.idle_subscriptions_v1 WITH (security_barrier='true') AS
 SELECT subscription.id AS subscription_id,
    subscription.tier_id,
    subscription.status,
    subscription.user_id,
    subscription.organization_id,
    subscription.starts_at,
    subscription.ends_at,
    (floor((EXTRACT(epoch FROM (now() - subscription.starts_at)) / (86400)::numeric)))::integer AS days_open
   FROM ((connvo.subscriptions subscription
     JOIN connvo.subscription_tiers tier ON ((tier.id = subscription.tier_id)))
     LEFT JOIN ( SELECT rolled.subscription_id
           FROM connvo.rollup_users_monthly rolled
          GROUP BY rolled.subscription_id
        UNION
         SELECT tail.subscription_id
           FROM connvo.tail_users_monthly tail) used ON ((used.subscription_id = subscription.id)))
  WHERE (tier.is_paid AND (subscription.status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text])) AND (subscription.starts_at <= now()) AND ((subscription.ends_at IS NULL) OR (subscription.ends_at > now())) AND (used.subscription_id IS NULL));

COMMENT ON VIEW reporting.idle_subscriptions_v1 IS 'Customer success: who pays and never joins? One row per paid subscription that grants access now and never paid for a token.';

COMMENT ON COLUMN reporting.idle_subscriptions_v1.subscription_id IS 'The subscription.';

COMMENT ON COLUMN reporting.idle_subscriptions_v1.tier_id IS 'Its tier.';

COMMENT ON COLUMN reporting.idle_subscriptions_v1.status IS 'Its status: trialing, active or past_due.';

COMMENT ON COLUMN reporting.idle_subscriptions_v1.user_id IS 'The user who pays; null when an organization does.';

COMMENT ON COLUMN reporting.idle_subscriptions_v1.organization_id IS 'The organization that pays; null when a user does.';

COMMENT ON COLUMN reporting.idle_subscriptions_v1.starts_at IS 'First instant of the period.';

COMMENT ON COLUMN reporting.idle_subscriptions_v1.ends_at IS 'First instant after the period; null while it is open.';

COMMENT ON COLUMN reporting.idle_subscriptions_v1.days_open IS 'Full days since the period began.';

CREATE VIEW reporting.live_tokens_v1 WITH (security_barrier='true') AS
 SELECT issued.meeting_id,
    issued.granted_role,
    count(*) AS tokens,
    count(DISTINCT issued.user_id) AS users,
    min(issued.expires_at) AS first_expires_at,
    max(issued.expires_at) AS last_expires_at
   FROM connvo.issued_tokens issued
  WHERE ((issued.issued_at > (now() - '01:00:00'::interval)) AND (issued.expires_at > now()))
  GROUP BY issued.meeting_id, issued.granted_role;

COMMENT ON VIEW reporting.live_tokens_v1 IS 'Operations: how many tokens are alive now? One row per meeting and role with tokens that have not expired.';

COMMENT ON COLUMN reporting.live_tokens_v1.meeting_id IS 'The meeting.';

COMMENT ON COLUMN reporting.live_tokens_v1.granted_role IS 'The role that was granted.';

COMMENT ON COLUMN reporting.live_tokens_v1.tokens IS 'Tokens that have not expired.';

COMMENT ON COLUMN reporting.live_tokens_v1.users IS 'Different users who hold one.';

COMMENT ON COLUMN reporting.live_tokens_v1.first_expires_at IS 'When the first of them expires.';

COMMENT ON COLUMN reporting.live_tokens_v1.last_expires_at IS 'When the last of them expires.';

CREATE VIEW reporting.meeting_token_holders_v1 WITH (security_barrier='true') AS
 SELECT issued.meeting_id,
    issued.user_id,
    issued.granted_role,
    count(*) AS tokens,
    count(DISTINCT issued.client_ip) AS addresses,
    min(issued.issued_at) AS first_issued_at,
    max(issued.issued_at) AS last_issued_at,
    max(issued.expires_at) AS last_expires_at
   FROM connvo.issued_tokens issued
  GROUP BY issued.meeting_id, issued.user_id, issued.granted_role;

COMMENT ON VIEW reporting.meeting_token_holders_v1 IS 'Support, audit: who held a token for this meeting? One row per meeting, user and role. Ask for a meeting or a user: without, all records are read.';

COMMENT ON COLUMN reporting.meeting_token_holders_v1.meeting_id IS 'The meeting.';

COMMENT ON COLUMN reporting.meeting_token_holders_v1.user_id IS 'Who got the tokens.';

COMMENT ON COLUMN reporting.meeting_token_holders_v1.granted_role IS 'The role that was granted.';

COMMENT ON COLUMN reporting.meeting_token_holders_v1.tokens IS 'Tokens issued.';

COMMENT ON COLUMN reporting.meeting_token_holders_v1.addresses IS 'Different client addresses they were asked for from.';

COMMENT ON COLUMN reporting.meeting_token_holders_v1.first_issued_at IS 'When the first of them was issued.';

COMMENT ON COLUMN reporting.meeting_token_holders_v1.last_issued_at IS 'When the last of them was issued.';

COMMENT ON COLUMN reporting.meeting_token_holders_v1.last_expires_at IS 'When the last of them expires.';

CREATE VIEW reporting.meeting_use_daily_v1 WITH (security_barrier='true') AS
 SELECT rollup_meetings_daily.day_utc,
    rollup_meetings_daily.meeting_id,
    rollup_meetings_daily.organizer_id,
    rollup_meetings_daily.tier_id,
    rollup_meetings_daily.tokens,
    rollup_meetings_daily.users,
    rollup_meetings_daily.first_issued_at,
    rollup_meetings_daily.last_issued_at
   FROM connvo.rollup_meetings_daily
UNION ALL
 SELECT tail_meetings_daily.day_utc,
    tail_meetings_daily.meeting_id,
    tail_meetings_daily.organizer_id,
    tail_meetings_daily.tier_id,
    tail_meetings_daily.tokens,
    tail_meetings_daily.users,
    tail_meetings_daily.first_issued_at,
    tail_meetings_daily.last_issued_at
   FROM connvo.tail_meetings_daily;

COMMENT ON VIEW reporting.meeting_use_daily_v1 IS 'Product: which meetings are the largest? One row per day (UTC) and meeting; its organizer and tier if they changed that day.';

COMMENT ON COLUMN reporting.meeting_use_daily_v1.day_utc IS 'The day, UTC.';

COMMENT ON COLUMN reporting.meeting_use_daily_v1.meeting_id IS 'The meeting.';

COMMENT ON COLUMN reporting.meeting_use_daily_v1.organizer_id IS 'Its organizer when the tokens were issued.';

COMMENT ON COLUMN reporting.meeting_use_daily_v1.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN reporting.meeting_use_daily_v1.tokens IS 'Tokens issued.';

COMMENT ON COLUMN reporting.meeting_use_daily_v1.users IS 'Different users who got one. Not to be added up: a user may be in several rows.';

COMMENT ON COLUMN reporting.meeting_use_daily_v1.first_issued_at IS 'When the first of them was issued.';

COMMENT ON COLUMN reporting.meeting_use_daily_v1.last_issued_at IS 'When the last of them was issued.';

CREATE VIEW reporting.partition_faults_v1 WITH (security_barrier='true') AS
 WITH record_table(name, relation) AS (
         VALUES ('issued_tokens'::text,'connvo.issued_tokens'::regclass), ('token_refusals'::text,'connvo.token_refusals'::regclass)
        ), wanted(record_table, relation, trigger_name) AS (
         SELECT record_table.name,
            (record_table.relation)::oid AS relation,
            (record_table.name || suffix.text) AS "?column?"
           FROM (record_table
             CROSS JOIN unnest(ARRAY['_append_only'::text, '_no_truncate'::text]) suffix(text))
        UNION ALL
         SELECT record_table.name,
            attached.inhrelid,
            (record_table.name || suffix.text)
           FROM ((record_table
             JOIN pg_inherits attached ON ((attached.inhparent = (record_table.relation)::oid)))
             CROSS JOIN unnest(ARRAY['_append_only'::text, '_own_append_only'::text, '_no_truncate'::text]) suffix(text))
        UNION ALL
         SELECT waiting.record_table,
            relation.oid,
            (waiting.record_table || suffix.text)
           FROM ((connvo.partition_detachments waiting
             JOIN pg_class relation ON (((relation.relname = waiting.partition_name) AND (relation.relnamespace = ( SELECT parent.relnamespace
                   FROM pg_class parent
                  WHERE (parent.oid = ('connvo.issued_tokens'::regclass)::oid))) AND (NOT relation.relispartition))))
             CROSS JOIN unnest(ARRAY['_own_append_only'::text, '_no_truncate'::text]) suffix(text))
          WHERE ((waiting.attached_at IS NULL) AND (waiting.dropped_at IS NULL))
        )
 SELECT now() AS noticed_at,
    wanted.record_table,
    (relation.relname)::text AS partition_name,
        CASE
            WHEN (found.tgenabled IS NULL) THEN 'trigger_missing'::text
            ELSE 'trigger_disabled'::text
        END AS fault,
    wanted.trigger_name AS detail
   FROM ((wanted
     JOIN pg_class relation ON ((relation.oid = wanted.relation)))
     LEFT JOIN pg_trigger found ON (((found.tgrelid = wanted.relation) AND (found.tgname = wanted.trigger_name))))
  WHERE (found.tgenabled IS DISTINCT FROM 'A'::"char")
UNION ALL
 SELECT noted.attached_at AS noticed_at,
    noted.record_table,
    noted.partition_name,
    'altered_while_detached'::text AS fault,
    ('attached by '::text || COALESCE(noted.attached_by, 'hand'::text)) AS detail
   FROM connvo.partition_detachments noted
  WHERE noted.is_altered;

COMMENT ON VIEW reporting.partition_faults_v1 IS 'Security, audit; a control that must be empty: can a month of records be altered, or was one altered while it was detached? One row per partition, or record table, and fault.';

COMMENT ON COLUMN reporting.partition_faults_v1.noticed_at IS 'Now, for a trigger; when the month was attached again, for altered records.';

COMMENT ON COLUMN reporting.partition_faults_v1.record_table IS 'issued_tokens or token_refusals.';

COMMENT ON COLUMN reporting.partition_faults_v1.partition_name IS 'The partition, attached or waiting to be dropped; or the record table itself.';

COMMENT ON COLUMN reporting.partition_faults_v1.fault IS 'trigger_missing or trigger_disabled: a trigger that refuses changes of records. altered_while_detached: the records were other ones when the month was attached again.';

COMMENT ON COLUMN reporting.partition_faults_v1.detail IS 'The trigger; or the login that attached the month.';

CREATE VIEW reporting.paywall_monthly_v1 WITH (security_barrier='true') AS
 WITH paying AS (
         SELECT subscription.user_id,
            subscription.organization_id
           FROM (connvo.subscriptions subscription
             JOIN connvo.subscription_tiers tier ON ((tier.id = subscription.tier_id)))
          WHERE (tier.is_paid AND (subscription.status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text])) AND (subscription.starts_at <= now()) AND ((subscription.ends_at IS NULL) OR (subscription.ends_at > now())))
        )
 SELECT met.month_utc,
    met.organizer_id,
    organizer.organization_id,
    met.refusals,
    met.users,
    met.meetings,
    met.first_refused_at,
    met.last_refused_at,
    ((paying_user.id IS NOT NULL) OR (paying_organization.id IS NOT NULL)) AS pays_now
   FROM (((( SELECT (date_trunc('month'::text, (refused.refused_at AT TIME ZONE 'UTC'::text)))::date AS month_utc,
            refused.organizer_id,
            count(*) AS refusals,
            count(DISTINCT refused.user_id) AS users,
            count(DISTINCT refused.meeting_id) AS meetings,
            min(refused.refused_at) AS first_refused_at,
            max(refused.refused_at) AS last_refused_at
           FROM connvo.token_refusals refused
          WHERE (refused.reason = 'tier_required'::text)
          GROUP BY ((date_trunc('month'::text, (refused.refused_at AT TIME ZONE 'UTC'::text)))::date), refused.organizer_id) met
     LEFT JOIN connvo.users organizer ON ((organizer.id = met.organizer_id)))
     LEFT JOIN ( SELECT DISTINCT paying.user_id AS id
           FROM paying) paying_user ON ((paying_user.id = met.organizer_id)))
     LEFT JOIN ( SELECT DISTINCT paying.organization_id AS id
           FROM paying) paying_organization ON ((paying_organization.id = organizer.organization_id)));

COMMENT ON VIEW reporting.paywall_monthly_v1 IS 'Sales: whose meetings meet the paywall? One row per month (UTC) and organizer, whose subscription would have to pay. Goes back as far as records are kept.';

COMMENT ON COLUMN reporting.paywall_monthly_v1.month_utc IS 'First day of the month, UTC.';

COMMENT ON COLUMN reporting.paywall_monthly_v1.organizer_id IS 'The organizer of the meetings when people were refused; null when it was not recorded.';

COMMENT ON COLUMN reporting.paywall_monthly_v1.organization_id IS 'The organization the organizer belongs to now; null when there is none.';

COMMENT ON COLUMN reporting.paywall_monthly_v1.refusals IS 'Refusals for want of a paid tier.';

COMMENT ON COLUMN reporting.paywall_monthly_v1.users IS 'Different users refused.';

COMMENT ON COLUMN reporting.paywall_monthly_v1.meetings IS 'Different meetings they wanted to enter.';

COMMENT ON COLUMN reporting.paywall_monthly_v1.first_refused_at IS 'When the first of them was refused.';

COMMENT ON COLUMN reporting.paywall_monthly_v1.last_refused_at IS 'When the last of them was refused.';

COMMENT ON COLUMN reporting.paywall_monthly_v1.pays_now IS 'Whether the organizer or that organization has a paid subscription now that grants access.';

CREATE VIEW reporting.record_faults_v1 WITH (security_barrier='true') AS
 SELECT issued.issued_at AS recorded_at,
    'issued_tokens'::text AS record_table,
    issued.id AS record_id,
    fault.name AS fault,
    issued.user_id,
    issued.meeting_id,
    issued.request_id,
    encode(uuid_send(issued.trace_id), 'hex'::text) AS trace_id
   FROM ((connvo.issued_tokens issued
     CROSS JOIN LATERAL ( SELECT uuid_send(issued.id) AS bytes,
            substr(int8send(((round((date_part('epoch'::text, issued.issued_at) * (1000000)::double precision)))::bigint / 1000)), 3) AS milliseconds) actual)
     CROSS JOIN LATERAL ( VALUES ('lifetime_not_one_hour'::text,((issued.expires_at <= (issued.issued_at + '00:59:59'::interval)) OR (issued.expires_at > (issued.issued_at + '01:00:00'::interval)))), ('id_not_version_7'::text,((get_byte(actual.bytes, 6) >> 4) <> 7)), ('id_time_differs'::text,(((get_byte(actual.bytes, 6) >> 4) = 7) AND (substr(actual.bytes, 1, 6) <> actual.milliseconds))), ('in_the_future'::text,(issued.issued_at > (now() + '00:05:00'::interval))), ('user_id_not_valid'::text,((octet_length(issued.user_id) < 1) OR (octet_length(issued.user_id) > 255))), ('meeting_id_not_valid'::text,((octet_length(issued.meeting_id) < 1) OR (octet_length(issued.meeting_id) > 64))), ('organizer_id_not_valid'::text,((octet_length(issued.organizer_id) < 1) OR (octet_length(issued.organizer_id) > 255))), ('requested_role_not_valid'::text,(issued.requested_role <> ALL (ARRAY['host'::text, 'co-host'::text, 'participant'::text, 'observer'::text]))), ('held_role_not_valid'::text,(issued.held_role <> ALL (ARRAY['host'::text, 'co-host'::text, 'participant'::text, 'observer'::text]))), ('granted_role_not_valid'::text,(issued.granted_role <> ALL (ARRAY['host'::text, 'co-host'::text, 'participant'::text, 'observer'::text]))), ('stream_role_not_valid'::text,((char_length(issued.stream_role) < 1) OR (char_length(issued.stream_role) > 255))), ('subscription_status_not_valid'::text,(issued.subscription_status <> ALL (ARRAY['trialing'::text, 'active'::text, 'past_due'::text, 'paused'::text, 'unpaid'::text, 'incomplete'::text, 'canceled'::text]))), ('call_cid_not_valid'::text,((octet_length(issued.call_cid) < 3) OR (octet_length(issued.call_cid) > 129))), ('signing_key_id_not_valid'::text,(octet_length(issued.signing_key_id) <> 16)), ('session_id_not_valid'::text,(octet_length(issued.session_id) > 8192)), ('impersonator_not_valid'::text,(octet_length(issued.impersonator) > 8192)), ('user_agent_not_valid'::text,(char_length(issued.user_agent) > 256)), ('request_id_not_valid'::text,((octet_length(issued.request_id) < 1) OR (octet_length(issued.request_id) > 128)))) fault(name, is_found))
  WHERE (fault.is_found AND (
        CASE
            WHEN (issued.issued_at > (now() + '00:05:00'::interval)) THEN 1
            WHEN (octet_length(issued.user_agent) > 256) THEN 1
            WHEN ((octet_length(issued.stream_role) > 255) OR (issued.stream_role = ''::text)) THEN 1
            WHEN ((octet_length(issued.user_id) > 255) OR (issued.user_id = ''::text)) THEN 1
            WHEN ((octet_length(issued.meeting_id) > 64) OR (issued.meeting_id = ''::text)) THEN 1
            WHEN ((octet_length(issued.organizer_id) > 255) OR (issued.organizer_id = ''::text)) THEN 1
            WHEN ((octet_length(issued.request_id) > 128) OR (issued.request_id = ''::text)) THEN 1
            WHEN (octet_length(issued.session_id) > 8192) THEN 1
            WHEN (octet_length(issued.impersonator) > 8192) THEN 1
            WHEN (octet_length(issued.signing_key_id) <> 16) THEN 1
            WHEN ((octet_length(issued.call_cid) < 3) OR (octet_length(issued.call_cid) > 129)) THEN 1
            WHEN (issued.held_role <> ALL (ARRAY['participant'::text, 'host'::text, 'co-host'::text, 'observer'::text])) THEN 1
            WHEN ((issued.granted_role IS DISTINCT FROM issued.held_role) AND (issued.granted_role <> ALL (ARRAY['participant'::text, 'host'::text, 'co-host'::text, 'observer'::text]))) THEN 1
            WHEN (issued.requested_role <> ALL (ARRAY['participant'::text, 'host'::text, 'co-host'::text, 'observer'::text])) THEN 1
            WHEN (issued.subscription_status <> ALL (ARRAY['active'::text, 'trialing'::text, 'past_due'::text, 'paused'::text, 'unpaid'::text, 'incomplete'::text, 'canceled'::text])) THEN 1
            WHEN ((get_byte(uuid_send(issued.id), 6) >> 4) <> 7) THEN 1
            WHEN (issued.expires_at <= (issued.issued_at + '00:59:59'::interval)) THEN 1
            WHEN (issued.expires_at > (issued.issued_at + '01:00:00'::interval)) THEN 1
            WHEN (substr(uuid_send(issued.id), 1, 6) <> substr(int8send(((round((date_part('epoch'::text, issued.issued_at) * (1000000)::double precision)))::bigint / 1000)), 3)) THEN 1
            ELSE 0
        END = 1))
UNION ALL
 SELECT refused.refused_at AS recorded_at,
    'token_refusals'::text AS record_table,
    refused.id AS record_id,
    fault.name AS fault,
    refused.user_id,
    refused.meeting_id,
    refused.request_id,
    encode(uuid_send(refused.trace_id), 'hex'::text) AS trace_id
   FROM ((connvo.token_refusals refused
     CROSS JOIN LATERAL ( SELECT uuid_send(refused.id) AS bytes,
            substr(int8send(((round((date_part('epoch'::text, refused.refused_at) * (1000000)::double precision)))::bigint / 1000)), 3) AS milliseconds) actual)
     CROSS JOIN LATERAL ( VALUES ('id_not_version_7'::text,((get_byte(actual.bytes, 6) >> 4) <> 7)), ('id_time_differs'::text,(((get_byte(actual.bytes, 6) >> 4) = 7) AND (substr(actual.bytes, 1, 6) <> actual.milliseconds))), ('in_the_future'::text,(refused.refused_at > (now() + '00:05:00'::interval)))) fault(name, is_found))
  WHERE (fault.is_found AND (
        CASE
            WHEN (refused.refused_at > (now() + '00:05:00'::interval)) THEN 1
            WHEN ((get_byte(uuid_send(refused.id), 6) >> 4) <> 7) THEN 1
            WHEN (substr(uuid_send(refused.id), 1, 6) <> substr(int8send(((round((date_part('epoch'::text, refused.refused_at) * (1000000)::double precision)))::bigint / 1000)), 3)) THEN 1
            ELSE 0
        END = 1));

COMMENT ON VIEW reporting.record_faults_v1 IS 'Security, audit; a control that must be empty: is a record not as the server writes it? One row per record and fault. Shows records that another program inserted, and those made while a clock was set back.';

COMMENT ON COLUMN reporting.record_faults_v1.recorded_at IS 'issued_at or refused_at of the record.';

COMMENT ON COLUMN reporting.record_faults_v1.record_table IS 'issued_tokens or token_refusals.';

COMMENT ON COLUMN reporting.record_faults_v1.record_id IS 'The id of the record.';

COMMENT ON COLUMN reporting.record_faults_v1.fault IS 'lifetime_not_one_hour: expires_at is not one hour after the full second of issued_at. id_not_version_7: the id is no UUID of version 7. id_time_differs: the time in the id is another one. in_the_future: more than five minutes ahead of the databases clock. COLUMN_not_valid: that column has a role or a status that does not exist, or a length that the server never writes.';

COMMENT ON COLUMN reporting.record_faults_v1.user_id IS 'Whom the record names.';

COMMENT ON COLUMN reporting.record_faults_v1.meeting_id IS 'The meeting the record names.';

COMMENT ON COLUMN reporting.record_faults_v1.request_id IS 'The X-Request-Id in the record.';

COMMENT ON COLUMN reporting.record_faults_v1.trace_id IS 'The trace of the request, from the traceparent of the client; null when it sent no valid one, and in records older than migration 0020.';

CREATE VIEW reporting.refusals_hourly_v1 WITH (security_barrier='true') AS
 SELECT rollup_refusals_hourly.hour_starts_at,
    rollup_refusals_hourly.reason,
    rollup_refusals_hourly.code,
    rollup_refusals_hourly.refusals,
    rollup_refusals_hourly.users,
    rollup_refusals_hourly.meetings
   FROM connvo.rollup_refusals_hourly
UNION ALL
 SELECT tail_refusals_hourly.hour_starts_at,
    tail_refusals_hourly.reason,
    tail_refusals_hourly.code,
    tail_refusals_hourly.refusals,
    tail_refusals_hourly.users,
    tail_refusals_hourly.meetings
   FROM connvo.tail_refusals_hourly;

COMMENT ON VIEW reporting.refusals_hourly_v1 IS 'Operations, product: why are people refused, and when? One row per hour (UTC) and reason. Only refusals of verified callers are recorded.';

COMMENT ON COLUMN reporting.refusals_hourly_v1.hour_starts_at IS 'First instant of the hour; hours are those of UTC.';

COMMENT ON COLUMN reporting.refusals_hourly_v1.reason IS 'Why: a slug from a closed list, finer than the code.';

COMMENT ON COLUMN reporting.refusals_hourly_v1.code IS 'errorData.code of the answer.';

COMMENT ON COLUMN reporting.refusals_hourly_v1.refusals IS 'Refusals.';

COMMENT ON COLUMN reporting.refusals_hourly_v1.users IS 'Different users refused. Not to be added up: a user may be in several rows.';

COMMENT ON COLUMN reporting.refusals_hourly_v1.meetings IS 'Different meetings asked for. Not to be added up, either.';

CREATE VIEW reporting.reissue_bursts_v1 WITH (security_barrier='true') AS
 SELECT rollup_bursts.burst_starts_at,
    rollup_bursts.user_id,
    rollup_bursts.meeting_id,
    rollup_bursts.tokens,
    rollup_bursts.addresses,
    rollup_bursts.sessions
   FROM connvo.rollup_bursts
UNION ALL
 SELECT tail_bursts.burst_starts_at,
    tail_bursts.user_id,
    tail_bursts.meeting_id,
    tail_bursts.tokens,
    tail_bursts.addresses,
    tail_bursts.sessions
   FROM connvo.tail_bursts;

COMMENT ON VIEW reporting.reissue_bursts_v1 IS 'Security: who fetches tokens again and again? One row per five minutes, user and meeting with more than five tokens.';

COMMENT ON COLUMN reporting.reissue_bursts_v1.burst_starts_at IS 'First instant of the five minutes, a multiple of five past the hour.';

COMMENT ON COLUMN reporting.reissue_bursts_v1.user_id IS 'Who got the tokens.';

COMMENT ON COLUMN reporting.reissue_bursts_v1.meeting_id IS 'For which meeting.';

COMMENT ON COLUMN reporting.reissue_bursts_v1.tokens IS 'Tokens issued.';

COMMENT ON COLUMN reporting.reissue_bursts_v1.addresses IS 'Different client addresses they were asked for from.';

COMMENT ON COLUMN reporting.reissue_bursts_v1.sessions IS 'Different WorkOS sessions they were asked for in.';

CREATE VIEW reporting.rollup_differences_v1 WITH (security_barrier='true') AS
 SELECT differing.starts_at,
    differing.rollup,
    differing.rolled_up,
    differing.recorded
   FROM connvo.rollup_differences(((date_trunc('month'::text, (now() AT TIME ZONE 'UTC'::text)) - '1 mon'::interval))::date) differing(starts_at, rollup, rolled_up, recorded);

COMMENT ON VIEW reporting.rollup_differences_v1 IS 'Operations, audit; a control that must be empty: do the kept counts agree with the records? One row per rollup and hour, day or month (UTC) of this month and the one before. maintain counts again what differs.';

COMMENT ON COLUMN reporting.rollup_differences_v1.starts_at IS 'First instant of the hour, day or month.';

COMMENT ON COLUMN reporting.rollup_differences_v1.rollup IS 'Which counts: tokens_hourly, refusals_hourly, tokens_daily, meetings_daily or users_monthly.';

COMMENT ON COLUMN reporting.rollup_differences_v1.rolled_up IS 'What was kept.';

COMMENT ON COLUMN reporting.rollup_differences_v1.recorded IS 'What the records say.';

CREATE VIEW reporting.signing_keys_v1 WITH (security_barrier='true') AS
 SELECT signed.signing_key_id,
    signed.tokens,
    signed.first_issued_at,
    signed.last_issued_at,
    signed.last_expires_at,
    (signed.last_issued_at = max(signed.last_issued_at) OVER ()) AS is_newest,
    ((signed.last_issued_at < max(signed.last_issued_at) OVER ()) AND (signed.last_expires_at <= now())) AS may_retire
   FROM ( SELECT hourly.signing_key_id,
            (sum(hourly.tokens))::bigint AS tokens,
            min(hourly.first_issued_at) AS first_issued_at,
            max(hourly.last_issued_at) AS last_issued_at,
            max(hourly.last_expires_at) AS last_expires_at
           FROM ( SELECT rollup_tokens_hourly.signing_key_id,
                    rollup_tokens_hourly.tokens,
                    rollup_tokens_hourly.first_issued_at,
                    rollup_tokens_hourly.last_issued_at,
                    rollup_tokens_hourly.last_expires_at
                   FROM connvo.rollup_tokens_hourly
                UNION ALL
                 SELECT tail_tokens_hourly.signing_key_id,
                    tail_tokens_hourly.tokens,
                    tail_tokens_hourly.first_issued_at,
                    tail_tokens_hourly.last_issued_at,
                    tail_tokens_hourly.last_expires_at
                   FROM connvo.tail_tokens_hourly) hourly
          GROUP BY hourly.signing_key_id) signed;

COMMENT ON VIEW reporting.signing_keys_v1 IS 'Security: when may a signing key be retired? One row per key that ever signed a token.';

COMMENT ON COLUMN reporting.signing_keys_v1.signing_key_id IS 'Which secret: first 16 hex digits of HMAC-SHA256(secret, "connvo key id").';

COMMENT ON COLUMN reporting.signing_keys_v1.tokens IS 'Tokens it signed.';

COMMENT ON COLUMN reporting.signing_keys_v1.first_issued_at IS 'When it signed the first of them.';

COMMENT ON COLUMN reporting.signing_keys_v1.last_issued_at IS 'When it signed the last of them.';

COMMENT ON COLUMN reporting.signing_keys_v1.last_expires_at IS 'When the last of them expires: from then on the key is not needed, if it signs no more.';

COMMENT ON COLUMN reporting.signing_keys_v1.is_newest IS 'Whether it signed the latest token: such a key is in use.';

COMMENT ON COLUMN reporting.signing_keys_v1.may_retire IS 'Whether it is not the newest, and all its tokens have expired.';

CREATE VIEW reporting.subscription_use_v1 WITH (security_barrier='true') AS
 SELECT COALESCE(subscription.id, used.subscription_id) AS subscription_id,
    COALESCE(subscription.tier_id, used.tier_id) AS tier_id,
    subscription.status,
    subscription.user_id,
    subscription.organization_id,
    subscription.starts_at,
    subscription.ends_at,
    COALESCE(((subscription.status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text])) AND (subscription.starts_at <= now()) AND ((subscription.ends_at IS NULL) OR (subscription.ends_at > now()))), false) AS is_open,
    COALESCE(used.tokens, (0)::bigint) AS tokens,
    COALESCE(used.users, (0)::bigint) AS users,
    used.first_issued_at,
    used.last_issued_at
   FROM (connvo.subscriptions subscription
     FULL JOIN ( SELECT monthly.subscription_id,
            max(monthly.tier_id) AS tier_id,
            (sum(monthly.tokens))::bigint AS tokens,
            count(DISTINCT monthly.user_digest) AS users,
            min(monthly.first_issued_at) AS first_issued_at,
            max(monthly.last_issued_at) AS last_issued_at
           FROM ( SELECT rollup_users_monthly.subscription_id,
                    rollup_users_monthly.tier_id,
                    rollup_users_monthly.user_digest,
                    rollup_users_monthly.tokens,
                    rollup_users_monthly.first_issued_at,
                    rollup_users_monthly.last_issued_at
                   FROM connvo.rollup_users_monthly
                UNION ALL
                 SELECT tail_users_monthly.subscription_id,
                    tail_users_monthly.tier_id,
                    tail_users_monthly.user_digest,
                    tail_users_monthly.tokens,
                    tail_users_monthly.first_issued_at,
                    tail_users_monthly.last_issued_at
                   FROM connvo.tail_users_monthly) monthly
          GROUP BY monthly.subscription_id) used ON ((used.subscription_id = subscription.id)));

COMMENT ON VIEW reporting.subscription_use_v1 IS 'Finance: how much was each subscription used in its period? One row per subscription, those never used and those deleted since included.';

COMMENT ON COLUMN reporting.subscription_use_v1.subscription_id IS 'The subscription.';

COMMENT ON COLUMN reporting.subscription_use_v1.tier_id IS 'Its tier now; of a deleted one, the tier in the records.';

COMMENT ON COLUMN reporting.subscription_use_v1.status IS 'Its status now; null when it was deleted.';

COMMENT ON COLUMN reporting.subscription_use_v1.user_id IS 'The user who pays; null when an organization does, or when it was deleted.';

COMMENT ON COLUMN reporting.subscription_use_v1.organization_id IS 'The organization that pays; null when a user does, or when it was deleted.';

COMMENT ON COLUMN reporting.subscription_use_v1.starts_at IS 'First instant of the period; null when it was deleted.';

COMMENT ON COLUMN reporting.subscription_use_v1.ends_at IS 'First instant after the period; null while it is open, or when it was deleted.';

COMMENT ON COLUMN reporting.subscription_use_v1.is_open IS 'Whether it grants access at this moment; a late payer counts, whose grace is a setting of the server.';

COMMENT ON COLUMN reporting.subscription_use_v1.tokens IS 'Tokens it paid for.';

COMMENT ON COLUMN reporting.subscription_use_v1.users IS 'Different users who got one.';

COMMENT ON COLUMN reporting.subscription_use_v1.first_issued_at IS 'When the first of them was issued; null when there is none.';

COMMENT ON COLUMN reporting.subscription_use_v1.last_issued_at IS 'When the last of them was issued; null when there is none.';

CREATE VIEW reporting.token_issuance_daily_v1 WITH (security_barrier='true') AS
 SELECT rollup_tokens_daily.day_utc,
    rollup_tokens_daily.tier_id,
    rollup_tokens_daily.granted_role,
    rollup_tokens_daily.tokens,
    rollup_tokens_daily.users,
    rollup_tokens_daily.meetings
   FROM connvo.rollup_tokens_daily
UNION ALL
 SELECT tail_tokens_daily.day_utc,
    tail_tokens_daily.tier_id,
    tail_tokens_daily.granted_role,
    tail_tokens_daily.tokens,
    tail_tokens_daily.users,
    tail_tokens_daily.meetings
   FROM connvo.tail_tokens_daily;

COMMENT ON VIEW reporting.token_issuance_daily_v1 IS 'Finance, operations: how many tokens on each day, by tier and role? One row per day (UTC), tier and role.';

COMMENT ON COLUMN reporting.token_issuance_daily_v1.day_utc IS 'The day, UTC.';

COMMENT ON COLUMN reporting.token_issuance_daily_v1.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN reporting.token_issuance_daily_v1.granted_role IS 'The role that was granted: host, co-host, participant or observer.';

COMMENT ON COLUMN reporting.token_issuance_daily_v1.tokens IS 'Tokens issued.';

COMMENT ON COLUMN reporting.token_issuance_daily_v1.users IS 'Different users who got one. Not to be added up: a user may be in several rows.';

COMMENT ON COLUMN reporting.token_issuance_daily_v1.meetings IS 'Different meetings they were for. Not to be added up, either.';

CREATE VIEW reporting.token_issuance_hourly_v1 WITH (security_barrier='true') AS
 SELECT hourly.hour_starts_at,
    (EXTRACT(isodow FROM (hourly.hour_starts_at AT TIME ZONE 'UTC'::text)))::integer AS weekday_utc,
    (EXTRACT(hour FROM (hourly.hour_starts_at AT TIME ZONE 'UTC'::text)))::integer AS hour_of_day_utc,
    hourly.tier_id,
    (sum(hourly.tokens))::bigint AS tokens
   FROM ( SELECT rollup_tokens_hourly.hour_starts_at,
            rollup_tokens_hourly.tier_id,
            rollup_tokens_hourly.tokens
           FROM connvo.rollup_tokens_hourly
        UNION ALL
         SELECT tail_tokens_hourly.hour_starts_at,
            tail_tokens_hourly.tier_id,
            tail_tokens_hourly.tokens
           FROM connvo.tail_tokens_hourly) hourly
  GROUP BY hourly.hour_starts_at, hourly.tier_id;

COMMENT ON VIEW reporting.token_issuance_hourly_v1 IS 'Operations: which hours are the busiest? One row per hour (UTC) and tier with tokens.';

COMMENT ON COLUMN reporting.token_issuance_hourly_v1.hour_starts_at IS 'First instant of the hour; hours are those of UTC.';

COMMENT ON COLUMN reporting.token_issuance_hourly_v1.weekday_utc IS 'Day of the week in UTC: 1 is Monday, 7 is Sunday.';

COMMENT ON COLUMN reporting.token_issuance_hourly_v1.hour_of_day_utc IS 'Hour of the day in UTC, 0 to 23.';

COMMENT ON COLUMN reporting.token_issuance_hourly_v1.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN reporting.token_issuance_hourly_v1.tokens IS 'Tokens issued.';

CREATE VIEW reporting.uncovered_tokens_v1 WITH (security_barrier='true') AS
 SELECT issued.issued_at,
    issued.id AS token_id,
    fault.name AS fault,
    issued.user_id,
    issued.meeting_id,
    issued.organizer_id,
    issued.tier_id,
    issued.subscription_id,
    issued.subscription_status,
    issued.subscription_starts_at,
    issued.subscription_ends_at,
    issued.request_id,
    encode(uuid_send(issued.trace_id), 'hex'::text) AS trace_id
   FROM (connvo.issued_tokens issued
     CROSS JOIN LATERAL ( VALUES ('tier_not_paid'::text,(NOT issued.tier_is_paid)), ('status_grants_nothing'::text,(issued.subscription_status <> ALL (ARRAY['trialing'::text, 'active'::text, 'past_due'::text]))), ('before_period'::text,(issued.issued_at < issued.subscription_starts_at)), ('after_period'::text,(issued.issued_at >= issued.subscription_ends_at))) fault(name, is_found))
  WHERE (fault.is_found AND (
        CASE
            WHEN (NOT issued.tier_is_paid) THEN 1
            WHEN (issued.subscription_status <> ALL (ARRAY['trialing'::text, 'active'::text, 'past_due'::text])) THEN 1
            WHEN (issued.issued_at < issued.subscription_starts_at) THEN 1
            WHEN (issued.issued_at >= issued.subscription_ends_at) THEN 1
            ELSE 0
        END = 1));

COMMENT ON VIEW reporting.uncovered_tokens_v1 IS 'Finance, security; a control that must be empty: was a token issued that no paid subscription covered? By the facts copied when it was issued: a later change of a subscription does not change the result. One row per token and fault.';

COMMENT ON COLUMN reporting.uncovered_tokens_v1.issued_at IS 'When the token was issued.';

COMMENT ON COLUMN reporting.uncovered_tokens_v1.token_id IS 'The jti of the token.';

COMMENT ON COLUMN reporting.uncovered_tokens_v1.fault IS 'tier_not_paid, status_grants_nothing, before_period or after_period. A late payer within the grace is covered; the grace, a setting of the server, is not recorded.';

COMMENT ON COLUMN reporting.uncovered_tokens_v1.user_id IS 'Who got the token.';

COMMENT ON COLUMN reporting.uncovered_tokens_v1.meeting_id IS 'For which meeting.';

COMMENT ON COLUMN reporting.uncovered_tokens_v1.organizer_id IS 'The organizer of the meeting at that time.';

COMMENT ON COLUMN reporting.uncovered_tokens_v1.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN reporting.uncovered_tokens_v1.subscription_id IS 'The subscription that was taken to cover it.';

COMMENT ON COLUMN reporting.uncovered_tokens_v1.subscription_status IS 'Its status at that time.';

COMMENT ON COLUMN reporting.uncovered_tokens_v1.subscription_starts_at IS 'Start of its period at that time.';

COMMENT ON COLUMN reporting.uncovered_tokens_v1.subscription_ends_at IS 'End of its period at that time; null when it was open.';

COMMENT ON COLUMN reporting.uncovered_tokens_v1.request_id IS 'The X-Request-Id of the answer.';

COMMENT ON COLUMN reporting.uncovered_tokens_v1.trace_id IS 'The trace of the request, from the traceparent of the client; null when it sent no valid one, and in records older than migration 0020.';

ALTER TABLE ONLY connvo.issued_tokens
    ADD CONSTRAINT issued_tokens_pkey PRIMARY KEY (id, issued_at);

ALTER TABLE ONLY connvo.meeting_participants
    ADD CONSTRAINT meeting_participants_pkey PRIMARY KEY (meeting_id, user_id);

ALTER TABLE ONLY connvo.meetings
    ADD CONSTRAINT meetings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY connvo.meetings
    ADD CONSTRAINT meetings_stream_call_key UNIQUE (stream_call_type, stream_call_id);

ALTER TABLE ONLY connvo.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY connvo.partition_detachments
    ADD CONSTRAINT partition_detachments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY connvo.rollup_bursts
    ADD CONSTRAINT rollup_bursts_pkey PRIMARY KEY (burst_starts_at, user_id, meeting_id);

ALTER TABLE ONLY connvo.rollup_concurrency_daily
    ADD CONSTRAINT rollup_concurrency_daily_pkey PRIMARY KEY (day_utc);

ALTER TABLE ONLY connvo.rollup_fanout_daily
    ADD CONSTRAINT rollup_fanout_daily_pkey PRIMARY KEY (day_utc, client_ip);

ALTER TABLE ONLY connvo.rollup_meetings_daily
    ADD CONSTRAINT rollup_meetings_daily_pkey PRIMARY KEY (day_utc, meeting_id, organizer_id, tier_id);

ALTER TABLE ONLY connvo.rollup_refusals_hourly
    ADD CONSTRAINT rollup_refusals_hourly_pkey PRIMARY KEY (hour_starts_at, reason);

ALTER TABLE ONLY connvo.rollup_state
    ADD CONSTRAINT rollup_state_pkey PRIMARY KEY (is_only);

ALTER TABLE ONLY connvo.rollup_tokens_daily
    ADD CONSTRAINT rollup_tokens_daily_pkey PRIMARY KEY (day_utc, tier_id, granted_role);

ALTER TABLE ONLY connvo.rollup_tokens_hourly
    ADD CONSTRAINT rollup_tokens_hourly_pkey PRIMARY KEY (hour_starts_at, tier_id, signing_key_id);

ALTER TABLE ONLY connvo.rollup_users_monthly
    ADD CONSTRAINT rollup_users_monthly_pkey PRIMARY KEY (month_utc, tier_id, subscription_id, user_digest);

ALTER TABLE ONLY connvo.schema_migration_files
    ADD CONSTRAINT schema_migration_files_pkey PRIMARY KEY (version);

ALTER TABLE ONLY connvo.schema_migration_state
    ADD CONSTRAINT schema_migration_state_pkey PRIMARY KEY (name);

ALTER TABLE ONLY connvo.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY connvo.subscription_tiers
    ADD CONSTRAINT subscription_tiers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY connvo.subscriptions
    ADD CONSTRAINT subscriptions_organization_periods_disjoint EXCLUDE USING gist (organization_id WITH =, tstzrange(starts_at, ends_at, '[)'::text) WITH &&) WHERE (((status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text])) AND (organization_id IS NOT NULL))) DEFERRABLE;

ALTER TABLE ONLY connvo.subscriptions
    ADD CONSTRAINT subscriptions_owner_starts_at_key UNIQUE NULLS NOT DISTINCT (user_id, organization_id, starts_at);

ALTER TABLE ONLY connvo.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY connvo.subscriptions
    ADD CONSTRAINT subscriptions_user_periods_disjoint EXCLUDE USING gist (user_id WITH =, tstzrange(starts_at, ends_at, '[)'::text) WITH &&) WHERE (((status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text])) AND (user_id IS NOT NULL))) DEFERRABLE;

ALTER TABLE ONLY connvo.token_refusals
    ADD CONSTRAINT token_refusals_pkey PRIMARY KEY (id, refused_at);

ALTER TABLE ONLY connvo.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX issued_tokens_issued_at_idx ON ONLY connvo.issued_tokens USING brin (issued_at);

CREATE INDEX issued_tokens_meeting_id_issued_at_idx ON ONLY connvo.issued_tokens USING btree (meeting_id, issued_at);

CREATE INDEX issued_tokens_user_id_issued_at_idx ON ONLY connvo.issued_tokens USING btree (user_id, issued_at);

CREATE INDEX meeting_participants_user_id_idx ON connvo.meeting_participants USING btree (user_id);

CREATE INDEX meetings_organizer_id_idx ON connvo.meetings USING btree (organizer_id);

CREATE UNIQUE INDEX partition_detachments_open_idx ON connvo.partition_detachments USING btree (partition_name) WHERE ((attached_at IS NULL) AND (dropped_at IS NULL));

CREATE INDEX subscriptions_organization_granting_idx ON connvo.subscriptions USING btree (organization_id, starts_at DESC) WHERE ((status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text])) AND (organization_id IS NOT NULL));

CREATE INDEX subscriptions_organization_id_idx ON connvo.subscriptions USING btree (organization_id) WHERE (organization_id IS NOT NULL);

CREATE INDEX subscriptions_user_granting_idx ON connvo.subscriptions USING btree (user_id, starts_at DESC) WHERE ((status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text])) AND (user_id IS NOT NULL));

CREATE INDEX token_refusals_meeting_id_refused_at_idx ON ONLY connvo.token_refusals USING btree (meeting_id, refused_at);

CREATE INDEX token_refusals_refused_at_idx ON ONLY connvo.token_refusals USING brin (refused_at);

CREATE INDEX token_refusals_user_id_refused_at_idx ON ONLY connvo.token_refusals USING btree (user_id, refused_at);

CREATE UNIQUE INDEX users_email_ascii_key ON connvo.users USING btree (lower((email COLLATE "C")));

CREATE INDEX users_organization_id_idx ON connvo.users USING btree (organization_id) WHERE (organization_id IS NOT NULL);

CREATE TRIGGER issued_tokens_append_only BEFORE DELETE OR UPDATE ON connvo.issued_tokens FOR EACH ROW EXECUTE FUNCTION connvo.refuse_record_change();

ALTER TABLE connvo.issued_tokens ENABLE ALWAYS TRIGGER issued_tokens_append_only;

CREATE TRIGGER issued_tokens_no_truncate BEFORE TRUNCATE ON connvo.issued_tokens FOR EACH STATEMENT EXECUTE FUNCTION connvo.refuse_record_change();

ALTER TABLE connvo.issued_tokens ENABLE ALWAYS TRIGGER issued_tokens_no_truncate;

CREATE TRIGGER meeting_participants_set_updated_at BEFORE UPDATE ON connvo.meeting_participants FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION connvo.set_updated_at();

CREATE TRIGGER meetings_add_organizer AFTER INSERT ON connvo.meetings REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION connvo.add_organizers_as_hosts();

CREATE TRIGGER meetings_change_organizer AFTER UPDATE OF organizer_id ON connvo.meetings FOR EACH ROW WHEN ((old.organizer_id IS DISTINCT FROM new.organizer_id)) EXECUTE FUNCTION connvo.add_organizer_as_host();

CREATE TRIGGER meetings_set_updated_at BEFORE UPDATE ON connvo.meetings FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION connvo.set_updated_at();

CREATE TRIGGER organizations_set_updated_at BEFORE UPDATE ON connvo.organizations FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION connvo.set_updated_at();

CREATE TRIGGER subscription_tiers_set_updated_at BEFORE UPDATE ON connvo.subscription_tiers FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION connvo.set_updated_at();

CREATE TRIGGER subscriptions_set_updated_at BEFORE UPDATE ON connvo.subscriptions FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION connvo.set_updated_at();

CREATE TRIGGER token_refusals_append_only BEFORE DELETE OR UPDATE ON connvo.token_refusals FOR EACH ROW EXECUTE FUNCTION connvo.refuse_record_change();

ALTER TABLE connvo.token_refusals ENABLE ALWAYS TRIGGER token_refusals_append_only;

CREATE TRIGGER token_refusals_no_truncate BEFORE TRUNCATE ON connvo.token_refusals FOR EACH STATEMENT EXECUTE FUNCTION connvo.refuse_record_change();

ALTER TABLE connvo.token_refusals ENABLE ALWAYS TRIGGER token_refusals_no_truncate;

CREATE TRIGGER users_set_updated_at BEFORE UPDATE ON connvo.users FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION connvo.set_updated_at();

ALTER TABLE ONLY connvo.meeting_participants
    ADD CONSTRAINT meeting_participants_meeting_id_fkey FOREIGN KEY (meeting_id) REFERENCES connvo.meetings(id) ON DELETE CASCADE;

ALTER TABLE ONLY connvo.meeting_participants
    ADD CONSTRAINT meeting_participants_user_id_fkey FOREIGN KEY (user_id) REFERENCES connvo.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY connvo.meetings
    ADD CONSTRAINT meetings_organizer_id_fkey FOREIGN KEY (organizer_id) REFERENCES connvo.users(id) ON DELETE RESTRICT;

ALTER TABLE ONLY connvo.subscriptions
    ADD CONSTRAINT subscriptions_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES connvo.organizations(id) ON DELETE RESTRICT;

ALTER TABLE ONLY connvo.subscriptions
    ADD CONSTRAINT subscriptions_tier_id_fkey FOREIGN KEY (tier_id) REFERENCES connvo.subscription_tiers(id) ON DELETE RESTRICT;

ALTER TABLE ONLY connvo.subscriptions
    ADD CONSTRAINT subscriptions_user_id_fkey FOREIGN KEY (user_id) REFERENCES connvo.users(id) ON DELETE RESTRICT;

ALTER TABLE ONLY connvo.users
    ADD CONSTRAINT users_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES connvo.organizations(id) ON DELETE SET NULL;
