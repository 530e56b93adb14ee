-- 0020: records keep the id of the trace that their request belongs to.
-- Why: from a record an operator finds the spans of its request, in this server's log and in those of its callers.
-- Lock: ACCESS EXCLUSIVE on issued_tokens, token_refusals, their partitions and three views, for an instant: a column
--   without a default is a change of the catalogue, so nothing is scanned or rewritten. Binaries that do not know the
--   column go on inserting records without it.

-- No CHECK and no index: each costs something for every INSERT, and a trace is found by the request id beside it.
ALTER TABLE connvo.issued_tokens
    ADD COLUMN trace_id uuid;
ALTER TABLE connvo.token_refusals
    ADD COLUMN trace_id uuid;

-- The comment of a column is not inherited; partitions made later copy it.
DO $$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN
        SELECT known.relation
        FROM unnest(ARRAY['connvo.issued_tokens'::regclass, 'connvo.token_refusals'::regclass]) AS known (relation)
        UNION ALL
        SELECT attached.inhrelid
        FROM pg_catalog.pg_inherits AS attached
        WHERE attached.inhparent IN ('connvo.issued_tokens'::regclass, 'connvo.token_refusals'::regclass)
    LOOP
        EXECUTE format(
            'COMMENT ON COLUMN %s.trace_id IS %L',
            relation,
            'The trace of the request: trace-id of the W3C traceparent that the client sent. Null when it sent no valid one, and in records older than migration 0020.'
        );
    END LOOP;
END;
$$;

-- A month that retention detached earlier, or that comes from a backup, lacks the column, and ATTACH PARTITION refuses
-- such a table. So the function gives it the columns that its parent has gained since, of those that may be null.
CREATE OR REPLACE FUNCTION connvo.attach_partition(partition_name text, accept_altered boolean DEFAULT false)
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

COMMENT ON FUNCTION connvo.attach_partition(text, boolean) IS 'Attaches a month that retention took away, when its triggers are in place and its records are those that were detached; altered records only with accept_altered, which is noted. Columns that the table of records has gained since are added to the month.';

-- In the form of the log and of traceparent, 32 hexadecimal digits. Reports name their columns: a view may gain some.

CREATE OR REPLACE VIEW reporting.altered_roles_v1
    WITH (security_barrier = true) AS
SELECT issued.issued_at,
    issued.id AS token_id,
    CASE
        WHEN array_position(ARRAY['observer', 'participant', 'co-host', 'host'], issued.granted_role)
            > array_position(ARRAY['observer', 'participant', 'co-host', 'host'], issued.held_role)
        THEN 'raised'
        ELSE 'altered'
    END AS change,
    issued.user_id,
    issued.meeting_id,
    issued.requested_role,
    issued.held_role,
    issued.granted_role,
    issued.stream_role,
    issued.request_id,
    encode(uuid_send(issued.trace_id), 'hex') AS trace_id
FROM connvo.issued_tokens AS issued
-- Put like this, the planner expects few rows, and has several processes read the records. Cheap comparisons first.
WHERE CASE
        WHEN issued.granted_role = issued.held_role THEN 0
        WHEN issued.granted_role <> coalesce(issued.requested_role, issued.held_role) THEN 1
        WHEN array_position(ARRAY['observer', 'participant', 'co-host', 'host'], issued.granted_role)
            > array_position(ARRAY['observer', 'participant', 'co-host', 'host'], issued.held_role) THEN 1
        ELSE 0
    END = 1;

COMMENT ON COLUMN reporting.altered_roles_v1.trace_id IS 'The trace of the request, from the traceparent of the client; null when it sent no valid one, and in records older than migration 0020.';

CREATE OR REPLACE VIEW reporting.uncovered_tokens_v1
    WITH (security_barrier = true) AS
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
    encode(uuid_send(issued.trace_id), 'hex') AS trace_id
FROM connvo.issued_tokens AS issued
CROSS JOIN LATERAL (
    VALUES ('tier_not_paid', NOT issued.tier_is_paid),
        ('status_grants_nothing', issued.subscription_status NOT IN ('trialing', 'active', 'past_due')),
        ('before_period', issued.issued_at < issued.subscription_starts_at),
        ('after_period', issued.issued_at >= issued.subscription_ends_at)
) AS fault (name, is_found)
WHERE fault.is_found
    -- Once more, so that only records with a fault are looked at four times; and put like this, the planner expects few
    -- and has several processes read them.
    AND CASE
        WHEN NOT issued.tier_is_paid THEN 1
        WHEN issued.subscription_status NOT IN ('trialing', 'active', 'past_due') THEN 1
        WHEN issued.issued_at < issued.subscription_starts_at THEN 1
        WHEN issued.issued_at >= issued.subscription_ends_at THEN 1
        ELSE 0
    END = 1;

