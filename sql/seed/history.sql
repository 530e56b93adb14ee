-- Generated history, for scripts/make-history. It sets :tokens, :months, :seed, :until, :anomalies and a session in
-- UTC.
--
-- Values that look random are a hash of a number and the seed, so they do not depend on plans or order.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
-- As the owner, so that partitions belong to it.
SET ROLE connvo_owner;
BEGIN;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM connvo.organizations WHERE id LIKE 'org\_history\_%') THEN
        RAISE EXCEPTION 'this database has a history already';
    END IF;
END;
$$;

CREATE TEMPORARY TABLE scale ON COMMIT DROP AS
SELECT ended.at - make_interval(months => :months) AS began_at,
    ended.at AS ended_at,
    CAST(least(greatest(:tokens / 400, 60), 20000) AS integer) AS users,
    CAST(least(greatest(:tokens / 400, 60), 20000) / 20 AS integer) AS organizations,
    CAST(least(greatest(:tokens / 50, 40), 200000) AS integer) AS meetings
FROM (SELECT CAST(:'until' AS timestamptz) AS at) AS ended;

DO $$
BEGIN
    IF (SELECT ended_at > now() FROM scale) THEN
        RAISE EXCEPTION 'a history cannot end in the future';
    END IF;
END;
$$;

-- 0 up to 1, by a number and by what it is for.
SELECT format(
    'CREATE FUNCTION pg_temp.chance(number bigint, purpose integer) RETURNS double precision LANGUAGE sql IMMUTABLE AS'
        ' %L',
    format(
        'SELECT CAST(hashint8extended(number, %s::bigint * 1000 + purpose) & 9007199254740991 AS double precision)'
            ' / 9007199254740992',
        :seed
    )
)
\gexec

-- As the server makes them: milliseconds, the fraction of one, and 62 bits by chance.
CREATE FUNCTION pg_temp.uuid_v7(at timestamptz, chance text)
    RETURNS uuid
    LANGUAGE sql
    IMMUTABLE
    AS $$
    SELECT CAST(
        lpad(to_hex(CAST(floor(extract(epoch FROM at) * 1000) AS bigint)), 12, '0')
            || '7' || lpad(to_hex(CAST(extract(microseconds FROM at) AS bigint) % 1000 * 4096 / 1000), 3, '0')
            || translate(left(chance, 1), '0123456789abcdef', '89ab89ab89ab89ab') || substr(chance, 2, 15)
        AS uuid
    )
$$;

-- People. Two in three belong to an organization of about fifteen.
INSERT INTO connvo.organizations (id, name)
SELECT 'org_history_' || n, 'Organization ' || n
FROM scale
CROSS JOIN LATERAL generate_series(0, scale.organizations - 1) AS n;

INSERT INTO connvo.users (id, email, display_name, organization_id)
SELECT 'user_history_' || n, 'history.' || n || '@example.com', 'Person ' || n,
    CASE WHEN n % 3 < 2 THEN 'org_history_' || n % scale.organizations END
FROM scale
CROSS JOIN LATERAL generate_series(0, scale.users - 1) AS n;

-- Who pays. Of ten organizations four have business, two enterprise, one moved from business to enterprise half-way,
-- one is late, one cancelled and one has none; of ten people on their own five have pro, one of them idle, the others
-- free.
CREATE TEMPORARY TABLE paid (
    user_id text,
    organization_id text,
    tier_id text,
    status text,
    starts_at timestamptz,
    ends_at timestamptz,
    id uuid
) ON COMMIT DROP;

INSERT INTO paid
SELECT NULL, 'org_history_' || n, period.tier_id, period.status, period.starts_at, period.ends_at,
    CAST(md5(:seed || ' organization ' || n || period.tier_id) AS uuid)
FROM scale
CROSS JOIN LATERAL generate_series(0, scale.organizations - 1) AS n
CROSS JOIN LATERAL (
    SELECT date_trunc('day', scale.began_at) - interval '30 days' AS early,
        date_trunc('day', scale.began_at + (scale.ended_at - scale.began_at) / 2) AS half_way
) AS moment
CROSS JOIN LATERAL (
    VALUES ('business', CASE n % 10 WHEN 8 THEN 'past_due' WHEN 9 THEN 'canceled' ELSE 'active' END, moment.early,
            CASE n % 10 WHEN 7 THEN moment.half_way WHEN 9 THEN moment.half_way END, n % 10 IN (1, 2, 3, 4, 7, 8, 9)),
        ('enterprise', 'active', CASE n % 10 WHEN 7 THEN moment.half_way ELSE moment.early END, NULL, n % 10 IN (5, 6, 7))
) AS period (tier_id, status, starts_at, ends_at, is_had)
WHERE period.is_had
UNION ALL
SELECT 'user_history_' || n, NULL, CASE WHEN n / 3 % 10 < 5 THEN 'pro' ELSE 'free' END,
    CASE WHEN n / 3 % 10 = 3 THEN 'trialing' ELSE 'active' END, date_trunc('day', scale.began_at) - interval '30 days',
    NULL, CAST(md5(:seed || ' user ' || n) AS uuid)
