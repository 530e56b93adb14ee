-- 0012: a month that is taken away can be dropped, attached again or altered only as retention says.
-- Why: maintain dropped a month that it had not detached itself; a detached partition lost the trigger that made it
--   append-only, and could be attached again altered; a partition of another name made maintain and a report fail; and
--   the hourly job ran as the owner of everything.
-- Lock: SHARE ROW EXCLUSIVE on issued_tokens, token_refusals and their partitions, for an instant: writers wait,
--   readers do not. ACCESS EXCLUSIVE on partition_detachments, which only maintenance reads.
--
-- squawk is told so: that table has a few dozen rows; and the functions that go are what an older maintain must not call.
-- squawk-ignore-file ban-drop-function, ban-drop-constraint, adding-field-with-default, constraint-missing-not-valid
-- squawk-ignore-file adding-serial-primary-key-field, require-concurrent-index-creation

-- 1. Bounds come from the catalogue: a name says nothing.

DROP FUNCTION connvo.partitions();

-- SECURITY DEFINER so that reporting.freshness_v1 may call it for a reader who does not see schema connvo. A DEFAULT
-- partition, which nothing here makes, has no bounds and is not listed.
CREATE FUNCTION connvo.partitions()
    RETURNS TABLE (
        record_table text,
        partition_name text,
        starts_at timestamptz,
        ends_at timestamptz,
        is_detach_pending boolean,
        relation regclass
    )
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET "TimeZone" = 'UTC'
    SET "DateStyle" = 'ISO'
    AS $$
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
$$;

COMMENT ON FUNCTION connvo.partitions() IS 'The partitions of the record tables with their bounds, by the catalogue and whatever their names are; is_detach_pending marks one whose DETACH CONCURRENTLY was interrupted and needs FINALIZE.';

CREATE OR REPLACE FUNCTION connvo.missing_partitions(months_ahead integer DEFAULT 1)
    RETURNS TABLE (record_table text, month date)
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
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

COMMENT ON FUNCTION connvo.missing_partitions(integer) IS 'Which months (UTC), from the current one to so many ahead, no attached partition holds. No row: all is well. Cheap: readiness asks it.';

-- 2. Triggers of each partition's own. Those that it gets from its table go when it is detached. ALWAYS: they also hold
--    under session_replication_role = replica, which a logical apply worker sets.

CREATE FUNCTION connvo.protect_partition(relation regclass, record_table text)
    RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
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

COMMENT ON FUNCTION connvo.protect_partition(regclass, text) IS 'Gives a partition the triggers of its own that keep it append-only when it is detached.';

CREATE OR REPLACE FUNCTION connvo.create_partition(record_table text, month date)
    RETURNS text
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
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

COMMENT ON FUNCTION connvo.create_partition(text, date) IS 'Makes and attaches the partition of one month (UTC) of issued_tokens or token_refusals; returns its name, which has a number behind the month where a table of that name exists.';

-- Callers take turns by a lock of the tables that needs rights on them. Any login may take any advisory lock.
CREATE OR REPLACE FUNCTION connvo.ensure_partitions()
    RETURNS SETOF text
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET "TimeZone" = 'UTC'
    SET lock_timeout = '200ms'
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

ALTER TABLE connvo.issued_tokens
    ENABLE ALWAYS TRIGGER issued_tokens_append_only,
    ENABLE ALWAYS TRIGGER issued_tokens_no_truncate;
ALTER TABLE connvo.token_refusals
    ENABLE ALWAYS TRIGGER token_refusals_append_only,
    ENABLE ALWAYS TRIGGER token_refusals_no_truncate;

DO $$
DECLARE
    kept record;
BEGIN
    FOR kept IN
        SELECT part.relation, part.record_table
        FROM connvo.partitions() AS part
        UNION
        SELECT to_regclass(format('connvo.%I', noted.partition_name)), noted.record_table
        FROM connvo.partition_detachments AS noted
        WHERE to_regclass(format('connvo.%I', noted.partition_name)) IS NOT NULL
    LOOP
        PERFORM connvo.protect_partition(kept.relation, kept.record_table);
    END LOOP;
END;
$$;