COMMENT ON COLUMN reporting.uncovered_tokens_v1.trace_id IS 'The trace of the request, from the traceparent of the client; null when it sent no valid one, and in records older than migration 0020.';

CREATE OR REPLACE VIEW reporting.record_faults_v1
    WITH (security_barrier = true) AS
SELECT issued.issued_at AS recorded_at,
    'issued_tokens' AS record_table,
    issued.id AS record_id,
    fault.name AS fault,
    issued.user_id,
    issued.meeting_id,
    issued.request_id,
    encode(uuid_send(issued.trace_id), 'hex') AS trace_id
FROM connvo.issued_tokens AS issued
CROSS JOIN LATERAL (
    -- The first six bytes of the id are the milliseconds, the next half byte is the version. date_part is exact enough to
    -- give every microsecond back, and much faster than extract.
    SELECT uuid_send(issued.id) AS bytes,
        substr(int8send(CAST(round(date_part('epoch', issued.issued_at) * 1000000) AS bigint) / 1000), 3) AS milliseconds
) AS actual
CROSS JOIN LATERAL (
    VALUES ('lifetime_not_one_hour', issued.expires_at <= issued.issued_at + interval '3599 seconds'
            OR issued.expires_at > issued.issued_at + interval '3600 seconds'),
        ('id_not_version_7', get_byte(actual.bytes, 6) >> 4 <> 7),
        ('id_time_differs', get_byte(actual.bytes, 6) >> 4 = 7 AND substr(actual.bytes, 1, 6) <> actual.milliseconds),
        ('in_the_future', issued.issued_at > now() + interval '5 minutes')
) AS fault (name, is_found)
WHERE fault.is_found
    -- Once more, so that only records with a fault are looked at four times; and put like this, the planner expects few
    -- and has several processes read them.
    AND CASE
        WHEN issued.issued_at > now() + interval '5 minutes' THEN 1
        WHEN get_byte(uuid_send(issued.id), 6) >> 4 <> 7 THEN 1
        WHEN issued.expires_at <= issued.issued_at + interval '3599 seconds' THEN 1
        WHEN issued.expires_at > issued.issued_at + interval '3600 seconds' THEN 1
        WHEN substr(uuid_send(issued.id), 1, 6)
            <> substr(int8send(CAST(round(date_part('epoch', issued.issued_at) * 1000000) AS bigint) / 1000), 3) THEN 1
        ELSE 0
    END = 1
UNION ALL
SELECT refused.refused_at,
    'token_refusals',
    refused.id,
    fault.name,
    refused.user_id,
    refused.meeting_id,
    refused.request_id,
    encode(uuid_send(refused.trace_id), 'hex')
FROM connvo.token_refusals AS refused
CROSS JOIN LATERAL (
    SELECT uuid_send(refused.id) AS bytes,
        substr(int8send(CAST(round(date_part('epoch', refused.refused_at) * 1000000) AS bigint) / 1000), 3) AS milliseconds
) AS actual
CROSS JOIN LATERAL (
    VALUES ('id_not_version_7', get_byte(actual.bytes, 6) >> 4 <> 7),
        ('id_time_differs', get_byte(actual.bytes, 6) >> 4 = 7 AND substr(actual.bytes, 1, 6) <> actual.milliseconds),
        ('in_the_future', refused.refused_at > now() + interval '5 minutes')
) AS fault (name, is_found)
WHERE fault.is_found
    AND CASE
        WHEN refused.refused_at > now() + interval '5 minutes' THEN 1
        WHEN get_byte(uuid_send(refused.id), 6) >> 4 <> 7 THEN 1
        WHEN substr(uuid_send(refused.id), 1, 6)
            <> substr(int8send(CAST(round(date_part('epoch', refused.refused_at) * 1000000) AS bigint) / 1000), 3) THEN 1
        ELSE 0
    END = 1;

COMMENT ON COLUMN reporting.record_faults_v1.trace_id IS 'The trace of the request, from the traceparent of the client; null when it sent no valid one, and in records older than migration 0020.';
