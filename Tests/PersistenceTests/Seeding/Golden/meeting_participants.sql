-- ==== rows of all kinds

-- load: the rows of the files
CREATE TEMP TABLE staged_meeting_participants ON COMMIT DROP AS
SELECT 0 AS seed_row, 0 AS seed_given, 0 AS seed_known, meeting_id, user_id, role, invited_at, joined_at, left_at, removed_at
FROM connvo.meeting_participants
WITH NO DATA;

-- load: the rows of the files
COPY pg_temp.staged_meeting_participants (seed_row, seed_given, seed_known, meeting_id, user_id, role, invited_at, joined_at, left_at, removed_at) FROM STDIN;

-- load: rows that a trigger will make
INSERT INTO pg_temp.staged_meeting_participants
    (seed_row, seed_given, seed_known, meeting_id, user_id, role, removed_at)
SELECT -1, 71, 127, d.id, d.organizer_id, 'host', NULL
FROM pg_temp.desired_meetings AS d
LEFT JOIN connvo.meetings AS t
    ON t.id = d.id
WHERE d.seed_known & 3 = 3
    AND d.organizer_id IS DISTINCT FROM t.organizer_id
    AND NOT EXISTS (
        SELECT 1
        FROM pg_temp.staged_meeting_participants AS named
        WHERE named.meeting_id = d.id AND named.user_id = d.organizer_id
    );

-- load: statistics
ANALYZE pg_temp.staged_meeting_participants (seed_row, seed_known, meeting_id, user_id);

-- load: what the rows will be
CREATE TEMP TABLE desired_meeting_participants ON COMMIT DROP AS
SELECT s.seed_row,
    s.seed_given,
    s.seed_known,
    t.meeting_id IS NULL AS is_new,
    t.meeting_id IS NOT NULL AND (
        (s.seed_given & 4 <> 0 AND s.role IS DISTINCT FROM t.role)
        OR (s.seed_given & 8 <> 0 AND s.invited_at IS DISTINCT FROM t.invited_at)
        OR (s.seed_given & 16 <> 0 AND s.joined_at IS DISTINCT FROM t.joined_at)
        OR (s.seed_given & 32 <> 0 AND s.left_at IS DISTINCT FROM t.left_at)
        OR (s.seed_given & 64 <> 0 AND s.removed_at IS DISTINCT FROM t.removed_at)
    ) AS differs,
    s.meeting_id AS meeting_id,
    s.user_id AS user_id,
    s.role AS role,
    CASE WHEN s.seed_given & 8 <> 0 THEN s.invited_at WHEN t.meeting_id IS NOT NULL THEN t.invited_at ELSE NULL END AS invited_at,
    CASE WHEN s.seed_given & 16 <> 0 THEN s.joined_at WHEN t.meeting_id IS NOT NULL THEN t.joined_at ELSE NULL END AS joined_at,
    CASE WHEN s.seed_given & 32 <> 0 THEN s.left_at WHEN t.meeting_id IS NOT NULL THEN t.left_at ELSE NULL END AS left_at,
    CASE WHEN s.seed_given & 64 <> 0 THEN s.removed_at WHEN t.meeting_id IS NOT NULL THEN t.removed_at ELSE NULL END AS removed_at
FROM pg_temp.staged_meeting_participants AS s
LEFT JOIN connvo.meeting_participants AS t
    ON t.meeting_id = s.meeting_id AND t.user_id = s.user_id;

-- load: statistics
ANALYZE pg_temp.desired_meeting_participants (seed_row, seed_known, is_new, differs, meeting_id, user_id);

-- count
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
    0::bigint
FROM pg_temp.desired_meeting_participants;

