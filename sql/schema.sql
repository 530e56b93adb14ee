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

CREATE FUNCTION connvo.create_partition(record_table text, month date) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
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

COMMENT ON FUNCTION connvo.create_partition(record_table text, month date) IS 'Makes and attaches the partition of one month (UTC) of issued_tokens or token_refusals; returns its name.';

CREATE FUNCTION connvo.detached_partitions() RETURNS TABLE(record_table text, partition_name text, detached_at timestamp with time zone, drop_after timestamp with time zone, is_due boolean)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
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

CREATE FUNCTION connvo.drop_detached_partition(partition_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
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

COMMENT ON FUNCTION connvo.drop_detached_partition(partition_name text) IS 'Drops a partition that retention detached at least seven days ago, and what rollups say of people, meetings and addresses until its end; refuses anything else.';

CREATE FUNCTION connvo.ensure_partitions() RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '200ms'
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

CREATE FUNCTION connvo.expired_partitions(keep_months integer) RETURNS TABLE(record_table text, partition_name text, starts_at timestamp with time zone, ends_at timestamp with time zone, is_detach_pending boolean)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
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

COMMENT ON FUNCTION connvo.expired_partitions(keep_months integer) IS 'The partitions to detach when the current month (UTC) and so many full months before it are kept. One that is not in the rollups yet is not among them; one whose DETACH was interrupted always is.';

CREATE FUNCTION connvo.missing_partitions(months_ahead integer DEFAULT 1) RETURNS TABLE(record_table text, month date)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
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

COMMENT ON FUNCTION connvo.missing_partitions(months_ahead integer) IS 'Which monthly partitions, from the current month (UTC) to so many months ahead, do not exist. No row: all is well. Cheap: readiness asks it.';

CREATE FUNCTION connvo.note_detach(partition_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
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

COMMENT ON FUNCTION connvo.note_detach(partition_name text) IS 'Notes that this partition is about to be detached; must be committed before it is.';

CREATE FUNCTION connvo.partitions() RETURNS TABLE(record_table text, partition_name text, starts_at timestamp with time zone, ends_at timestamp with time zone, is_detach_pending boolean)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
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

CREATE FUNCTION connvo.refresh_rollups(max_hours integer DEFAULT 168) RETURNS TABLE(rolled_up_from timestamp with time zone, rolled_up_until timestamp with time zone, is_current boolean)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
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

CREATE FUNCTION connvo.rewind_rollups(to_month date) RETURNS timestamp with time zone
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
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

COMMENT ON FUNCTION connvo.rewind_rollups(to_month date) IS 'Forgets the rollups from the beginning of that month (UTC) on, as far back as there are records, and returns the new border: after records of the past were imported. Reports stay right meanwhile; refresh_rollups makes them fast again.';

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
    CONSTRAINT issued_tokens_call_cid_valid CHECK (((char_length(call_cid) >= 3) AND (char_length(call_cid) <= 129))),
    CONSTRAINT issued_tokens_expires_after_issue CHECK ((expires_at > issued_at)),
    CONSTRAINT issued_tokens_granted_role_known CHECK ((granted_role = ANY (ARRAY['host'::text, 'co-host'::text, 'participant'::text, 'observer'::text]))),
    CONSTRAINT issued_tokens_impersonator_length CHECK ((octet_length(impersonator) <= 8192)),
    CONSTRAINT issued_tokens_meeting_id_valid CHECK (((char_length(meeting_id) >= 1) AND (char_length(meeting_id) <= 64))),
    CONSTRAINT issued_tokens_organizer_id_valid CHECK (((char_length(organizer_id) >= 1) AND (char_length(organizer_id) <= 255))),
    CONSTRAINT issued_tokens_request_id_length CHECK (((char_length(request_id) >= 1) AND (char_length(request_id) <= 128))),
    CONSTRAINT issued_tokens_requested_role_known CHECK ((requested_role = ANY (ARRAY['host'::text, 'co-host'::text, 'participant'::text, 'observer'::text]))),
    CONSTRAINT issued_tokens_session_id_length CHECK ((octet_length(session_id) <= 8192)),
    CONSTRAINT issued_tokens_signing_key_id_length CHECK ((char_length(signing_key_id) = 16)),
    CONSTRAINT issued_tokens_stream_role_valid CHECK (((char_length(stream_role) >= 1) AND (char_length(stream_role) <= 255))),
    CONSTRAINT issued_tokens_subscription_status_known CHECK ((subscription_status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text, 'paused'::text, 'unpaid'::text, 'incomplete'::text, 'canceled'::text]))),
    CONSTRAINT issued_tokens_token_sha256_length CHECK ((octet_length(token_sha256) = 32)),
    CONSTRAINT issued_tokens_user_agent_length CHECK ((char_length(user_agent) <= 256)),
    CONSTRAINT issued_tokens_user_id_valid CHECK (((char_length(user_id) >= 1) AND (char_length(user_id) <= 255)))
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
    CONSTRAINT meeting_participants_times_finite CHECK ((isfinite(invited_at) AND isfinite(joined_at) AND isfinite(left_at) AND isfinite(removed_at)))
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
    CONSTRAINT partition_detachments_dropped_after_detached CHECK (((dropped_at IS NULL) OR ((detached_at IS NOT NULL) AND (dropped_at >= detached_at)))),
    CONSTRAINT partition_detachments_record_table_known CHECK ((record_table = ANY (ARRAY['issued_tokens'::text, 'token_refusals'::text])))
);

