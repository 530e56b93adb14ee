-- 0008: the views that people and tools ask.
-- Why: the questions that are asked again and again have one answer each, in a schema that can be given to others.
-- Lock: none that anybody waits for; everything here is new.

-- A public contract: a name ends in its version, and a view that must change in another way than by further columns at
-- the end gets a successor. Flat columns, one grain each. A column of type date is named _utc and means a day of UTC;
-- every other time is a timestamptz. No session's TimeZone changes what is counted.
--
-- They run with the rights of their owner, so whoever reads them needs no table. security_barrier keeps a function in
-- somebody's WHERE from being shown rows that a view leaves out; comparisons with columns go below it all the same, so
-- that partitions are pruned and indexes used.
CREATE SCHEMA IF NOT EXISTS reporting;

COMMENT ON SCHEMA reporting IS 'Answers to questions about tokens and refusals: views with versioned names, for people and for tools.';

CREATE VIEW reporting.token_issuance_daily_v1
    WITH (security_barrier = true) AS
SELECT day_utc, tier_id, granted_role, tokens, users, meetings
FROM connvo.rollup_tokens_daily
UNION ALL
SELECT day_utc, tier_id, granted_role, tokens, users, meetings
FROM connvo.tail_tokens_daily;

COMMENT ON VIEW reporting.token_issuance_daily_v1 IS 'Finance, operations: how many tokens on each day, by tier and role? One row per day (UTC), tier and role.';
COMMENT ON COLUMN reporting.token_issuance_daily_v1.day_utc IS 'The day, UTC.';
COMMENT ON COLUMN reporting.token_issuance_daily_v1.tier_id IS 'The tier that paid.';
COMMENT ON COLUMN reporting.token_issuance_daily_v1.granted_role IS 'The role that was granted: host, co-host, participant or observer.';
COMMENT ON COLUMN reporting.token_issuance_daily_v1.tokens IS 'Tokens issued.';
COMMENT ON COLUMN reporting.token_issuance_daily_v1.users IS 'Different users who got one. Not to be added up: a user may be in several rows.';
COMMENT ON COLUMN reporting.token_issuance_daily_v1.meetings IS 'Different meetings they were for. Not to be added up, either.';

CREATE VIEW reporting.token_issuance_hourly_v1
    WITH (security_barrier = true) AS
SELECT hourly.hour_starts_at,
    CAST(extract(isodow FROM hourly.hour_starts_at AT TIME ZONE 'UTC') AS integer) AS weekday_utc,
    CAST(extract(hour FROM hourly.hour_starts_at AT TIME ZONE 'UTC') AS integer) AS hour_of_day_utc,
    hourly.tier_id,
    CAST(sum(hourly.tokens) AS bigint) AS tokens
FROM (
    SELECT hour_starts_at, tier_id, tokens
    FROM connvo.rollup_tokens_hourly
    UNION ALL
    SELECT hour_starts_at, tier_id, tokens
    FROM connvo.tail_tokens_hourly
) AS hourly
GROUP BY hourly.hour_starts_at, hourly.tier_id;

COMMENT ON VIEW reporting.token_issuance_hourly_v1 IS 'Operations: which hours are the busiest? One row per hour (UTC) and tier with tokens.';
COMMENT ON COLUMN reporting.token_issuance_hourly_v1.hour_starts_at IS 'First instant of the hour; hours are those of UTC.';
COMMENT ON COLUMN reporting.token_issuance_hourly_v1.weekday_utc IS 'Day of the week in UTC: 1 is Monday, 7 is Sunday.';
COMMENT ON COLUMN reporting.token_issuance_hourly_v1.hour_of_day_utc IS 'Hour of the day in UTC, 0 to 23.';
COMMENT ON COLUMN reporting.token_issuance_hourly_v1.tier_id IS 'The tier that paid.';
COMMENT ON COLUMN reporting.token_issuance_hourly_v1.tokens IS 'Tokens issued.';

CREATE VIEW reporting.active_users_monthly_v1
    WITH (security_barrier = true) AS
SELECT used.month_utc,
    used.tier_id,
    count(DISTINCT used.user_digest) AS users,
    count(DISTINCT used.subscription_id) AS subscriptions,
    CAST(sum(used.tokens) AS bigint) AS tokens
FROM (
    SELECT month_utc, tier_id, user_digest, subscription_id, tokens
    FROM connvo.rollup_users_monthly
    UNION ALL
    SELECT month_utc, tier_id, user_digest, subscription_id, tokens
    FROM connvo.tail_users_monthly
) AS used
GROUP BY used.month_utc, used.tier_id;

