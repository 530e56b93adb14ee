/// Why nothing was seeded.
package enum SeedFailure: Error, Sendable {
    /// The rows do not fit together or do not fit the database; sorted by place.
    case invalid([SeedProblem])
    /// The database failed, or refused for a reason that the checks do not know.
    case database(step: String, error: DatabaseError)
}

extension SeedFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalid(let problems):
            problems.map(\.description).joined(separator: "\n")
        case .database(let step, let error):
            if let state = error.sqlState, .integrityConstraintViolation ~= state {
                """
                \(step): the database refuses a row: \(error.fullDescription). Nothing was seeded.
                """
            } else if error.kind == .connectionLost || error.kind == .timedOut || error.kind == .commitUncertain {
                "\(step): \(error.fullDescription). Whether it was seeded is unknown; seeding again is safe."
            } else {
                "\(step): \(error.fullDescription). Nothing was seeded."
            }
        }
    }
}
