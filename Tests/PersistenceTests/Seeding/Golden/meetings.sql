-- ==== rows of all kinds

-- load: the rows of the files
CREATE TEMP TABLE staged_meetings ON COMMIT DROP AS
SELECT 0 AS seed_row, 0 AS seed_given, 0 AS seed_known, id, organizer_id, title, state, scheduled_at, started_at, ended_at, stream_call_type, stream_call_id
FROM connvo.meetings
WITH NO DATA;

-- load: the rows of the files
COPY pg_temp.staged_meetings (seed_row, seed_given, seed_known, id, organizer_id, title, state, scheduled_at, started_at, ended_at, stream_call_type, stream_call_id) FROM STDIN;

-- load: statistics
ANALYZE pg_temp.staged_meetings (seed_row, seed_known, id, organizer_id, stream_call_type, stream_call_id);

-- load: what the rows will be
CREATE TEMP TABLE desired_meetings ON COMMIT DROP AS
SELECT s.seed_row,
    s.seed_given,
    s.seed_known,
    t.id IS NULL AS is_new,
    t.id IS NOT NULL AND (
        (s.seed_given & 2 <> 0 AND s.organizer_id IS DISTINCT FROM t.organizer_id)
        OR (s.seed_given & 4 <> 0 AND s.title IS DISTINCT FROM t.title)
        OR (s.seed_given & 8 <> 0 AND s.state IS DISTINCT FROM t.state)
        OR (s.seed_given & 16 <> 0 AND s.scheduled_at IS DISTINCT FROM t.scheduled_at)
        OR (s.seed_given & 32 <> 0 AND s.started_at IS DISTINCT FROM t.started_at)
        OR (s.seed_given & 64 <> 0 AND s.ended_at IS DISTINCT FROM t.ended_at)
        OR (s.seed_given & 128 <> 0 AND s.stream_call_type IS DISTINCT FROM t.stream_call_type)
        OR (s.seed_given & 256 <> 0 AND s.stream_call_id IS DISTINCT FROM t.stream_call_id)
    ) AS differs,
    s.id AS id,
    s.organizer_id AS organizer_id,
    s.title AS title,
    CASE WHEN s.seed_given & 8 <> 0 THEN s.state WHEN t.id IS NOT NULL THEN t.state ELSE 'scheduled'::text END AS state,
    CASE WHEN s.seed_given & 16 <> 0 THEN s.scheduled_at WHEN t.id IS NOT NULL THEN t.scheduled_at ELSE NULL END AS scheduled_at,
    CASE WHEN s.seed_given & 32 <> 0 THEN s.started_at WHEN t.id IS NOT NULL THEN t.started_at ELSE NULL END AS started_at,
    CASE WHEN s.seed_given & 64 <> 0 THEN s.ended_at WHEN t.id IS NOT NULL THEN t.ended_at ELSE NULL END AS ended_at,
    CASE WHEN s.seed_given & 128 <> 0 THEN s.stream_call_type WHEN t.id IS NOT NULL THEN t.stream_call_type ELSE NULL END AS stream_call_type,
    CASE WHEN s.seed_given & 256 <> 0 THEN s.stream_call_id WHEN t.id IS NOT NULL THEN t.stream_call_id ELSE NULL END AS stream_call_id
FROM pg_temp.staged_meetings AS s
LEFT JOIN connvo.meetings AS t
    ON t.id = s.id;

-- load: statistics
ANALYZE pg_temp.desired_meetings (seed_row, seed_known, is_new, differs, id, organizer_id, stream_call_type, stream_call_id);

-- count
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
    0::bigint
FROM pg_temp.desired_meetings;