COMMENT ON VIEW reporting.active_users_monthly_v1 IS 'Finance: how many people used each paid tier in a month? One row per month (UTC) and tier.';
COMMENT ON COLUMN reporting.active_users_monthly_v1.month_utc IS 'First day of the month, UTC.';
COMMENT ON COLUMN reporting.active_users_monthly_v1.tier_id IS 'The tier that paid.';
COMMENT ON COLUMN reporting.active_users_monthly_v1.users IS 'Different users who got a token. Not to be added up: a user may be in several rows.';
COMMENT ON COLUMN reporting.active_users_monthly_v1.subscriptions IS 'Different subscriptions that paid for one.';
COMMENT ON COLUMN reporting.active_users_monthly_v1.tokens IS 'Tokens issued.';

CREATE VIEW reporting.refusals_hourly_v1
    WITH (security_barrier = true) AS
SELECT hour_starts_at, reason, code, refusals, users, meetings
FROM connvo.rollup_refusals_hourly
UNION ALL
SELECT hour_starts_at, reason, code, refusals, users, meetings
FROM connvo.tail_refusals_hourly;

COMMENT ON VIEW reporting.refusals_hourly_v1 IS 'Operations, product: why are people refused, and when? One row per hour (UTC) and reason. Only refusals of verified callers are recorded.';
COMMENT ON COLUMN reporting.refusals_hourly_v1.hour_starts_at IS 'First instant of the hour; hours are those of UTC.';
COMMENT ON COLUMN reporting.refusals_hourly_v1.reason IS 'Why: a slug from a closed list, finer than the code.';
COMMENT ON COLUMN reporting.refusals_hourly_v1.code IS 'errorData.code of the answer.';
COMMENT ON COLUMN reporting.refusals_hourly_v1.refusals IS 'Refusals.';
COMMENT ON COLUMN reporting.refusals_hourly_v1.users IS 'Different users refused. Not to be added up: a user may be in several rows.';
COMMENT ON COLUMN reporting.refusals_hourly_v1.meetings IS 'Different meetings asked for. Not to be added up, either.';

CREATE VIEW reporting.paywall_monthly_v1
    WITH (security_barrier = true) AS
WITH paying AS (
    SELECT subscription.user_id, subscription.organization_id
    FROM connvo.subscriptions AS subscription
    JOIN connvo.subscription_tiers AS tier
        ON tier.id = subscription.tier_id
    WHERE tier.is_paid
        AND subscription.status IN ('trialing', 'active', 'past_due')
        AND subscription.starts_at <= now()
        AND (subscription.ends_at IS NULL OR subscription.ends_at > now())
)
SELECT met.month_utc,
    met.organizer_id,
    organizer.organization_id,
    met.refusals,
    met.users,
    met.meetings,
    met.first_refused_at,
    met.last_refused_at,
    paying_user.id IS NOT NULL OR paying_organization.id IS NOT NULL AS pays_now
FROM (
    SELECT CAST(date_trunc('month', refused.refused_at AT TIME ZONE 'UTC') AS date) AS month_utc,
        refused.organizer_id,
        count(*) AS refusals,
        count(DISTINCT refused.user_id) AS users,
        count(DISTINCT refused.meeting_id) AS meetings,
        min(refused.refused_at) AS first_refused_at,
        max(refused.refused_at) AS last_refused_at
    FROM connvo.token_refusals AS refused
    WHERE refused.reason = 'tier_required'
    GROUP BY 1, 2
) AS met
LEFT JOIN connvo.users AS organizer
    ON organizer.id = met.organizer_id
LEFT JOIN (
    SELECT DISTINCT paying.user_id AS id
    FROM paying
) AS paying_user
    ON paying_user.id = met.organizer_id
LEFT JOIN (
    SELECT DISTINCT paying.organization_id AS id
    FROM paying
) AS paying_organization
    ON paying_organization.id = organizer.organization_id;

