-- Every named constraint refuses the rows that it is made for. A constraint without a test fails the last test here.
BEGIN;
SELECT *
FROM no_plan();

CREATE TEMPORARY TABLE tested (
    name text
);

CREATE VIEW pg_temp.rollup AS
SELECT CAST(relname AS text) AS name
FROM pg_class
WHERE relnamespace = 'connvo'::regnamespace
    AND relkind = 'r'
    AND relname LIKE 'rollup\_%'
    AND relname <> 'rollup_state';

-- A valid row of each table; each test changes the columns that it is about.
CREATE FUNCTION pg_temp.row_of(of_table text)
    RETURNS jsonb
    LANGUAGE sql
    AS $$
    SELECT CASE of_table
        WHEN 'organizations' THEN '{"id": "org_1", "name": "Acme"}'
        WHEN 'users' THEN '{"id": "user_1", "email": "one@example.com", "is_active": true}'
        WHEN 'subscription_tiers' THEN '{"id": "gold", "display_name": "Gold", "is_paid": true, "rank": 40}'
        WHEN 'subscriptions' THEN '{"user_id": "user_a", "tier_id": "pro", "status": "active",
            "starts_at": "2026-01-01T00:00:00Z"}'
        WHEN 'meetings' THEN '{"id": "meeting_1", "organizer_id": "user_a", "title": "Planning", "state": "scheduled"}'
        WHEN 'meeting_participants' THEN '{"meeting_id": "meeting_a", "user_id": "user_b", "role": "participant"}'
        WHEN 'issued_tokens' THEN '{"user_id": "user_a", "meeting_id": "meeting_a", "organizer_id": "user_a",
            "granted_role": "host", "stream_role": "host", "tier_id": "pro", "tier_is_paid": true,
            "subscription_id": "00000000-0000-4000-8000-000000000001", "subscription_status": "active",
            "subscription_starts_at": "2026-01-01T00:00:00Z", "call_cid": "default:call_a",
            "signing_key_id": "0123456789abcdef", "session_id": "session_a", "request_id": "request-1"}'
        WHEN 'token_refusals' THEN '{"user_id": "user_a", "meeting_id": "meeting_a", "code": "PAID_TIER_REQUIRED",
            "reason": "tier_required", "session_id": "session_a", "request_id": "request-1"}'
        WHEN 'partition_detachments' THEN '{"partition_name": "issued_tokens_2026_01", "record_table": "issued_tokens",
            "requested_at": "2026-01-01T00:00:00Z"}'
        WHEN 'rollup_state' THEN '{"is_only": true, "rolled_up_until": "2026-01-01T00:00:00Z",
            "rolling_up_until": "infinity"}'
        -- Any other rollup.
        ELSE '{"hour_starts_at": "2026-01-01T00:00:00Z", "day_utc": "2026-01-01", "month_utc": "2026-01-01",
            "burst_starts_at": "2026-01-01T00:00:00Z", "tier_id": "pro", "signing_key_id": "0123456789abcdef",
            "granted_role": "host", "reason": "tier_required", "code": "PAID_TIER_REQUIRED", "user_id": "user_a",
            "subscription_id": "00000000-0000-4000-8000-000000000001", "meeting_id": "meeting_a",
            "organizer_id": "user_a", "client_ip": "192.0.2.1", "user_digest": "\\x00", "tokens": 1, "users": 1, "meetings": 1, "addresses": 1,
            "sessions": 1, "refusals": 1, "peak_tokens": 1, "peak_at": "2026-01-01T00:00:00Z",
            "first_issued_at": "2026-01-01T00:00:00Z", "last_issued_at": "2026-01-01T00:00:00Z",
            "last_expires_at": "2026-01-01T00:00:00Z", "last_refused_at": "2026-01-01T00:00:00Z"}'
    END::jsonb
    -- Columns that get a default when they are left out; a null would get none.
    || jsonb_build_object(
        'id', gen_random_uuid(), 'created_at', now(), 'updated_at', now(),
        'issued_at', now(), 'expires_at', now() + interval '1 hour', 'refused_at', now(),
        'token_sha256', '\x' || repeat('ab', 32)
    )
    || CASE
        WHEN of_table IN ('organizations', 'users', 'subscription_tiers', 'meetings')
            THEN jsonb_build_object('id', of_table || '_' || gen_random_uuid())
        WHEN of_table = 'partition_detachments' THEN '{"id": 1}'
        ELSE '{}'
    END
