-- ==== rows of all kinds

-- load: the rows of the files
CREATE TEMP TABLE staged_subscriptions ON COMMIT DROP AS
SELECT 0 AS seed_row, 0 AS seed_given, 0 AS seed_known, id, user_id, organization_id, tier_id, status, starts_at, ends_at, past_due_since
FROM connvo.subscriptions
WITH NO DATA;

-- load: the rows of the files
COPY pg_temp.staged_subscriptions (seed_row, seed_given, seed_known, id, user_id, organization_id, tier_id, status, starts_at, ends_at, past_due_since) FROM STDIN;

-- load: statistics
ANALYZE pg_temp.staged_subscriptions (seed_row, seed_known, id, user_id, organization_id, tier_id, starts_at);

-- load: find the ids of rows that name none
UPDATE pg_temp.staged_subscriptions AS s
SET id = t.id
FROM connvo.subscriptions AS t
WHERE s.id IS NULL
    AND t.user_id = s.user_id
    AND t.starts_at = s.starts_at
    AND s.organization_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_subscriptions AS named WHERE named.id = t.id);

-- load: find the ids of rows that name none
UPDATE pg_temp.staged_subscriptions AS s
SET id = t.id
FROM connvo.subscriptions AS t
WHERE s.id IS NULL
    AND t.organization_id = s.organization_id
    AND t.starts_at = s.starts_at
    AND s.user_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_subscriptions AS named WHERE named.id = t.id);

-- load: what the rows will be
CREATE TEMP TABLE desired_subscriptions ON COMMIT DROP AS
SELECT s.seed_row,
    s.seed_given,
    s.seed_known,
    t.id IS NULL AS is_new,
    t.id IS NOT NULL AND (
        (s.seed_given & 2 <> 0 AND s.user_id IS DISTINCT FROM t.user_id)
        OR (s.seed_given & 4 <> 0 AND s.organization_id IS DISTINCT FROM t.organization_id)
        OR (s.seed_given & 8 <> 0 AND s.tier_id IS DISTINCT FROM t.tier_id)
        OR (s.seed_given & 16 <> 0 AND s.status IS DISTINCT FROM t.status)
        OR (s.seed_given & 32 <> 0 AND s.starts_at IS DISTINCT FROM t.starts_at)
        OR (s.seed_given & 64 <> 0 AND s.ends_at IS DISTINCT FROM t.ends_at)
        OR (s.seed_given & 128 <> 0 AND s.past_due_since IS DISTINCT FROM t.past_due_since)
    ) AS differs,
    coalesce(s.id, gen_random_uuid()) AS id,
    CASE WHEN s.seed_given & 2 <> 0 THEN s.user_id WHEN t.id IS NOT NULL THEN t.user_id ELSE NULL END AS user_id,
    CASE WHEN s.seed_given & 4 <> 0 THEN s.organization_id WHEN t.id IS NOT NULL THEN t.organization_id ELSE NULL END AS organization_id,
    s.tier_id AS tier_id,
    s.status AS status,
    s.starts_at AS starts_at,
    CASE WHEN s.seed_given & 64 <> 0 THEN s.ends_at WHEN t.id IS NOT NULL THEN t.ends_at ELSE NULL END AS ends_at,
    CASE WHEN s.seed_given & 128 <> 0 THEN s.past_due_since WHEN t.id IS NOT NULL THEN t.past_due_since ELSE NULL END AS past_due_since
FROM pg_temp.staged_subscriptions AS s
LEFT JOIN connvo.subscriptions AS t
    ON t.id = s.id;

-- load: statistics
ANALYZE pg_temp.desired_subscriptions (seed_row, seed_known, is_new, differs, id, user_id, organization_id, tier_id, starts_at);

-- count
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
    0::bigint
FROM pg_temp.desired_subscriptions;