COMMENT ON VIEW reporting.paywall_monthly_v1 IS 'Sales: whose meetings meet the paywall? One row per month (UTC) and organizer, whose subscription would have to pay. Goes back as far as records are kept.';
COMMENT ON COLUMN reporting.paywall_monthly_v1.month_utc IS 'First day of the month, UTC.';
COMMENT ON COLUMN reporting.paywall_monthly_v1.organizer_id IS 'The organizer of the meetings when people were refused; null when it was not recorded.';
COMMENT ON COLUMN reporting.paywall_monthly_v1.organization_id IS 'The organization the organizer belongs to now; null when there is none.';
COMMENT ON COLUMN reporting.paywall_monthly_v1.refusals IS 'Refusals for want of a paid tier.';
COMMENT ON COLUMN reporting.paywall_monthly_v1.users IS 'Different users refused.';
COMMENT ON COLUMN reporting.paywall_monthly_v1.meetings IS 'Different meetings they wanted to enter.';
COMMENT ON COLUMN reporting.paywall_monthly_v1.first_refused_at IS 'When the first of them was refused.';
COMMENT ON COLUMN reporting.paywall_monthly_v1.last_refused_at IS 'When the last of them was refused.';
COMMENT ON COLUMN reporting.paywall_monthly_v1.pays_now IS 'Whether the organizer or that organization has a paid subscription now that grants access.';

CREATE VIEW reporting.subscription_use_v1
    WITH (security_barrier = true) AS
SELECT coalesce(subscription.id, used.subscription_id) AS subscription_id,
    coalesce(subscription.tier_id, used.tier_id) AS tier_id,
    subscription.status,
    subscription.user_id,
    subscription.organization_id,
    subscription.starts_at,
    subscription.ends_at,
    coalesce(
        subscription.status IN ('trialing', 'active', 'past_due')
        AND subscription.starts_at <= now()
        AND (subscription.ends_at IS NULL OR subscription.ends_at > now()),
        false
    ) AS is_open,
    coalesce(used.tokens, 0) AS tokens,
    coalesce(used.users, 0) AS users,
    used.first_issued_at,
    used.last_issued_at
FROM connvo.subscriptions AS subscription
FULL JOIN (
    SELECT monthly.subscription_id,
        max(monthly.tier_id) AS tier_id,
        CAST(sum(monthly.tokens) AS bigint) AS tokens,
        count(DISTINCT monthly.user_digest) AS users,
        min(monthly.first_issued_at) AS first_issued_at,
        max(monthly.last_issued_at) AS last_issued_at
    FROM (
        SELECT subscription_id, tier_id, user_digest, tokens, first_issued_at, last_issued_at
        FROM connvo.rollup_users_monthly
        UNION ALL
        SELECT subscription_id, tier_id, user_digest, tokens, first_issued_at, last_issued_at
        FROM connvo.tail_users_monthly
    ) AS monthly
    GROUP BY monthly.subscription_id
) AS used
    ON used.subscription_id = subscription.id;

COMMENT ON VIEW reporting.subscription_use_v1 IS 'Finance: how much was each subscription used in its period? One row per subscription, those never used and those deleted since included.';
COMMENT ON COLUMN reporting.subscription_use_v1.subscription_id IS 'The subscription.';
COMMENT ON COLUMN reporting.subscription_use_v1.tier_id IS 'Its tier now; of a deleted one, the tier in the records.';
COMMENT ON COLUMN reporting.subscription_use_v1.status IS 'Its status now; null when it was deleted.';
COMMENT ON COLUMN reporting.subscription_use_v1.user_id IS 'The user who pays; null when an organization does, or when it was deleted.';
COMMENT ON COLUMN reporting.subscription_use_v1.organization_id IS 'The organization that pays; null when a user does, or when it was deleted.';
COMMENT ON COLUMN reporting.subscription_use_v1.starts_at IS 'First instant of the period; null when it was deleted.';
COMMENT ON COLUMN reporting.subscription_use_v1.ends_at IS 'First instant after the period; null while it is open, or when it was deleted.';
COMMENT ON COLUMN reporting.subscription_use_v1.is_open IS 'Whether it grants access at this moment; a late payer counts, whose grace is a setting of the server.';
COMMENT ON COLUMN reporting.subscription_use_v1.tokens IS 'Tokens it paid for.';
COMMENT ON COLUMN reporting.subscription_use_v1.users IS 'Different users who got one.';
COMMENT ON COLUMN reporting.subscription_use_v1.first_issued_at IS 'When the first of them was issued; null when there is none.';
COMMENT ON COLUMN reporting.subscription_use_v1.last_issued_at IS 'When the last of them was issued; null when there is none.';

CREATE VIEW reporting.idle_subscriptions_v1
    WITH (security_barrier = true) AS
SELECT subscription.id AS subscription_id,
    subscription.tier_id,
    subscription.status,
    subscription.user_id,
    subscription.organization_id,
    subscription.starts_at,
    subscription.ends_at,
    CAST(floor(extract(epoch FROM now() - subscription.starts_at) / 86400) AS integer) AS days_open
