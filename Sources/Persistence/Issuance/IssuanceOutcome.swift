package import Domain

/// How a request ended. A token exists only in `issued`, and only after its record was committed.
package enum IssuanceOutcome: Sendable {
    case issued(IssuedToken)
    /// Refused by a rule; the refusal is recorded.
    case refused(Refusal)
    /// The caller's quota is used up: `limit` requests a minute. `retryAfter` is in whole seconds, at least 1.
    case rateLimited(limit: Int, retryAfter: Int64)
    /// Nothing can be said now; the client may ask again.
    case unavailable(Unavailability)
    /// The record of this one request could not be written: a bug, to be found in the log.
    case failed

    /// Why a request was not decided. Raw values are the labels of logs and metrics.
    package enum Unavailability: String, CaseIterable, Sendable {
        /// Too many were waiting already.
        case overloaded
        /// It waited too long for a connection, or too little time was left to work on it.
        case waitedTooLong = "waited_too_long"
        /// No connection to the database can be made, or it acknowledges no COMMIT.
        case databaseAway = "database_away"
        /// The database refused or did not answer in time; nothing was recorded.
        case databaseFailed = "database_failed"
        /// `COMMIT` was sent and never acknowledged: a record may exist, its token was not handed out.
        case commitUnknown = "commit_unknown"
        /// The month's partition is missing.
        case noPartition = "no_partition"
        case shuttingDown = "shutting_down"
    }
}