-- check: seed.check.subscriptions_ends_after_start
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_subscriptions AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 96 = 96
    AND NOT ((ends_at > starts_at))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.subscriptions_one_owner
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_subscriptions AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 6 = 6
    AND NOT ((num_nonnulls(user_id, organization_id) = 1))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.subscriptions_past_due_since_agrees
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_subscriptions AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 144 = 144
    AND NOT (((status = 'past_due'::text) = (past_due_since IS NOT NULL)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.subscriptions_status_known
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_subscriptions AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 16 = 16
    AND NOT ((status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text, 'paused'::text, 'unpaid'::text, 'incomplete'::text, 'canceled'::text])))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.subscriptions_times_finite
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_subscriptions AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 224 = 224
    AND NOT ((isfinite(starts_at) AND isfinite(ends_at) AND isfinite(past_due_since)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.subscriptions_times_writable
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_subscriptions AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 224 = 224
    AND NOT ((((starts_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((starts_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((ends_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((ends_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((past_due_since AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((past_due_since AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscriptions.key
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT clash.seed_row, clash.first_row, NULL::text
FROM (
    SELECT s.seed_row, first_value(s.seed_row) OVER same AS first_row
    FROM pg_temp.staged_subscriptions AS s
    WHERE s.seed_row >= 0
        -- A row that names no id has none, or the one that was found for it.
        AND s.seed_given & 1 <> 0
    WINDOW same AS (PARTITION BY s.id ORDER BY s.seed_row)
) AS clash
WHERE clash.seed_row <> clash.first_row
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscriptions.reference.user_id.staged
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.user_id::text
FROM pg_temp.desired_subscriptions AS d
WHERE d.user_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 2 = 2
    AND (d.is_new OR d.differs)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_users AS s WHERE s.id = d.user_id)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.users AS t
        WHERE t.id = d.user_id
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscriptions.reference.organization_id.staged
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.organization_id::text
FROM pg_temp.desired_subscriptions AS d
WHERE d.organization_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 4 = 4
    AND (d.is_new OR d.differs)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_organizations AS s WHERE s.id = d.organization_id)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.organizations AS t
        WHERE t.id = d.organization_id
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscriptions.reference.tier_id.staged
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.tier_id::text
FROM pg_temp.desired_subscriptions AS d
WHERE d.tier_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 8 = 8
    AND (d.is_new OR d.differs)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_subscription_tiers AS s WHERE s.id = d.tier_id)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.subscription_tiers AS t
        WHERE t.id = d.tier_id
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscriptions.unique.user_id
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT clash.seed_row, clash.first_row, NULL::text
FROM (
    SELECT d.seed_row, d.id,
        first_value(d.seed_row) OVER same AS first_row,
        first_value(d.id) OVER same AS first_id
    FROM pg_temp.desired_subscriptions AS d
    WHERE d.seed_known & 38 = 38
    WINDOW same AS (PARTITION BY coalesce(d.user_id, ''), coalesce(d.organization_id, ''), d.starts_at ORDER BY d.seed_row)
) AS clash
WHERE clash.seed_row <> clash.first_row
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscriptions.unique.user_id.database.staged
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, t.id::text
FROM pg_temp.desired_subscriptions AS d
JOIN connvo.subscriptions AS t
    ON (coalesce(t.user_id, ''), coalesce(t.organization_id, ''), t.starts_at) = (coalesce(d.user_id, ''), coalesce(d.organization_id, ''), d.starts_at)
WHERE (d.is_new OR d.differs)
    AND d.seed_known & 39 = 39
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_subscriptions AS s WHERE s.id = t.id)
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscriptions.overlap.staged
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
WITH period AS (
    SELECT d.seed_row, d.id, d.starts_at, coalesce(d.user_id, '') AS user_id, coalesce(d.organization_id, '') AS organization_id,
        tstzrange(d.starts_at, d.ends_at, '[)') AS span
    FROM pg_temp.desired_subscriptions AS d
    WHERE d.status IN ('trialing', 'active', 'past_due')
        AND d.seed_known & 119 = 119
        -- Others have no range; a CHECK reports them.
        AND (d.ends_at IS NULL OR d.ends_at > d.starts_at)
    UNION ALL
    SELECT NULL, t.id, t.starts_at, coalesce(t.user_id, '') AS user_id, coalesce(t.organization_id, '') AS organization_id,
        tstzrange(t.starts_at, t.ends_at, '[)') AS span
    FROM connvo.subscriptions AS t
    WHERE t.status IN ('trialing', 'active', 'past_due')
        AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_subscriptions AS s WHERE s.id = t.id)
)
SELECT a.seed_row, b.seed_row,
    b.id::text || ', from ' || to_char(b.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM period AS a
JOIN period AS b
    ON b.user_id = a.user_id
    AND b.organization_id = a.organization_id
    AND b.span && a.span
    -- The same start is a clash of its own.
    AND b.starts_at <> a.starts_at
WHERE a.seed_row IS NOT NULL
    AND (b.seed_row IS NULL OR b.seed_row < a.seed_row)
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- dry run: the rows to write
DECLARE seed_changes_subscriptions NO SCROLL CURSOR FOR
SELECT d.is_new, d.seed_given,
    d.id::text, d.user_id, d.organization_id, d.tier_id, d.status, d.starts_at, d.ends_at, d.past_due_since,
    t.id::text, t.user_id, t.organization_id, t.tier_id, t.status, t.starts_at, t.ends_at, t.past_due_since
FROM pg_temp.desired_subscriptions AS d
LEFT JOIN connvo.subscriptions AS t
    ON t.id = d.id
WHERE d.is_new
    OR d.differs
ORDER BY d.id;

-- dry run: the rows to write
FETCH 2000 FROM seed_changes_subscriptions;

-- dry run: the rows to write
CLOSE seed_changes_subscriptions;

-- write: give unique values up
UPDATE connvo.subscriptions AS t
SET starts_at = timestamptz '0100-01-01 00:00:00+00' + f.seed_row * interval '1 microsecond'
FROM (
    SELECT d.id, d.seed_row FROM pg_temp.desired_subscriptions AS d WHERE d.differs
) AS f
WHERE f.id = t.id
    AND EXISTS (
        SELECT 1
        FROM pg_temp.desired_subscriptions AS claimant
        WHERE claimant.id <> t.id
            AND (coalesce(claimant.user_id, ''), coalesce(claimant.organization_id, ''), claimant.starts_at) = (coalesce(t.user_id, ''), coalesce(t.organization_id, ''), t.starts_at)
    );

-- write: the rows that differ
UPDATE connvo.subscriptions AS t
SET user_id = d.user_id,
    organization_id = d.organization_id,
    tier_id = d.tier_id,
    status = d.status,
    starts_at = d.starts_at,
    ends_at = d.ends_at,
    past_due_since = d.past_due_since
FROM pg_temp.desired_subscriptions AS d
WHERE d.id = t.id
    AND d.differs;

-- write: the new rows
INSERT INTO connvo.subscriptions
    (id, user_id, organization_id, tier_id, status, starts_at, ends_at, past_due_since)
SELECT id, user_id, organization_id, tier_id, status, starts_at, ends_at, past_due_since
FROM pg_temp.desired_subscriptions
WHERE is_new
ORDER BY id;

-- ==== rows of this kind only, where the SQL is another

-- check: seed.subscriptions.reference.user_id
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.user_id::text
FROM pg_temp.desired_subscriptions AS d
WHERE d.user_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 2 = 2
    AND (d.is_new OR d.differs)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.users AS t
        WHERE t.id = d.user_id
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscriptions.reference.organization_id
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.organization_id::text
FROM pg_temp.desired_subscriptions AS d
WHERE d.organization_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 4 = 4
    AND (d.is_new OR d.differs)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.organizations AS t
        WHERE t.id = d.organization_id
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscriptions.reference.tier_id
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.tier_id::text
FROM pg_temp.desired_subscriptions AS d
WHERE d.tier_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 8 = 8
    AND (d.is_new OR d.differs)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.subscription_tiers AS t
        WHERE t.id = d.tier_id
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- ==== rows of all kinds, pruning all, where the SQL is another

-- load: the rows to remove
CREATE TEMP TABLE pruned_subscriptions ON COMMIT DROP AS
SELECT t.id
FROM connvo.subscriptions AS t
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.desired_subscriptions AS d WHERE d.id = t.id);

-- load: statistics
ANALYZE pg_temp.pruned_subscriptions;

-- count
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
    (SELECT count(*) FROM pg_temp.pruned_subscriptions)
FROM pg_temp.desired_subscriptions;

-- check: seed.subscriptions.reference.user_id.staged.pruned
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.user_id::text
FROM pg_temp.desired_subscriptions AS d
WHERE d.user_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 2 = 2
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_users AS s WHERE s.id = d.user_id)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.users AS t
        WHERE t.id = d.user_id
            AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_users AS p WHERE p.id = t.id)
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscriptions.reference.organization_id.staged.pruned
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.organization_id::text
FROM pg_temp.desired_subscriptions AS d
WHERE d.organization_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 4 = 4
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_organizations AS s WHERE s.id = d.organization_id)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.organizations AS t
        WHERE t.id = d.organization_id
            AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_organizations AS p WHERE p.id = t.id)
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscriptions.reference.tier_id.staged.pruned
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.tier_id::text
FROM pg_temp.desired_subscriptions AS d
WHERE d.tier_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 8 = 8
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_subscription_tiers AS s WHERE s.id = d.tier_id)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.subscription_tiers AS t
        WHERE t.id = d.tier_id
            AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_subscription_tiers AS p WHERE p.id = t.id)
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscriptions.unique.user_id.database.staged.pruned
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, t.id::text
FROM pg_temp.desired_subscriptions AS d
JOIN connvo.subscriptions AS t
    ON (coalesce(t.user_id, ''), coalesce(t.organization_id, ''), t.starts_at) = (coalesce(d.user_id, ''), coalesce(d.organization_id, ''), d.starts_at)
WHERE (d.is_new OR d.differs)
    AND d.seed_known & 39 = 39
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_subscriptions AS s WHERE s.id = t.id)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_subscriptions AS p WHERE p.id = t.id)
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscriptions.overlap.staged.pruned
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
WITH period AS (
    SELECT d.seed_row, d.id, d.starts_at, coalesce(d.user_id, '') AS user_id, coalesce(d.organization_id, '') AS organization_id,
        tstzrange(d.starts_at, d.ends_at, '[)') AS span
    FROM pg_temp.desired_subscriptions AS d
    WHERE d.status IN ('trialing', 'active', 'past_due')
        AND d.seed_known & 119 = 119
        -- Others have no range; a CHECK reports them.
        AND (d.ends_at IS NULL OR d.ends_at > d.starts_at)
    UNION ALL
    SELECT NULL, t.id, t.starts_at, coalesce(t.user_id, '') AS user_id, coalesce(t.organization_id, '') AS organization_id,
        tstzrange(t.starts_at, t.ends_at, '[)') AS span
    FROM connvo.subscriptions AS t
    WHERE t.status IN ('trialing', 'active', 'past_due')
        AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_subscriptions AS s WHERE s.id = t.id)
        AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_subscriptions AS p WHERE p.id = t.id)
)
SELECT a.seed_row, b.seed_row,
    b.id::text || ', from ' || to_char(b.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM period AS a
JOIN period AS b
    ON b.user_id = a.user_id
    AND b.organization_id = a.organization_id
    AND b.span && a.span
    -- The same start is a clash of its own.
    AND b.starts_at <> a.starts_at
WHERE a.seed_row IS NOT NULL
    AND (b.seed_row IS NULL OR b.seed_row < a.seed_row)
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- dry run: the rows to remove
DECLARE seed_removals_subscriptions NO SCROLL CURSOR FOR
SELECT p.id::text
FROM pg_temp.pruned_subscriptions AS p
ORDER BY p.id;

-- dry run: the rows to remove
FETCH 2000 FROM seed_removals_subscriptions;

-- dry run: the rows to remove
CLOSE seed_removals_subscriptions;

-- write: give unique values up
UPDATE connvo.subscriptions AS t
SET starts_at = timestamptz '0100-01-01 00:00:00+00' + f.seed_row * interval '1 microsecond'
FROM (
    SELECT d.id, d.seed_row FROM pg_temp.desired_subscriptions AS d WHERE d.differs
    UNION ALL
    SELECT p.id, -2 - (row_number() OVER ())::integer FROM pg_temp.pruned_subscriptions AS p
) AS f
WHERE f.id = t.id
    AND EXISTS (
        SELECT 1
        FROM pg_temp.desired_subscriptions AS claimant
        WHERE claimant.id <> t.id
            AND (coalesce(claimant.user_id, ''), coalesce(claimant.organization_id, ''), claimant.starts_at) = (coalesce(t.user_id, ''), coalesce(t.organization_id, ''), t.starts_at)
    );

-- write: remove
DELETE FROM connvo.subscriptions AS t
USING pg_temp.pruned_subscriptions AS p
WHERE p.id = t.id;

-- ==== export

-- export
DECLARE export_subscriptions NO SCROLL CURSOR FOR
SELECT t.id::text, t.user_id, t.organization_id, t.tier_id, t.status, t.starts_at, t.ends_at, t.past_due_since
FROM connvo.subscriptions AS t
ORDER BY t.id;

-- export
FETCH 2000 FROM export_subscriptions;

-- export
CLOSE export_subscriptions;