FROM connvo.subscriptions AS subscription
JOIN connvo.subscription_tiers AS tier
    ON tier.id = subscription.tier_id
LEFT JOIN (
    SELECT rolled.subscription_id
    FROM connvo.rollup_users_monthly AS rolled
    GROUP BY rolled.subscription_id
    UNION
    SELECT tail.subscription_id
    FROM connvo.tail_users_monthly AS tail
) AS used
    ON used.subscription_id = subscription.id
WHERE tier.is_paid
    AND subscription.status IN ('trialing', 'active', 'past_due')
    AND subscription.starts_at <= now()
    AND (subscription.ends_at IS NULL OR subscription.ends_at > now())
    AND used.subscription_id IS NULL;

COMMENT ON VIEW reporting.idle_subscriptions_v1 IS 'Customer success: who pays and never joins? One row per paid subscription that grants access now and never paid for a token.';
COMMENT ON COLUMN reporting.idle_subscriptions_v1.subscription_id IS 'The subscription.';
COMMENT ON COLUMN reporting.idle_subscriptions_v1.tier_id IS 'Its tier.';
COMMENT ON COLUMN reporting.idle_subscriptions_v1.status IS 'Its status: trialing, active or past_due.';
COMMENT ON COLUMN reporting.idle_subscriptions_v1.user_id IS 'The user who pays; null when an organization does.';
COMMENT ON COLUMN reporting.idle_subscriptions_v1.organization_id IS 'The organization that pays; null when a user does.';
COMMENT ON COLUMN reporting.idle_subscriptions_v1.starts_at IS 'First instant of the period.';
COMMENT ON COLUMN reporting.idle_subscriptions_v1.ends_at IS 'First instant after the period; null while it is open.';
COMMENT ON COLUMN reporting.idle_subscriptions_v1.days_open IS 'Full days since the period began.';

CREATE VIEW reporting.live_tokens_v1
    WITH (security_barrier = true) AS
-- A token lives for an hour: the first condition is there to look at one partition only.
SELECT issued.meeting_id,
    issued.granted_role,
    count(*) AS tokens,
    count(DISTINCT issued.user_id) AS users,
    min(issued.expires_at) AS first_expires_at,
    max(issued.expires_at) AS last_expires_at
FROM connvo.issued_tokens AS issued
WHERE issued.issued_at > now() - interval '1 hour'
    AND issued.expires_at > now()
GROUP BY issued.meeting_id, issued.granted_role;

COMMENT ON VIEW reporting.live_tokens_v1 IS 'Operations: how many tokens are alive now? One row per meeting and role with tokens that have not expired.';
COMMENT ON COLUMN reporting.live_tokens_v1.meeting_id IS 'The meeting.';
COMMENT ON COLUMN reporting.live_tokens_v1.granted_role IS 'The role that was granted.';
COMMENT ON COLUMN reporting.live_tokens_v1.tokens IS 'Tokens that have not expired.';
COMMENT ON COLUMN reporting.live_tokens_v1.users IS 'Different users who hold one.';
COMMENT ON COLUMN reporting.live_tokens_v1.first_expires_at IS 'When the first of them expires.';
COMMENT ON COLUMN reporting.live_tokens_v1.last_expires_at IS 'When the last of them expires.';

CREATE VIEW reporting.concurrent_tokens_daily_v1
    WITH (security_barrier = true) AS
SELECT day_utc, peak_tokens, peak_at
FROM connvo.rollup_concurrency_daily
UNION ALL
SELECT day_utc, peak_tokens, peak_at
FROM connvo.tail_concurrency_daily;

COMMENT ON VIEW reporting.concurrent_tokens_daily_v1 IS 'Capacity: how many tokens were alive at once? One row per day (UTC) on which one was.';
COMMENT ON COLUMN reporting.concurrent_tokens_daily_v1.day_utc IS 'The day, UTC.';
COMMENT ON COLUMN reporting.concurrent_tokens_daily_v1.peak_tokens IS 'The most tokens that were issued and not expired at one instant of the day.';
COMMENT ON COLUMN reporting.concurrent_tokens_daily_v1.peak_at IS 'The first instant with so many.';

CREATE VIEW reporting.meeting_use_daily_v1
    WITH (security_barrier = true) AS
SELECT day_utc, meeting_id, organizer_id, tier_id, tokens, users, first_issued_at, last_issued_at
FROM connvo.rollup_meetings_daily
UNION ALL
SELECT day_utc, meeting_id, organizer_id, tier_id, tokens, users, first_issued_at, last_issued_at
FROM connvo.tail_meetings_daily;

