-- 0004: one record per token issued, one per verified caller refused.
-- Why: a token leaves the server only after its record is committed; these tables are that promise.
-- Lock: none that anybody waits for; everything here is new.

-- No foreign key, on purpose: history stays true after a role changes or a user is erased, a foreign key
-- would lock the parent row for every token, and it would stand in the way of retention. The checks are
-- the cheap ones: what is copied was checked where it came from, and this is the hot path. No length here
-- refuses what the server accepts: a bearer token has at most 8 KiB, so no claim of one is longer.
CREATE TABLE connvo.issued_tokens (
    id uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    meeting_id text COLLATE "C" NOT NULL,
    organizer_id text COLLATE "C" NOT NULL,
    organization_id text COLLATE "C",
    requested_role text,
    granted_role text NOT NULL,
    stream_role text NOT NULL,
    tier_id text COLLATE "C" NOT NULL,
    tier_is_paid boolean NOT NULL,
    subscription_id uuid NOT NULL,
    subscription_status text NOT NULL,
    subscription_starts_at timestamptz NOT NULL,
    subscription_ends_at timestamptz,
    call_cid text COLLATE "C" NOT NULL,
    token_sha256 bytea NOT NULL,
    signing_key_id text COLLATE "C" NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    impersonator text COLLATE "C",
    client_ip inet,
    user_agent text,
    request_id text COLLATE "C" NOT NULL,
    CONSTRAINT issued_tokens_pkey PRIMARY KEY (id, issued_at),
    CONSTRAINT issued_tokens_expires_after_issue CHECK (expires_at > issued_at),
    CONSTRAINT issued_tokens_user_id_valid CHECK (char_length(user_id) BETWEEN 1 AND 255),
    CONSTRAINT issued_tokens_meeting_id_valid CHECK (char_length(meeting_id) BETWEEN 1 AND 64),
    CONSTRAINT issued_tokens_organizer_id_valid CHECK (char_length(organizer_id) BETWEEN 1 AND 255),
    CONSTRAINT issued_tokens_requested_role_known CHECK (
        requested_role IN ('host', 'co-host', 'participant', 'observer')
    ),
    CONSTRAINT issued_tokens_granted_role_known CHECK (
        granted_role IN ('host', 'co-host', 'participant', 'observer')
    ),
    CONSTRAINT issued_tokens_stream_role_valid CHECK (char_length(stream_role) BETWEEN 1 AND 255),
    CONSTRAINT issued_tokens_subscription_status_known CHECK (
        subscription_status IN ('trialing', 'active', 'past_due', 'paused', 'unpaid', 'incomplete', 'canceled')
    ),
    CONSTRAINT issued_tokens_call_cid_valid CHECK (char_length(call_cid) BETWEEN 3 AND 129),
    CONSTRAINT issued_tokens_token_sha256_length CHECK (octet_length(token_sha256) = 32),
    CONSTRAINT issued_tokens_signing_key_id_length CHECK (char_length(signing_key_id) = 16),
    CONSTRAINT issued_tokens_session_id_length CHECK (octet_length(session_id) <= 8192),
    CONSTRAINT issued_tokens_impersonator_length CHECK (octet_length(impersonator) <= 8192),
    CONSTRAINT issued_tokens_user_agent_length CHECK (char_length(user_agent) <= 256),
    CONSTRAINT issued_tokens_request_id_length CHECK (char_length(request_id) BETWEEN 1 AND 128)
)
    PARTITION BY RANGE (issued_at);

-- "Who held a token for this meeting."
CREATE INDEX issued_tokens_meeting_id_issued_at_idx
    ON connvo.issued_tokens (meeting_id, issued_at);

-- The quota (requests of a user in the last minute) and "which tokens did this user have".
-- Made after the other one: where costs are equal, as in an empty partition, the planner takes the younger index.
CREATE INDEX issued_tokens_user_id_issued_at_idx
    ON connvo.issued_tokens (user_id, issued_at);

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