$$;

-- The statement that inserts such a row, changed.
CREATE FUNCTION pg_temp.insert_of(into_table text, change jsonb DEFAULT '{}')
    RETURNS text
    LANGUAGE sql
    AS $$
    SELECT format(
        'INSERT INTO connvo.%1$I SELECT (jsonb_populate_record(NULL::connvo.%1$I, %2$L)).*',
        into_table, pg_temp.row_of(into_table) || change
    )
$$;

CREATE FUNCTION pg_temp.accepts(into_table text, change jsonb DEFAULT '{}', description text DEFAULT NULL)
    RETURNS text
    LANGUAGE sql
    AS $$
    SELECT lives_ok(
        pg_temp.insert_of(into_table, change),
        coalesce(description, into_table || ' accepts ' || change)
    )
$$;

-- Whether exactly this constraint refuses a statement.
CREATE FUNCTION pg_temp.statement_refused(by_constraint text, statement text)
    RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
    violated text := 'nothing refused it';
BEGIN
    INSERT INTO tested (name) VALUES (by_constraint);
    BEGIN
        EXECUTE statement;
    EXCEPTION
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
            IF violated = '' THEN
                violated := SQLERRM;
            END IF;
    END;
    RETURN is(violated, by_constraint, by_constraint || ' refuses ' || left(statement, 300));
END;
$$;

CREATE FUNCTION pg_temp.refused(by_constraint text, into_table text, change jsonb DEFAULT '{}')
    RETURNS text
    LANGUAGE sql
    AS $$
    SELECT pg_temp.statement_refused(by_constraint, pg_temp.insert_of(into_table, change))
$$;

INSERT INTO connvo.organizations (id, name)
VALUES ('org_a', 'Acme'), ('org_empty', 'Nobody');
INSERT INTO connvo.users (id, email, organization_id)
VALUES ('user_a', 'a@example.com', 'org_a'), ('user_b', 'b@example.com', NULL), ('user_c', 'c@example.com', 'org_empty');
INSERT INTO connvo.meetings (id, organizer_id, title, stream_call_type, stream_call_id)
VALUES ('meeting_a', 'user_a', 'A', 'default', 'call_a');

-- Ids: the character sets of docs/errors.md, nothing before or after them, no line end.
SELECT pg_temp.refused(refusal.by_constraint, refusal.into_table, refusal.change)
FROM (
    VALUES
        ('organizations_id_valid', 'organizations', '{"id": ""}'::jsonb),
        ('organizations_id_valid', 'organizations', '{"id": "org 1"}'),
        ('users_id_valid', 'users', '{"id": ""}'),
        ('users_id_valid', 'users', '{"id": "user_1\n"}'),
        ('users_id_valid', 'users', '{"id": "usér"}'),
        ('users_id_valid', 'users', jsonb_build_object('id', repeat('a', 256))),
        ('subscription_tiers_id_valid', 'subscription_tiers', '{"id": "a b"}'),
        ('meetings_id_valid', 'meetings', '{"id": "meeting@1"}'),
        ('meetings_id_valid', 'meetings', '{"id": "meeting:1"}'),
        ('meetings_id_valid', 'meetings', '{"id": "meeting_1\n"}'),
        ('meetings_id_valid', 'meetings', jsonb_build_object('id', repeat('a', 65))),
        ('meetings_stream_call_type_valid', 'meetings', '{"stream_call_type": "a:b", "stream_call_id": "c"}'),
        ('meetings_stream_call_id_valid', 'meetings', '{"stream_call_type": "default", "stream_call_id": "a@b"}')
) AS refusal (by_constraint, into_table, change);
SELECT pg_temp.accepts('users', jsonb_build_object('id', repeat('@', 255), 'email', 'long@example.com'));
SELECT pg_temp.accepts('meetings', jsonb_build_object('id', repeat('-', 64)));