COMMENT ON VIEW reporting.meeting_use_daily_v1 IS 'Product: which meetings are the largest? One row per day (UTC) and meeting; its organizer and tier if they changed that day.';
COMMENT ON COLUMN reporting.meeting_use_daily_v1.day_utc IS 'The day, UTC.';
COMMENT ON COLUMN reporting.meeting_use_daily_v1.meeting_id IS 'The meeting.';
COMMENT ON COLUMN reporting.meeting_use_daily_v1.organizer_id IS 'Its organizer when the tokens were issued.';
COMMENT ON COLUMN reporting.meeting_use_daily_v1.tier_id IS 'The tier that paid.';
COMMENT ON COLUMN reporting.meeting_use_daily_v1.tokens IS 'Tokens issued.';
COMMENT ON COLUMN reporting.meeting_use_daily_v1.users IS 'Different users who got one. Not to be added up: a user may be in several rows.';
COMMENT ON COLUMN reporting.meeting_use_daily_v1.first_issued_at IS 'When the first of them was issued.';
COMMENT ON COLUMN reporting.meeting_use_daily_v1.last_issued_at IS 'When the last of them was issued.';

CREATE VIEW reporting.meeting_token_holders_v1
    WITH (security_barrier = true) AS
SELECT issued.meeting_id,
    issued.user_id,
    issued.granted_role,
    count(*) AS tokens,
    count(DISTINCT issued.client_ip) AS addresses,
    min(issued.issued_at) AS first_issued_at,
    max(issued.issued_at) AS last_issued_at,
    max(issued.expires_at) AS last_expires_at
FROM connvo.issued_tokens AS issued
GROUP BY issued.meeting_id, issued.user_id, issued.granted_role;

COMMENT ON VIEW reporting.meeting_token_holders_v1 IS 'Support, audit: who held a token for this meeting? One row per meeting, user and role. Ask for a meeting or a user: without, all records are read.';
COMMENT ON COLUMN reporting.meeting_token_holders_v1.meeting_id IS 'The meeting.';
COMMENT ON COLUMN reporting.meeting_token_holders_v1.user_id IS 'Who got the tokens.';
COMMENT ON COLUMN reporting.meeting_token_holders_v1.granted_role IS 'The role that was granted.';
COMMENT ON COLUMN reporting.meeting_token_holders_v1.tokens IS 'Tokens issued.';
COMMENT ON COLUMN reporting.meeting_token_holders_v1.addresses IS 'Different client addresses they were asked for from.';
COMMENT ON COLUMN reporting.meeting_token_holders_v1.first_issued_at IS 'When the first of them was issued.';
COMMENT ON COLUMN reporting.meeting_token_holders_v1.last_issued_at IS 'When the last of them was issued.';
COMMENT ON COLUMN reporting.meeting_token_holders_v1.last_expires_at IS 'When the last of them expires.';

CREATE VIEW reporting.reissue_bursts_v1
    WITH (security_barrier = true) AS
SELECT burst_starts_at, user_id, meeting_id, tokens, addresses, sessions
FROM connvo.rollup_bursts
UNION ALL
SELECT burst_starts_at, user_id, meeting_id, tokens, addresses, sessions
FROM connvo.tail_bursts;

COMMENT ON VIEW reporting.reissue_bursts_v1 IS 'Security: who fetches tokens again and again? One row per five minutes, user and meeting with more than five tokens.';
COMMENT ON COLUMN reporting.reissue_bursts_v1.burst_starts_at IS 'First instant of the five minutes, a multiple of five past the hour.';
COMMENT ON COLUMN reporting.reissue_bursts_v1.user_id IS 'Who got the tokens.';
COMMENT ON COLUMN reporting.reissue_bursts_v1.meeting_id IS 'For which meeting.';
COMMENT ON COLUMN reporting.reissue_bursts_v1.tokens IS 'Tokens issued.';
COMMENT ON COLUMN reporting.reissue_bursts_v1.addresses IS 'Different client addresses they were asked for from.';
COMMENT ON COLUMN reporting.reissue_bursts_v1.sessions IS 'Different WorkOS sessions they were asked for in.';

CREATE VIEW reporting.address_fanout_daily_v1
    WITH (security_barrier = true) AS
SELECT daily.day_utc,
    daily.client_ip,
    daily.users,
    daily.tokens,
    daily.refusals,
    round(CAST(daily.refusals AS numeric) / (daily.tokens + daily.refusals), 4) AS refusal_ratio
