-- What the migrations make, without partitions, owners and grants. Written by scripts/schema; not for running.

CREATE SCHEMA connvo;

COMMENT ON SCHEMA connvo IS 'Who may enter which meeting, and a record of every token issued for one.';

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

COMMENT ON FUNCTION connvo.add_organizer_as_host() IS 'Trigger: makes the organizer of a meeting, when it is made and when the organizer changes, a host who is not removed.';

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

CREATE TRIGGER meetings_add_organizer AFTER INSERT ON connvo.meetings FOR EACH ROW EXECUTE FUNCTION connvo.add_organizer_as_host();

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
