-- Controls are empty on good records, and find each inserted fault by its name.
BEGIN;
SELECT *
FROM no_plan();
SET LOCAL TimeZone = 'America/New_York';

CREATE FUNCTION pg_temp.uuid_v7(at timestamptz)
    RETURNS uuid
    LANGUAGE sql
    AS $$
    SELECT overlay(
        overlay(
            encode(uuid_send(gen_random_uuid()), 'hex')
            PLACING lpad(to_hex((extract(epoch FROM date_trunc('milliseconds', at)) * 1000)::bigint), 12, '0') FROM 1
        )
        PLACING '7' FROM 13
    )::uuid
$$;

-- Inserts a good token with some columns changed; its request_id says which.
CREATE FUNCTION pg_temp.token(change jsonb, at timestamptz DEFAULT now())
    RETURNS void
    LANGUAGE sql
    AS $$
    INSERT INTO connvo.issued_tokens
    SELECT (jsonb_populate_record(NULL::connvo.issued_tokens, jsonb_build_object(
        'id', pg_temp.uuid_v7(at), 'issued_at', at, 'expires_at', date_trunc('second', at) + interval '1 hour',
        'user_id', 'user_a', 'meeting_id', 'meeting_a', 'organizer_id', 'user_a', 'held_role', 'co-host',
        'granted_role', 'co-host', 'stream_role', 'moderator', 'tier_id', 'pro', 'tier_is_paid', true,
        'subscription_id', gen_random_uuid(), 'subscription_status', 'active', 'subscription_starts_at', at,
        'call_cid', 'default:call_a', 'token_sha256', '\x' || repeat('ab', 32), 'signing_key_id', '0123456789abcdef',
        'session_id', 'session_a', 'request_id', coalesce(nullif(left(change::text, 128), ''), 'good')
    ) || change)).*
$$;
CREATE FUNCTION pg_temp.refusal(change jsonb, at timestamptz DEFAULT now())
    RETURNS void
    LANGUAGE sql
    AS $$
    INSERT INTO connvo.token_refusals
    SELECT (jsonb_populate_record(NULL::connvo.token_refusals, jsonb_build_object(
        'id', pg_temp.uuid_v7(at), 'refused_at', at, 'user_id', 'user_a', 'meeting_id', 'meeting_a',
        'code', 'FORBIDDEN', 'reason', 'not_a_participant', 'session_id', 'session_a', 'request_id', 'refusal'
    ) || change)).*
$$;

-- Good records: at the microseconds around a millisecond and a second, in each way that a role may be granted.
SELECT pg_temp.token('{}', date_trunc('second', now()) - second * interval '1 second' + micro * interval '1 microsecond')
FROM generate_series(1, 3) AS second
CROSS JOIN unnest(ARRAY[0, 1, 499, 500, 999, 1000, 1001, 499999, 500000, 500001, 998999, 999000, 999001, 999499, 999500, 999999])
    AS micro;
SELECT pg_temp.token(change::jsonb)
FROM unnest(ARRAY[
    '{"requested_role": "co-host"}',
    '{"requested_role": "participant", "granted_role": "participant"}',
    '{"requested_role": "observer", "granted_role": "observer"}',
    -- REQUESTED_ROLE=ignore: the role held, whatever was asked for.
    '{"requested_role": "participant"}',
    '{"requested_role": "host"}',
    '{"held_role": null}',
    '{"held_role": null, "requested_role": "host", "granted_role": "host"}',
    -- Characters are counted, and not octets, where a text need not be ASCII.
    jsonb_build_object('request_id', 'long', 'user_agent', repeat('é', 256), 'stream_role', repeat('é', 255))::text,
    '{"subscription_status": "trialing"}',
    '{"subscription_status": "past_due"}',
    '{"subscription_ends_at": "2199-01-01T00:00:00Z"}'
]) AS change;
SELECT pg_temp.refusal('{}');
SELECT is_empty('SELECT * FROM reporting.' || name, name || ' is empty on good records')
FROM unnest(ARRAY['altered_roles_v1', 'uncovered_tokens_v1', 'record_faults_v1']) AS name;