FROM scale
CROSS JOIN LATERAL generate_series(2, scale.users - 1, 3) AS n;

INSERT INTO connvo.subscriptions (id, user_id, organization_id, tier_id, status, starts_at, ends_at, past_due_since)
SELECT id, user_id, organization_id, tier_id, status, starts_at, ends_at,
    CASE status WHEN 'past_due' THEN scale.ended_at - interval '1 day' END
FROM paid
CROSS JOIN scale;

-- Meetings, and who is in them. The organizer comes in by trigger; the first member beside the organizer is co-host, an
-- eighth one observes. Those of idle payers (every tenth person on their own) have no tokens.
CREATE TEMPORARY TABLE meeting ON COMMIT DROP AS
SELECT made.n, 'meeting_history_' || made.n AS id, 'user_history_' || made.organizer AS organizer_id,
    organizer.organization_id,
    made.organizer,
    2 + CAST(floor(power(pg_temp.chance(made.n, 2), 2) * 10) AS integer) AS members
FROM scale
CROSS JOIN LATERAL (
    SELECT n, CAST(floor(pg_temp.chance(n, 1) * scale.users) AS integer) AS organizer
    FROM generate_series(0, scale.meetings - 1) AS n
) AS made
JOIN connvo.users AS organizer
    ON organizer.id = 'user_history_' || made.organizer;

INSERT INTO connvo.meetings
    (id, organizer_id, title, state, scheduled_at, started_at, ended_at, stream_call_type, stream_call_id)
SELECT meeting.id, meeting.organizer_id, 'Meeting ' || meeting.n, life.state, scale.began_at,
    CASE WHEN life.state <> 'scheduled' THEN scale.began_at END,
    CASE WHEN life.state = 'concluded' THEN scale.ended_at END,
    'default', 'call_' || meeting.id
FROM meeting
CROSS JOIN scale
CROSS JOIN LATERAL (
    SELECT CASE meeting.n % 4 WHEN 0 THEN 'concluded' WHEN 1 THEN 'scheduled' ELSE 'active' END AS state
) AS life;

CREATE TEMPORARY TABLE member ON COMMIT DROP AS
SELECT meeting.n, position, 'user_history_' || (meeting.organizer + position * 17) % scale.users AS user_id,
    (meeting.organizer + position * 17) % scale.users AS person,
    CASE position WHEN 0 THEN 'host' WHEN 1 THEN 'co-host' WHEN 7 THEN 'observer' ELSE 'participant' END AS role
FROM meeting
CROSS JOIN scale
-- Small worlds have no more people than this.
CROSS JOIN LATERAL generate_series(0, least(meeting.members, scale.users / 17) - 1) AS position;

INSERT INTO connvo.meeting_participants (meeting_id, user_id, role, invited_at)
SELECT 'meeting_history_' || n, user_id, role, scale.began_at
FROM member
CROSS JOIN scale
WHERE position > 0;

-- What can have tokens: a meeting, who pays for it and from when to when; and what meets the paywall.
CREATE TEMPORARY TABLE covered ON COMMIT DROP AS
SELECT meeting.n, meeting.id, meeting.organizer_id, meeting.organization_id,
    count(*) FILTER (WHERE member.role <> 'observer') AS members
FROM meeting
JOIN member
    ON member.n = meeting.n
WHERE EXISTS (
        SELECT 1
        FROM paid
        WHERE paid.organization_id = meeting.organization_id
            AND paid.status = 'active'
            AND paid.tier_id <> 'free'
            AND paid.organization_id NOT LIKE '%9'
    )
    OR (meeting.organizer % 3 = 2 AND meeting.organizer / 3 % 10 < 4)
GROUP BY meeting.n, meeting.id, meeting.organizer_id, meeting.organization_id;

CREATE TEMPORARY TABLE numbered_covered ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY covered.n) - 1 AS number, count(*) OVER () AS of, covered.*
FROM covered;

CREATE TEMPORARY TABLE numbered_free ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY meeting.n) - 1 AS number, count(*) OVER () AS of, meeting.*
FROM meeting
WHERE meeting.organizer % 3 = 2
    AND meeting.organizer / 3 % 10 >= 5;

