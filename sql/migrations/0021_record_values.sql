-- 0021: the lengths and closed lists of issued_tokens are held by a control in place of checks.
-- Why: PostgreSQL reads the text of each CHECK anew for each INSERT statement, which took a sixth of the time of one, and
--   none can fail: each value was checked where the server copied it from. What the promise rests on stays: primary key,
--   NOT NULL, and the length of the hash. The rest is found by record_faults_v1, which reports, alerts and `maintain` read
--   (docs/decisions/0024).
-- Lock: ACCESS EXCLUSIVE on issued_tokens and its months, for an instant: no row is read or written. Records that exist
--   stay as they are. A month that was detached by hand keeps its checks.

DO $$
DECLARE
    part record;
BEGIN
    -- A month has checks of its own (connvo.create_partition), which those of the whole table do not take along.
    FOR part IN
        SELECT listed.relation
        FROM (
            SELECT 1 AS turn, CAST('connvo.issued_tokens' AS regclass) AS relation
            UNION ALL
            SELECT 2, found.relation
            FROM connvo.partitions() AS found
            WHERE found.record_table = 'issued_tokens'
                AND NOT found.is_detach_pending
            UNION ALL
            -- Those that retention keeps for some days: they would differ from the others when they are attached again.
            SELECT 2, to_regclass(format('connvo.%I', kept.partition_name))
            FROM connvo.partition_detachments AS kept
            WHERE kept.record_table = 'issued_tokens'
                AND kept.attached_at IS NULL
                AND kept.dropped_at IS NULL
        ) AS listed
        WHERE listed.relation IS NOT NULL
        ORDER BY listed.turn
    LOOP
        EXECUTE format(
            'ALTER TABLE %s'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_expires_after_issue,'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_user_id_valid,'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_meeting_id_valid,'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_organizer_id_valid,'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_requested_role_known,'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_granted_role_known,'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_stream_role_valid,'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_subscription_status_known,'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_call_cid_valid,'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_signing_key_id_length,'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_session_id_length,'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_impersonator_length,'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_user_agent_length,'
                ' DROP CONSTRAINT IF EXISTS issued_tokens_request_id_length',
            part.relation
        );
    END LOOP;
END;
$$;

-- With the results that it had, and a fault for each value that a check refused. A record that expires before it was issued
-- is one of lifetime_not_one_hour. Ids are ASCII, so their octets are their characters, and octets cost nothing to count.
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
        ('in_the_future', issued.issued_at > now() + interval '5 minutes'),
        ('user_id_not_valid', octet_length(issued.user_id) NOT BETWEEN 1 AND 255),
        ('meeting_id_not_valid', octet_length(issued.meeting_id) NOT BETWEEN 1 AND 64),
        ('organizer_id_not_valid', octet_length(issued.organizer_id) NOT BETWEEN 1 AND 255),
        ('requested_role_not_valid', issued.requested_role NOT IN ('host', 'co-host', 'participant', 'observer')),
        ('held_role_not_valid', issued.held_role NOT IN ('host', 'co-host', 'participant', 'observer')),
        ('granted_role_not_valid', issued.granted_role NOT IN ('host', 'co-host', 'participant', 'observer')),
        ('stream_role_not_valid', char_length(issued.stream_role) NOT BETWEEN 1 AND 255),
        ('subscription_status_not_valid', issued.subscription_status NOT IN (
            'trialing', 'active', 'past_due', 'paused', 'unpaid', 'incomplete', 'canceled'
        )),
        ('call_cid_not_valid', octet_length(issued.call_cid) NOT BETWEEN 3 AND 129),
        ('signing_key_id_not_valid', octet_length(issued.signing_key_id) <> 16),
        ('session_id_not_valid', octet_length(issued.session_id) > 8192),
        ('impersonator_not_valid', octet_length(issued.impersonator) > 8192),
        ('user_agent_not_valid', char_length(issued.user_agent) > 256),
        ('request_id_not_valid', octet_length(issued.request_id) NOT BETWEEN 1 AND 128)
) AS fault (name, is_found)
WHERE fault.is_found
    -- Once more, so that only records with a fault are looked at for each of them; and put like this, the planner expects few
    -- and has several processes read them.
    AND CASE
        WHEN issued.issued_at > now() + interval '5 minutes' THEN 1
        -- Of a text that is within its limit in octets the characters need not be counted.
        WHEN octet_length(issued.user_agent) > 256 THEN 1
        WHEN octet_length(issued.stream_role) > 255 OR issued.stream_role = '' THEN 1
        WHEN octet_length(issued.user_id) > 255 OR issued.user_id = '' THEN 1
        WHEN octet_length(issued.meeting_id) > 64 OR issued.meeting_id = '' THEN 1
        WHEN octet_length(issued.organizer_id) > 255 OR issued.organizer_id = '' THEN 1
        WHEN octet_length(issued.request_id) > 128 OR issued.request_id = '' THEN 1
        WHEN octet_length(issued.session_id) > 8192 THEN 1
        WHEN octet_length(issued.impersonator) > 8192 THEN 1
        WHEN octet_length(issued.signing_key_id) <> 16 THEN 1
        WHEN octet_length(issued.call_cid) NOT BETWEEN 3 AND 129 THEN 1
        -- The usual value first; the role granted is usually the one held.
        WHEN issued.held_role NOT IN ('participant', 'host', 'co-host', 'observer') THEN 1
        WHEN issued.granted_role IS DISTINCT FROM issued.held_role
            AND issued.granted_role NOT IN ('participant', 'host', 'co-host', 'observer') THEN 1
        WHEN issued.requested_role NOT IN ('participant', 'host', 'co-host', 'observer') THEN 1
        WHEN issued.subscription_status NOT IN (
            'active', 'trialing', 'past_due', 'paused', 'unpaid', 'incomplete', 'canceled'
        ) THEN 1
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

COMMENT ON COLUMN reporting.record_faults_v1.fault IS 'lifetime_not_one_hour: expires_at is not one hour after the full second of issued_at. id_not_version_7: the id is no UUID of version 7. id_time_differs: the time in the id is another one. in_the_future: more than five minutes ahead of the databases clock. COLUMN_not_valid: that column has a role or a status that does not exist, or a length that the server never writes.';

CREATE FUNCTION connvo.count_record_faults(since timestamptz, until timestamptz)
    RETURNS bigint
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET jit = off
    AS $$
    SELECT count(*)
    FROM reporting.record_faults_v1 AS fault
    WHERE fault.recorded_at >= count_record_faults.since
        AND fault.recorded_at < count_record_faults.until
$$;

COMMENT ON FUNCTION connvo.count_record_faults(timestamptz, timestamptz) IS 'Counts the rows of reporting.record_faults_v1 of one stretch of time: `maintain` asks for each that it rolled up.';
