-- The demo data satisfies every constraint, and has an example of each case.
\set seed `cat sql/seed/demo.json`
BEGIN;
SELECT *
FROM no_plan();

CREATE TEMPORARY TABLE seed AS
SELECT :'seed'::jsonb AS content;

SELECT set_eq(
    'SELECT jsonb_object_keys(content) FROM seed',
    ARRAY['organizations', 'users', 'subscriptions', 'meetings', 'meeting_participants'],
    'the kinds are tables'
);
SELECT is_empty(
    $$
    SELECT DISTINCT kind.key, field.key
    FROM seed
    CROSS JOIN jsonb_each(content) AS kind
    CROSS JOIN jsonb_array_elements(kind.value) AS item
    CROSS JOIN jsonb_each(item.value) AS field
    WHERE NOT EXISTS (
        SELECT 1
        FROM pg_attribute
        WHERE attrelid = ('connvo.' || kind.key)::regclass
            AND attname = field.key
            AND attnum > 0
    )
    $$,
    'the fields are columns'
);

SELECT lives_ok(
    $$
    INSERT INTO connvo.organizations (id, name)
    SELECT id, name
    FROM seed CROSS JOIN jsonb_populate_recordset(NULL::connvo.organizations, content -> 'organizations')
    $$,
    'organizations'
);
SELECT lives_ok(
    $$
    INSERT INTO connvo.users (id, email, display_name, avatar_url, organization_id, is_active)
    SELECT id, email, display_name, avatar_url, organization_id, is_active
    FROM seed CROSS JOIN jsonb_populate_recordset(NULL::connvo.users, content -> 'users')
    $$,
    'users'
);
SELECT lives_ok(
    $$
    INSERT INTO connvo.subscriptions (user_id, organization_id, tier_id, status, starts_at, ends_at, past_due_since)
    SELECT user_id, organization_id, tier_id, status, starts_at, ends_at, past_due_since
    FROM seed CROSS JOIN jsonb_populate_recordset(NULL::connvo.subscriptions, content -> 'subscriptions')
    $$,
    'subscriptions'
);
SELECT lives_ok(
    $$
    INSERT INTO connvo.meetings
        (id, organizer_id, title, state, scheduled_at, started_at, ended_at, stream_call_type, stream_call_id)
    SELECT id, organizer_id, title, state, scheduled_at, started_at, ended_at, stream_call_type, stream_call_id
    FROM seed CROSS JOIN jsonb_populate_recordset(NULL::connvo.meetings, content -> 'meetings')
    $$,
    'meetings'
);
SELECT is_empty(
    $$
    SELECT meeting_id, user_id, role
    FROM connvo.meeting_participants
    EXCEPT
    SELECT meeting_id, user_id, role
    FROM seed CROSS JOIN jsonb_populate_recordset(NULL::connvo.meeting_participants, content -> 'meeting_participants')
    $$,
    'the organizers are named among the participants'
);
SELECT lives_ok(
    $$
    INSERT INTO connvo.meeting_participants (meeting_id, user_id, role, invited_at, joined_at, left_at, removed_at)
    SELECT meeting_id, user_id, role, invited_at, joined_at, left_at, removed_at
    FROM seed CROSS JOIN jsonb_populate_recordset(NULL::connvo.meeting_participants, content -> 'meeting_participants')
    ON CONFLICT (meeting_id, user_id) DO UPDATE
    SET invited_at = EXCLUDED.invited_at,
        joined_at = EXCLUDED.joined_at,
        left_at = EXCLUDED.left_at,
        removed_at = EXCLUDED.removed_at
    $$,
    'participants'
);

SELECT set_eq(
    $$
    SELECT person.display_name, meeting.state, meeting.stream_call_id::text, subscription.tier_id::text, participant.role
    FROM connvo.meetings AS meeting
    JOIN connvo.users AS person
        ON person.id = meeting.organizer_id
    JOIN connvo.subscriptions AS subscription
        ON subscription.user_id = person.id
    JOIN connvo.meeting_participants AS participant
        ON participant.meeting_id = meeting.id AND participant.user_id = person.id
    WHERE meeting.id = 'meeting_123example' AND person.id = 'user_workos_123'
    $$,
    $$ VALUES ('Alice Johnson', 'active', 'call_meeting_123example', 'pro', 'host') $$,
    'the documented example is there'
);
SELECT set_eq('SELECT DISTINCT state FROM connvo.meetings', ARRAY['scheduled', 'active', 'concluded', 'cancelled'],
    'meetings in every state');
SELECT set_eq('SELECT DISTINCT role FROM connvo.meeting_participants', ARRAY['host', 'co-host', 'participant', 'observer'],
    'members in every role');
SELECT is(count(*), 1::bigint, 'a subscription inside its grace, whenever the demo is run')
FROM connvo.subscriptions
WHERE status = 'past_due'
    AND now() < past_due_since + interval '7 days';

SELECT *
FROM finish();
ROLLBACK;