COMMENT ON TABLE connvo.partition_detachments IS 'Which months of records retention has taken away, and when. A table that is not named here is never dropped.';

COMMENT ON COLUMN connvo.partition_detachments.partition_name IS 'The partition, a table of schema connvo.';

COMMENT ON COLUMN connvo.partition_detachments.record_table IS 'The table it was a partition of.';

COMMENT ON COLUMN connvo.partition_detachments.requested_at IS 'When maintenance decided to detach it.';

COMMENT ON COLUMN connvo.partition_detachments.detached_at IS 'When it was first seen detached; null before.';

COMMENT ON COLUMN connvo.partition_detachments.dropped_at IS 'When it was dropped; null before.';

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
    CONSTRAINT subscriptions_times_finite CHECK ((isfinite(starts_at) AND isfinite(ends_at) AND isfinite(past_due_since)))
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

CREATE VIEW connvo.tail_bursts AS
 SELECT date_bin('00:05:00'::interval, issued.issued_at, '2000-01-01 05:45:00+05:45'::timestamp with time zone) AS burst_starts_at,
    issued.user_id,
    issued.meeting_id,
    count(*) AS tokens,
    count(DISTINCT issued.client_ip) AS addresses,
    count(DISTINCT issued.session_id) AS sessions
   FROM connvo.issued_tokens issued
  WHERE ((issued.issued_at >= ( SELECT state.rolled_up_until
           FROM connvo.rollup_state state)) AND (issued.issued_at < ( SELECT state.rolling_up_until
           FROM connvo.rollup_state state)))
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
         SELECT date_trunc('day'::text, state.rolled_up_until, 'UTC'::text) AS begins,
            date_trunc('day'::text, state.rolling_up_until, 'UTC'::text) AS ends
           FROM connvo.rollup_state state
        ), issued AS (
         SELECT token.issued_at,
            token.expires_at
           FROM connvo.issued_tokens token
          WHERE ((token.issued_at >= (( SELECT border.begins
                   FROM border) - '01:00:00'::interval)) AND (token.issued_at < ( SELECT border.ends
                   FROM border)))
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
           FROM (border
             CROSS JOIN LATERAL generate_series(border.begins, LEAST(border.ends, now()), '24:00:00'::interval) midnight(at))
        ), level(at, tokens) AS (
         SELECT event.at,
            sum(event.change) OVER (ORDER BY event.at, event.change ROWS UNBOUNDED PRECEDING) AS sum
           FROM event
        )
 SELECT DISTINCT ON ((((level.at AT TIME ZONE 'UTC'::text))::date)) ((level.at AT TIME ZONE 'UTC'::text))::date AS day_utc,
    level.tokens AS peak_tokens,
    level.at AS peak_at
   FROM level
  WHERE ((level.tokens > 0) AND (level.at >= ( SELECT border.begins
           FROM border)) AND (level.at < ( SELECT border.ends
           FROM border)))
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