-- check: seed.check.meeting_participants_left_after_joined
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meeting_participants AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 48 = 48
    AND NOT (((left_at IS NULL) OR ((joined_at IS NOT NULL) AND (left_at >= joined_at))))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.meeting_participants_role_known
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meeting_participants AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 4 = 4
    AND NOT ((role = ANY (ARRAY['host'::text, 'co-host'::text, 'participant'::text, 'observer'::text])))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.meeting_participants_times_finite
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meeting_participants AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 120 = 120
    AND NOT ((isfinite(invited_at) AND isfinite(joined_at) AND isfinite(left_at) AND isfinite(removed_at)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.meeting_participants_times_writable
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meeting_participants AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 120 = 120
    AND NOT ((((invited_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((invited_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((joined_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((joined_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((left_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((left_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((removed_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((removed_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.meeting_participants.key
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT clash.seed_row, clash.first_row, NULL::text
FROM (
    SELECT s.seed_row, first_value(s.seed_row) OVER same AS first_row
    FROM pg_temp.staged_meeting_participants AS s
    WHERE s.seed_row >= 0
        -- A row that names no id has none, or the one that was found for it.
        AND s.seed_given & 1 <> 0 AND s.seed_given & 2 <> 0
    WINDOW same AS (PARTITION BY s.meeting_id, s.user_id ORDER BY s.seed_row)
) AS clash
WHERE clash.seed_row <> clash.first_row
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.meeting_participants.reference.meeting_id.staged
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.meeting_id::text
FROM pg_temp.desired_meeting_participants AS d
WHERE d.meeting_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 1 = 1
    AND (d.is_new OR d.differs)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_meetings AS s WHERE s.id = d.meeting_id)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.meetings AS t
        WHERE t.id = d.meeting_id
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.meeting_participants.reference.user_id.staged
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.user_id::text
FROM pg_temp.desired_meeting_participants AS d
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

-- dry run: the rows to write
DECLARE seed_changes_meeting_participants NO SCROLL CURSOR FOR
SELECT d.is_new, d.seed_given,
    d.meeting_id, d.user_id, d.role, d.invited_at, d.joined_at, d.left_at, d.removed_at,
    t.meeting_id, t.user_id, t.role, t.invited_at, t.joined_at, t.left_at, t.removed_at
FROM pg_temp.desired_meeting_participants AS d
LEFT JOIN connvo.meeting_participants AS t
    ON t.meeting_id = d.meeting_id AND t.user_id = d.user_id
WHERE d.is_new
    OR d.differs
ORDER BY d.meeting_id, d.user_id;

-- dry run: the rows to write
FETCH 2000 FROM seed_changes_meeting_participants;

-- dry run: the rows to write
CLOSE seed_changes_meeting_participants;

-- write: before what the rows will be is made again
DROP TABLE pg_temp.desired_meeting_participants;

-- write: the rows that differ
UPDATE connvo.meeting_participants AS t
SET role = d.role,
    invited_at = d.invited_at,
    joined_at = d.joined_at,
    left_at = d.left_at,
    removed_at = d.removed_at
FROM pg_temp.desired_meeting_participants AS d
WHERE d.meeting_id = t.meeting_id AND d.user_id = t.user_id
    AND d.differs;

-- write: the new rows
INSERT INTO connvo.meeting_participants
    (meeting_id, user_id, role, invited_at, joined_at, left_at, removed_at)
SELECT meeting_id, user_id, role, invited_at, joined_at, left_at, removed_at
FROM pg_temp.desired_meeting_participants
WHERE is_new
ORDER BY meeting_id, user_id;

-- ==== rows of this kind only, where the SQL is another

-- check: seed.meeting_participants.reference.meeting_id
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.meeting_id::text
FROM pg_temp.desired_meeting_participants AS d
WHERE d.meeting_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 1 = 1
    AND (d.is_new OR d.differs)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.meetings AS t
        WHERE t.id = d.meeting_id
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.meeting_participants.reference.user_id
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.user_id::text
FROM pg_temp.desired_meeting_participants AS d
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

-- ==== rows of all kinds, pruning all, where the SQL is another

-- load: the rows to remove
CREATE TEMP TABLE pruned_meeting_participants ON COMMIT DROP AS
SELECT t.meeting_id, t.user_id
FROM connvo.meeting_participants AS t
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.desired_meeting_participants AS d WHERE d.meeting_id = t.meeting_id AND d.user_id = t.user_id)
    AND NOT EXISTS (
        SELECT 1
        FROM (
        SELECT id, organizer_id
        FROM pg_temp.desired_meetings
        UNION ALL
        SELECT id, organizer_id
        FROM connvo.meetings AS u
        WHERE NOT EXISTS (SELECT 1 FROM pg_temp.staged_meetings AS s WHERE s.id = u.id)
            AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_meetings AS p WHERE p.id = u.id)
    ) AS source
        WHERE t.meeting_id = source.id AND t.user_id = source.organizer_id
    );

-- load: statistics
ANALYZE pg_temp.pruned_meeting_participants;

-- count
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
    (SELECT count(*) FROM pg_temp.pruned_meeting_participants)
FROM pg_temp.desired_meeting_participants;

-- check: seed.meeting_participants.reference.meeting_id.staged.pruned
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.meeting_id::text
FROM pg_temp.desired_meeting_participants AS d
WHERE d.meeting_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 1 = 1
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_meetings AS s WHERE s.id = d.meeting_id)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.meetings AS t
        WHERE t.id = d.meeting_id
            AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_meetings AS p WHERE p.id = t.id)
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.meeting_participants.reference.user_id.staged.pruned
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.user_id::text
FROM pg_temp.desired_meeting_participants AS d
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

-- dry run: the rows to remove
DECLARE seed_removals_meeting_participants NO SCROLL CURSOR FOR
SELECT p.meeting_id, p.user_id
FROM pg_temp.pruned_meeting_participants AS p
ORDER BY p.meeting_id, p.user_id;

-- dry run: the rows to remove
FETCH 2000 FROM seed_removals_meeting_participants;

-- dry run: the rows to remove
CLOSE seed_removals_meeting_participants;

-- write: remove
DELETE FROM connvo.meeting_participants AS t
USING pg_temp.pruned_meeting_participants AS p
WHERE p.meeting_id = t.meeting_id AND p.user_id = t.user_id;

-- ==== export

-- export
DECLARE export_meeting_participants NO SCROLL CURSOR FOR
SELECT t.meeting_id, t.user_id, t.role, t.invited_at, t.joined_at, t.left_at, t.removed_at
FROM connvo.meeting_participants AS t
ORDER BY t.meeting_id, t.user_id;

-- export
FETCH 2000 FROM export_meeting_participants;

-- export
CLOSE export_meeting_participants;