-- check: seed.check.meetings_ended_after_started
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meetings AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 96 = 96
    AND NOT ((ended_at >= started_at))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.meetings_ended_at_agrees
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meetings AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 72 = 72
    AND NOT (((state = 'concluded'::text) = (ended_at IS NOT NULL)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.meetings_id_valid
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meetings AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 1 = 1
    AND NOT (((id ~ '^[A-Za-z0-9_-]+$'::text) AND (char_length(id) <= 64)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.meetings_started_at_agrees
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meetings AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 40 = 40
    AND NOT (((state = ANY (ARRAY['active'::text, 'concluded'::text])) = (started_at IS NOT NULL)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.meetings_state_known
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meetings AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 8 = 8
    AND NOT ((state = ANY (ARRAY['scheduled'::text, 'active'::text, 'concluded'::text, 'cancelled'::text])))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.meetings_stream_call_complete
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meetings AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 384 = 384
    AND NOT ((num_nonnulls(stream_call_type, stream_call_id) = ANY (ARRAY[0, 2])))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.meetings_stream_call_id_valid
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meetings AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 256 = 256
    AND NOT (((stream_call_id ~ '^[A-Za-z0-9_-]+$'::text) AND (char_length(stream_call_id) <= 64)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.meetings_stream_call_type_valid
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meetings AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 128 = 128
    AND NOT (((stream_call_type ~ '^[A-Za-z0-9_-]+$'::text) AND (char_length(stream_call_type) <= 64)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.meetings_times_finite
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meetings AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 112 = 112
    AND NOT ((isfinite(scheduled_at) AND isfinite(started_at) AND isfinite(ended_at)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.meetings_times_writable
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meetings AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 112 = 112
    AND NOT ((((scheduled_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((scheduled_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((started_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((started_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone) AND ((ended_at AT TIME ZONE 'UTC'::text) >= '0001-01-01 00:00:00'::timestamp without time zone) AND ((ended_at AT TIME ZONE 'UTC'::text) < '10000-01-01 00:00:00'::timestamp without time zone)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.check.meetings_title_valid
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, NULL::text
FROM pg_temp.desired_meetings AS d
WHERE (d.is_new OR d.differs)
    AND d.seed_row >= 0
    AND d.seed_known & 4 = 4
    AND NOT (((btrim(title) <> ''::text) AND (char_length(title) <= 255)))
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.meetings.key
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT clash.seed_row, clash.first_row, NULL::text
FROM (
    SELECT s.seed_row, first_value(s.seed_row) OVER same AS first_row
    FROM pg_temp.staged_meetings AS s
    WHERE s.seed_row >= 0
        -- A row that names no id has none, or the one that was found for it.
        AND s.seed_given & 1 <> 0
    WINDOW same AS (PARTITION BY s.id ORDER BY s.seed_row)
) AS clash
WHERE clash.seed_row <> clash.first_row
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.meetings.reference.organizer_id.staged
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.organizer_id::text
FROM pg_temp.desired_meetings AS d
WHERE d.organizer_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 2 = 2
    AND (d.is_new OR d.differs)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_users AS s WHERE s.id = d.organizer_id)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.users AS t
        WHERE t.id = d.organizer_id
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.meetings.unique.stream_call_type
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT clash.seed_row, clash.first_row, NULL::text
FROM (
    SELECT d.seed_row, d.id,
        first_value(d.seed_row) OVER same AS first_row,
        first_value(d.id) OVER same AS first_id
    FROM pg_temp.desired_meetings AS d
    WHERE d.seed_known & 384 = 384
            AND num_nulls(d.stream_call_type, d.stream_call_id) = 0
    WINDOW same AS (PARTITION BY d.stream_call_type, d.stream_call_id ORDER BY d.seed_row)
) AS clash
WHERE clash.seed_row <> clash.first_row
    AND clash.id IS DISTINCT FROM clash.first_id
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.meetings.unique.stream_call_type.database.staged
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, t.id::text
FROM pg_temp.desired_meetings AS d
JOIN connvo.meetings AS t
    ON (t.stream_call_type, t.stream_call_id) = (d.stream_call_type, d.stream_call_id)
WHERE (d.is_new OR d.differs)
    AND d.seed_known & 385 = 385
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_meetings AS s WHERE s.id = t.id)
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- dry run: the rows to write
DECLARE seed_changes_meetings NO SCROLL CURSOR FOR
SELECT d.is_new, d.seed_given,
    d.id, d.organizer_id, d.title, d.state, d.scheduled_at, d.started_at, d.ended_at, d.stream_call_type, d.stream_call_id,
    t.id, t.organizer_id, t.title, t.state, t.scheduled_at, t.started_at, t.ended_at, t.stream_call_type, t.stream_call_id
FROM pg_temp.desired_meetings AS d
LEFT JOIN connvo.meetings AS t
    ON t.id = d.id
WHERE d.is_new
    OR d.differs
ORDER BY d.id;

-- dry run: the rows to write
FETCH 2000 FROM seed_changes_meetings;

-- dry run: the rows to write
CLOSE seed_changes_meetings;

-- write: give unique values up
UPDATE connvo.meetings AS t
SET stream_call_type = NULL, stream_call_id = NULL
FROM (
    SELECT d.id, d.seed_row FROM pg_temp.desired_meetings AS d WHERE d.differs
) AS f
WHERE f.id = t.id
    AND EXISTS (
        SELECT 1
        FROM pg_temp.desired_meetings AS claimant
        WHERE claimant.id <> t.id
            AND (claimant.stream_call_type, claimant.stream_call_id) = (t.stream_call_type, t.stream_call_id)
    );

-- write: the rows that differ
UPDATE connvo.meetings AS t
SET organizer_id = d.organizer_id,
    title = d.title,
    state = d.state,
    scheduled_at = d.scheduled_at,
    started_at = d.started_at,
    ended_at = d.ended_at,
    stream_call_type = d.stream_call_type,
    stream_call_id = d.stream_call_id
FROM pg_temp.desired_meetings AS d
WHERE d.id = t.id
    AND d.differs;

-- write: the new rows
INSERT INTO connvo.meetings
    (id, organizer_id, title, state, scheduled_at, started_at, ended_at, stream_call_type, stream_call_id)
SELECT id, organizer_id, title, state, scheduled_at, started_at, ended_at, stream_call_type, stream_call_id
FROM pg_temp.desired_meetings
WHERE is_new
ORDER BY id;

-- ==== rows of this kind only, where the SQL is another

-- check: seed.meetings.reference.organizer_id
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.organizer_id::text
FROM pg_temp.desired_meetings AS d
WHERE d.organizer_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 2 = 2
    AND (d.is_new OR d.differs)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.users AS t
        WHERE t.id = d.organizer_id
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- ==== rows of all kinds, pruning all, where the SQL is another

-- load: the rows to remove
CREATE TEMP TABLE pruned_meetings ON COMMIT DROP AS
SELECT t.id
FROM connvo.meetings AS t
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.desired_meetings AS d WHERE d.id = t.id);

-- load: statistics
ANALYZE pg_temp.pruned_meetings;

-- count
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
    (SELECT count(*) FROM pg_temp.pruned_meetings)
FROM pg_temp.desired_meetings;

-- check: seed.meetings.reference.organizer_id.staged.pruned
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, d.organizer_id::text
FROM pg_temp.desired_meetings AS d
WHERE d.organizer_id IS NOT NULL
    AND d.seed_row >= 0
    AND d.seed_known & 2 = 2
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_users AS s WHERE s.id = d.organizer_id)
    AND NOT EXISTS (
        SELECT 1
        FROM connvo.users AS t
        WHERE t.id = d.organizer_id
            AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_users AS p WHERE p.id = t.id)
    )
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.meetings.unique.stream_call_type.database.staged.pruned
SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
FROM (
SELECT d.seed_row, NULL::integer, t.id::text
FROM pg_temp.desired_meetings AS d
JOIN connvo.meetings AS t
    ON (t.stream_call_type, t.stream_call_id) = (d.stream_call_type, d.stream_call_id)
WHERE (d.is_new OR d.differs)
    AND d.seed_known & 385 = 385
    AND NOT EXISTS (SELECT 1 FROM pg_temp.staged_meetings AS s WHERE s.id = t.id)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_meetings AS p WHERE p.id = t.id)
) AS bad (seed_row, other_row, detail)
ORDER BY bad.seed_row, bad.other_row, bad.detail
LIMIT $1;

-- check: seed.pruned.meetings.meeting_participants.meeting_id.staged.pruned
SELECT kept.key, kept.referring, kept.example, count(*) OVER ()
FROM (
SELECT p.id::text, count(*), min(t.meeting_id::text || '/' || t.user_id::text)
FROM pg_temp.pruned_meetings AS p
JOIN connvo.meeting_participants AS t
    ON t.meeting_id = p.id
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.staged_meeting_participants AS s WHERE s.meeting_id = t.meeting_id AND s.user_id = t.user_id)
    AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_meeting_participants AS p WHERE p.meeting_id = t.meeting_id AND p.user_id = t.user_id)
GROUP BY p.id
) AS kept (key, referring, example)
ORDER BY kept.key
LIMIT $1;

-- dry run: the rows to remove
DECLARE seed_removals_meetings NO SCROLL CURSOR FOR
SELECT p.id
FROM pg_temp.pruned_meetings AS p
ORDER BY p.id;

-- dry run: the rows to remove
FETCH 2000 FROM seed_removals_meetings;

-- dry run: the rows to remove
CLOSE seed_removals_meetings;

-- write: give unique values up
UPDATE connvo.meetings AS t
SET stream_call_type = NULL, stream_call_id = NULL
FROM (
    SELECT d.id, d.seed_row FROM pg_temp.desired_meetings AS d WHERE d.differs
    UNION ALL
    SELECT p.id, -2 - (row_number() OVER ())::integer FROM pg_temp.pruned_meetings AS p
) AS f
WHERE f.id = t.id
    AND EXISTS (
        SELECT 1
        FROM pg_temp.desired_meetings AS claimant
        WHERE claimant.id <> t.id
            AND (claimant.stream_call_type, claimant.stream_call_id) = (t.stream_call_type, t.stream_call_id)
    );

-- write: remove
DELETE FROM connvo.meetings AS t
USING pg_temp.pruned_meetings AS p
WHERE p.id = t.id;

-- ==== export

-- export
DECLARE export_meetings NO SCROLL CURSOR FOR
SELECT t.id, t.organizer_id, t.title, t.state, t.scheduled_at, t.started_at, t.ended_at, t.stream_call_type, t.stream_call_id
FROM connvo.meetings AS t
ORDER BY t.id;

-- export
FETCH 2000 FROM export_meetings;

-- export
CLOSE export_meetings;
