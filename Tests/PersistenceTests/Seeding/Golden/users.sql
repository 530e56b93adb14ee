-- ==== rows of all kinds

-- load: the rows of the files
CREATE TEMP TABLE staged_users ON COMMIT DROP AS
SELECT 0 AS seed_row, 0 AS seed_given, 0 AS seed_known, id, email, display_name, avatar_url, organization_id, is_active
FROM connvo.users
WITH NO DATA;

-- load: the rows of the files
COPY pg_temp.staged_users (seed_row, seed_given, seed_known, id, email, display_name, avatar_url, organization_id, is_active) FROM STDIN;

-- load: statistics
ANALYZE pg_temp.staged_users (seed_row, seed_known, id, email, organization_id);

-- load: what the rows will be
CREATE TEMP TABLE desired_users ON COMMIT DROP AS
SELECT s.seed_row,
    s.seed_given,
    s.seed_known,
    t.id IS NULL AS is_new,
    t.id IS NOT NULL AND (
        (s.seed_given & 2 <> 0 AND s.email IS DISTINCT FROM t.email)
        OR (s.seed_given & 4 <> 0 AND s.display_name IS DISTINCT FROM t.display_name)
        OR (s.seed_given & 8 <> 0 AND s.avatar_url IS DISTINCT FROM t.avatar_url)
        OR (s.seed_given & 16 <> 0 AND s.organization_id IS DISTINCT FROM t.organization_id)
        OR (s.seed_given & 32 <> 0 AND s.is_active IS DISTINCT FROM t.is_active)
    ) AS differs,
    s.id AS id,
    s.email AS email,
    CASE WHEN s.seed_given & 4 <> 0 THEN s.display_name WHEN t.id IS NOT NULL THEN t.display_name ELSE NULL END AS display_name,
    CASE WHEN s.seed_given & 8 <> 0 THEN s.avatar_url WHEN t.id IS NOT NULL THEN t.avatar_url ELSE NULL END AS avatar_url,
    CASE WHEN s.seed_given & 16 <> 0 THEN s.organization_id WHEN t.id IS NOT NULL THEN t.organization_id ELSE NULL END AS organization_id,
    CASE WHEN s.seed_given & 32 <> 0 THEN s.is_active WHEN t.id IS NOT NULL THEN t.is_active ELSE true END AS is_active
FROM pg_temp.staged_users AS s
LEFT JOIN connvo.users AS t
    ON t.id = s.id;

-- load: statistics
ANALYZE pg_temp.desired_users (seed_row, seed_known, is_new, differs, id, email, organization_id);

-- count
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
    0::bigint
FROM pg_temp.desired_users;

