/// The role of a person in a meeting, from the lowest to the highest. Raw values are those of JSON and the database.
package enum Role: String, CaseIterable, Sendable {
    case observer
    case participant
    case coHost = "co-host"
    case host
}

extension Role: Comparable {
    package static func < (left: Role, right: Role) -> Bool {
        left.rank < right.rank
    }

    /// The place among ``allCases``.
    var rank: Int {
        switch self {
        case .observer: 0
        case .participant: 1
        case .coHost: 2
        case .host: 3
        }
    }
}
