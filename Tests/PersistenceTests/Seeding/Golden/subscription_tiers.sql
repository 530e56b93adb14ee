-- ==== rows of all kinds

-- load: the rows of the files
CREATE TEMP TABLE staged_subscription_tiers ON COMMIT DROP AS
SELECT 0 AS seed_row, 0 AS seed_given, 0 AS seed_known, id, display_name, is_paid, rank
FROM connvo.subscription_tiers
WITH NO DATA;

-- load: the rows of the files
COPY pg_temp.staged_subscription_tiers (seed_row, seed_given, seed_known, id, display_name, is_paid, rank) FROM STDIN;

-- load: statistics
ANALYZE pg_temp.staged_subscription_tiers (seed_row, seed_known, id);

-- load: what the rows will be
CREATE TEMP TABLE desired_subscription_tiers ON COMMIT DROP AS
SELECT s.seed_row,
    s.seed_given,
    s.seed_known,
    t.id IS NULL AS is_new,
    t.id IS NOT NULL AND (
        (s.seed_given & 2 <> 0 AND s.display_name IS DISTINCT FROM t.display_name)
        OR (s.seed_given & 4 <> 0 AND s.is_paid IS DISTINCT FROM t.is_paid)
        OR (s.seed_given & 8 <> 0 AND s.rank IS DISTINCT FROM t.rank)
    ) AS differs,
    s.id AS id,
    s.display_name AS display_name,
    s.is_paid AS is_paid,
    s.rank AS rank
FROM pg_temp.staged_subscription_tiers AS s
LEFT JOIN connvo.subscription_tiers AS t
    ON t.id = s.id;

-- load: statistics
ANALYZE pg_temp.desired_subscription_tiers (seed_row, seed_known, is_new, differs, id);

-- count
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
    0::bigint
FROM pg_temp.desired_subscription_tiers;

-- check: seed.check.subscription_tiers_display_name_valid
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_subscription_tiers AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 2 = 2
    AND NOT (((btrim(display_name) <> ''::text) AND (char_length(display_name) <= 255)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.subscription_tiers_id_valid
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_subscription_tiers AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 1 = 1
    AND NOT (((id ~ '^[A-Za-z0-9_-]+$'::text) AND (char_length(id) <= 64)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.subscription_tiers_rank_valid
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_subscription_tiers AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 8 = 8
    AND NOT ((rank >= 0))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.subscription_tiers.key
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT clash.seed_row, clash.first_row, NULL::text
FROM (
    SELECT s.seed_row, first_value(s.seed_row) OVER same AS first_row
    FROM pg_temp.staged_subscription_tiers AS s
    WHERE s.seed_row >= 0
        -- A row that names no id has none, or the one that was found for it.
        AND s.seed_given & 1 <> 0
    WINDOW same AS (PARTITION BY s.id ORDER BY s.seed_row)
) AS clash
WHERE clash.seed_row <> clash.first_row
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- dry run: the rows to write
DECLARE seed_changes_subscription_tiers NO SCROLL CURSOR FOR
SELECT d.is_new, d.seed_given,
    d.id, d.display_name, d.is_paid, d.rank,
    t.id, t.display_name, t.is_paid, t.rank
FROM pg_temp.desired_subscription_tiers AS d
LEFT JOIN connvo.subscription_tiers AS t
    ON t.id = d.id
WHERE d.is_new
    OR d.differs
ORDER BY d.id;

-- dry run: the rows to write
FETCH 2000 FROM seed_changes_subscription_tiers;

-- dry run: the rows to write
CLOSE seed_changes_subscription_tiers;

-- write: the rows that differ
UPDATE connvo.subscription_tiers AS t
SET display_name = d.display_name,
    is_paid = d.is_paid,
    rank = d.rank
FROM pg_temp.desired_subscription_tiers AS d
WHERE d.id = t.id
    AND d.differs;

-- write: the new rows
INSERT INTO connvo.subscription_tiers
    (id, display_name, is_paid, rank)
SELECT id, display_name, is_paid, rank
FROM pg_temp.desired_subscription_tiers
WHERE is_new
ORDER BY id;

-- ==== rows of this kind only, where the SQL is another

-- None.

-- ==== rows of all kinds, pruning all, where the SQL is another

-- load: the rows to remove
CREATE TEMP TABLE pruned_subscription_tiers ON COMMIT DROP AS
SELECT t.id
FROM connvo.subscription_tiers AS t
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.desired_subscription_tiers AS d WHERE d.id = t.id);

-- load: statistics
ANALYZE pg_temp.pruned_subscription_tiers;

-- count
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
    (SELECT count(*) FROM pg_temp.pruned_subscription_tiers)
FROM pg_temp.desired_subscription_tiers;

-- check: seed.pruned.subscription_tiers.subscriptions.tier_id.staged.pruned
SELECT kept.key, kept.referring, kept.example, count(*) OVER ()
FROM (
SELECT p.id::text, count(*), min(t.id::text)
FROM pg_temp.pruned_subscription_tiers AS p
JOIN connvo.subscriptions AS t
    ON t.tier_id = p.id
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.staged_subscriptions AS s WHERE s.id = t.id)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_subscriptions AS p WHERE p.id = t.id)
GROUP BY p.id
) AS kept (key, referring, example)
ORDER BY kept.key
LIMIT $1;

-- dry run: the rows to remove
DECLARE seed_removals_subscription_tiers NO SCROLL CURSOR FOR
SELECT p.id
FROM pg_temp.pruned_subscription_tiers AS p
ORDER BY p.id;

-- dry run: the rows to remove
FETCH 2000 FROM seed_removals_subscription_tiers;

-- dry run: the rows to remove
CLOSE seed_removals_subscription_tiers;

-- write: remove
DELETE FROM connvo.subscription_tiers AS t
USING pg_temp.pruned_subscription_tiers AS p
WHERE p.id = t.id;

-- ==== export

-- export
DECLARE export_subscription_tiers NO SCROLL CURSOR FOR
SELECT t.id, t.display_name, t.is_paid, t.rank
FROM connvo.subscription_tiers AS t
ORDER BY t.id;

-- export
FETCH 2000 FROM export_subscription_tiers;

-- export
CLOSE export_subscription_tiers;