-- check: seed.check.users_avatar_url_valid
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_users AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 8 = 8
    AND NOT (((avatar_url ~ '^https?://[^[:space:]]+$'::text) AND (char_length(avatar_url) <= 2048)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.users_display_name_valid
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_users AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 4 = 4
    AND NOT (((btrim(display_name) <> ''::text) AND (char_length(display_name) <= 255)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.users_email_valid
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_users AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 2 = 2
    AND NOT (((email ~ '^[^@[:space:]]+@[^@[:space:]]+$'::text) AND (char_length(email) <= 320)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.users_id_valid
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_users AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 1 = 1
    AND NOT (((id ~ '^[A-Za-z0-9_@-]+$'::text) AND (char_length(id) <= 255)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.users.key
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT clash.seed_row, clash.first_row, NULL::text
FROM (
    SELECT s.seed_row, first_value(s.seed_row) OVER same AS first_row
    FROM pg_temp.staged_users AS s
    WHERE s.seed_row >= 0
        -- A row that names no id has none, or the one that was found for it.
        AND s.seed_given & 1 <> 0
    WINDOW same AS (PARTITION BY s.id ORDER BY s.seed_row)
) AS clash
WHERE clash.seed_row <> clash.first_row
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.users.reference.organization_id.staged
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.organization_id::text
FROM pg_temp.desired_users AS d
WHERE d.organization_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 16 = 16
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

-- check: seed.users.unique.email
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT clash.seed_row, clash.first_row, NULL::text
FROM (
    SELECT d.seed_row, d.id,
        first_value(d.seed_row) OVER same AS first_row,
        first_value(d.id) OVER same AS first_id
    FROM pg_temp.desired_users AS d
    WHERE d.seed_known & 2 = 2
            AND num_nulls(d.email) = 0
    WINDOW same AS (PARTITION BY lower(d.email COLLATE "C") ORDER BY d.seed_row)
) AS clash
WHERE clash.seed_row <> clash.first_row
    AND clash.id IS DISTINCT FROM clash.first_id
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.users.unique.email.database.staged
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, t.id::text
FROM pg_temp.desired_users AS d
JOIN connvo.users AS t
    ON (lower(t.email COLLATE "C")) = (lower(d.email COLLATE "C"))
WHERE (d.is_new OR d.differs)
    AND d.seed_known & 3 = 3
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_users AS s WHERE s.id = t.id)
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- dry run: the rows to write
DECLARE seed_changes_users NO SCROLL CURSOR FOR
SELECT d.is_new, d.seed_given,
    d.id, d.email, d.display_name, d.avatar_url, d.organization_id, d.is_active,
    t.id, t.email, t.display_name, t.avatar_url, t.organization_id, t.is_active
FROM pg_temp.desired_users AS d
LEFT JOIN connvo.users AS t
    ON t.id = d.id
WHERE d.is_new
    OR d.differs
ORDER BY d.id;

-- dry run: the rows to write
FETCH 2000 FROM seed_changes_users;

-- dry run: the rows to write
CLOSE seed_changes_users;

-- write: give unique values up
UPDATE connvo.users AS t
SET email = 'released-' || md5(f.id) || '@connvo.invalid'
FROM (
    SELECT d.id, d.seed_row FROM pg_temp.desired_users AS d WHERE d.differs
) AS f
WHERE f.id = t.id
    AND EXISTS (
        SELECT 1
        FROM pg_temp.desired_users AS claimant
        WHERE claimant.id <> t.id
            AND (lower(claimant.email COLLATE "C")) = (lower(t.email COLLATE "C"))
    );

-- write: the rows that differ
UPDATE connvo.users AS t
SET email = d.email,
    display_name = d.display_name,
    avatar_url = d.avatar_url,
    organization_id = d.organization_id,
    is_active = d.is_active
FROM pg_temp.desired_users AS d
WHERE d.id = t.id
    AND d.differs;

-- write: the new rows
INSERT INTO connvo.users
    (id, email, display_name, avatar_url, organization_id, is_active)
SELECT id, email, display_name, avatar_url, organization_id, is_active
FROM pg_temp.desired_users
WHERE is_new
ORDER BY id;

-- ==== rows of this kind only, where the SQL is another

-- check: seed.users.reference.organization_id
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.organization_id::text
FROM pg_temp.desired_users AS d
WHERE d.organization_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 16 = 16
    AND (d.is_new OR d.differs)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.organizations AS t
        WHERE t.id = d.organization_id
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- ==== rows of all kinds, pruning all, where the SQL is another

-- load: the rows to remove
CREATE TEMP TABLE pruned_users ON COMMIT DROP AS
SELECT t.id
FROM connvo.users AS t
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.desired_users AS d WHERE d.id = t.id);

-- load: statistics
ANALYZE pg_temp.pruned_users;

-- count
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
    (SELECT count(*) FROM pg_temp.pruned_users)
FROM pg_temp.desired_users;

-- check: seed.users.reference.organization_id.staged.pruned
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.organization_id::text
FROM pg_temp.desired_users AS d
WHERE d.organization_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 16 = 16
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

-- check: seed.users.unique.email.database.staged.pruned
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, t.id::text
FROM pg_temp.desired_users AS d
JOIN connvo.users AS t
    ON (lower(t.email COLLATE "C")) = (lower(d.email COLLATE "C"))
WHERE (d.is_new OR d.differs)
    AND d.seed_known & 3 = 3
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_users AS s WHERE s.id = t.id)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_users AS p WHERE p.id = t.id)
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.pruned.users.subscriptions.user_id.staged.pruned
SELECT kept.key, kept.referring, kept.example, count(*) OVER ()
FROM (
SELECT p.id::text, count(*), min(t.id::text)
FROM pg_temp.pruned_users AS p
JOIN connvo.subscriptions AS t
    ON t.user_id = p.id
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.staged_subscriptions AS s WHERE s.id = t.id)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_subscriptions AS p WHERE p.id = t.id)
GROUP BY p.id
) AS kept (key, referring, example)
ORDER BY kept.key
LIMIT $1;

-- check: seed.pruned.users.meetings.organizer_id.staged.pruned
SELECT kept.key, kept.referring, kept.example, count(*) OVER ()
FROM (
SELECT p.id::text, count(*), min(t.id::text)
FROM pg_temp.pruned_users AS p
JOIN connvo.meetings AS t
    ON t.organizer_id = p.id
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.staged_meetings AS s WHERE s.id = t.id)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_meetings AS p WHERE p.id = t.id)
GROUP BY p.id
) AS kept (key, referring, example)
ORDER BY kept.key
LIMIT $1;