-- Bad records.
SELECT pg_temp.token(change::jsonb)
FROM unnest(ARRAY[
    '{"request_id": "raised", "granted_role": "host", "trace_id": "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"}',
    '{"request_id": "raised as asked", "requested_role": "host", "granted_role": "host"}',
    '{"request_id": "raised beyond", "requested_role": "participant", "granted_role": "host"}',
    '{"request_id": "neither held nor asked for", "requested_role": "participant", "granted_role": "observer"}',
    '{"request_id": "lowered unasked", "granted_role": "participant"}',
    '{"request_id": "old, not what was asked", "held_role": null, "requested_role": "participant"}',
    '{"request_id": "free", "tier_is_paid": false}',
    '{"request_id": "unpaid", "subscription_status": "unpaid", "trace_id": "00000000-0000-0000-0000-000000000001"}',
    '{"request_id": "paused and free", "subscription_status": "paused", "tier_is_paid": false}'
]) AS change;
SELECT pg_temp.token(jsonb_build_object('request_id', 'too early', 'subscription_starts_at', now() + interval '1 microsecond'));
SELECT pg_temp.token(jsonb_build_object('request_id', 'too late', 'subscription_ends_at', now()));
SELECT pg_temp.token(jsonb_build_object('request_id', 'too long', 'expires_at', now() + interval '1 hour 1 microsecond'));
SELECT pg_temp.token(jsonb_build_object('request_id', 'too short', 'expires_at', now() + interval '59 minutes 59 seconds'));
SELECT pg_temp.token(jsonb_build_object('request_id', 'version 4', 'id', '00000000-0000-4000-8000-000000000000'));
SELECT pg_temp.token(jsonb_build_object('request_id', 'another time', 'id', pg_temp.uuid_v7(now() + interval '1 millisecond')));
SELECT pg_temp.token('{"request_id": "tomorrow", "trace_id": "00000000-0000-0000-0000-000000000002"}', now() + interval '1 day');
-- One record for each value that the server never writes: the table takes it, and the control has it.
SELECT pg_temp.token(jsonb_build_object('request_id', bad.column_name) || jsonb_build_object(bad.column_name, bad.value))
FROM (
    VALUES ('user_id', ''),
        ('meeting_id', repeat('m', 65)),
        ('organizer_id', repeat('o', 256)),
        ('stream_role', ''),
        ('subscription_status', 'paid'),
        ('call_cid', ':'),
        ('signing_key_id', 'tooshort'),
        ('session_id', repeat('s', 8193)),
        ('impersonator', repeat('i', 8193)),
        ('user_agent', repeat('u', 257)),
        ('request_id', repeat('r', 129))
) AS bad (column_name, value);
SELECT pg_temp.token('{"request_id": "requested", "requested_role": "admin", "granted_role": "admin", "held_role": "admin"}');
SELECT pg_temp.token('{"request_id": "granted alone", "granted_role": "admin"}');
SELECT pg_temp.token('{"request_id": "granted, none held", "granted_role": "admin", "held_role": null}');
SELECT pg_temp.token('{"request_id": "requested alone", "requested_role": "admin"}');
SELECT pg_temp.token(jsonb_build_object('request_id', 'expired', 'expires_at', now()));
SELECT pg_temp.refusal(jsonb_build_object('request_id', 'refused, another time', 'id', pg_temp.uuid_v7(now() - interval '1 millisecond')));
SELECT pg_temp.refusal('{"request_id": "refused, version 4", "id": "00000000-0000-4000-8000-000000000000"}');
SELECT pg_temp.refusal('{"request_id": "refused tomorrow", "trace_id": "ffffffff-ffff-ffff-ffff-ffffffffffff"}',
    now() + interval '1 day');