-- 3. What retention did: one row for each time that it took a month away. A row is open until the month is attached
--    again or dropped. Rows of older maintains have no seal.

ALTER TABLE connvo.partition_detachments
    DROP CONSTRAINT partition_detachments_pkey,
    ADD COLUMN id bigint GENERATED BY DEFAULT AS IDENTITY,
    ADD COLUMN starts_at timestamptz,
    ADD COLUMN ends_at timestamptz,
    ADD COLUMN detached_by text,
    ADD COLUMN records bigint,
    ADD COLUMN checksum text,
    ADD COLUMN checksum_columns text[],
    ADD COLUMN attached_at timestamptz,
    ADD COLUMN attached_by text,
    ADD COLUMN is_altered boolean,
    ADD COLUMN dropped_by text;
ALTER TABLE connvo.partition_detachments
    ADD CONSTRAINT partition_detachments_pkey PRIMARY KEY (id),
    ADD CONSTRAINT partition_detachments_ends_once CHECK (attached_at IS NULL OR dropped_at IS NULL);
CREATE UNIQUE INDEX partition_detachments_open_idx
    ON connvo.partition_detachments (partition_name)
    WHERE attached_at IS NULL AND dropped_at IS NULL;

COMMENT ON TABLE connvo.partition_detachments IS 'Each time that retention took a month of records away: when, with what in it, and how it ended. Nothing else is ever dropped.';
COMMENT ON COLUMN connvo.partition_detachments.requested_at IS 'When maintenance decided to detach it.';
COMMENT ON COLUMN connvo.partition_detachments.detached_at IS 'When it was detached.';
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

-- Independent of the order of the rows, of settings of the session, and of the version of PostgreSQL.
CREATE FUNCTION connvo.record_checksum(
    relation regclass, checksum_columns text[], OUT records bigint, OUT checksum text
)
    LANGUAGE plpgsql
    STABLE
    SET search_path = pg_catalog, pg_temp
    SET "TimeZone" = 'UTC'
    SET "DateStyle" = 'ISO'
    SET bytea_output = 'hex'
    SET jit = 'off'
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

COMMENT ON FUNCTION connvo.record_checksum(regclass, text[]) IS 'How many records a table holds, and the sum of the first 64 bits of the MD5 of each, to notice that one was altered. Reads all of it: about 200,000 records a second.';

-- Who keeps a lock of these tables, for messages. Victims that wait are not among them.
CREATE FUNCTION connvo.lock_holders(relations regclass[])
    RETURNS TABLE (pid integer, description text)
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
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

COMMENT ON FUNCTION connvo.lock_holders(regclass[]) IS 'The sessions that have a lock of one of these tables.';

-- 4. Retention. Each function does its step in one transaction, so that a step is done or is not; each looks at
--    everything anew, so that it may be called at any time, by several at once, and again.

DROP FUNCTION connvo.note_detach(text);
DROP FUNCTION connvo.detached_partitions();
DROP FUNCTION connvo.drop_detached_partition(text);

CREATE FUNCTION connvo.retention_border(keep_months integer)
    RETURNS timestamptz
    LANGUAGE plpgsql
    STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF keep_months IS NULL OR keep_months < 1 THEN
        RAISE EXCEPTION 'keep_months must be 1 or more'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => keep_months)) AT TIME ZONE 'UTC';
END;
$$;

COMMENT ON FUNCTION connvo.retention_border(integer) IS 'The first instant that is kept when the current month (UTC) and so many full months before it are.';

CREATE OR REPLACE FUNCTION connvo.expired_partitions(keep_months integer)
    RETURNS TABLE (
        record_table text,
        partition_name text,
        starts_at timestamptz,
        ends_at timestamptz,
        is_detach_pending boolean
    )
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
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

COMMENT ON FUNCTION connvo.expired_partitions(integer) IS 'The partitions to detach when the current month (UTC) and so many full months before it are kept. One that is not in the rollups yet is not among them; one whose DETACH was interrupted always is.';