-- Organizations and users.
SELECT pg_temp.refused(refusal.by_constraint, refusal.into_table, refusal.change)
FROM (
    VALUES
        ('organizations_pkey', 'organizations', '{"id": "org_a"}'::jsonb),
        ('organizations_name_valid', 'organizations', '{"name": " "}'),
        ('users_pkey', 'users', '{"id": "user_a"}'),
        ('users_email_valid', 'users', '{"email": "nobody"}'),
        ('users_email_valid', 'users', '{"email": "@example.com"}'),
        ('users_email_valid', 'users', '{"email": "a b@example.com"}'),
        ('users_email_ascii_key', 'users', '{"email": "A@Example.com"}'),
        ('users_display_name_valid', 'users', '{"display_name": ""}'),
        ('users_avatar_url_valid', 'users', '{"avatar_url": "javascript:alert(1)"}'),
        ('users_organization_id_fkey', 'users', '{"organization_id": "org_unknown"}')
) AS refusal (by_constraint, into_table, change);
-- The letters of ASCII alone are folded, so that no locale has a say; letters of other alphabets count as written.
SELECT pg_temp.accepts('users', '{"email": "\u00c4@example.com"}');
SELECT pg_temp.accepts('users', '{"email": "\u00e4@example.com"}');
SELECT is_empty(
    $$
    SELECT pg_get_indexdef(indexrelid)
    FROM pg_index
    WHERE indrelid = 'connvo.users'::regclass
        AND pg_get_indexdef(indexrelid) LIKE '%lower(%'
        AND pg_get_indexdef(indexrelid) NOT LIKE '%lower((email COLLATE "C"))%'
    $$,
    'no index folds letters by the locale of the database'
);
SELECT pg_temp.accepts('users', '{"display_name": null, "avatar_url": "https://example.com/a.jpg"}');
DELETE FROM connvo.organizations
WHERE id = 'org_empty';
SELECT is(organization_id, NULL, 'a deleted organization leaves its users')
FROM connvo.users
WHERE id = 'user_c';