SELECT bag_eq(
    'SELECT request_id::text, change FROM reporting.altered_roles_v1',
    $$ VALUES ('raised', 'raised'), ('raised as asked', 'raised'), ('raised beyond', 'raised'),
        ('neither held nor asked for', 'altered'), ('lowered unasked', 'altered'), ('granted alone', 'altered'), ('old, not what was asked', 'altered') $$,
    'roles that were raised or altered'
);
SELECT bag_eq(
    'SELECT request_id::text, fault FROM reporting.uncovered_tokens_v1',
    $$ VALUES ('free', 'tier_not_paid'), ('unpaid', 'status_grants_nothing'), ('paused and free', 'tier_not_paid'),
        ('paused and free', 'status_grants_nothing'), ('too early', 'before_period'), ('too late', 'after_period'),
        ('subscription_status', 'status_grants_nothing') $$,
    'tokens that no subscription covered'
);
SELECT bag_eq(
    'SELECT request_id::text, record_table, fault FROM reporting.record_faults_v1',
    $$ VALUES ('too long', 'issued_tokens', 'lifetime_not_one_hour'), ('too short', 'issued_tokens', 'lifetime_not_one_hour'),
        ('version 4', 'issued_tokens', 'id_not_version_7'), ('another time', 'issued_tokens', 'id_time_differs'),
        ('tomorrow', 'issued_tokens', 'in_the_future'),
        ('user_id', 'issued_tokens', 'user_id_not_valid'), ('meeting_id', 'issued_tokens', 'meeting_id_not_valid'),
        ('organizer_id', 'issued_tokens', 'organizer_id_not_valid'), ('stream_role', 'issued_tokens', 'stream_role_not_valid'),
        ('subscription_status', 'issued_tokens', 'subscription_status_not_valid'),
        ('call_cid', 'issued_tokens', 'call_cid_not_valid'), ('signing_key_id', 'issued_tokens', 'signing_key_id_not_valid'),
        ('session_id', 'issued_tokens', 'session_id_not_valid'), ('impersonator', 'issued_tokens', 'impersonator_not_valid'),
        ('user_agent', 'issued_tokens', 'user_agent_not_valid'),
        (repeat('r', 129), 'issued_tokens', 'request_id_not_valid'),
        ('requested', 'issued_tokens', 'requested_role_not_valid'), ('requested', 'issued_tokens', 'held_role_not_valid'),
        ('requested', 'issued_tokens', 'granted_role_not_valid'),
        ('granted alone', 'issued_tokens', 'granted_role_not_valid'),
        ('granted, none held', 'issued_tokens', 'granted_role_not_valid'),
        ('requested alone', 'issued_tokens', 'requested_role_not_valid'), ('expired', 'issued_tokens', 'lifetime_not_one_hour'),
        ('refused, another time', 'token_refusals', 'id_time_differs'),
        ('refused, version 4', 'token_refusals', 'id_not_version_7'),
        ('refused tomorrow', 'token_refusals', 'in_the_future') $$,
    'records that the server does not write'
);
SELECT bag_eq(
    $$
    SELECT request_id::text, trace_id FROM reporting.altered_roles_v1 WHERE trace_id IS NOT NULL
    UNION ALL
    SELECT request_id::text, trace_id FROM reporting.uncovered_tokens_v1 WHERE trace_id IS NOT NULL
    UNION ALL
    SELECT request_id::text, trace_id FROM reporting.record_faults_v1 WHERE trace_id IS NOT NULL
    $$,
    $$ VALUES ('raised', '4bf92f3577b34da6a3ce929d0e0e4736'), ('unpaid', '00000000000000000000000000000001'),
        ('tomorrow', '00000000000000000000000000000002'), ('refused tomorrow', 'ffffffffffffffffffffffffffffffff') $$,
    'each shows the trace as the log writes it, and null where the record has none'
);

-- Facts were copied: a later change of the subscription changes nothing.
INSERT INTO connvo.users (id, email)
VALUES ('user_a', 'a@example.com');
INSERT INTO connvo.subscriptions (id, user_id, tier_id, status, starts_at)
VALUES ('00000000-0000-4000-8000-00000000000a', 'user_a', 'pro', 'active', now() - interval '1 day');
SELECT pg_temp.token('{"request_id": "covered then", "subscription_id": "00000000-0000-4000-8000-00000000000a"}');
UPDATE connvo.subscriptions
SET status = 'canceled', tier_id = 'free', ends_at = now() - interval '1 hour';
SELECT is_empty($$ SELECT * FROM reporting.uncovered_tokens_v1 WHERE request_id = 'covered then' $$,
    'a later change of a subscription does not change history');

-- Keys.
SELECT set_eq(
    $$ SELECT signing_key_id::text, is_newest, may_retire FROM reporting.signing_keys_v1 WHERE signing_key_id <> 'tooshort' $$,
    $$ VALUES ('0123456789abcdef', true, false) $$,
    'a key that signs is not to be retired'
);
SELECT pg_temp.token('{"signing_key_id": "aaaaaaaaaaaaaaaa"}', now() + interval '2 days');
SELECT set_eq(
    $$ SELECT signing_key_id::text, is_newest, may_retire FROM reporting.signing_keys_v1 WHERE signing_key_id <> 'tooshort' $$,
    $$ VALUES ('0123456789abcdef', false, false), ('aaaaaaaaaaaaaaaa', true, false) $$,
    'nor one that signed what has not expired, after a rotation'
);
SELECT connvo.create_partition('issued_tokens', '2024-03-01');
SELECT connvo.create_partition('token_refusals', '2024-03-01');
SELECT pg_temp.token('{"signing_key_id": "bbbbbbbbbbbbbbbb"}', '2024-03-10 12:00:00+00');
SELECT connvo.rewind_rollups('2024-03-01');
SELECT results_eq(
    $$ SELECT may_retire, last_expires_at FROM reporting.signing_keys_v1 WHERE signing_key_id = 'bbbbbbbbbbbbbbbb' $$,
    $$ VALUES (true, TIMESTAMPTZ '2024-03-10 13:00:00+00') $$,
    'but one whose last token has expired'
);

SELECT *
FROM finish();
ROLLBACK;
