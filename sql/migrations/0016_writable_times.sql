-- 0016: a time is one that a file can hold.
-- Why: a time outside the years 1 to 9999, in UTC, made every export fail (RFC 3339, section 5.6, has four digits for the
--   year).
-- Lock: ACCESS EXCLUSIVE on subscriptions, meetings and meeting_participants, for an instant: no row is read.

-- In UTC, so that neither the condition nor its text depends on the setting TimeZone.
ALTER TABLE connvo.subscriptions
    ADD CONSTRAINT subscriptions_times_writable CHECK (
        starts_at AT TIME ZONE 'UTC' >= timestamp '0001-01-01 00:00:00'
        AND starts_at AT TIME ZONE 'UTC' < timestamp '10000-01-01 00:00:00'
        AND ends_at AT TIME ZONE 'UTC' >= timestamp '0001-01-01 00:00:00'
        AND ends_at AT TIME ZONE 'UTC' < timestamp '10000-01-01 00:00:00'
        AND past_due_since AT TIME ZONE 'UTC' >= timestamp '0001-01-01 00:00:00'
        AND past_due_since AT TIME ZONE 'UTC' < timestamp '10000-01-01 00:00:00'
    ) NOT VALID;

ALTER TABLE connvo.meetings
    ADD CONSTRAINT meetings_times_writable CHECK (
        scheduled_at AT TIME ZONE 'UTC' >= timestamp '0001-01-01 00:00:00'
        AND scheduled_at AT TIME ZONE 'UTC' < timestamp '10000-01-01 00:00:00'
        AND started_at AT TIME ZONE 'UTC' >= timestamp '0001-01-01 00:00:00'
        AND started_at AT TIME ZONE 'UTC' < timestamp '10000-01-01 00:00:00'
        AND ended_at AT TIME ZONE 'UTC' >= timestamp '0001-01-01 00:00:00'
        AND ended_at AT TIME ZONE 'UTC' < timestamp '10000-01-01 00:00:00'
    ) NOT VALID;

ALTER TABLE connvo.meeting_participants
    ADD CONSTRAINT meeting_participants_times_writable CHECK (
        invited_at AT TIME ZONE 'UTC' >= timestamp '0001-01-01 00:00:00'
        AND invited_at AT TIME ZONE 'UTC' < timestamp '10000-01-01 00:00:00'
        AND joined_at AT TIME ZONE 'UTC' >= timestamp '0001-01-01 00:00:00'
        AND joined_at AT TIME ZONE 'UTC' < timestamp '10000-01-01 00:00:00'
        AND left_at AT TIME ZONE 'UTC' >= timestamp '0001-01-01 00:00:00'
        AND left_at AT TIME ZONE 'UTC' < timestamp '10000-01-01 00:00:00'
        AND removed_at AT TIME ZONE 'UTC' >= timestamp '0001-01-01 00:00:00'
        AND removed_at AT TIME ZONE 'UTC' < timestamp '10000-01-01 00:00:00'
    ) NOT VALID;
