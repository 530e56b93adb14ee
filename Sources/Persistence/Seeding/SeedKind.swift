/// What a seed file holds. Kinds are tables, in the order in which their rows refer to each other; raw values are
/// the names in files and in schema `connvo`.
///
/// A kind's columns, and all that is special about it, are in its ``SeedKindDefinition``.
package enum SeedKind: String, CaseIterable, Sendable {
    case organizations
    case users
    case subscriptionTiers = "subscription_tiers"
    case subscriptions
    case meetings
    case meetingParticipants = "meeting_participants"

    var definition: SeedKindDefinition {
        switch self {
        case .organizations: .organizations
        case .users: .users
        case .subscriptionTiers: .subscriptionTiers
        case .subscriptions: .subscriptions
        case .meetings: .meetings
        case .meetingParticipants: .meetingParticipants
        }
    }

    /// Fields are columns.
    package var columns: [SeedColumn] { definition.columns }

    /// The columns of the primary key.
    package var key: [String] { definition.key }

    /// The columns of which exactly one names the row's owner; empty for a kind without owners.
    package var ownerColumns: [String] { definition.ownedPeriod?.ownerColumns ?? [] }

    /// The place of a column in ``columns``.
    package func index(of column: String) -> Int? { columns.firstIndex { $0.name == column } }

    /// A bit for each of ``columns``, the lowest for the first.
    package var allColumns: Int { (1 << columns.count) - 1 }

    /// The bits of some columns.
    package func mask(of names: some Sequence<String>) -> Int {
        names.reduce(0) { mask, name in index(of: name).map { mask | 1 << $0 } ?? mask }
    }
}
