-- The basis of comparison, for pgbench: one statement that checks the facts a token needs and inserts the record
-- of it, all 26 columns, with values as long as real ones. It signs nothing and explains no refusal.
\set p random(0, :users - 1)
\set user 1000000000000000000 + :p * 7919 % :users
\set meeting 1000000000000000000 + :p / 5
\set nonce random(1, 4611686018427387904)
INSERT INTO connvo.issued_tokens
    (id, issued_at, expires_at, user_id, meeting_id, organizer_id, organization_id, requested_role, held_role,
    granted_role, stream_role, tier_id, tier_is_paid, subscription_id, subscription_status, subscription_starts_at,
    subscription_ends_at, call_cid, token_sha256, signing_key_id, session_id, impersonator, client_ip, user_agent,
    request_id, trace_id)
SELECT gen_random_uuid(), request.now, date_trunc('second', request.now) + interval '1 hour',
    caller.id, meeting.id, meeting.organizer_id, organizer.organization_id,
    'participant', participant.role, 'participant', 'call_member',
    CASE WHEN organization_tier.rank >= user_tier.rank OR user_tier.rank IS NULL
        THEN organization_subscription.tier_id ELSE user_subscription.tier_id END,
    CASE WHEN organization_tier.rank >= user_tier.rank OR user_tier.rank IS NULL
        THEN organization_tier.is_paid ELSE user_tier.is_paid END,
    CASE WHEN organization_tier.rank >= user_tier.rank OR user_tier.rank IS NULL
        THEN organization_subscription.id ELSE user_subscription.id END,
    CASE WHEN organization_tier.rank >= user_tier.rank OR user_tier.rank IS NULL
        THEN organization_subscription.status ELSE user_subscription.status END,
    CASE WHEN organization_tier.rank >= user_tier.rank OR user_tier.rank IS NULL
        THEN organization_subscription.starts_at ELSE user_subscription.starts_at END,
    CASE WHEN organization_tier.rank >= user_tier.rank OR user_tier.rank IS NULL
        THEN organization_subscription.ends_at ELSE user_subscription.ends_at END,
    meeting.stream_call_type || ':' || meeting.stream_call_id, sha256(int8send(:nonce::bigint)), '0123456789abcdef',
    'session_01KQJZ50000000000000000000', NULL, '127.0.0.1'::inet,
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
    gen_random_uuid()::text, NULL::uuid
FROM (
    SELECT 'user_01KQJZ5' || :user::text AS user_id, 'meeting_01KQJZ5' || :meeting::text AS meeting_id, now() AS now
) AS request
JOIN connvo.users caller
  ON caller.id = request.user_id
JOIN connvo.meetings meeting
  ON meeting.id = request.meeting_id
JOIN connvo.users organizer
  ON organizer.id = meeting.organizer_id
JOIN connvo.meeting_participants participant
  ON participant.meeting_id = request.meeting_id AND participant.user_id = request.user_id
LEFT JOIN connvo.subscriptions user_subscription
       ON user_subscription.user_id = ANY (ARRAY[meeting.organizer_id])
      AND user_subscription.status IN ('trialing', 'active', 'past_due')
      AND user_subscription.starts_at <= request.now
      AND (user_subscription.ends_at IS NULL OR user_subscription.ends_at > request.now)
      AND (user_subscription.status <> 'past_due'
        OR user_subscription.past_due_since + interval '7 days' > request.now)
LEFT JOIN connvo.subscription_tiers user_tier
       ON user_tier.id = user_subscription.tier_id AND user_tier.is_paid
LEFT JOIN connvo.subscriptions organization_subscription
       ON organization_subscription.organization_id = ANY (ARRAY[organizer.organization_id])
      AND organization_subscription.status IN ('trialing', 'active', 'past_due')
      AND organization_subscription.starts_at <= request.now
      AND (organization_subscription.ends_at IS NULL OR organization_subscription.ends_at > request.now)
      AND (organization_subscription.status <> 'past_due'
        OR organization_subscription.past_due_since + interval '7 days' > request.now)
LEFT JOIN connvo.subscription_tiers organization_tier
       ON organization_tier.id = organization_subscription.tier_id AND organization_tier.is_paid
CROSS JOIN LATERAL (
    SELECT count(*) AS requests
    FROM (
        SELECT token.issued_at FROM connvo.issued_tokens token
        WHERE token.user_id = request.user_id
          AND token.issued_at > request.now - interval '1 minute'
          AND token.issued_at < request.now + interval '1 minute'
        UNION ALL
        SELECT refusal.refused_at FROM connvo.token_refusals refusal
        WHERE refusal.user_id = request.user_id
          AND refusal.refused_at > request.now - interval '1 minute'
          AND refusal.refused_at < request.now + interval '1 minute'
    ) AS record
) AS recent
WHERE caller.is_active
  AND meeting.state IN ('scheduled', 'active') AND meeting.stream_call_id IS NOT NULL
  AND participant.removed_at IS NULL AND participant.role IN ('host', 'co-host', 'participant')
  AND (user_tier.rank IS NOT NULL OR organization_tier.rank IS NOT NULL)
  AND recent.requests < 100000;
