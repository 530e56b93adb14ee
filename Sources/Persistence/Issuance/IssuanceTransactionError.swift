internal import PostgreSQL

/// How a batch failed. No token of it may leave.
struct IssuanceTransactionError: Error {
    let cause: DatabaseError
    /// Whether COMMIT had been sent, so that records may exist.
    let commitWasSent: Bool

    /// What follows for the requests of the batch.
    enum Consequence {
        /// Records may exist; no token leaves.
        case commitUnknown
        /// The connection broke before COMMIT was sent: nothing happened.
        case notSent
        /// The reason may belong to one request: a bad value, or a constraint that names itself.
        case itemAtFault
        /// The whole batch is turned away.
        case refused(IssuanceOutcome.Unavailability)
    }

    var consequence: Consequence {
        switch cause.kind {
        case .commitUncertain:
            return .commitUnknown
        case .connect, .connectionLost, .timedOut, .unexpected:
            return commitWasSent ? .commitUnknown : .notSent
        case .decoding:
            return .itemAtFault
        case .rolledBack:
            return .refused(.databaseFailed)
        case .server:
            guard let sqlState = cause.sqlState else { return .refused(.databaseFailed) }
            switch sqlState {
            case .dataException: return .itemAtFault
            // No partition takes the row: that names no constraint, and concerns every request.
            case .checkViolation where cause.constraint == nil: return .refused(.noPartition)
            case .integrityConstraintViolation where cause.constraint != nil: return .itemAtFault
            default: return .refused(.databaseFailed)
            }
        }
    }

    /// Whether the session itself is why the server refused, so that another one may do better: it is on a standby, or
    /// its prepared statements no longer fit the schema, or a pooler has lost them.
    var isOfConnection: Bool {
        switch cause.sqlState {
        case .readOnlyTransaction?, .featureNotSupported?, .invalidStatementName?: true
        default: false
        }
    }
}
