-- The basis of comparison, for pgbench: one statement that checks the facts a token needs and inserts the record
-- of it, all 25 columns, with values as long as real ones. It signs nothing and explains no refusal.
\set p random(0, :users - 1)
\set user 1000000000000000000 + :p * 7919 % :users
\set meeting 1000000000000000000 + :p / 5
\set nonce random(1, 4611686018427387904)
INSERT INTO connvo.issued_tokens
    (id, issued_at, expires_at, user_id, meeting_id, organizer_id, organization_id, requested_role, held_role,
    granted_role, stream_role, tier_id, tier_is_paid, subscription_id, subscription_status, subscription_starts_at,
    subscription_ends_at, call_cid, token_sha256, signing_key_id, session_id, impersonator, client_ip, user_agent,
    request_id)
SELECT gen_random_uuid(), r.now, date_trunc('second', r.now) + interval '1 hour', u.id, m.id, m.organizer_id,
    o.organization_id, 'participant', p.role, 'participant', 'call_member',
    CASE WHEN ts.rank >= tu.rank OR tu.rank IS NULL THEN so.tier_id ELSE su.tier_id END,
    CASE WHEN ts.rank >= tu.rank OR tu.rank IS NULL THEN ts.is_paid ELSE tu.is_paid END,
    CASE WHEN ts.rank >= tu.rank OR tu.rank IS NULL THEN so.id ELSE su.id END,
    CASE WHEN ts.rank >= tu.rank OR tu.rank IS NULL THEN so.status ELSE su.status END,
    CASE WHEN ts.rank >= tu.rank OR tu.rank IS NULL THEN so.starts_at ELSE su.starts_at END,
    CASE WHEN ts.rank >= tu.rank OR tu.rank IS NULL THEN so.ends_at ELSE su.ends_at END,
    m.stream_call_type || ':' || m.stream_call_id, sha256(int8send(:nonce::bigint)), '0123456789abcdef',
    'session_01KQJZ50000000000000000000', NULL, '127.0.0.1'::inet,
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
    gen_random_uuid()::text
FROM (
    SELECT 'user_01KQJZ5' || :user::text AS user_id, 'meeting_01KQJZ5' || :meeting::text AS meeting_id, now() AS now
) AS r
JOIN connvo.users u ON u.id = r.user_id
JOIN connvo.meetings m ON m.id = r.meeting_id
JOIN connvo.users o ON o.id = m.organizer_id
JOIN connvo.meeting_participants p ON p.meeting_id = r.meeting_id AND p.user_id = r.user_id
LEFT JOIN connvo.subscriptions su
       ON su.user_id = ANY (ARRAY[m.organizer_id])
      AND su.status IN ('trialing', 'active', 'past_due')
      AND su.starts_at <= r.now AND (su.ends_at IS NULL OR su.ends_at > r.now)
      AND (su.status <> 'past_due' OR su.past_due_since + interval '7 days' > r.now)
LEFT JOIN connvo.subscription_tiers tu ON tu.id = su.tier_id AND tu.is_paid
LEFT JOIN connvo.subscriptions so
       ON so.organization_id = ANY (ARRAY[o.organization_id])
      AND so.status IN ('trialing', 'active', 'past_due')
      AND so.starts_at <= r.now AND (so.ends_at IS NULL OR so.ends_at > r.now)
      AND (so.status <> 'past_due' OR so.past_due_since + interval '7 days' > r.now)
LEFT JOIN connvo.subscription_tiers ts ON ts.id = so.tier_id AND ts.is_paid
CROSS JOIN LATERAL (
    SELECT count(*) AS requests
    FROM (
        SELECT t.issued_at FROM connvo.issued_tokens t
        WHERE t.user_id = r.user_id
          AND t.issued_at > r.now - interval '1 minute' AND t.issued_at < r.now + interval '1 minute'
        UNION ALL
        SELECT f.refused_at FROM connvo.token_refusals f
        WHERE f.user_id = r.user_id
          AND f.refused_at > r.now - interval '1 minute' AND f.refused_at < r.now + interval '1 minute'
    ) AS w
) AS q
WHERE u.is_active
  AND m.state IN ('scheduled', 'active') AND m.stream_call_id IS NOT NULL
  AND p.removed_at IS NULL AND p.role IN ('host', 'co-host', 'participant')
  AND (tu.rank IS NOT NULL OR ts.rank IS NOT NULL)
  AND q.requests < 100000;
