-- The generated history has no fault that a control finds, except for the anomalies that it inserts.
BEGIN;
SELECT *
FROM no_plan();
SET LOCAL TimeZone = 'UTC';

SELECT cmp_ok(count(*), '>=', 1500::bigint, 'there is a history')
FROM connvo.issued_tokens;
SELECT is_empty('SELECT fault, token_id FROM reporting.uncovered_tokens_v1', 'every token was covered');
SELECT is_empty('SELECT fault, record_id FROM reporting.record_faults_v1', 'every record is as the server writes it');

SELECT set_eq(
    'SELECT request_id::text, change, requested_role, held_role, granted_role FROM reporting.altered_roles_v1',
    $$ VALUES ('anomaly-4-1', 'raised', NULL, 'participant', 'host'),
        ('anomaly-5-1', 'raised', 'participant', 'participant', 'host') $$,
    'the roles that were raised are found, and no others'
);
SELECT bag_eq(
    'SELECT tokens >= 12 AND addresses >= 4 FROM reporting.reissue_bursts_v1',
    'VALUES (true), (true), (true)',
    'the three bursts are found, and no others'
);
SELECT set_eq(
    $$
    SELECT users, tokens, refusals, refusal_ratio
    FROM reporting.address_fanout_daily_v1
    WHERE client_ip = '192.0.2.66'
    $$,
    'VALUES (60::bigint, 0::bigint, 60::bigint, 1.0000)',
    'so is the address that sixty people tried from'
);
SELECT set_eq('SELECT DISTINCT reason FROM reporting.refusals_hourly_v1',
    ARRAY['user_not_provisioned', 'user_deactivated', 'meeting_not_found', 'not_a_participant', 'participant_removed',
        'meeting_ended', 'meeting_not_open', 'tier_required', 'no_stream_call', 'role_above_own', 'role_not_admitted'],
    'people are refused for every reason');
SELECT cmp_ok(count(*), '>=', 1::bigint, 'there are customers who never join')
FROM reporting.idle_subscriptions_v1;
SELECT is(count(*) FILTER (WHERE is_newest), 1::bigint, 'one key is the newest')
FROM reporting.signing_keys_v1;

SELECT *
FROM finish();
ROLLBACK;
