-- ==== rows of all kinds

-- load: the rows of the files
CREATE TEMP TABLE staged_organizations ON COMMIT DROP AS
SELECT 0 AS seed_row, 0 AS seed_given, 0 AS seed_known, id, name
FROM connvo.organizations
WITH NO DATA;

-- load: the rows of the files
COPY pg_temp.staged_organizations (seed_row, seed_given, seed_known, id, name) FROM STDIN;

-- load: statistics
ANALYZE pg_temp.staged_organizations (seed_row, seed_known, id);

-- load: what the rows will be
CREATE TEMP TABLE desired_organizations ON COMMIT DROP AS
SELECT s.seed_row,
    s.seed_given,
    s.seed_known,
    t.id IS NULL AS is_new,
    t.id IS NOT NULL AND (
        (s.seed_given & 2 <> 0 AND s.name IS DISTINCT FROM t.name)
    ) AS differs,
    s.id AS id,
    s.name AS name
FROM pg_temp.staged_organizations AS s
LEFT JOIN connvo.organizations AS t
    ON t.id = s.id;

-- load: statistics
ANALYZE pg_temp.desired_organizations (seed_row, seed_known, is_new, differs, id);

-- count
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
    0::bigint
FROM pg_temp.desired_organizations;

-- check: seed.check.organizations_id_valid
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_organizations AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 1 = 1
    AND NOT (((id ~ '^[A-Za-z0-9_@-]+$'::text) AND (char_length(id) <= 255)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.organizations_name_valid
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_organizations AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 2 = 2
    AND NOT (((btrim(name) <> ''::text) AND (char_length(name) <= 255)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.organizations.key
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT clash.seed_row, clash.first_row, NULL::text
FROM (
    SELECT s.seed_row, first_value(s.seed_row) OVER same AS first_row
    FROM pg_temp.staged_organizations AS s
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
DECLARE seed_changes_organizations NO SCROLL CURSOR FOR
SELECT d.is_new, d.seed_given,
    d.id, d.name,
    t.id, t.name
FROM pg_temp.desired_organizations AS d
LEFT JOIN connvo.organizations AS t
    ON t.id = d.id
WHERE d.is_new
    OR d.differs
ORDER BY d.id;

-- dry run: the rows to write
FETCH 2000 FROM seed_changes_organizations;

-- dry run: the rows to write
CLOSE seed_changes_organizations;

-- write: the rows that differ
UPDATE connvo.organizations AS t
SET name = d.name
FROM pg_temp.desired_organizations AS d
WHERE d.id = t.id
    AND d.differs;

-- write: the new rows
INSERT INTO connvo.organizations
    (id, name)
SELECT id, name
FROM pg_temp.desired_organizations
WHERE is_new
ORDER BY id;

-- ==== rows of this kind only, where the SQL is another

-- None.

-- ==== rows of all kinds, pruning all, where the SQL is another

-- load: the rows to remove
CREATE TEMP TABLE pruned_organizations ON COMMIT DROP AS
SELECT t.id
FROM connvo.organizations AS t
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.desired_organizations AS d WHERE d.id = t.id);

-- load: statistics
ANALYZE pg_temp.pruned_organizations;

-- count
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
    (SELECT count(*) FROM pg_temp.pruned_organizations)
FROM pg_temp.desired_organizations;

-- check: seed.pruned.organizations.users.organization_id.staged.pruned
SELECT kept.key, kept.referring, kept.example, count(*) OVER ()
FROM (
SELECT p.id::text, count(*), min(t.id::text)
FROM pg_temp.pruned_organizations AS p
JOIN connvo.users AS t
    ON t.organization_id = p.id
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.staged_users AS s WHERE s.id = t.id)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_users AS p WHERE p.id = t.id)
GROUP BY p.id
) AS kept (key, referring, example)
ORDER BY kept.key
LIMIT $1;

-- check: seed.pruned.organizations.subscriptions.organization_id.staged.pruned
SELECT kept.key, kept.referring, kept.example, count(*) OVER ()
FROM (
SELECT p.id::text, count(*), min(t.id::text)
FROM pg_temp.pruned_organizations AS p
JOIN connvo.subscriptions AS t
    ON t.organization_id = p.id
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.staged_subscriptions AS s WHERE s.id = t.id)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_subscriptions AS p WHERE p.id = t.id)
GROUP BY p.id
) AS kept (key, referring, example)
ORDER BY kept.key
LIMIT $1;

-- dry run: the rows to remove
DECLARE seed_removals_organizations NO SCROLL CURSOR FOR
SELECT p.id
FROM pg_temp.pruned_organizations AS p
ORDER BY p.id;

-- dry run: the rows to remove
FETCH 2000 FROM seed_removals_organizations;

-- dry run: the rows to remove
CLOSE seed_removals_organizations;

-- write: remove
DELETE FROM connvo.organizations AS t
USING pg_temp.pruned_organizations AS p
WHERE p.id = t.id;

-- ==== export

-- export
DECLARE export_organizations NO SCROLL CURSOR FOR
SELECT t.id, t.name
FROM connvo.organizations AS t
ORDER BY t.id;

-- export
FETCH 2000 FROM export_organizations;

-- export
CLOSE export_organizations;