-- check: seed.pruned.users.meeting_participants.user_id.staged.pruned
SELECT kept.key, kept.referring, kept.example, count(*) OVER ()
FROM (
SELECT p.id::text, count(*), min(t.meeting_id::text || '/' || t.user_id::text)
FROM pg_temp.pruned_users AS p
JOIN connvo.meeting_participants AS t
    ON t.user_id = p.id
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.staged_meeting_participants AS s WHERE s.meeting_id = t.meeting_id AND s.user_id = t.user_id)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_meeting_participants AS p WHERE p.meeting_id = t.meeting_id AND p.user_id = t.user_id)
GROUP BY p.id
) AS kept (key, referring, example)
ORDER BY kept.key
LIMIT $1;

-- check: seed.pruned.users.protected
SELECT kept.key, kept.referring, kept.example, count(*) OVER ()
FROM (
SELECT protected.id, 1::bigint, NULL::text
FROM connvo.users_with_records(ARRAY(SELECT p.id FROM pg_temp.pruned_users AS p)) AS protected (id)
) AS kept (key, referring, example)
ORDER BY kept.key
LIMIT $1;

-- dry run: the rows to remove
DECLARE seed_removals_users NO SCROLL CURSOR FOR
SELECT p.id
FROM pg_temp.pruned_users AS p
ORDER BY p.id;

-- dry run: the rows to remove
FETCH 2000 FROM seed_removals_users;

-- dry run: the rows to remove
CLOSE seed_removals_users;

-- write: give unique values up
UPDATE connvo.users AS t
SET email = 'released-' || md5(f.id) || '@connvo.invalid'
FROM (
    SELECT d.id, d.seed_row FROM pg_temp.desired_users AS d WHERE d.differs
    UNION ALL
    SELECT p.id, -2 - (row_number() OVER ())::integer FROM pg_temp.pruned_users AS p
) AS f
WHERE f.id = t.id
    AND EXISTS (
        SELECT 1
        FROM pg_temp.desired_users AS claimant
        WHERE claimant.id <> t.id
            AND (lower(claimant.email COLLATE "C")) = (lower(t.email COLLATE "C"))
    );

-- write: remove
DELETE FROM connvo.users AS t
USING pg_temp.pruned_users AS p
WHERE p.id = t.id;

-- ==== export

-- export
DECLARE export_users NO SCROLL CURSOR FOR
SELECT t.id, t.email, t.display_name, t.avatar_url, t.organization_id, t.is_active
FROM connvo.users AS t
ORDER BY t.id;

-- export
FETCH 2000 FROM export_users;

-- export
CLOSE export_users;