-- Tiers and subscriptions.
SELECT set_eq(
    'SELECT id, is_paid FROM connvo.subscription_tiers',
    $$ VALUES ('free' COLLATE "C", false), ('pro', true), ('business', true), ('enterprise', true) $$,
    'four tiers come with the migrations'
);
SELECT results_eq(
    'SELECT id FROM connvo.subscription_tiers ORDER BY rank',
    $$ VALUES ('free' COLLATE "C"), ('pro'), ('business'), ('enterprise') $$,
    'in this order'
);
SELECT pg_temp.accepts('subscriptions', '{"id": "00000000-0000-4000-8000-00000000000a", "ends_at": "2026-02-01T00:00:00Z"}');
SELECT pg_temp.accepts('subscriptions', '{"user_id": null, "organization_id": "org_a"}');
SELECT pg_temp.refused(refusal.by_constraint, refusal.into_table, refusal.change)
FROM (
    VALUES
        ('subscription_tiers_pkey', 'subscription_tiers', '{"id": "pro"}'::jsonb),
        ('subscription_tiers_display_name_valid', 'subscription_tiers', '{"display_name": ""}'),
        ('subscription_tiers_rank_valid', 'subscription_tiers', '{"rank": -1}'),
        ('subscriptions_pkey', 'subscriptions', '{"id": "00000000-0000-4000-8000-00000000000a", "user_id": "user_b"}'),
        ('subscriptions_one_owner', 'subscriptions', '{"user_id": null}'),
        ('subscriptions_one_owner', 'subscriptions', '{"organization_id": "org_a"}'),
        ('subscriptions_status_known', 'subscriptions', '{"user_id": "user_b", "status": "cancelled"}'),
        ('subscriptions_ends_after_start', 'subscriptions', '{"user_id": "user_b", "ends_at": "2026-01-01T00:00:00Z"}'),
        ('subscriptions_past_due_since_agrees', 'subscriptions', '{"user_id": "user_b", "status": "past_due"}'),
        ('subscriptions_past_due_since_agrees', 'subscriptions', '{"user_id": "user_b", "past_due_since": "2026-01-02T00:00:00Z"}'),
        ('subscriptions_times_finite', 'subscriptions', '{"user_id": "user_b", "ends_at": "infinity"}'),
        ('subscriptions_times_finite', 'subscriptions', '{"user_id": "user_b", "starts_at": "-infinity"}'),
        ('subscriptions_times_writable', 'subscriptions', '{"user_id": "user_b", "ends_at": "10000-01-01T00:00:00Z"}'),
        ('subscriptions_times_writable', 'subscriptions',
            '{"user_id": "user_b", "starts_at": "0001-12-31T23:59:59.999999Z BC"}'),
        ('subscriptions_times_writable', 'subscriptions',
            '{"user_id": "user_b", "status": "past_due", "past_due_since": "10000-01-01T00:00:00Z"}'),
        ('subscriptions_user_id_fkey', 'subscriptions', '{"user_id": "user_unknown"}'),
        ('subscriptions_organization_id_fkey', 'subscriptions', '{"user_id": null, "organization_id": "org_unknown"}'),
        ('subscriptions_tier_id_fkey', 'subscriptions', '{"user_id": "user_b", "tier_id": "unknown"}'),
        -- The same owner and start, although neither grants access with the other.
        ('subscriptions_owner_starts_at_key', 'subscriptions', '{"status": "canceled"}'),
        ('subscriptions_owner_starts_at_key', 'subscriptions', '{"user_id": null, "organization_id": "org_a", "status": "canceled"}'),
        ('subscriptions_user_periods_disjoint', 'subscriptions', '{"starts_at": "2026-01-31T23:59:59.999999Z"}'),
        ('subscriptions_user_periods_disjoint', 'subscriptions', '{"starts_at": "2025-01-01T00:00:00Z"}'),
        ('subscriptions_user_periods_disjoint', 'subscriptions', '{"starts_at": "2026-01-15T00:00:00Z", "status": "trialing"}'),
        ('subscriptions_user_periods_disjoint', 'subscriptions',
            '{"starts_at": "2026-01-15T00:00:00Z", "status": "past_due", "past_due_since": "2026-01-20T00:00:00Z"}'),
        ('subscriptions_organization_periods_disjoint', 'subscriptions',
            '{"user_id": null, "organization_id": "org_a", "starts_at": "2026-06-01T00:00:00Z"}')
) AS refusal (by_constraint, into_table, change);
SELECT pg_temp.accepts('subscriptions', '{"starts_at": "2026-02-01T00:00:00Z", "tier_id": "business"}',
    'a period that begins when the one before ends is accepted');
SELECT pg_temp.accepts('subscriptions', jsonb_build_object('starts_at', '2026-01-10T00:00:00Z', 'status', status),
    status || ' may overlap: it grants nothing')
FROM unnest(ARRAY['paused', 'unpaid', 'incomplete', 'canceled']) WITH ORDINALITY AS status (status, position)
WHERE position = 1;
SELECT pg_temp.statement_refused('subscriptions_user_periods_disjoint',
    $$ UPDATE connvo.subscriptions SET status = 'active' WHERE user_id = 'user_a' AND status = 'paused' $$);
SELECT pg_temp.statement_refused('subscriptions_user_id_fkey', $$ DELETE FROM connvo.users WHERE id = 'user_a' $$);
SELECT pg_temp.statement_refused('subscriptions_organization_id_fkey',
    $$ DELETE FROM connvo.organizations WHERE id = 'org_a' $$);
SELECT pg_temp.statement_refused('subscriptions_tier_id_fkey', $$ DELETE FROM connvo.subscription_tiers WHERE id = 'pro' $$);