CREATE TABLE connvo.token_refusals (
    id uuid NOT NULL,
    refused_at timestamptz NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    meeting_id text COLLATE "C" NOT NULL,
    organizer_id text COLLATE "C",
    requested_role text,
    held_role text,
    code text NOT NULL,
    reason text NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    impersonator text COLLATE "C",
    client_ip inet,
    user_agent text,
    request_id text COLLATE "C" NOT NULL,
    CONSTRAINT token_refusals_pkey PRIMARY KEY (id, refused_at),
    CONSTRAINT token_refusals_user_id_valid CHECK (char_length(user_id) BETWEEN 1 AND 255),
    CONSTRAINT token_refusals_meeting_id_valid CHECK (char_length(meeting_id) BETWEEN 1 AND 64),
    CONSTRAINT token_refusals_organizer_id_valid CHECK (char_length(organizer_id) BETWEEN 1 AND 255),
    CONSTRAINT token_refusals_requested_role_known CHECK (
        requested_role IN ('host', 'co-host', 'participant', 'observer')
    ),
    CONSTRAINT token_refusals_held_role_known CHECK (
        held_role IN ('host', 'co-host', 'participant', 'observer')
    ),
    CONSTRAINT token_refusals_reason_known CHECK (
        reason IN (
            'user_not_provisioned', 'user_deactivated', 'meeting_not_found', 'not_a_participant',
            'participant_removed', 'meeting_ended', 'meeting_not_open', 'tier_required', 'no_stream_call',
            'role_above_own', 'role_not_admitted'
        )
    ),
    -- The codes of rows 7 to 16 of the contract: each reason is answered with one code.
    CONSTRAINT token_refusals_code_of_reason CHECK (
        code = CASE reason
            WHEN 'user_not_provisioned' THEN 'UNAUTHORIZED'
            WHEN 'user_deactivated' THEN 'FORBIDDEN'
            WHEN 'meeting_not_found' THEN 'NOT_FOUND'
            WHEN 'not_a_participant' THEN 'FORBIDDEN'
            WHEN 'participant_removed' THEN 'FORBIDDEN'
            WHEN 'meeting_ended' THEN 'MEETING_ALREADY_ENDED'
            WHEN 'meeting_not_open' THEN 'MEETING_NOT_ACTIVE'
            WHEN 'tier_required' THEN 'PAID_TIER_REQUIRED'
            WHEN 'no_stream_call' THEN 'VALIDATION_ERROR'
            WHEN 'role_above_own' THEN 'INSUFFICIENT_PERMISSIONS'
            WHEN 'role_not_admitted' THEN 'INSUFFICIENT_PERMISSIONS'
        END
    ),
    CONSTRAINT token_refusals_session_id_length CHECK (octet_length(session_id) <= 8192),
    CONSTRAINT token_refusals_impersonator_length CHECK (octet_length(impersonator) <= 8192),
    CONSTRAINT token_refusals_user_agent_length CHECK (char_length(user_agent) <= 256),
    CONSTRAINT token_refusals_request_id_length CHECK (char_length(request_id) BETWEEN 1 AND 128)
)
    PARTITION BY RANGE (refused_at);

-- "Who tried to get into this meeting."
CREATE INDEX token_refusals_meeting_id_refused_at_idx
    ON connvo.token_refusals (meeting_id, refused_at);

-- The quota (requests of a user in the last minute) and "why does this user not get in".
-- Made after the other one: where costs are equal, as in an empty partition, the planner takes the younger index.
CREATE INDEX token_refusals_user_id_refused_at_idx
    ON connvo.token_refusals (user_id, refused_at);

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

CREATE FUNCTION connvo.refuse_record_change()
    RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'connvo.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
            HINT = 'Retention detaches whole months: connvo-server maintain.';
END;
$$;

COMMENT ON FUNCTION connvo.refuse_record_change() IS 'Trigger: refuses every change of a record, to the owner and to superusers too.';

-- Row triggers are cloned to each partition when it is attached; statement triggers are not, so 0005
-- gives each partition its own TRUNCATE trigger.
CREATE TRIGGER issued_tokens_append_only
    BEFORE UPDATE OR DELETE ON connvo.issued_tokens
    FOR EACH ROW
    EXECUTE FUNCTION connvo.refuse_record_change();

CREATE TRIGGER issued_tokens_no_truncate
    BEFORE TRUNCATE ON connvo.issued_tokens
    FOR EACH STATEMENT
    EXECUTE FUNCTION connvo.refuse_record_change();

CREATE TRIGGER token_refusals_append_only
    BEFORE UPDATE OR DELETE ON connvo.token_refusals
    FOR EACH ROW
    EXECUTE FUNCTION connvo.refuse_record_change();

CREATE TRIGGER token_refusals_no_truncate
    BEFORE TRUNCATE ON connvo.token_refusals
    FOR EACH STATEMENT
    EXECUTE FUNCTION connvo.refuse_record_change();

-- Who administers users may not read records, and must not delete a user who has some.
CREATE FUNCTION connvo.users_with_records(user_ids text[])
    RETURNS SETOF text
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
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

COMMENT ON FUNCTION connvo.users_with_records(text[]) IS 'Which of these users a record names: pruning refuses to delete them.';