-- How busy each hour is: twice as many in the end as in the beginning, few at weekends, most at ten and at two o'clock.
CREATE TEMPORARY TABLE hour ON COMMIT DROP AS
WITH weighted AS (
    SELECT begins_at,
        least(scale.ended_at - begins_at, interval '1 hour') AS width,
        extract(epoch FROM least(scale.ended_at - begins_at, interval '1 hour')) * (1 + extract(epoch FROM begins_at - scale.began_at) / extract(epoch FROM scale.ended_at - scale.began_at))
            * CASE WHEN extract(isodow FROM begins_at) >= 6 THEN 0.12 ELSE 1 END
            * (ARRAY[2, 1, 1, 1, 1, 3, 8, 20, 45, 80, 95, 70, 40, 75, 90, 80, 60, 40, 25, 18, 14, 10, 6, 4])
                [1 + CAST(extract(hour FROM begins_at) AS integer)] AS weight
    FROM scale
    CROSS JOIN LATERAL generate_series(
        date_trunc('hour', scale.began_at) + interval '1 hour', scale.ended_at, interval '1 hour'
    ) AS begins_at
),
counted AS (
    SELECT begins_at, width, sum(weight) OVER (ORDER BY begins_at) / sum(weight) OVER () AS share
    FROM weighted
)
SELECT begins_at,
    width,
    CAST(round(:tokens * coalesce(lag(share) OVER (ORDER BY begins_at), 0)) AS bigint) AS tokens_before,
    CAST(round(:tokens * share) AS bigint) AS tokens_after
FROM counted;

-- Partitions of the past.
DO $$
DECLARE
    missing record;
BEGIN
    FOR missing IN
        SELECT parent.name, CAST(month AS date) AS month
        FROM scale
        CROSS JOIN LATERAL generate_series(
            date_trunc('month', scale.began_at), scale.ended_at, interval '1 month'
        ) AS month
        CROSS JOIN (VALUES ('issued_tokens'), ('token_refusals')) AS parent (name)
        WHERE to_regclass('connvo.' || parent.name || to_char(month, '_YYYY_MM')) IS NULL
    LOOP
        PERFORM connvo.create_partition(missing.name, missing.month);
    END LOOP;
END;
$$;

ANALYZE scale, paid, meeting, member, numbered_covered, numbered_free, hour;
SET LOCAL work_mem = '64MB';

-- Tokens, in the order of time. A third of all meetings have most of them; who asks is a member, who mostly names no
-- role.
CREATE TEMPORARY VIEW token AS
SELECT drawn.n, drawn.at, drawn.meeting, drawn.member,
    pg_temp.chance(drawn.n, 13) AS wish
FROM (
    SELECT n,
        hour.begins_at
            + hour.width * ((n - hour.tokens_before - pg_temp.chance(n, 10)) / (hour.tokens_after - hour.tokens_before))
            AS at,
        -- About six tokens an hour to a meeting that takes place.
        pg_temp.chance(
            hour.tokens_before
                + CAST(floor(pg_temp.chance(n, 14) * ((hour.tokens_after - hour.tokens_before) / 6 + 1)) AS bigint),
            11
        ) AS meeting,
        pg_temp.chance(n, 12) AS member
    FROM hour
    CROSS JOIN LATERAL generate_series(hour.tokens_before + 1, hour.tokens_after) AS n
) AS drawn;

CREATE TEMPORARY VIEW record AS
SELECT token.n, token.at, meeting.id AS meeting_id, meeting.organizer_id, meeting.organization_id,
    member.user_id, member.person, member.role AS held_role,
    CASE
        WHEN token.wish < 0.7 THEN NULL
        WHEN token.wish < 0.9 THEN member.role
        ELSE 'participant'
    END AS requested_role,
    paid.tier_id, paid.id AS subscription_id, paid.status, paid.starts_at, paid.ends_at,
    md5(:seed || ' ' || token.n) AS chance
FROM token
JOIN numbered_covered AS meeting
    ON meeting.number = CAST(floor(power(token.meeting, 2) * (SELECT min(of) FROM numbered_covered)) AS bigint)
JOIN member
    ON member.n = meeting.n
    -- The observer, the last but a few, is passed over.
    AND member.position = CASE
        WHEN CAST(floor(token.member * meeting.members) AS integer) < 7
        THEN CAST(floor(token.member * meeting.members) AS integer)
        ELSE CAST(floor(token.member * meeting.members) AS integer) + 1
    END
