package import PostgreSQL

/// Why nothing was seeded.
package enum SeedFailure: Error, Sendable {
    /// The rows do not fit together or do not fit the database.
    case invalid(SeedProblems)
    /// More rows would be removed than were confirmed, or of other kinds.
    case unconfirmed([SeedKind: Int])
    /// Another session kept what seeding needs for too long.
    case busy(SeedLock.Holder?, waited: Duration)
    /// The database failed, or refused for a reason that the checks do not know.
    case database(step: String, error: DatabaseError)
}

extension SeedFailure: CustomStringConvertible {
    /// Without values of rows, which may be personal.
    package var description: String { description(showingValues: false) }

    /// - Parameter showingValues: Whether what the server says about a row may quote it.
    package func description(showingValues: Bool) -> String {
        switch self {
        case .invalid(let problems):
            problems.description
        case .unconfirmed(let removals):
            """
            the tables have changed since it was asked: \(Self.text(of: removals)) would be removed now. Nothing was \
            seeded; run this again.
            """
        case .busy(let holder, let waited):
            """
            waited \(waited.components.seconds) s for \(holder?.description ?? "another session"). Nothing was \
            seeded; run this again when that session is done.
            """
        case .database(let step, let error):
            Self.description(of: error, in: step, showingValues: showingValues)
        }
    }

    /// `3 rows of users, 1 row of meetings`, in the order of the kinds.
    package static func text(of removals: [SeedKind: Int]) -> String {
        SeedKind.allCases.compactMap { kind in
            removals[kind].map { "\($0) \($0 == 1 ? "row" : "rows") of \(kind.rawValue)" }
        }.joined(separator: ", ")
    }

    private static func description(of error: DatabaseError, in step: String, showingValues: Bool) -> String {
        let hides = !showingValues && error.detail != nil
        let text = showingValues ? error.fullDescription : error.descriptionWithoutDetail
        let hint = hides ? " (--show-values shows the row)" : ""
        if let state = error.sqlState, .integrityConstraintViolation ~= state {
            return "\(step): the database refuses a row: \(text)\(hint). Nothing was seeded."
        }
        if error.sqlState == .lockNotAvailable {
            return "\(step): another session kept a row locked: \(text). Nothing was seeded; run this again."
        }
        if error.kind == .connectionLost || error.kind == .timedOut || error.kind == .commitUncertain {
            return "\(step): \(text). Whether it was seeded is unknown; seeding again is safe."
        }
        return "\(step): \(text)\(hint). Nothing was seeded."
    }
}

extension DatabaseError {
    /// What an administrator may see without seeing values.
    fileprivate var descriptionWithoutDetail: String {
        [description, constraint.map { "constraint \($0)" }].compactMap { $0 }.joined(separator: "; ")
    }
}
