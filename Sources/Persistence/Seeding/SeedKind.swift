/// What a seed file holds. Kinds are tables, in the order in which their rows refer to each other; raw values are
/// the names in files and in schema `connvo`.
package enum SeedKind: String, CaseIterable, Sendable {
    case organizations
    case users
    case subscriptionTiers = "subscription_tiers"
    case subscriptions
    case meetings
    case meetingParticipants = "meeting_participants"

    /// Fields are columns.
    package var columns: [SeedColumn] {
        switch self {
        case .organizations: Self.organizationColumns
        case .users: Self.userColumns
        case .subscriptionTiers: Self.tierColumns
        case .subscriptions: Self.subscriptionColumns
        case .meetings: Self.meetingColumns
        case .meetingParticipants: Self.participantColumns
        }
    }

    /// The primary key.
    package var key: [String] {
        self == .meetingParticipants ? ["meeting_id", "user_id"] : ["id"]
    }

    /// Sets of columns that no two rows may share, the primary key first.
    var uniqueKeys: [SeedUniqueKey] {
        let primary = SeedUniqueKey(columns: key)
        return switch self {
        case .users:
            [primary, SeedUniqueKey(columns: ["email"], ignoresCase: true)]
        case .subscriptions:
            [primary, SeedUniqueKey(columns: ["user_id", "organization_id", "starts_at"], nullsAreEqual: true)]
        case .meetings:
            [primary, SeedUniqueKey(columns: ["stream_call_type", "stream_call_id"])]
        case .organizations, .subscriptionTiers, .meetingParticipants:
            [primary]
        }
    }

    /// The place of a column in ``columns``.
    package func index(of column: String) -> Int? { columns.firstIndex { $0.name == column } }
}

extension SeedKind {
    private static let organizationColumns = [
        SeedColumn("id", .longID, .required),
        SeedColumn("name", .text, .required),
    ]

    private static let userColumns = [
        SeedColumn("id", .longID, .required),
        SeedColumn("email", .text, .required, isPersonal: true),
        SeedColumn("display_name", .text, .nullable, isPersonal: true),
        SeedColumn("avatar_url", .text, .nullable, isPersonal: true),
        SeedColumn("organization_id", .longID, .nullable, refersTo: .organizations),
        SeedColumn("is_active", .boolean, .hasDefault),
    ]

    private static let tierColumns = [
        SeedColumn("id", .shortID, .required),
        SeedColumn("display_name", .text, .required),
        SeedColumn("is_paid", .boolean, .required),
        SeedColumn("rank", .integer, .required),
    ]

    private static let subscriptionColumns = [
        SeedColumn("id", .uuid, .hasDefault),
        SeedColumn("user_id", .longID, .nullable, refersTo: .users),
        SeedColumn("organization_id", .longID, .nullable, refersTo: .organizations),
        SeedColumn("tier_id", .shortID, .required, refersTo: .subscriptionTiers),
        SeedColumn(
            "status",
            .oneOf(["trialing", "active", "past_due", "paused", "unpaid", "incomplete", "canceled"]),
            .required
        ),
        SeedColumn("starts_at", .timestamp, .required),
        SeedColumn("ends_at", .timestamp, .nullable),
        SeedColumn("past_due_since", .timestamp, .nullable),
    ]

    private static let meetingColumns = [
        SeedColumn("id", .shortID, .required),
        SeedColumn("organizer_id", .longID, .required, refersTo: .users),
        SeedColumn("title", .text, .required, isPersonal: true),
        SeedColumn("state", .oneOf(["scheduled", "active", "concluded", "cancelled"]), .hasDefault),
        SeedColumn("scheduled_at", .timestamp, .nullable),
        SeedColumn("started_at", .timestamp, .nullable),
        SeedColumn("ended_at", .timestamp, .nullable),
        SeedColumn("stream_call_type", .shortID, .nullable),
        SeedColumn("stream_call_id", .shortID, .nullable),
    ]

    private static let participantColumns = [
        SeedColumn("meeting_id", .shortID, .required, refersTo: .meetings),
        SeedColumn("user_id", .longID, .required, refersTo: .users),
        SeedColumn("role", .oneOf(["host", "co-host", "participant", "observer"]), .required),
        SeedColumn("invited_at", .timestamp, .nullable),
        SeedColumn("joined_at", .timestamp, .nullable),
        SeedColumn("left_at", .timestamp, .nullable),
        SeedColumn("removed_at", .timestamp, .nullable),
    ]
}
