-- 0003: meetings and who takes part in them.
-- Why: membership and role decide who gets a token; a meeting is born with its organizer as host.
-- Lock: SHARE ROW EXCLUSIVE on users while the foreign keys are added; it is empty or small.

CREATE TABLE connvo.meetings (
    id text COLLATE "C" NOT NULL,
    organizer_id text COLLATE "C" NOT NULL,
    title text NOT NULL,
    state text NOT NULL DEFAULT 'scheduled',
    scheduled_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    stream_call_type text COLLATE "C",
    stream_call_id text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT meetings_pkey PRIMARY KEY (id),
    -- RESTRICT: a meeting without an organizer has nobody who pays for it. Hand it over first.
    CONSTRAINT meetings_organizer_id_fkey FOREIGN KEY (organizer_id)
        REFERENCES connvo.users (id) ON DELETE RESTRICT,
    -- Two meetings in one call would let the members of each into the other.
    CONSTRAINT meetings_stream_call_key UNIQUE (stream_call_type, stream_call_id),
    CONSTRAINT meetings_id_valid CHECK (id ~ '^[A-Za-z0-9_-]+$' AND char_length(id) <= 64),
    CONSTRAINT meetings_title_valid CHECK (btrim(title) <> '' AND char_length(title) <= 255),
    CONSTRAINT meetings_state_known CHECK (state IN ('scheduled', 'active', 'concluded', 'cancelled')),
    CONSTRAINT meetings_started_at_agrees CHECK ((state IN ('active', 'concluded')) = (started_at IS NOT NULL)),
    CONSTRAINT meetings_ended_at_agrees CHECK ((state = 'concluded') = (ended_at IS NOT NULL)),
    CONSTRAINT meetings_ended_after_started CHECK (ended_at >= started_at),
    CONSTRAINT meetings_times_finite CHECK (
        isfinite(scheduled_at) AND isfinite(started_at) AND isfinite(ended_at)
    ),
    CONSTRAINT meetings_stream_call_complete CHECK (num_nonnulls(stream_call_type, stream_call_id) IN (0, 2)),
    CONSTRAINT meetings_stream_call_type_valid CHECK (stream_call_type ~ '^[A-Za-z0-9_-]+$' AND char_length(stream_call_type) <= 64),
    CONSTRAINT meetings_stream_call_id_valid CHECK (stream_call_id ~ '^[A-Za-z0-9_-]+$' AND char_length(stream_call_id) <= 64)
)
    -- Room for the few updates in a meeting's life, so that they touch no index.
    WITH (fillfactor = 90);

-- Meetings of an organizer; also the ON DELETE RESTRICT above.
CREATE INDEX meetings_organizer_id_idx
    ON connvo.meetings (organizer_id);

COMMENT ON TABLE connvo.meetings IS 'Video meetings. scheduled and active ones admit, concluded and cancelled ones never do.';
COMMENT ON COLUMN connvo.meetings.id IS 'The id that clients send (meeting_...).';
COMMENT ON COLUMN connvo.meetings.organizer_id IS 'The user whose subscription, or whose organization''s, pays for the meeting; always added as host.';
COMMENT ON COLUMN connvo.meetings.title IS 'Title shown to people.';
COMMENT ON COLUMN connvo.meetings.state IS 'scheduled, active, concluded or cancelled.';
COMMENT ON COLUMN connvo.meetings.scheduled_at IS 'When it is meant to begin; null when no time was set.';
COMMENT ON COLUMN connvo.meetings.started_at IS 'When it began; set exactly while active or concluded.';
COMMENT ON COLUMN connvo.meetings.ended_at IS 'When it ended; set exactly while concluded.';
COMMENT ON COLUMN connvo.meetings.stream_call_type IS 'GetStream call type; null until the call was made, together with stream_call_id.';
COMMENT ON COLUMN connvo.meetings.stream_call_id IS 'GetStream call id; null until the call was made, together with stream_call_type.';
COMMENT ON COLUMN connvo.meetings.created_at IS 'When the row was inserted here.';
COMMENT ON COLUMN connvo.meetings.updated_at IS 'When the row last really changed; kept by trigger.';