-- Two periods swap: impossible one statement at a time, valid when the constraint is checked at the end.
SET CONSTRAINTS connvo.subscriptions_user_periods_disjoint DEFERRED;
SELECT lives_ok(
    $$
    UPDATE connvo.subscriptions
    SET starts_at = '2026-03-01T00:00:00Z', ends_at = '2026-04-01T00:00:00Z'
    WHERE id = '00000000-0000-4000-8000-00000000000a'
    $$,
    'a deferred exclusion constraint lets periods overlap for the moment'
);
SELECT lives_ok(
    $$
    UPDATE connvo.subscriptions
    SET starts_at = '2026-04-01T00:00:00Z'
    WHERE user_id = 'user_a' AND tier_id = 'business'
    $$,
    'and the next statement removes the overlap'
);
SELECT lives_ok('SET CONSTRAINTS connvo.subscriptions_user_periods_disjoint IMMEDIATE', 'so that it holds at the end');
SET CONSTRAINTS connvo.subscriptions_user_periods_disjoint DEFERRED;
SAVEPOINT overlapping;
UPDATE connvo.subscriptions
SET ends_at = '2026-05-01T00:00:00Z'
WHERE id = '00000000-0000-4000-8000-00000000000a';
SELECT pg_temp.statement_refused('subscriptions_user_periods_disjoint',
    'SET CONSTRAINTS connvo.subscriptions_user_periods_disjoint IMMEDIATE');
UPDATE connvo.subscriptions
SET ends_at = '2026-04-01T00:00:00Z'
WHERE id = '00000000-0000-4000-8000-00000000000a';
SET CONSTRAINTS ALL IMMEDIATE;

-- Meetings.
SELECT pg_temp.accepts('meetings', example)
FROM unnest(ARRAY[
    '{"state": "scheduled", "scheduled_at": "2026-01-05T09:00:00Z"}',
    '{"state": "active", "started_at": "2026-01-05T09:00:00Z"}',
    '{"state": "concluded", "started_at": "2026-01-05T09:00:00Z", "ended_at": "2026-01-05T09:00:00Z"}',
    '{"state": "cancelled", "scheduled_at": "2026-01-05T09:00:00Z"}'
]::jsonb[]) AS example;
SELECT pg_temp.refused(refusal.by_constraint, refusal.into_table, refusal.change)
FROM (
    VALUES
        ('meetings_pkey', 'meetings', '{"id": "meeting_a"}'::jsonb),
        ('meetings_title_valid', 'meetings', '{"title": ""}'),
        ('meetings_state_known', 'meetings', '{"state": "canceled"}'),
        ('meetings_started_at_agrees', 'meetings', '{"state": "active"}'),
        ('meetings_started_at_agrees', 'meetings', '{"state": "scheduled", "started_at": "2026-01-05T09:00:00Z"}'),
        ('meetings_started_at_agrees', 'meetings', '{"state": "cancelled", "started_at": "2026-01-05T09:00:00Z"}'),
        ('meetings_ended_at_agrees', 'meetings', '{"state": "concluded", "started_at": "2026-01-05T09:00:00Z"}'),
        ('meetings_ended_at_agrees', 'meetings',
            '{"state": "active", "started_at": "2026-01-05T09:00:00Z", "ended_at": "2026-01-05T10:00:00Z"}'),
        ('meetings_ended_at_agrees', 'meetings', '{"state": "cancelled", "ended_at": "2026-01-05T10:00:00Z"}'),
        ('meetings_ended_after_started', 'meetings',
            '{"state": "concluded", "started_at": "2026-01-05T09:00:00Z", "ended_at": "2026-01-05T08:59:59Z"}'),
        ('meetings_times_finite', 'meetings', '{"scheduled_at": "infinity"}'),
        ('meetings_times_writable', 'meetings', '{"scheduled_at": "10000-01-01T00:00:00Z"}'),
        ('meetings_times_writable', 'meetings', '{"scheduled_at": "9999-12-31T23:59:59-00:01"}'),
        ('meetings_times_writable', 'meetings', '{"scheduled_at": "0001-12-31T23:59:59.999999Z BC"}'),
        ('meetings_stream_call_complete', 'meetings', '{"stream_call_type": "default"}'),
        ('meetings_stream_call_complete', 'meetings', '{"stream_call_id": "call_b"}'),
        ('meetings_stream_call_key', 'meetings', '{"stream_call_type": "default", "stream_call_id": "call_a"}'),
        ('meetings_organizer_id_fkey', 'meetings', '{"organizer_id": "user_unknown"}')
) AS refusal (by_constraint, into_table, change);
SELECT pg_temp.accepts('meetings', jsonb_build_object('scheduled_at', instant))
FROM unnest(ARRAY['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z', '10000-01-01T05:44:59+05:45']) AS instant;
INSERT INTO connvo.users (id, email)
VALUES ('user_organizer', 'organizer@example.com');
INSERT INTO connvo.meetings (id, organizer_id, title)
VALUES ('meeting_b', 'user_organizer', 'B');
SELECT pg_temp.statement_refused('meetings_organizer_id_fkey', $$ DELETE FROM connvo.users WHERE id = 'user_organizer' $$);