JOIN paid
    ON coalesce(paid.organization_id, paid.user_id) = CASE
        WHEN meeting.organization_id IS NULL THEN meeting.organizer_id
        ELSE meeting.organization_id
    END
    AND token.at >= paid.starts_at
    AND (paid.ends_at IS NULL OR token.at < paid.ends_at);

INSERT INTO connvo.issued_tokens
    (id, issued_at, expires_at, user_id, meeting_id, organizer_id, organization_id, requested_role, held_role,
    granted_role, stream_role, tier_id, tier_is_paid, subscription_id, subscription_status, subscription_starts_at,
    subscription_ends_at, call_cid, token_sha256, signing_key_id, session_id, client_ip, user_agent, request_id)
SELECT pg_temp.uuid_v7(at, chance), at, date_trunc('second', at) + interval '1 hour', user_id, meeting_id, organizer_id,
    organization_id, requested_role, held_role, coalesce(requested_role, held_role),
    CASE coalesce(requested_role, held_role)
        WHEN 'host' THEN 'host'
        WHEN 'co-host' THEN 'moderator'
        ELSE 'call_member'
    END,
    tier_id, true, subscription_id, status, starts_at, ends_at, 'default:call_' || meeting_id,
    sha256(CAST(chance AS bytea)),
    -- A new key each quarter.
    left(md5(:seed || ' key ' || extract(quarter FROM at) || extract(year FROM at)), 16),
    'session_' || upper(left(md5(user_id || date_trunc('day', at)), 26)),
    -- At home, or in an office that about fifteen people share.
    CASE
        WHEN person % 3 < 2 AND extract(hour FROM at) BETWEEN 8 AND 16
        THEN inet '198.19.0.0' + (person % scale.organizations)
        ELSE inet '198.18.0.0' + person
    END,
    (ARRAY[
        'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0',
        'Connvo/4.2 (iPhone; iOS 18.6)'
    ])[1 + person % 3],
    CAST(CAST(md5(chance) AS uuid) AS text)
FROM record
CROSS JOIN scale
ORDER BY n;

-- Refusals: one to twelve tokens, of every reason.
INSERT INTO connvo.token_refusals
    (id, refused_at, user_id, meeting_id, organizer_id, requested_role, held_role, code, reason, session_id, client_ip,
    user_agent, request_id)
SELECT pg_temp.uuid_v7(token.at, md5(:seed || ' refusal ' || token.n)), token.at,
    CASE reason.name
        WHEN 'user_not_provisioned' THEN 'user_history_new_' || token.n
        ELSE member.user_id
    END,
    CASE reason.name
        WHEN 'meeting_not_found' THEN 'meeting_history_gone_' || token.n
        ELSE meeting.id
    END,
    CASE WHEN reason.name NOT IN ('user_not_provisioned', 'user_deactivated', 'meeting_not_found')
        THEN meeting.organizer_id
    END,
    CASE reason.name WHEN 'role_above_own' THEN 'host' WHEN 'role_not_admitted' THEN 'observer' END,
    CASE reason.name
        WHEN 'role_above_own' THEN 'participant'
        WHEN 'role_not_admitted' THEN 'observer'
        WHEN 'tier_required' THEN member.role
        WHEN 'meeting_ended' THEN member.role
        WHEN 'meeting_not_open' THEN 'participant'
        WHEN 'no_stream_call' THEN member.role
        WHEN 'participant_removed' THEN member.role
    END,
    reason.code, reason.name,
    'session_' || upper(left(md5(member.user_id || date_trunc('day', token.at)), 26)),
    inet '198.18.0.0' + member.person,
    'Connvo/4.2 (iPhone; iOS 18.6)',
    CAST(CAST(md5(:seed || ' refused ' || token.n) AS uuid) AS text)
FROM token
-- Each percent once in a hundred.
CROSS JOIN LATERAL (
    SELECT token.n / 12 * 37 % 100 AS percent
) AS drawn
JOIN (
    VALUES ('tier_required', 'PAID_TIER_REQUIRED', 0, 34), ('not_a_participant', 'FORBIDDEN', 35, 54),
        ('meeting_ended', 'MEETING_ALREADY_ENDED', 55, 69), ('meeting_not_found', 'NOT_FOUND', 70, 77),
        ('meeting_not_open', 'MEETING_NOT_ACTIVE', 78, 84), ('role_above_own', 'INSUFFICIENT_PERMISSIONS', 85, 88),
        ('role_not_admitted', 'INSUFFICIENT_PERMISSIONS', 89, 91), ('participant_removed', 'FORBIDDEN', 92, 94),
        ('user_not_provisioned', 'UNAUTHORIZED', 95, 96), ('user_deactivated', 'FORBIDDEN', 97, 98),
        ('no_stream_call', 'VALIDATION_ERROR', 99, 99)
) AS reason (name, code, first, last)
    ON drawn.percent BETWEEN reason.first AND reason.last