-- A plain DETACH, and not CONCURRENTLY, which cannot run in a function: decision 0018. It waits for readers at most 200
-- ms at a time, because sessions that come after it queue behind it; then it lets them go before it tries again.
CREATE FUNCTION connvo.detach_partition(partition_name text, keep_months integer)
    RETURNS TABLE (is_detached boolean, records bigint, checksum text, held_by text)
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '200ms'
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

COMMENT ON FUNCTION connvo.detach_partition(text, integer) IS 'Detaches a partition that expired_partitions lists, and notes what it holds. No row: there is nothing to detach any more. Not detached: sessions kept a lock of it for about ten seconds; held_by names them.';

CREATE FUNCTION connvo.finish_detach(partition_name text)
    RETURNS TABLE (is_detached boolean, held_by text)
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '200ms'
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

COMMENT ON FUNCTION connvo.finish_detach(text) IS 'Finishes a DETACH CONCURRENTLY that was begun by hand and interrupted. What it detaches is not noted, and so never dropped.';

CREATE FUNCTION connvo.is_marked_detached(relation regclass)
    RETURNS boolean
    LANGUAGE sql
    STABLE
    SET search_path = pg_catalog, pg_temp
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

COMMENT ON FUNCTION connvo.is_marked_detached(regclass) IS 'Whether this is a table that detach_partition detached and nobody has attached since.';

CREATE FUNCTION connvo.note_attachments()
    RETURNS TABLE (partition_name text, is_altered boolean)
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
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

CREATE FUNCTION connvo.detached_partitions(keep_months integer)
    RETURNS TABLE (
        record_table text,
        partition_name text,
        detached_at timestamptz,
        drop_after timestamptz,
        is_kept boolean,
        is_due boolean
    )
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
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

COMMENT ON FUNCTION connvo.detached_partitions(integer) IS 'The months that retention took away and that wait to be dropped: after when, and whether they are to be kept after all because so many months are kept now.';

CREATE FUNCTION connvo.drop_detached_partition(partition_name text, keep_months integer)
    RETURNS TABLE (is_dropped boolean, held_by text)
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '200ms'
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

COMMENT ON FUNCTION connvo.drop_detached_partition(text, integer) IS 'Drops a partition that retention detached at least seven days ago, that nobody attached since and that is not to be kept, and what rollups say of people, meetings and addresses in it; refuses anything else. Not dropped: a session kept a lock of it; held_by names it.';

CREATE FUNCTION connvo.attach_partition(partition_name text, accept_altered boolean DEFAULT false)
    RETURNS TABLE (record_table text, records bigint, is_altered boolean)
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET "TimeZone" = 'UTC'
    SET "DateStyle" = 'ISO'
    SET lock_timeout = '5s'
    AS $$
#variable_conflict use_variable
DECLARE
    wanted constant text := partition_name;
    found constant regclass := to_regclass(format('connvo.%I', partition_name));
    noted record;
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

COMMENT ON FUNCTION connvo.attach_partition(text, boolean) IS 'Attaches a month that retention took away, when its triggers are in place and its records are those that were detached; altered records only with accept_altered, which is noted.';

-- 5. What reports say of it.

CREATE OR REPLACE VIEW reporting.freshness_v1
    WITH (security_barrier = true) AS
SELECT now() AS read_at,
    -- The latest have the greatest ids; to find them so reads a few rows and not a month.
    coalesce(
        (
            SELECT issued.issued_at
            FROM connvo.issued_tokens AS issued
            WHERE issued.issued_at >= (SELECT border.rolled_up_until FROM connvo.rollup_state AS border)
            ORDER BY issued.id DESC
            LIMIT 1
        ),
        (SELECT max(hourly.last_issued_at) FROM connvo.rollup_tokens_hourly AS hourly)
    ) AS last_issued_at,
    coalesce(
        (
            SELECT refused.refused_at
            FROM connvo.token_refusals AS refused
            WHERE refused.refused_at >= (SELECT border.rolled_up_until FROM connvo.rollup_state AS border)
            ORDER BY refused.id DESC
            LIMIT 1
        ),
        (SELECT max(hourly.last_refused_at) FROM connvo.rollup_refusals_hourly AS hourly)
    ) AS last_refused_at,
    (
        SELECT min(part.starts_at)
        FROM connvo.partitions() AS part
        WHERE part.record_table = 'issued_tokens'
            AND isfinite(part.starts_at)
    ) AS records_from,
    state.rolled_up_until,
    state.refreshed_at