CREATE VIEW connvo.tail_fanout_daily AS
 WITH border AS (
         SELECT date_trunc('day'::text, state.rolled_up_until, 'UTC'::text) AS begins,
            date_trunc('day'::text, state.rolling_up_until, 'UTC'::text) AS ends
           FROM connvo.rollup_state state
        ), asked(at, client_ip, user_id, tokens) AS (
         SELECT issued.issued_at,
            issued.client_ip,
            issued.user_id,
            1 AS "?column?"
           FROM connvo.issued_tokens issued
          WHERE ((issued.issued_at >= ( SELECT border.begins
                   FROM border)) AND (issued.issued_at < ( SELECT border.ends
                   FROM border)))
        UNION ALL
         SELECT refused.refused_at,
            refused.client_ip,
            refused.user_id,
            0
           FROM connvo.token_refusals refused
          WHERE ((refused.refused_at >= ( SELECT border.begins
                   FROM border)) AND (refused.refused_at < ( SELECT border.ends
                   FROM border)))
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
  WHERE ((issued.issued_at >= ( SELECT date_trunc('day'::text, state.rolled_up_until, 'UTC'::text) AS date_trunc
           FROM connvo.rollup_state state)) AND (issued.issued_at < ( SELECT date_trunc('day'::text, state.rolling_up_until, 'UTC'::text) AS date_trunc
           FROM connvo.rollup_state state)))
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
 SELECT date_trunc('hour'::text, refused.refused_at, 'UTC'::text) AS hour_starts_at,
    refused.reason,
    min(refused.code) AS code,
    count(*) AS refusals,
    count(DISTINCT refused.user_id) AS users,
    count(DISTINCT refused.meeting_id) AS meetings,
    max(refused.refused_at) AS last_refused_at
   FROM connvo.token_refusals refused
  WHERE ((refused.refused_at >= ( SELECT state.rolled_up_until
           FROM connvo.rollup_state state)) AND (refused.refused_at < ( SELECT state.rolling_up_until
           FROM connvo.rollup_state state)))
  GROUP BY (date_trunc('hour'::text, refused.refused_at, 'UTC'::text)), refused.reason;

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
  WHERE ((issued.issued_at >= ( SELECT date_trunc('day'::text, state.rolled_up_until, 'UTC'::text) AS date_trunc
           FROM connvo.rollup_state state)) AND (issued.issued_at < ( SELECT date_trunc('day'::text, state.rolling_up_until, 'UTC'::text) AS date_trunc
           FROM connvo.rollup_state state)))
  GROUP BY (((issued.issued_at AT TIME ZONE 'UTC'::text))::date), issued.tier_id, issued.granted_role;

COMMENT ON VIEW connvo.tail_tokens_daily IS 'What connvo.rollup_tokens_daily does not hold yet.';

COMMENT ON COLUMN connvo.tail_tokens_daily.day_utc IS 'The day.';

COMMENT ON COLUMN connvo.tail_tokens_daily.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN connvo.tail_tokens_daily.granted_role IS 'The role that was granted.';

COMMENT ON COLUMN connvo.tail_tokens_daily.tokens IS 'Tokens issued.';

COMMENT ON COLUMN connvo.tail_tokens_daily.users IS 'Different users who got one.';

COMMENT ON COLUMN connvo.tail_tokens_daily.meetings IS 'Different meetings they were for.';

CREATE VIEW connvo.tail_tokens_hourly AS
 SELECT date_trunc('hour'::text, issued.issued_at, 'UTC'::text) AS hour_starts_at,
    issued.tier_id,
    issued.signing_key_id,
    count(*) AS tokens,
    min(issued.issued_at) AS first_issued_at,
    max(issued.issued_at) AS last_issued_at,
    max(issued.expires_at) AS last_expires_at
   FROM connvo.issued_tokens issued
  WHERE ((issued.issued_at >= ( SELECT state.rolled_up_until
           FROM connvo.rollup_state state)) AND (issued.issued_at < ( SELECT state.rolling_up_until
           FROM connvo.rollup_state state)))
  GROUP BY (date_trunc('hour'::text, issued.issued_at, 'UTC'::text)), issued.tier_id, issued.signing_key_id;

COMMENT ON VIEW connvo.tail_tokens_hourly IS 'What connvo.rollup_tokens_hourly does not hold yet.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.hour_starts_at IS 'First instant of the hour.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.tier_id IS 'The tier that paid.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.signing_key_id IS 'Which secret signed.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.tokens IS 'Tokens issued.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.first_issued_at IS 'When the first of them was issued.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.last_issued_at IS 'When the last of them was issued.';

COMMENT ON COLUMN connvo.tail_tokens_hourly.last_expires_at IS 'When the last of them expires.';

CREATE VIEW connvo.tail_users_monthly AS
 SELECT (date_trunc('month'::text, (issued.issued_at AT TIME ZONE 'UTC'::text)))::date AS month_utc,
    issued.tier_id,
    issued.subscription_id,
    SUBSTRING(sha256(convert_to(issued.user_id, 'UTF8'::name)) FROM 1 FOR 16) AS user_digest,
    count(*) AS tokens,
    min(issued.issued_at) AS first_issued_at,
    max(issued.issued_at) AS last_issued_at
   FROM connvo.issued_tokens issued
  WHERE ((issued.issued_at >= ( SELECT state.rolled_up_until
           FROM connvo.rollup_state state)) AND (issued.issued_at < ( SELECT state.rolling_up_until
           FROM connvo.rollup_state state)))
  GROUP BY ((date_trunc('month'::text, (issued.issued_at AT TIME ZONE 'UTC'::text)))::date), issued.tier_id, issued.subscription_id, (SUBSTRING(sha256(convert_to(issued.user_id, 'UTF8'::name)) FROM 1 FOR 16));

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
    issued.request_id
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
    ( SELECT (min((to_date("right"((part.relname)::text, 7), 'YYYY_MM'::text))::timestamp without time zone) AT TIME ZONE 'UTC'::text) AS timezone
           FROM (pg_inherits attached
             JOIN pg_class part ON ((part.oid = attached.inhrelid)))
          WHERE (attached.inhparent = ('connvo.issued_tokens'::regclass)::oid)) AS records_from,
    state.rolled_up_until,
    state.refreshed_at
   FROM connvo.rollup_state state;

COMMENT ON VIEW reporting.freshness_v1 IS 'Everybody: how fresh is this? One row. Reports are of this moment: what is not in the rollups is counted from the records.';

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
    issued.request_id
   FROM ((connvo.issued_tokens issued
     CROSS JOIN LATERAL ( SELECT uuid_send(issued.id) AS bytes,
            substr(int8send(((round((date_part('epoch'::text, issued.issued_at) * (1000000)::double precision)))::bigint / 1000)), 3) AS milliseconds) actual)
     CROSS JOIN LATERAL ( VALUES ('lifetime_not_one_hour'::text,((issued.expires_at <= (issued.issued_at + '00:59:59'::interval)) OR (issued.expires_at > (issued.issued_at + '01:00:00'::interval)))), ('id_not_version_7'::text,((get_byte(actual.bytes, 6) >> 4) <> 7)), ('id_time_differs'::text,(((get_byte(actual.bytes, 6) >> 4) = 7) AND (substr(actual.bytes, 1, 6) <> actual.milliseconds))), ('in_the_future'::text,(issued.issued_at > (now() + '00:05:00'::interval)))) fault(name, is_found))
  WHERE (fault.is_found AND (
        CASE
            WHEN (issued.issued_at > (now() + '00:05:00'::interval)) THEN 1
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
    refused.request_id
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

COMMENT ON VIEW reporting.record_faults_v1 IS 'Security, audit; a control that must be empty: is a record not as the server writes it? One row per record and fault. Who inserts records by other means, or sets back a clock, is seen here.';

COMMENT ON COLUMN reporting.record_faults_v1.recorded_at IS 'issued_at or refused_at of the record.';

COMMENT ON COLUMN reporting.record_faults_v1.record_table IS 'issued_tokens or token_refusals.';

COMMENT ON COLUMN reporting.record_faults_v1.record_id IS 'The id of the record.';

COMMENT ON COLUMN reporting.record_faults_v1.fault IS 'lifetime_not_one_hour: expires_at is not one hour after the full second of issued_at. id_not_version_7: the id is no UUID of version 7. id_time_differs: the time in the id is another one. in_the_future: more than five minutes ahead of the databases clock.';

COMMENT ON COLUMN reporting.record_faults_v1.user_id IS 'Whom the record names.';

COMMENT ON COLUMN reporting.record_faults_v1.meeting_id IS 'The meeting the record names.';

COMMENT ON COLUMN reporting.record_faults_v1.request_id IS 'The X-Request-Id in the record.';

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

COMMENT ON COLUMN reporting.signing_keys_v1.last_expires_at IS 'When the last of them expires: from then on nobody needs the key, if it signs no more.';

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
    issued.request_id
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

COMMENT ON VIEW reporting.uncovered_tokens_v1 IS 'Finance, security; a control that must be empty: was a token issued that no paid subscription covered? By the facts copied when it was issued, so that later changes of a subscription do not falsify it. One row per token and fault.';

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
    ADD CONSTRAINT partition_detachments_pkey PRIMARY KEY (partition_name);

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

CREATE INDEX issued_tokens_meeting_id_issued_at_idx ON ONLY connvo.issued_tokens USING btree (meeting_id, issued_at);

CREATE INDEX issued_tokens_user_id_issued_at_idx ON ONLY connvo.issued_tokens USING btree (user_id, issued_at);

CREATE INDEX meeting_participants_user_id_idx ON connvo.meeting_participants USING btree (user_id);

CREATE INDEX meetings_organizer_id_idx ON connvo.meetings USING btree (organizer_id);

CREATE INDEX subscriptions_organization_granting_idx ON connvo.subscriptions USING btree (organization_id, starts_at DESC) WHERE ((status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text])) AND (organization_id IS NOT NULL));

CREATE INDEX subscriptions_organization_id_idx ON connvo.subscriptions USING btree (organization_id) WHERE (organization_id IS NOT NULL);

CREATE INDEX subscriptions_user_granting_idx ON connvo.subscriptions USING btree (user_id, starts_at DESC) WHERE ((status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text])) AND (user_id IS NOT NULL));

