/// The rows in the database of a ``ServerFixture``.
enum SeedData {
    static let meeting = "meeting_123example"
    static let host = "user_workos_123"

    /// Every meeting has the same guests, so that meetings differ only in the property under test.
    static let sql = """
        INSERT INTO connvo.users (id, email, display_name, avatar_url, is_active) VALUES
            ('user_workos_123', 'alice@example.com', 'Alice Johnson', 'https://example.com/avatars/alice.jpg', true),
            ('user_cohost', 'bob@example.com', 'Bob Smith', NULL, true),
            ('user_participant', 'carol@example.com', 'Carol "CD" Díaz \\ 🎥', NULL, true),
            ('user_observer', 'oscar@example.com', 'Oscar', NULL, true),
            ('user_nameless', 'nora.kim@example.com', NULL, NULL, true),
            ('user_removed', 'rudi@example.com', 'Rudi', NULL, true),
            ('user_left', 'lena@example.com', 'Lena', NULL, true),
            ('user_outsider', 'otto@example.com', 'Otto', NULL, true),
            ('user_deactivated', 'dora@example.com', 'Dora', NULL, false),
            ('user_free', 'frank@example.com', 'Frank', NULL, true),
            ('user_bug', 'bug@example.com', 'Bug', NULL, true);

        INSERT INTO connvo.subscriptions (user_id, tier_id, status, starts_at) VALUES
            ('user_workos_123', 'pro', 'active', '2020-01-01T00:00:00Z'),
            ('user_free', 'free', 'active', '2020-01-01T00:00:00Z');

        INSERT INTO connvo.meetings
            (id, organizer_id, title, state, scheduled_at, started_at, ended_at, stream_call_type, stream_call_id)
        SELECT id, organizer, 'A meeting', state, scheduled_at,
            CASE WHEN state IN ('active', 'concluded') THEN now() - interval '1 hour' END,
            CASE WHEN state = 'concluded' THEN now() END,
            CASE WHEN has_call THEN 'default' END,
            CASE WHEN has_call THEN 'call_' || id END
        FROM (VALUES
            ('meeting_123example', 'user_workos_123', 'active', NULL::timestamptz, true),
            ('meeting_anytime', 'user_workos_123', 'scheduled', NULL, true),
            ('meeting_soon', 'user_workos_123', 'scheduled', now() + interval '5 minutes', true),
            ('meeting_early', 'user_workos_123', 'scheduled', '2099-01-01T12:00:00Z', true),
            ('meeting_early_free', 'user_free', 'scheduled', '2099-01-01T12:00:00Z', true),
            ('meeting_concluded', 'user_workos_123', 'concluded', '2099-01-01T12:00:00Z', true),
            ('meeting_concluded_free', 'user_free', 'concluded', NULL, false),
            ('meeting_cancelled', 'user_workos_123', 'cancelled', '2099-01-01T12:00:00Z', true),
            ('meeting_free', 'user_free', 'active', NULL, true),
            ('meeting_free_without_call', 'user_free', 'active', NULL, false),
            ('meeting_without_call', 'user_workos_123', 'active', NULL, false)
        ) AS meeting (id, organizer, state, scheduled_at, has_call);

        INSERT INTO connvo.meeting_participants (meeting_id, user_id, role, joined_at, left_at, removed_at)
        SELECT meeting.id, guest.id, guest.role, guest.left_at, guest.left_at, guest.removed_at
        FROM connvo.meetings AS meeting
        CROSS JOIN (VALUES
            ('user_cohost', 'co-host', NULL::timestamptz, NULL::timestamptz),
            ('user_participant', 'participant', NULL, NULL),
            ('user_observer', 'observer', NULL, NULL),
            ('user_nameless', 'participant', NULL, NULL),
            ('user_removed', 'co-host', NULL, now()),
            ('user_left', 'participant', now(), NULL),
            ('user_deactivated', 'participant', NULL, NULL),
            ('user_bug', 'participant', NULL, NULL)
        ) AS guest (id, role, left_at, removed_at);
        """
}