FROM (
    SELECT day_utc, client_ip, users, tokens, refusals
    FROM connvo.rollup_fanout_daily
    UNION ALL
    SELECT day_utc, client_ip, users, tokens, refusals
    FROM connvo.tail_fanout_daily
) AS daily;

COMMENT ON VIEW reporting.address_fanout_daily_v1 IS 'Security: which addresses do many users come from? One row per day (UTC) and client address with ten or more users. A large office is one, too.';
COMMENT ON COLUMN reporting.address_fanout_daily_v1.day_utc IS 'The day, UTC.';
COMMENT ON COLUMN reporting.address_fanout_daily_v1.client_ip IS 'The address of the client.';
COMMENT ON COLUMN reporting.address_fanout_daily_v1.users IS 'Different users who asked, let in or refused.';
COMMENT ON COLUMN reporting.address_fanout_daily_v1.tokens IS 'Tokens issued.';
COMMENT ON COLUMN reporting.address_fanout_daily_v1.refusals IS 'Refusals.';
COMMENT ON COLUMN reporting.address_fanout_daily_v1.refusal_ratio IS 'Refusals as a part of both, 0 to 1, with four digits.';

CREATE VIEW reporting.altered_roles_v1
    WITH (security_barrier = true) AS
SELECT issued.issued_at,
    issued.id AS token_id,
    CASE
        WHEN array_position(ARRAY['observer', 'participant', 'co-host', 'host'], issued.granted_role)
            > array_position(ARRAY['observer', 'participant', 'co-host', 'host'], issued.held_role)
        THEN 'raised'
        ELSE 'altered'
    END AS change,
    issued.user_id,
    issued.meeting_id,
    issued.requested_role,
    issued.held_role,
    issued.granted_role,
    issued.stream_role,
    issued.request_id
FROM connvo.issued_tokens AS issued
-- Put like this, the planner expects few rows, and has several processes read the records. Cheap comparisons first.
WHERE CASE
        WHEN issued.granted_role <> coalesce(issued.requested_role, issued.held_role) THEN 1
        WHEN issued.granted_role = issued.held_role THEN 0
        WHEN array_position(ARRAY['observer', 'participant', 'co-host', 'host'], issued.granted_role)
            > array_position(ARRAY['observer', 'participant', 'co-host', 'host'], issued.held_role) THEN 1
        ELSE 0
    END = 1;

COMMENT ON VIEW reporting.altered_roles_v1 IS 'Security, audit; a control that must be empty: was a role raised, or another one granted than was asked for? One row per token.';
COMMENT ON COLUMN reporting.altered_roles_v1.issued_at IS 'When the token was issued.';
COMMENT ON COLUMN reporting.altered_roles_v1.token_id IS 'The jti of the token.';
COMMENT ON COLUMN reporting.altered_roles_v1.change IS 'raised: above the role held in the meeting. altered: not the role asked for; or, when none was asked for, not the role held.';
COMMENT ON COLUMN reporting.altered_roles_v1.user_id IS 'Who got the token.';
COMMENT ON COLUMN reporting.altered_roles_v1.meeting_id IS 'For which meeting.';
COMMENT ON COLUMN reporting.altered_roles_v1.requested_role IS 'The role the client asked for; null when it asked for none.';
COMMENT ON COLUMN reporting.altered_roles_v1.held_role IS 'The role held in the meeting at that time; null in records older than migration 0006.';
COMMENT ON COLUMN reporting.altered_roles_v1.granted_role IS 'The role that was granted.';
COMMENT ON COLUMN reporting.altered_roles_v1.stream_role IS 'The role claim of the token.';
COMMENT ON COLUMN reporting.altered_roles_v1.request_id IS 'The X-Request-Id of the answer.';

CREATE VIEW reporting.uncovered_tokens_v1
    WITH (security_barrier = true) AS
SELECT issued.issued_at,
    issued.id AS token_id,
    fault.name AS fault,
    issued.user_id,
    issued.meeting_id,
    issued.organizer_id,
    issued.tier_id,
    issued.subscription_id,
    issued.subscription_status,
    issued.subscription_starts_at,
    issued.subscription_ends_at,
    issued.request_id