CREATE TABLE connvo.meeting_participants (
    meeting_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    role text NOT NULL,
    invited_at timestamptz,
    joined_at timestamptz,
    left_at timestamptz,
    removed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT meeting_participants_pkey PRIMARY KEY (meeting_id, user_id),
    -- CASCADE twice: membership means nothing without the meeting or the person. Records are copies and stay.
    CONSTRAINT meeting_participants_meeting_id_fkey FOREIGN KEY (meeting_id)
        REFERENCES connvo.meetings (id) ON DELETE CASCADE,
    CONSTRAINT meeting_participants_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES connvo.users (id) ON DELETE CASCADE,
    CONSTRAINT meeting_participants_role_known CHECK (role IN ('host', 'co-host', 'participant', 'observer')),
    CONSTRAINT meeting_participants_left_after_joined CHECK (
        left_at IS NULL OR (joined_at IS NOT NULL AND left_at >= joined_at)
    ),
    CONSTRAINT meeting_participants_times_finite CHECK (
        isfinite(invited_at) AND isfinite(joined_at) AND isfinite(left_at) AND isfinite(removed_at)
    )
)
    -- Every joining and leaving updates a row; none of those columns is indexed.
    WITH (fillfactor = 90);

-- Meetings of a user; also the ON DELETE CASCADE from users.
CREATE INDEX meeting_participants_user_id_idx
    ON connvo.meeting_participants (user_id);

COMMENT ON TABLE connvo.meeting_participants IS 'Membership, and nothing else decides it: who may enter a meeting, in which role.';
COMMENT ON COLUMN connvo.meeting_participants.meeting_id IS 'The meeting.';
COMMENT ON COLUMN connvo.meeting_participants.user_id IS 'The member.';
COMMENT ON COLUMN connvo.meeting_participants.role IS 'host, co-host, participant or observer; a request may lower it, never raise it.';
COMMENT ON COLUMN connvo.meeting_participants.invited_at IS 'When the member was invited; null when nobody had to, as for the organizer.';
COMMENT ON COLUMN connvo.meeting_participants.joined_at IS 'When the member last joined; null when never.';
COMMENT ON COLUMN connvo.meeting_participants.left_at IS 'When the member last left; null while inside or never there. Leaving is not removal.';
COMMENT ON COLUMN connvo.meeting_participants.removed_at IS 'When the member was removed; set, it keeps the person out.';
COMMENT ON COLUMN connvo.meeting_participants.created_at IS 'When the row was inserted here.';
COMMENT ON COLUMN connvo.meeting_participants.updated_at IS 'When the row last really changed; kept by trigger.';

-- A new organizer becomes host even if the person was a member in a lower role or had been removed: who
-- pays for a meeting and runs it cannot be locked out of it. The former organizer stays a host; taking
-- that away is a decision of its own.
CREATE FUNCTION connvo.add_organizer_as_host()
    RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO connvo.meeting_participants
        (meeting_id, user_id, role)
    VALUES
        (NEW.id, NEW.organizer_id, 'host')
    ON CONFLICT (meeting_id, user_id) DO UPDATE
    SET role = EXCLUDED.role,
        removed_at = NULL;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION connvo.add_organizer_as_host() IS 'Trigger: makes the organizer of a meeting, when it is made and when the organizer changes, a host who is not removed.';

CREATE TRIGGER meetings_add_organizer
    AFTER INSERT ON connvo.meetings
    FOR EACH ROW
    EXECUTE FUNCTION connvo.add_organizer_as_host();

CREATE TRIGGER meetings_change_organizer
    AFTER UPDATE OF organizer_id ON connvo.meetings
    FOR EACH ROW
    WHEN (OLD.organizer_id IS DISTINCT FROM NEW.organizer_id)
    EXECUTE FUNCTION connvo.add_organizer_as_host();

CREATE TRIGGER meetings_set_updated_at
    BEFORE UPDATE ON connvo.meetings
    FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION connvo.set_updated_at();

CREATE TRIGGER meeting_participants_set_updated_at
    BEFORE UPDATE ON connvo.meeting_participants
    FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION connvo.set_updated_at();