-- Participants.
SELECT pg_temp.accepts('meeting_participants');
SELECT pg_temp.refused(refusal.by_constraint, refusal.into_table, refusal.change)
FROM (
    VALUES
        ('meeting_participants_pkey', 'meeting_participants', '{}'::jsonb),
        ('meeting_participants_role_known', 'meeting_participants', '{"user_id": "user_c", "role": "moderator"}'),
        ('meeting_participants_meeting_id_fkey', 'meeting_participants', '{"meeting_id": "meeting_unknown"}'),
        ('meeting_participants_user_id_fkey', 'meeting_participants', '{"user_id": "user_unknown"}'),
        ('meeting_participants_left_after_joined', 'meeting_participants',
            '{"user_id": "user_c", "left_at": "2026-01-05T09:00:00Z"}'),
        ('meeting_participants_left_after_joined', 'meeting_participants',
            '{"user_id": "user_c", "joined_at": "2026-01-05T09:00:01Z", "left_at": "2026-01-05T09:00:00Z"}'),
        ('meeting_participants_times_finite', 'meeting_participants', '{"user_id": "user_c", "removed_at": "infinity"}'),
        ('meeting_participants_times_writable', 'meeting_participants',
            '{"user_id": "user_c", "removed_at": "10000-01-01T00:00:00Z"}'),
        ('meeting_participants_times_writable', 'meeting_participants',
            '{"user_id": "user_c", "invited_at": "0001-12-31T23:59:59.999999Z BC"}')
) AS refusal (by_constraint, into_table, change);
SELECT lives_ok($$ DELETE FROM connvo.users WHERE id = 'user_b' $$, 'a user without payments or meetings can be deleted');
SELECT lives_ok($$ DELETE FROM connvo.meetings WHERE id = 'meeting_a' $$, 'a meeting can be deleted');
SELECT is_empty(
    $$ SELECT meeting_id, user_id FROM connvo.meeting_participants WHERE 'user_b' = user_id OR 'meeting_a' = meeting_id $$,
    'and memberships are deleted with either'
);

-- Records.
SELECT pg_temp.accepts('issued_tokens', '{"id": "00000000-0000-7000-8000-000000000001"}');
SELECT pg_temp.accepts('token_refusals', '{"id": "00000000-0000-7000-8000-000000000001"}');
SELECT pg_temp.accepts('issued_tokens', jsonb_build_object(
    'user_id', 'user_erased', 'meeting_id', 'meeting_deleted', 'session_id', repeat('s', 8192), 'client_ip', '2001:db8::1',
    'user_agent', repeat('é', 256), 'request_id', repeat('r', 128), 'impersonator', 'admin@example.com'
), 'issued_tokens accepts deleted users and meetings, and the longest values');
SELECT pg_temp.refused(refusal.by_constraint, refusal.into_table, refusal.change)
FROM (
    VALUES
        ('issued_tokens_token_sha256_length', 'issued_tokens', jsonb_build_object('token_sha256', '\x' || repeat('ab', 31))),
        ('token_refusals_user_id_valid', 'token_refusals', '{"user_id": ""}'),
        ('token_refusals_meeting_id_valid', 'token_refusals', '{"meeting_id": ""}'),
        ('token_refusals_organizer_id_valid', 'token_refusals', '{"organizer_id": ""}'),
        ('token_refusals_requested_role_known', 'token_refusals', '{"requested_role": "admin"}'),
        ('token_refusals_held_role_known', 'token_refusals', '{"held_role": "admin"}'),
        ('token_refusals_reason_known', 'token_refusals', '{"reason": "other"}'),
        ('token_refusals_code_of_reason', 'token_refusals', '{"code": "FORBIDDEN"}'),
        ('token_refusals_code_of_reason', 'token_refusals', '{"code": "SOMETHING_ELSE"}'),
        ('token_refusals_session_id_length', 'token_refusals', jsonb_build_object('session_id', repeat('s', 8193))),
        ('token_refusals_impersonator_length', 'token_refusals', jsonb_build_object('impersonator', repeat('i', 8193))),
        ('token_refusals_user_agent_length', 'token_refusals', jsonb_build_object('user_agent', repeat('u', 257))),
        ('token_refusals_request_id_length', 'token_refusals', '{"request_id": ""}')
) AS refusal (by_constraint, into_table, change);

