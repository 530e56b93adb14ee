internal import PostgreSQL

/// How a batch failed. No token of it may leave.
struct IssuanceTransactionError: Error {
    let cause: DatabaseError
    /// Whether COMMIT had been sent, so that records may exist.
    let commitWasSent: Bool

    /// Whether the server may still be busy with COMMIT.
    var leavesCommitWaiting: Bool { commitWasSent && cause.kind == .timedOut }

    /// What follows for the requests of the batch.
    enum Consequence {
        /// Records may exist; no token leaves.
        case commitUnknown
        /// Nothing was recorded, and another connection may do better.
        case notRecorded
        /// Nothing was recorded, because of another transaction at the same time. The same may succeed now.
        case collided
        /// The reason may belong to one request: a bad value, or a constraint that names itself.
        case itemAtFault
        /// The whole batch is turned away.
        case refused(IssuanceOutcome.Unavailability)
    }

    var consequence: Consequence {
        switch cause.kind {
        case .commitUncertain, .rowsMissing:
            return .commitUnknown
        case .connect, .connectionLost, .timedOut, .unexpected:
            return commitWasSent ? .commitUnknown : .notRecorded
        case .decoding:
            return .itemAtFault
        case .rolledBack:
            return .refused(.databaseFailed)
        case .server:
            guard let sqlState = cause.sqlState else { return .refused(.databaseFailed) }
            // The server said that the transaction failed, also when COMMIT had been sent behind the failed statement.
            switch sqlState {
            // The session is at fault: it is on a standby, or its prepared statements no longer fit the schema, or a
            // pooler or another client of the session has removed them.
            case .readOnlyTransaction, .featureNotSupported, .invalidStatementName, .duplicatePreparedStatement:
                return .notRecorded
            case .serializationFailure, .deadlockDetected: return .collided
            case .dataException: return .itemAtFault
            // No partition takes the row: that names no constraint, and concerns every request.
            case .checkViolation where cause.constraint == nil: return .refused(.noPartition)
            case .integrityConstraintViolation where cause.constraint != nil: return .itemAtFault
            default: return .refused(.databaseFailed)
            }
        }
    }
}