CREATE INDEX token_refusals_meeting_id_refused_at_idx ON ONLY connvo.token_refusals USING btree (meeting_id, refused_at);

CREATE INDEX token_refusals_user_id_refused_at_idx ON ONLY connvo.token_refusals USING btree (user_id, refused_at);

CREATE UNIQUE INDEX users_email_key ON connvo.users USING btree (lower(email));

CREATE INDEX users_organization_id_idx ON connvo.users USING btree (organization_id) WHERE (organization_id IS NOT NULL);

CREATE TRIGGER issued_tokens_append_only BEFORE DELETE OR UPDATE ON connvo.issued_tokens FOR EACH ROW EXECUTE FUNCTION connvo.refuse_record_change();

CREATE TRIGGER issued_tokens_no_truncate BEFORE TRUNCATE ON connvo.issued_tokens FOR EACH STATEMENT EXECUTE FUNCTION connvo.refuse_record_change();

CREATE TRIGGER meeting_participants_set_updated_at BEFORE UPDATE ON connvo.meeting_participants FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION connvo.set_updated_at();

CREATE TRIGGER meetings_add_organizer AFTER INSERT ON connvo.meetings REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION connvo.add_organizers_as_hosts();

CREATE TRIGGER meetings_change_organizer AFTER UPDATE OF organizer_id ON connvo.meetings FOR EACH ROW WHEN ((old.organizer_id IS DISTINCT FROM new.organizer_id)) EXECUTE FUNCTION connvo.add_organizer_as_host();

CREATE TRIGGER meetings_set_updated_at BEFORE UPDATE ON connvo.meetings FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION connvo.set_updated_at();

CREATE TRIGGER organizations_set_updated_at BEFORE UPDATE ON connvo.organizations FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION connvo.set_updated_at();

CREATE TRIGGER subscription_tiers_set_updated_at BEFORE UPDATE ON connvo.subscription_tiers FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION connvo.set_updated_at();

CREATE TRIGGER subscriptions_set_updated_at BEFORE UPDATE ON connvo.subscriptions FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION connvo.set_updated_at();

CREATE TRIGGER token_refusals_append_only BEFORE DELETE OR UPDATE ON connvo.token_refusals FOR EACH ROW EXECUTE FUNCTION connvo.refuse_record_change();

CREATE TRIGGER token_refusals_no_truncate BEFORE TRUNCATE ON connvo.token_refusals FOR EACH STATEMENT EXECUTE FUNCTION connvo.refuse_record_change();

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