FROM connvo.rollup_state AS state;

CREATE VIEW reporting.partition_faults_v1
    WITH (security_barrier = true) AS
WITH record_table (name, relation) AS (
    VALUES ('issued_tokens', 'connvo.issued_tokens'::regclass), ('token_refusals', 'connvo.token_refusals'::regclass)
),
wanted (record_table, relation, trigger_name) AS (
    SELECT record_table.name, CAST(record_table.relation AS oid), record_table.name || suffix.text
    FROM record_table
    CROSS JOIN unnest(ARRAY['_append_only', '_no_truncate']) AS suffix (text)
    UNION ALL
    SELECT record_table.name, attached.inhrelid, record_table.name || suffix.text
    FROM record_table
    JOIN pg_catalog.pg_inherits AS attached
        ON attached.inhparent = record_table.relation
    CROSS JOIN unnest(ARRAY['_append_only', '_own_append_only', '_no_truncate']) AS suffix (text)
    UNION ALL
    SELECT waiting.record_table, relation.oid, waiting.record_table || suffix.text
    FROM connvo.partition_detachments AS waiting
    JOIN pg_catalog.pg_class AS relation
        ON relation.relname = waiting.partition_name
        AND relation.relnamespace = (
            SELECT parent.relnamespace FROM pg_catalog.pg_class AS parent WHERE parent.oid = 'connvo.issued_tokens'::regclass
        )
        AND NOT relation.relispartition
    CROSS JOIN unnest(ARRAY['_own_append_only', '_no_truncate']) AS suffix (text)
    WHERE waiting.attached_at IS NULL
        AND waiting.dropped_at IS NULL
)
SELECT now() AS noticed_at,
    wanted.record_table,
    CAST(relation.relname AS text) AS partition_name,
    CASE WHEN found.tgenabled IS NULL THEN 'trigger_missing' ELSE 'trigger_disabled' END AS fault,
    wanted.trigger_name AS detail
FROM wanted
JOIN pg_catalog.pg_class AS relation
    ON relation.oid = wanted.relation
LEFT JOIN pg_catalog.pg_trigger AS found
    ON found.tgrelid = wanted.relation
    AND found.tgname = wanted.trigger_name
WHERE found.tgenabled IS DISTINCT FROM 'A'
UNION ALL
SELECT noted.attached_at,
    noted.record_table,
    CAST(noted.partition_name AS text),
    'altered_while_detached',
    'attached by ' || coalesce(noted.attached_by, 'hand')
FROM connvo.partition_detachments AS noted
WHERE noted.is_altered;

COMMENT ON VIEW reporting.partition_faults_v1 IS 'Security, audit; a control that must be empty: can a month of records be altered, or was one altered while it was detached? One row per partition, or record table, and fault.';
COMMENT ON COLUMN reporting.partition_faults_v1.noticed_at IS 'Now, for a trigger; when the month was attached again, for altered records.';
COMMENT ON COLUMN reporting.partition_faults_v1.record_table IS 'issued_tokens or token_refusals.';
COMMENT ON COLUMN reporting.partition_faults_v1.partition_name IS 'The partition, attached or waiting to be dropped; or the record table itself.';
COMMENT ON COLUMN reporting.partition_faults_v1.fault IS 'trigger_missing or trigger_disabled: a trigger that refuses changes of records. altered_while_detached: the records were other ones when the month was attached again.';
COMMENT ON COLUMN reporting.partition_faults_v1.detail IS 'The trigger; or the login that attached the month.';

-- 6. For the login of the hourly job, which need not be the owner.

CREATE FUNCTION connvo.rollups_due()
    RETURNS timestamptz
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT state.rolled_up_until
    FROM connvo.rollup_state AS state
    WHERE state.rolled_up_until < date_trunc('hour', now() - interval '10 minutes', 'UTC')
$$;

COMMENT ON FUNCTION connvo.rollups_due() IS 'From when on rollups are behind; null when they are not.';

ALTER FUNCTION connvo.refresh_rollups(integer) SECURITY DEFINER;
