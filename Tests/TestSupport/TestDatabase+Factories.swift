internal import Synchronization

/// Inserts rows for tests, with defaults for all columns that a test does not set. Times are in PostgreSQL's syntax.
extension TestDatabase {
    private static let sequence = Atomic<Int>(0)

    private static func next() -> Int { sequence.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Inserts an organization and returns its id.
    @discardableResult
    package func organization(_ id: String? = nil, name: String = "Acme") throws -> String {
        let id = id ?? "org_\(Self.next())"
        try execute("INSERT INTO connvo.organizations (id, name) VALUES ($1, $2)", [id, name])
        return id
    }

    /// Inserts a user and returns the id.
    @discardableResult
    package func user(
        _ id: String? = nil,
        email: String? = nil,
        displayName: String? = "Alice Johnson",
        avatarURL: String? = nil,
        organization: String? = nil,
        isActive: Bool = true
    ) throws -> String {
        let id = id ?? "user_\(Self.next())"
        try execute(
            """
            INSERT INTO connvo.users (id, email, display_name, avatar_url, organization_id, is_active)
            VALUES ($1, $2, $3, $4, $5, $6::boolean)
            """,
            [id, email ?? "\(id)@example.com", displayName, avatarURL, organization, String(isActive)]
        )
        return id
    }

    /// Inserts an active meeting with a call and returns its id. A trigger makes the organizer its host.
    ///
    /// - Parameter streamCallID: nil leaves the meeting without a call.
    @discardableResult
    package func meeting(
        _ id: String? = nil,
        organizer: String,
        title: String = "Planning",
        state: String = "active",
        scheduledAt: String? = nil,
        streamCallType: String = "default",
        streamCallID: String?? = .none
    ) throws -> String {
        let id = id ?? "meeting_\(Self.next())"
        let callID: String? = streamCallID ?? "call_\(id)"
        try execute(
            """
            INSERT INTO connvo.meetings
                (id, organizer_id, title, state, scheduled_at, started_at, ended_at, stream_call_type, stream_call_id)
            VALUES
                ($1, $2, $3, $4, $5::timestamptz,
                CASE WHEN $4 IN ('active', 'concluded') THEN now() - interval '1 hour' END,
                CASE WHEN $4 = 'concluded' THEN now() END,
                CASE WHEN $7 IS NOT NULL THEN $6 END, $7)
            """,
            [id, organizer, title, state, scheduledAt, streamCallType, callID]
        )
        return id
    }

    /// Makes a user a participant, or changes the role of a participant.
    package func participant(
        meeting: String,
        user: String,
        role: String = "participant",
        removedAt: String? = nil
    ) throws {
        try execute(
            """
            INSERT INTO connvo.meeting_participants (meeting_id, user_id, role, removed_at)
            VALUES ($1, $2, $3, $4::timestamptz)
            ON CONFLICT (meeting_id, user_id) DO UPDATE
            SET role = EXCLUDED.role, removed_at = EXCLUDED.removed_at
            """,
            [meeting, user, role, removedAt]
        )
    }

    /// Inserts a subscription, of a user or of an organization.
    package func subscription(
        user: String? = nil,
        organization: String? = nil,
        tier: String = "pro",
        status: String = "active",
        startsAt: String = "2020-01-01T00:00:00Z",
        endsAt: String? = nil,
        pastDueSince: String? = nil
    ) throws {
        try execute(
            """
            INSERT INTO connvo.subscriptions
                (user_id, organization_id, tier_id, status, starts_at, ends_at, past_due_since)
            VALUES
                ($1, $2, $3, $4, $5::timestamptz, $6::timestamptz, $7::timestamptz)
            """,
            [user, organization, tier, status, startsAt, endsAt, pastDueSince]
        )
    }
}
