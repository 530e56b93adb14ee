package import PostgreSQL

/// Why maintenance stopped. What was done before stays done, and the next run goes on from there.
package enum MaintenanceFailure: Error, Equatable, Sendable {
    /// Another maintainer or a migrator held the lock all the time.
    case locked(AdvisoryLock.Holder?, waited: Duration)
    case database(step: String, error: DatabaseError)
}

extension MaintenanceFailure: DatabaseStepError {}

extension MaintenanceFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .locked(let holder, let waited):
            """
            Another maintain or migrate has held the lock for the \(waited.components.seconds) s that were waited\
            \(holder.map { ": \($0)" } ?? ""). Let it finish, or end it, and run this again.
            """
        case .database(let step, let error):
            "\(step): \(error.fullDescription). \(Self.remedy(for: error))"
        }
    }

    private static func remedy(for error: DatabaseError) -> String {
        switch error.sqlState {
        case .insufficientPrivilege:
            """
            maintain needs a login that is a member of connvo_maintainer or of connvo_owner, and all of schema connvo \
            belongs to its owner.
            """
        case .undefinedFunction, .undefinedTable, .undefinedSchema:
            "The schema is older than this program: run connvo-server migrate up."
        default: "What was done before stays done; run this again."
        }
    }
}
