package import PostgreSQL

/// What operators may want to know about the engine. Logs and metrics are made from these elsewhere.
package enum IssuanceEvent: Sendable {
    case connected(slot: Int)
    case connectingFailed(slot: Int, DatabaseError)
    /// A connection broke, or was closed because its state was in doubt.
    case connectionLost(slot: Int, DatabaseError?)
    /// A batch was committed; `took` counts from the first byte sent to the acknowledged COMMIT.
    case committed(size: Int, took: Duration)
    /// A batch failed and was not recorded.
    case batchFailed(size: Int, DatabaseError)
    /// A batch failed for a reason that may belong to one item; its items are tried one by one.
    case batchSplit(size: Int, DatabaseError)
    /// The record of one request could not be written, alone: a bug.
    case itemFailed(requestID: String, DatabaseError)
    /// `COMMIT` was sent and not acknowledged: records may exist whose tokens were not handed out.
    case commitUnknown(size: Int, DatabaseError)
    /// A prepared statement of another connection was met, or one of ours was gone, as behind a pooler in transaction mode.
    /// From now on statements are sent unnamed.
    case sessionsShared(DatabaseError)
    /// So many COMMITs in a row were not acknowledged that requests are turned away until one is.
    case commitsStalled(abandoned: Int)
    /// A COMMIT was acknowledged after ``commitsStalled(abandoned:)``.
    case commitsResumed
    /// Requests were turned away without having reached the database.
    case turnedAway(IssuanceOutcome.Unavailability, count: Int)
}
