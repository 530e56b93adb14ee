-- 0011: the control of altered roles accepts the held role where another one was asked for.
-- Why: with REQUESTED_ROLE=ignore the role held decides, whatever the client asks for; the record keeps both.
-- Lock: ACCESS EXCLUSIVE on the view, for a moment; no table is locked against writers.

CREATE OR REPLACE VIEW reporting.altered_roles_v1
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
        WHEN issued.granted_role = issued.held_role THEN 0
        WHEN issued.granted_role <> coalesce(issued.requested_role, issued.held_role) THEN 1
        WHEN array_position(ARRAY['observer', 'participant', 'co-host', 'host'], issued.granted_role)
            > array_position(ARRAY['observer', 'participant', 'co-host', 'host'], issued.held_role) THEN 1
        ELSE 0
    END = 1;

COMMENT ON VIEW reporting.altered_roles_v1 IS 'Security, audit; a control that must be empty: was a role raised, or one granted that was neither held nor asked for? One row per token.';
COMMENT ON COLUMN reporting.altered_roles_v1.change IS 'raised: above the role held in the meeting. altered: neither the role held nor the role asked for; where the role held is unknown, not the role asked for.';
