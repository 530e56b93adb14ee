-- The statement of the Rust peer: checks the facts of all requests that waited, inserts a record of 26 columns for each
-- that gets a token, and returns a row for each request, in their order. For a single request src/main.rs puts three
-- plain values in the place of unnest(). BenchmarkStatementTests compares it with the statements of connvo-server.
WITH judged AS MATERIALIZED (
    SELECT request.ordinal, request.now, gen_random_uuid() AS id,
        caller.id AS user_id, coalesce(caller.display_name, split_part(caller.email, '@', 1)) AS name,
        caller.avatar_url, meeting.id AS meeting_id, meeting.organizer_id, organizer.organization_id,
        meeting.stream_call_type || ':' || meeting.stream_call_id AS call_cid,
        request.role AS requested_role, participant.role AS held_role,
        coalesce(request.role, participant.role) AS granted_role,
        CASE coalesce(request.role, participant.role)
            WHEN 'host' THEN 'host' WHEN 'co-host' THEN 'moderator' ELSE 'call_member' END AS stream_role,
        CASE WHEN organization_tier.rank >= user_tier.rank OR user_tier.rank IS NULL
            THEN organization_subscription.tier_id ELSE user_subscription.tier_id END AS tier_id,
        CASE WHEN organization_tier.rank >= user_tier.rank OR user_tier.rank IS NULL
            THEN organization_tier.is_paid ELSE user_tier.is_paid END AS tier_is_paid,
        CASE WHEN organization_tier.rank >= user_tier.rank OR user_tier.rank IS NULL
            THEN organization_subscription.id ELSE user_subscription.id END AS subscription_id,
        CASE WHEN organization_tier.rank >= user_tier.rank OR user_tier.rank IS NULL
            THEN organization_subscription.status ELSE user_subscription.status END AS subscription_status,
        CASE WHEN organization_tier.rank >= user_tier.rank OR user_tier.rank IS NULL
            THEN organization_subscription.starts_at ELSE user_subscription.starts_at END AS subscription_starts_at,
        CASE WHEN organization_tier.rank >= user_tier.rank OR user_tier.rank IS NULL
            THEN organization_subscription.ends_at ELSE user_subscription.ends_at END AS subscription_ends_at,
        CASE
            WHEN caller.id IS NULL THEN 'UNAUTHORIZED'
            WHEN recent.requests >= 100000 THEN 'RATE_LIMIT_EXCEEDED'
            WHEN NOT caller.is_active THEN 'FORBIDDEN'
            WHEN meeting.id IS NULL THEN 'NOT_FOUND'
            WHEN participant.role IS NULL OR participant.removed_at IS NOT NULL THEN 'FORBIDDEN'
            WHEN meeting.state NOT IN ('scheduled', 'active') THEN 'MEETING_ALREADY_ENDED'
            WHEN user_tier.rank IS NULL AND organization_tier.rank IS NULL THEN 'PAID_TIER_REQUIRED'
            WHEN meeting.stream_call_id IS NULL THEN 'VALIDATION_ERROR'
            WHEN array_position(ARRAY['participant', 'co-host', 'host'], coalesce(request.role, participant.role))
                <= array_position(ARRAY['participant', 'co-host', 'host'], participant.role) THEN NULL
            ELSE 'INSUFFICIENT_PERMISSIONS'
        END AS refusal
    FROM (
        SELECT source.*, $4::timestamptz AS now
        FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS source (user_id, meeting_id, role, ordinal)
    ) AS request
    LEFT JOIN connvo.users caller
           ON caller.id = request.user_id
    LEFT JOIN connvo.meetings meeting
           ON meeting.id = request.meeting_id
    LEFT JOIN connvo.users organizer
           ON organizer.id = meeting.organizer_id
    LEFT JOIN connvo.meeting_participants participant
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
), issued AS (
    INSERT INTO connvo.issued_tokens
        (id, issued_at, expires_at, user_id, meeting_id, organizer_id, organization_id, requested_role, held_role,
        granted_role, stream_role, tier_id, tier_is_paid, subscription_id, subscription_status, subscription_starts_at,
        subscription_ends_at, call_cid, token_sha256, signing_key_id, session_id, impersonator, client_ip, user_agent,
        request_id, trace_id)
    SELECT id, now, date_trunc('second', now) + interval '1 hour', user_id, meeting_id, organizer_id, organization_id,
        requested_role, held_role, granted_role, stream_role, tier_id, tier_is_paid, subscription_id,
        subscription_status, subscription_starts_at, subscription_ends_at, call_cid, sha256(uuid_send(id)),
        '0123456789abcdef', 'session_01KQJZ50000000000000000000', NULL, '127.0.0.1'::inet,
        'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
        gen_random_uuid()::text, NULL::uuid
    FROM judged
    WHERE refusal IS NULL
)
SELECT refusal, id::text, name, avatar_url, stream_role, call_cid
FROM judged
ORDER BY ordinal