-- One id once within an instant. The name is that of the partition's index.
SELECT pg_temp.statement_refused(to_char(now() AT TIME ZONE 'UTC', '"issued_tokens_"YYYY_MM"_pkey"'),
    pg_temp.insert_of('issued_tokens', '{"id": "00000000-0000-7000-8000-000000000001"}'));
SELECT pg_temp.statement_refused(to_char(now() AT TIME ZONE 'UTC', '"token_refusals_"YYYY_MM"_pkey"'),
    pg_temp.insert_of('token_refusals', '{"id": "00000000-0000-7000-8000-000000000001"}'));

-- Each reason of docs/errors.md, rows 7 to 16, with its code.
SELECT pg_temp.accepts('token_refusals', jsonb_build_object('reason', answer.reason, 'code', answer.code))
FROM (
    VALUES
        ('user_not_provisioned', 'UNAUTHORIZED'),
        ('user_deactivated', 'FORBIDDEN'),
        ('meeting_not_found', 'NOT_FOUND'),
        ('not_a_participant', 'FORBIDDEN'),
        ('participant_removed', 'FORBIDDEN'),
        ('meeting_ended', 'MEETING_ALREADY_ENDED'),
        ('meeting_not_open', 'MEETING_NOT_ACTIVE'),
        ('tier_required', 'PAID_TIER_REQUIRED'),
        ('no_stream_call', 'VALIDATION_ERROR'),
        ('role_above_own', 'INSUFFICIENT_PERMISSIONS'),
        ('role_not_admitted', 'INSUFFICIENT_PERMISSIONS')
) AS answer (reason, code);

-- What maintenance keeps.
SELECT pg_temp.accepts('partition_detachments');
SELECT pg_temp.refused(name, 'partition_detachments', change)
FROM (
    VALUES
        ('partition_detachments_pkey', '{"partition_name": "other"}'::jsonb),
        ('partition_detachments_open_idx', '{"id": 2}'),
        ('partition_detachments_record_table_known', '{"id": 2, "partition_name": "other", "record_table": "users"}'),
        ('partition_detachments_dropped_after_detached', '{"id": 2, "dropped_at": "2026-01-01T00:00:00Z"}'),
        ('partition_detachments_dropped_after_detached', '{"id": 2, "detached_at": "2026-01-02T00:00:00Z",
            "dropped_at": "2026-01-01T00:00:00Z"}'),
        ('partition_detachments_ends_once', '{"id": 2, "detached_at": "2026-01-01T00:00:00Z",
            "attached_at": "2026-01-02T00:00:00Z", "dropped_at": "2026-01-02T00:00:00Z"}')
) AS refused (name, change);

SELECT pg_temp.refused(name, 'rollup_state', change)
FROM (
    VALUES
        ('rollup_state_pkey', '{"is_only": true}'::jsonb),
        ('rollup_state_is_only', '{"is_only": false}'),
        ('rollup_state_whole_hours', '{"rolled_up_until": "2026-01-01T00:30:00Z"}'),
        ('rollup_state_whole_hours', '{"rolling_up_until": "2026-01-01T00:30:00+05:45"}')
) AS refused (name, change);