FROM connvo.issued_tokens AS issued
CROSS JOIN LATERAL (
    VALUES ('tier_not_paid', NOT issued.tier_is_paid),
        ('status_grants_nothing', issued.subscription_status NOT IN ('trialing', 'active', 'past_due')),
        ('before_period', issued.issued_at < issued.subscription_starts_at),
        ('after_period', issued.issued_at >= issued.subscription_ends_at)
) AS fault (name, is_found)
WHERE fault.is_found
    -- Once more, so that only records with a fault are looked at four times; and put like this, the planner expects few
    -- and has several processes read them.
    AND CASE
        WHEN NOT issued.tier_is_paid THEN 1
        WHEN issued.subscription_status NOT IN ('trialing', 'active', 'past_due') THEN 1
        WHEN issued.issued_at < issued.subscription_starts_at THEN 1
        WHEN issued.issued_at >= issued.subscription_ends_at THEN 1
        ELSE 0
    END = 1;

COMMENT ON VIEW reporting.uncovered_tokens_v1 IS 'Finance, security; a control that must be empty: was a token issued that no paid subscription covered? By the facts copied when it was issued, so that later changes of a subscription do not falsify it. One row per token and fault.';
COMMENT ON COLUMN reporting.uncovered_tokens_v1.issued_at IS 'When the token was issued.';
COMMENT ON COLUMN reporting.uncovered_tokens_v1.token_id IS 'The jti of the token.';
COMMENT ON COLUMN reporting.uncovered_tokens_v1.fault IS 'tier_not_paid, status_grants_nothing, before_period or after_period. A late payer within the grace is covered; the grace, a setting of the server, is not recorded.';
COMMENT ON COLUMN reporting.uncovered_tokens_v1.user_id IS 'Who got the token.';
COMMENT ON COLUMN reporting.uncovered_tokens_v1.meeting_id IS 'For which meeting.';
COMMENT ON COLUMN reporting.uncovered_tokens_v1.organizer_id IS 'The organizer of the meeting at that time.';
COMMENT ON COLUMN reporting.uncovered_tokens_v1.tier_id IS 'The tier that paid.';
COMMENT ON COLUMN reporting.uncovered_tokens_v1.subscription_id IS 'The subscription that was taken to cover it.';
COMMENT ON COLUMN reporting.uncovered_tokens_v1.subscription_status IS 'Its status at that time.';
COMMENT ON COLUMN reporting.uncovered_tokens_v1.subscription_starts_at IS 'Start of its period at that time.';
COMMENT ON COLUMN reporting.uncovered_tokens_v1.subscription_ends_at IS 'End of its period at that time; null when it was open.';
COMMENT ON COLUMN reporting.uncovered_tokens_v1.request_id IS 'The X-Request-Id of the answer.';

CREATE VIEW reporting.record_faults_v1
    WITH (security_barrier = true) AS
SELECT issued.issued_at AS recorded_at,
    'issued_tokens' AS record_table,
    issued.id AS record_id,
    fault.name AS fault,
    issued.user_id,
    issued.meeting_id,
    issued.request_id
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
        ('in_the_future', issued.issued_at > now() + interval '5 minutes')
) AS fault (name, is_found)
WHERE fault.is_found
    -- Once more, so that only records with a fault are looked at four times; and put like this, the planner expects few
    -- and has several processes read them.
    AND CASE
        WHEN issued.issued_at > now() + interval '5 minutes' THEN 1
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
    refused.request_id
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

COMMENT ON VIEW reporting.record_faults_v1 IS 'Security, audit; a control that must be empty: is a record not as the server writes it? One row per record and fault. Who inserts records by other means, or sets back a clock, is seen here.';
COMMENT ON COLUMN reporting.record_faults_v1.recorded_at IS 'issued_at or refused_at of the record.';
COMMENT ON COLUMN reporting.record_faults_v1.record_table IS 'issued_tokens or token_refusals.';
COMMENT ON COLUMN reporting.record_faults_v1.record_id IS 'The id of the record.';
COMMENT ON COLUMN reporting.record_faults_v1.fault IS 'lifetime_not_one_hour: expires_at is not one hour after the full second of issued_at. id_not_version_7: the id is no UUID of version 7. id_time_differs: the time in the id is another one. in_the_future: more than five minutes ahead of the databases clock.';
COMMENT ON COLUMN reporting.record_faults_v1.user_id IS 'Whom the record names.';
COMMENT ON COLUMN reporting.record_faults_v1.meeting_id IS 'The meeting the record names.';
COMMENT ON COLUMN reporting.record_faults_v1.request_id IS 'The X-Request-Id in the record.';

CREATE VIEW reporting.signing_keys_v1
    WITH (security_barrier = true) AS
SELECT signed.signing_key_id,
    signed.tokens,
    signed.first_issued_at,
    signed.last_issued_at,
    signed.last_expires_at,
    signed.last_issued_at = max(signed.last_issued_at) OVER () AS is_newest,
    signed.last_issued_at < max(signed.last_issued_at) OVER () AND signed.last_expires_at <= now() AS may_retire
