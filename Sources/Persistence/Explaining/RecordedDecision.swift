package import Domain
package import PostgreSQL

/// The record of a decision, of a token or of a refusal, without the client's address, its browser and its session.
package struct RecordedDecision: Sendable {
    /// When it was decided.
    package let at: Timestamp
    /// The id of the record; of a token it is the `jti`.
    package let id: String
    package let userID: String
    package let meetingID: String
    /// Nil where the meeting did not exist.
    package let organizerID: String?
    package let requestedRole: Role?
    /// Nil where the caller was no participant, and in records older than migration 0006.
    package let heldRole: Role?
    package let impersonator: String?
    /// The trace of the request, 32 hexadecimal digits; nil where the client sent no valid `traceparent`, and in records
    /// older than migration 0020.
    package let traceID: String?
    package let outcome: Outcome

    package enum Outcome: Hashable, Sendable {
        case issued(Grant)
        case refused(Refusal.Reason)
    }

    /// What a token was issued for.
    package struct Grant: Hashable, Sendable {
        package let role: Role
        package let streamRole: String
        package let tierID: String
        package let subscriptionID: String
        package let subscriptionStatus: String
        package let callCID: String
        package let expiresAt: Timestamp
    }

    /// Where to look: everything is searched unless something narrows it.
    package struct Search: Sendable {
        package var requestID: String
        package var userID: User.ID?
        package var meetingID: Meeting.ID?
        /// The time of an id that this server made: records are at most some seconds younger.
        package var madeAt: Timestamp?

        package init(requestID: String, userID: User.ID? = nil, meetingID: Meeting.ID? = nil) {
            self.requestID = requestID
            self.userID = userID
            self.meetingID = meetingID
            madeAt = UUIDv7(requestID)?.instant
        }
    }

    /// How many records of one request id are read.
    package static let limit = 11

    /// Finds the records of a request id, the youngest first. A client may send an id more than once.
    ///
    /// An id that the server made is searched around its time first, which takes an index.
    package static func find(
        _ search: Search,
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> [RecordedDecision] {
        if search.madeAt != nil {
            let found = try find(RecordSearchStatement(search), deadline: deadline, on: &connection)
            if !found.isEmpty { return found }
        }
        var everywhere = search
        everywhere.madeAt = nil
        return try find(RecordSearchStatement(everywhere), deadline: deadline, on: &connection)
    }

    private static func find(
        _ statement: RecordSearchStatement,
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> [RecordedDecision] {
        let results = try InquiryStatements.execute(
            [statement.command],
            isSearch: !statement.isNarrow,
            deadline: deadline,
            on: &connection
        )
        var records: [RecordedDecision] = []
        try results[0].forEachRow { (columns: inout RowReader) throws(DatabaseError) in
            records.append(try RecordedDecision(&columns))
        }
        return records
    }

    private init(_ columns: inout RowReader) throws(DatabaseError) {
        at = try columns.next()
        id = try columns.next()
        userID = try columns.next()
        meetingID = try columns.next()
        organizerID = try columns.nextIfPresent()
        requestedRole = try columns.nextIfPresent(String.self).flatMap { Role(rawValue: $0) }
        heldRole = try columns.nextIfPresent(String.self).flatMap { Role(rawValue: $0) }
        impersonator = try columns.nextIfPresent()
        traceID = try columns.nextIfPresent()
        if columns.hasColumns(1) {
            outcome = .refused(try columns.nextCase())
            return
        }
        outcome = .issued(
            Grant(
                role: try columns.nextCase(),
                streamRole: try columns.next(),
                tierID: try columns.next(),
                subscriptionID: try columns.next(),
                subscriptionStatus: try columns.next(),
                callCID: try columns.next(),
                expiresAt: try columns.next()
            )
        )
    }
}
