-- The organizer becomes host; updated_at moves on a real change only; records never change.
BEGIN;
SELECT *
FROM no_plan();

INSERT INTO connvo.users (id, email, created_at, updated_at)
VALUES ('user_a', 'a@example.com', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'),
    ('user_b', 'b@example.com', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');

-- The organizer.
CREATE FUNCTION pg_temp.members(of_meeting text)
    RETURNS text
    LANGUAGE sql
    AS $$
    SELECT string_agg(user_id || ' ' || role || CASE WHEN removed_at IS NULL THEN '' ELSE ' removed' END, ', ' ORDER BY user_id)
    FROM connvo.meeting_participants
    WHERE meeting_id = of_meeting
$$;

INSERT INTO connvo.meetings (id, organizer_id, title)
VALUES ('meeting_a', 'user_a', 'A');
SELECT is(pg_temp.members('meeting_a'), 'user_a host', 'a new meeting has its organizer as host');

UPDATE connvo.meeting_participants
SET role = 'co-host'
WHERE meeting_id = 'meeting_a';
UPDATE connvo.meetings
SET title = 'B', organizer_id = 'user_a'
WHERE id = 'meeting_a';
SELECT is(pg_temp.members('meeting_a'), 'user_a co-host', 'a change of something else leaves the members alone');

INSERT INTO connvo.meeting_participants (meeting_id, user_id, role, removed_at)
VALUES ('meeting_a', 'user_b', 'observer', now());
UPDATE connvo.meetings
SET organizer_id = 'user_b'
WHERE id = 'meeting_a';
SELECT is(pg_temp.members('meeting_a'), 'user_a co-host, user_b host',
    'a new organizer becomes host, even one who was removed; the former keeps the role');

INSERT INTO connvo.meetings (id, organizer_id, title)
VALUES ('meeting_b', 'user_a', 'B'),
    ('meeting_c', 'user_b', 'C');
SELECT is(
    pg_temp.members('meeting_b') || '; ' || pg_temp.members('meeting_c'), 'user_a host; user_b host',
    'meetings of one statement each get their own organizer'
);
INSERT INTO connvo.meetings AS met (id, organizer_id, title)
VALUES ('meeting_b', 'user_b', 'B'),
    ('meeting_d', 'user_a', 'D')
ON CONFLICT (id) DO UPDATE
SET title = EXCLUDED.title,
    organizer_id = EXCLUDED.organizer_id;
SELECT is(
    pg_temp.members('meeting_b') || '; ' || pg_temp.members('meeting_d'), 'user_a host, user_b host; user_a host',
    'a statement that makes one meeting and hands over another makes both organizers hosts'
);
INSERT INTO connvo.meetings (id, organizer_id, title)
SELECT 'meeting_e', 'user_a', 'E'
WHERE false;
SELECT is(count(*), 0::bigint, 'a statement that makes no meeting makes no host')
FROM connvo.meeting_participants
WHERE meeting_id = 'meeting_e';

-- updated_at.
SELECT is(count(*), 6::bigint, 'each business table has the trigger, with its condition')
FROM pg_trigger
WHERE tgfoid = 'connvo.set_updated_at()'::regprocedure
    AND pg_get_triggerdef(oid) LIKE '%WHEN ((old.* IS DISTINCT FROM new.*))%';

UPDATE connvo.users
SET email = 'a@example.com', display_name = NULL
WHERE id = 'user_a';
SELECT is(updated_at, '2026-01-01T00:00:00Z'::timestamptz, 'an update that changes nothing does not move updated_at')
FROM connvo.users
WHERE id = 'user_a';
UPDATE connvo.users
SET display_name = 'Alice'
WHERE id = 'user_a';
SELECT is(updated_at, now(), 'a change moves updated_at')
FROM connvo.users
WHERE id = 'user_a';
SELECT is(created_at, '2026-01-01T00:00:00Z'::timestamptz, 'and not created_at')
FROM connvo.users
WHERE id = 'user_a';

-- Records: as superuser, and as the owner.
INSERT INTO connvo.issued_tokens
    (id, issued_at, expires_at, user_id, meeting_id, organizer_id, granted_role, stream_role, tier_id, tier_is_paid,
    subscription_id, subscription_status, subscription_starts_at, call_cid, token_sha256, signing_key_id, session_id,
    request_id)
VALUES ('00000000-0000-7000-8000-000000000001', now(), now() + interval '1 hour', 'user_a', 'meeting_a', 'user_a', 'host',
    'host', 'pro', true, '00000000-0000-4000-8000-000000000001', 'active', now(), 'default:call_a',
    decode(repeat('ab', 32), 'hex'), '0123456789abcdef', 'session_a', 'request-1');
INSERT INTO connvo.token_refusals
    (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
VALUES ('00000000-0000-7000-8000-000000000001', now(), 'user_b', 'meeting_a', 'PAID_TIER_REQUIRED', 'tier_required',
    'session_b', 'request-2');

SELECT set_eq(
    $$ SELECT * FROM connvo.users_with_records(ARRAY['user_a', 'user_b', 'user_c']) $$,
    ARRAY['user_a', 'user_b'],
    'users_with_records lists the users of records'
);

CREATE FUNCTION pg_temp.changes()
    RETURNS TABLE (table_name text, statement text)
    LANGUAGE sql
    AS $$
    SELECT target.name, format(change.statement, target.name)
    FROM (
        SELECT relname
        FROM pg_class
        WHERE relnamespace = 'connvo'::regnamespace
            AND relname IN ('issued_tokens', 'token_refusals',
                to_char(now() AT TIME ZONE 'UTC', '"issued_tokens_"YYYY_MM'),
                to_char(now() AT TIME ZONE 'UTC', '"token_refusals_"YYYY_MM'))
    ) AS target (name)
    CROSS JOIN (
        VALUES ('UPDATE connvo.%I SET user_id = user_id'),
            ('DELETE FROM connvo.%I'),
            ('TRUNCATE connvo.%I')
    ) AS change (statement)
$$;

SELECT throws_ok(statement, '42501', NULL, 'refused to a superuser: ' || statement)
FROM pg_temp.changes();
SELECT throws_ok(format('TRUNCATE connvo.%I', relname), '42501', NULL, 'refused to a superuser: TRUNCATE of ' || relname)
FROM pg_class
WHERE relnamespace = 'connvo'::regnamespace
    AND relispartition
    AND relkind = 'r';

SET LOCAL ROLE connvo_owner;
SELECT throws_like(statement, '%is append-only: % is refused', 'refused to the owner: ' || statement)
FROM pg_temp.changes();
SELECT throws_like(
    $$
    INSERT INTO connvo.token_refusals
        (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
    VALUES ('00000000-0000-7000-8000-000000000001', now(), 'user_b', 'meeting_a', 'PAID_TIER_REQUIRED', 'tier_required',
        'session_b', 'request-3')
    ON CONFLICT (id, refused_at) DO UPDATE
    SET request_id = EXCLUDED.request_id
    $$,
    '%is append-only: UPDATE is refused',
    'an upsert is refused, too'
);
RESET ROLE;

SELECT is((SELECT count(*) FROM connvo.issued_tokens) + (SELECT count(*) FROM connvo.token_refusals), 2::bigint,
    'after all that both records are there');

SELECT *
FROM finish();
ROLLBACK;