SELECT pg_temp.accepts(name)
FROM pg_temp.rollup;
SELECT pg_temp.refused(name || '_pkey', name)
FROM pg_temp.rollup;

-- The tables that the migrator keeps beside schema_migrations, of which 0001 is applied.
INSERT INTO connvo.schema_migration_state (name, value, noted_at)
VALUES ('unfinished', '0001 any', now());
SELECT pg_temp.statement_refused(by_constraint, statement)
FROM (
    VALUES
        ('schema_migration_state_pkey', $$
            INSERT INTO connvo.schema_migration_state (name, value, noted_at) VALUES ('unfinished', '0002 any', now())
        $$),
        ('schema_migration_state_name_known', $$
            INSERT INTO connvo.schema_migration_state (name, value, noted_at) VALUES ('another', 'any', now())
        $$),
        ('schema_migration_files_pkey', $$
            INSERT INTO connvo.schema_migration_files (version, checksum, content) VALUES (1, 'any', 'any')
        $$)
) AS refused (by_constraint, statement);

-- The rest is NOT NULL: what may be absent, and nothing else.
SELECT set_eq(
    $$
    SELECT relation.relname || '.' || attribute.attname
    FROM pg_attribute AS attribute
    JOIN pg_class AS relation
        ON relation.oid = attribute.attrelid
    WHERE relation.relnamespace = 'connvo'::regnamespace
        AND relation.relkind IN ('r', 'p')
        AND NOT relation.relispartition
        AND relation.relname <> 'schema_migrations'
        AND attribute.attnum > 0
        AND NOT attribute.attnotnull
    $$,
    $$
    VALUES ('users.display_name'), ('users.avatar_url'), ('users.organization_id'),
        ('subscriptions.user_id'), ('subscriptions.organization_id'), ('subscriptions.ends_at'),
        ('subscriptions.past_due_since'),
        ('meetings.scheduled_at'), ('meetings.started_at'), ('meetings.ended_at'), ('meetings.stream_call_type'),
        ('meetings.stream_call_id'),
        ('meeting_participants.invited_at'), ('meeting_participants.joined_at'), ('meeting_participants.left_at'),
        ('meeting_participants.removed_at'),
        ('issued_tokens.organization_id'), ('issued_tokens.requested_role'), ('issued_tokens.subscription_ends_at'),
        ('issued_tokens.impersonator'), ('issued_tokens.client_ip'), ('issued_tokens.user_agent'),
        ('issued_tokens.held_role'), -- not in records older than 0006
        ('issued_tokens.trace_id'), ('token_refusals.trace_id'), -- of requests without traceparent
        ('token_refusals.organizer_id'), ('token_refusals.requested_role'), ('token_refusals.held_role'),
        ('token_refusals.impersonator'), ('token_refusals.client_ip'), ('token_refusals.user_agent'),
        ('rollup_state.refreshed_at'), ('partition_detachments.detached_at'), ('partition_detachments.dropped_at'),
        ('partition_detachments.starts_at'), ('partition_detachments.ends_at'), ('partition_detachments.detached_by'),
        ('partition_detachments.records'), ('partition_detachments.checksum'),
        ('partition_detachments.checksum_columns'), ('partition_detachments.attached_at'),
        ('partition_detachments.attached_by'), ('partition_detachments.is_altered'),
        ('partition_detachments.dropped_by')
    $$,
    'only columns that may be absent are nullable'
);

SELECT is_empty(
    $$
    SELECT conname
    FROM pg_constraint
    WHERE conrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'connvo'::regnamespace AND NOT relispartition)
        AND conrelid <> 'connvo.schema_migrations'::regclass
        AND conname NOT IN ('issued_tokens_pkey', 'token_refusals_pkey')
        AND contype IN ('c', 'f', 'p', 'u', 'x')
        AND conname NOT IN (SELECT name FROM tested)
    $$,
    'every constraint has refused a row'
);

SELECT *
FROM finish();
ROLLBACK;