FROM (
    SELECT hourly.signing_key_id,
        CAST(sum(hourly.tokens) AS bigint) AS tokens,
        min(hourly.first_issued_at) AS first_issued_at,
        max(hourly.last_issued_at) AS last_issued_at,
        max(hourly.last_expires_at) AS last_expires_at
    FROM (
        SELECT signing_key_id, tokens, first_issued_at, last_issued_at, last_expires_at
        FROM connvo.rollup_tokens_hourly
        UNION ALL
        SELECT signing_key_id, tokens, first_issued_at, last_issued_at, last_expires_at
        FROM connvo.tail_tokens_hourly
    ) AS hourly
    GROUP BY hourly.signing_key_id
) AS signed;

COMMENT ON VIEW reporting.signing_keys_v1 IS 'Security: when may a signing key be retired? One row per key that ever signed a token.';
COMMENT ON COLUMN reporting.signing_keys_v1.signing_key_id IS 'Which secret: first 16 hex digits of HMAC-SHA256(secret, "connvo key id").';
COMMENT ON COLUMN reporting.signing_keys_v1.tokens IS 'Tokens it signed.';
COMMENT ON COLUMN reporting.signing_keys_v1.first_issued_at IS 'When it signed the first of them.';
COMMENT ON COLUMN reporting.signing_keys_v1.last_issued_at IS 'When it signed the last of them.';
COMMENT ON COLUMN reporting.signing_keys_v1.last_expires_at IS 'When the last of them expires: from then on nobody needs the key, if it signs no more.';
COMMENT ON COLUMN reporting.signing_keys_v1.is_newest IS 'Whether it signed the latest token: such a key is in use.';
COMMENT ON COLUMN reporting.signing_keys_v1.may_retire IS 'Whether it is not the newest, and all its tokens have expired.';

CREATE VIEW reporting.freshness_v1
    WITH (security_barrier = true) AS
SELECT now() AS read_at,
    -- The latest have the greatest ids; to find them so reads a few rows and not a month.
    coalesce(
        (
            SELECT issued.issued_at
            FROM connvo.issued_tokens AS issued
            WHERE issued.issued_at >= (SELECT border.rolled_up_until FROM connvo.rollup_state AS border)
            ORDER BY issued.id DESC
            LIMIT 1
        ),
        (SELECT max(hourly.last_issued_at) FROM connvo.rollup_tokens_hourly AS hourly)
    ) AS last_issued_at,
    coalesce(
        (
            SELECT refused.refused_at
            FROM connvo.token_refusals AS refused
            WHERE refused.refused_at >= (SELECT border.rolled_up_until FROM connvo.rollup_state AS border)
            ORDER BY refused.id DESC
            LIMIT 1
        ),
        (SELECT max(hourly.last_refused_at) FROM connvo.rollup_refusals_hourly AS hourly)
    ) AS last_refused_at,
    (
        -- The month is in the name of a partition.
        SELECT min(CAST(to_date(right(part.relname, 7), 'YYYY_MM') AS timestamp)) AT TIME ZONE 'UTC'
        FROM pg_catalog.pg_inherits AS attached
        JOIN pg_catalog.pg_class AS part
            ON part.oid = attached.inhrelid
        WHERE attached.inhparent = 'connvo.issued_tokens'::regclass
    ) AS records_from,
    state.rolled_up_until,
    state.refreshed_at
FROM connvo.rollup_state AS state;

COMMENT ON VIEW reporting.freshness_v1 IS 'Everybody: how fresh is this? One row. Reports are of this moment: what is not in the rollups is counted from the records.';
COMMENT ON COLUMN reporting.freshness_v1.read_at IS 'This moment, by the clock of the database.';
COMMENT ON COLUMN reporting.freshness_v1.last_issued_at IS 'When the latest token was issued; null when there is none.';
COMMENT ON COLUMN reporting.freshness_v1.last_refused_at IS 'When the latest refusal was recorded; null when there is none.';
COMMENT ON COLUMN reporting.freshness_v1.records_from IS 'Beginning of the oldest month whose records are kept; older months are in the rollups only.';
COMMENT ON COLUMN reporting.freshness_v1.rolled_up_until IS 'Rollups hold everything before; when this is long ago, maintenance does not run and reports are slow.';
COMMENT ON COLUMN reporting.freshness_v1.refreshed_at IS 'When the rollups were last refreshed; null before the first time.';
