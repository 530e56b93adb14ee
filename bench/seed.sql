-- The business data of a benchmark: \set users (a multiple of 5, not of 7919) and \set records, those of the past.
-- Five users to a meeting, each user in one. Ids have the shape and length of real ones, and end in a number, so that
-- a load generator can compute them: for p in 0 … users - 1, user p * 7919 % users takes part in meeting p / 5.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
BEGIN;

INSERT INTO connvo.organizations (id, name)
SELECT 'org_01KQJZ5' || (1000000000000000000 + i), 'Organization ' || i
FROM generate_series(0, (:users - 1) / 20) AS i;

INSERT INTO connvo.users (id, email, display_name, avatar_url, organization_id)
SELECT 'user_01KQJZ5' || (1000000000000000000 + i), 'person.' || i || '@example.com', 'Person Number ' || i,
    'https://example.com/avatars/' || i || '.jpg', 'org_01KQJZ5' || (1000000000000000000 + i / 20)
FROM generate_series(0, :users - 1) AS i;

-- Every organizer pays, and every fourth organization does, too.
INSERT INTO connvo.subscriptions (user_id, tier_id, status, starts_at, ends_at)
SELECT 'user_01KQJZ5' || (1000000000000000000 + p * 7919 % :users), 'pro', 'active',
    date_trunc('day', now()) - interval '90 days', date_trunc('day', now()) + interval '275 days'
FROM generate_series(0, CAST(:users AS bigint) - 1, 5) AS p;

INSERT INTO connvo.subscriptions (organization_id, tier_id, status, starts_at, ends_at)
SELECT 'org_01KQJZ5' || (1000000000000000000 + i), 'business', 'active',
    date_trunc('day', now()) - interval '90 days', date_trunc('day', now()) + interval '275 days'
FROM generate_series(0, (:users - 1) / 20, 4) AS i;

-- The trigger on meetings adds the organizer as host.
INSERT INTO connvo.meetings
    (id, organizer_id, title, state, scheduled_at, started_at, stream_call_type, stream_call_id)
SELECT 'meeting_01KQJZ5' || (1000000000000000000 + p / 5), 'user_01KQJZ5' || (1000000000000000000 + p * 7919 % :users),
    'Meeting ' || p / 5, 'active', now() - interval '10 minutes', now() - interval '9 minutes',
    'default', 'call_meeting_01KQJZ5' || (1000000000000000000 + p / 5)
FROM generate_series(0, CAST(:users AS bigint) - 1, 5) AS p;

INSERT INTO connvo.meeting_participants (meeting_id, user_id, role, invited_at)
SELECT 'meeting_01KQJZ5' || (1000000000000000000 + p / 5), 'user_01KQJZ5' || (1000000000000000000 + p * 7919 % :users),
    CASE p % 5 WHEN 1 THEN 'co-host' ELSE 'participant' END, now() - interval '1 day'
FROM generate_series(0, CAST(:users AS bigint) - 1) AS p
WHERE p % 5 <> 0;

-- Records of this month (UTC), in the order of time.
INSERT INTO connvo.issued_tokens
SELECT gen_random_uuid(), at, at + interval '1 hour',
    'user_01KQJZ5' || (1000000000000000000 + p * 7919 % :users), 'meeting_01KQJZ5' || (1000000000000000000 + p / 5),
    'user_01KQJZ5' || (1000000000000000000 + p / 5 * 5 * 7919 % :users), 'org_01KQJZ5' || 1000000000000000000,
    'participant', 'participant', 'call_member', 'pro', true, gen_random_uuid(), 'active',
    date_trunc('day', now()) - interval '90 days', date_trunc('day', now()) + interval '275 days',
    'default:call_meeting_01KQJZ5' || (1000000000000000000 + p / 5), sha256(int8send(n)), '0123456789abcdef',
    'session_01KQJZ50000000000000000000', NULL, '127.0.0.1',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
    CAST(gen_random_uuid() AS text)
FROM (
    SELECT n, CAST(floor(random() * :users) AS bigint) AS p,
        month.began + (now() - month.began) * (CAST(n AS double precision) / (:records + 1)) AS at
    FROM generate_series(1, :records) AS n
    CROSS JOIN (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS began) AS month
) AS record;

COMMIT;

-- Not of record tables that are empty: PostgreSQL would then know that they are, and plan to read all of them.
VACUUM (ANALYZE) connvo.organizations, connvo.users, connvo.subscriptions, connvo.subscription_tiers, connvo.meetings,
    connvo.meeting_participants;
SELECT :records > 0 AS has_records
\gset
\if :has_records
VACUUM (ANALYZE) connvo.issued_tokens;
\endif
CHECKPOINT;
