-- 0006: the role that whoever got a token held in the meeting.
-- Why: "was a role ever raised" compares the role granted with the role held, and memberships change afterwards.
-- Lock: ACCESS EXCLUSIVE on issued_tokens and its partitions, for an instant: nothing is scanned or rewritten.

-- Null in records of binaries that do not know the column yet. No CHECK: each one is read from its stored text for
-- every INSERT, and what is copied here was checked in meeting_participants.
ALTER TABLE connvo.issued_tokens
    ADD COLUMN held_role text;

COMMENT ON COLUMN connvo.issued_tokens.held_role IS 'The role the caller had in the meeting at that time; null in records older than migration 0006.';

-- The comment of a column is not inherited; partitions made later copy it.
DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN
        SELECT attached.inhrelid
        FROM pg_catalog.pg_inherits AS attached
        WHERE attached.inhparent = 'connvo.issued_tokens'::regclass
    LOOP
        EXECUTE format(
            'COMMENT ON COLUMN %s.held_role IS %L',
            partition,
            'The role the caller had in the meeting at that time; null in records older than migration 0006.'
        );
    END LOOP;
END;
$$;