JOIN numbered_free AS meeting
    ON meeting.number = CAST(floor(power(token.meeting, 2) * (SELECT min(of) FROM numbered_free)) AS bigint)
JOIN member
    ON member.n = meeting.n
    AND member.position = 0
WHERE token.n % 12 = 0
ORDER BY token.n;

-- Anomalies that security reports must show: three users who fetch a token every few seconds, one address that sixty
-- users try from, a participant who was made host, and a user who was made host and had asked for less.
SELECT :anomalies = 1 AS has_anomalies
\gset
\if :has_anomalies
CREATE TEMPORARY TABLE example ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY issued_at) AS number, issued.*
FROM (
    SELECT *
    FROM connvo.issued_tokens
    WHERE meeting_id LIKE 'meeting\_history\_%'
        AND held_role = 'participant'
        AND issued_at >= (SELECT ended_at - (ended_at - began_at) / 12 FROM scale)
    ORDER BY issued_at
    LIMIT 5
) AS issued;

INSERT INTO connvo.issued_tokens
    (id, issued_at, expires_at, user_id, meeting_id, organizer_id, organization_id, requested_role, held_role,
    granted_role, stream_role, tier_id, tier_is_paid, subscription_id, subscription_status, subscription_starts_at,
    subscription_ends_at, call_cid, token_sha256, signing_key_id, session_id, client_ip, user_agent, request_id)
SELECT pg_temp.uuid_v7(wrong.at, md5(:seed || ' anomaly ' || wrong.number || ' ' || wrong.again)), wrong.at,
    date_trunc('second', wrong.at) + interval '1 hour', user_id, meeting_id, organizer_id, organization_id,
    wrong.requested_role, held_role, wrong.granted_role, wrong.stream_role, tier_id, tier_is_paid, subscription_id,
    subscription_status, subscription_starts_at, subscription_ends_at, call_cid,
    sha256(CAST(md5(:seed || ' anomaly ' || wrong.number || ' ' || wrong.again) AS bytea)), signing_key_id, session_id,
    client_ip + wrong.again % 4, user_agent, 'anomaly-' || wrong.number || '-' || wrong.again
FROM (
    SELECT example.*,
        again,
        date_bin('5 minutes', example.issued_at, TIMESTAMPTZ '2000-01-01 00:00:00+00')
            + again * interval '7.123456 seconds' AS at
    FROM example
    CROSS JOIN LATERAL generate_series(1, CASE WHEN example.number <= 3 THEN 12 ELSE 1 END) AS again
) AS repeated
CROSS JOIN LATERAL (
    SELECT repeated.number, repeated.again, repeated.at,
        CASE repeated.number WHEN 5 THEN 'participant' END AS requested_role,
        CASE WHEN repeated.number <= 3 THEN repeated.granted_role ELSE 'host' END AS granted_role,
        CASE WHEN repeated.number <= 3 THEN repeated.stream_role ELSE 'host' END AS stream_role
) AS wrong;

INSERT INTO connvo.token_refusals
    (id, refused_at, user_id, meeting_id, organizer_id, code, reason, session_id, client_ip, user_agent, request_id)
SELECT pg_temp.uuid_v7(attempt.at, md5(:seed || ' attempt ' || n)), attempt.at, 'user_history_' || n,
    example.meeting_id, example.organizer_id, 'FORBIDDEN', 'not_a_participant', 'session_attempt_' || n, '192.0.2.66',
    'curl/8.14.1', 'anomaly-attempt-' || n
FROM example
CROSS JOIN generate_series(0, 59) AS n
-- From noon on, so that it is one day.
CROSS JOIN LATERAL (
    SELECT date_trunc('day', example.issued_at) - interval '12 hours' + n * interval '11.5 seconds' AS at
) AS attempt
WHERE example.number = 1;
\endif

SELECT connvo.rewind_rollups(CAST(date_trunc('month', began_at) AS date)) IS NOT NULL
FROM scale
\g /dev/null

COMMIT;
VACUUM (ANALYZE) connvo.organizations, connvo.users, connvo.subscriptions, connvo.meetings, connvo.meeting_participants,
    connvo.issued_tokens, connvo.token_refusals;

SELECT format('%s tokens and %s refusals', (SELECT count(*) FROM connvo.issued_tokens), (SELECT count(*) FROM connvo.token_refusals));
