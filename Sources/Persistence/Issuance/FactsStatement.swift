internal import Domain
internal import PostgreSQL

/// What one row of the facts statement says.
struct RequestFacts {
    var admission: AdmissionFacts
    /// Records of the caller in the last minute, and the time of the oldest; zero when no quota is asked for.
    var recentRequests: Int64 = 0
    var oldestRecentRequest: Timestamp?
}

/// Reads what the database knows about each of several requests, in one statement.
///
/// It fetches and does not judge: the only conditions beside the keys narrow subscriptions to those that the
/// exclusion constraints allow one of per owner at any instant, so that a request gets exactly one row. The policy
/// judges period, status and tier again.
struct FactsStatement {
    private let one: Statement
    private let many: Statement
    private let countsRecentRequests: Bool

    /// - Parameter countsRecentRequests: Whether to read what the quota needs.
    init(countsRecentRequests: Bool) {
        self.countsRecentRequests = countsRecentRequests
        let columns = Self.columns + (countsRecentRequests ? Self.recentColumns : "")
        let joins = Self.joins + (countsRecentRequests ? Self.recentJoin : "")
        one = Statement(
            "facts.one",
            """
            \(columns)
            FROM (SELECT $1 AS user_id, $2 AS meeting_id, $3 AS now, 1::bigint AS ordinal) AS r
            \(joins)
            """,
            parameters: [.text, .text, .timestamptz]
        )
        many = Statement(
            "facts.many",
            """
            \(columns)
            FROM unnest($1, $2, $3) WITH ORDINALITY AS r (user_id, meeting_id, now, ordinal)
            \(joins)
            """,
            parameters: [.textArray, .textArray, .timestamptzArray]
        )
    }

    /// The row of a request, in the order of the SELECT list.
    private static let columns = """
        SELECT r.ordinal,
               u.email, u.display_name, u.avatar_url, u.is_active,
               m.organizer_id, o.organization_id, m.state, m.scheduled_at, m.stream_call_type, m.stream_call_id,
               p.role, p.removed_at,
               su.id::text, su.status, su.starts_at, su.ends_at, su.past_due_since, su.tier_id, tu.is_paid, tu.rank,
               so.id::text, so.status, so.starts_at, so.ends_at, so.past_due_since, so.tier_id, ts.is_paid, ts.rank
        """

    /// `= ANY (ARRAY[...])` instead of `=` keeps the planner away from the GiST indexes of the exclusion constraints:
    /// they cost several times what the B-tree made for this look-up does, and cannot serve this form.
    private static let joins = """
        LEFT JOIN connvo.users u ON u.id = r.user_id
        LEFT JOIN connvo.meetings m ON m.id = r.meeting_id
        LEFT JOIN connvo.users o ON o.id = m.organizer_id
        LEFT JOIN connvo.meeting_participants p ON p.meeting_id = r.meeting_id AND p.user_id = r.user_id
        LEFT JOIN connvo.subscriptions su
               ON su.user_id = ANY (ARRAY[m.organizer_id])
              AND su.status IN ('trialing', 'active', 'past_due')
              AND su.starts_at <= r.now AND (su.ends_at IS NULL OR su.ends_at > r.now)
        LEFT JOIN connvo.subscription_tiers tu ON tu.id = su.tier_id
        LEFT JOIN connvo.subscriptions so
               ON so.organization_id = ANY (ARRAY[o.organization_id])
              AND so.status IN ('trialing', 'active', 'past_due')
              AND so.starts_at <= r.now AND (so.ends_at IS NULL OR so.ends_at > r.now)
        LEFT JOIN connvo.subscription_tiers ts ON ts.id = so.tier_id
        """

    private static let recentColumns = ",\n       q.requests, q.oldest"

    /// The upper bound lets the server skip the partitions of coming months.
    private static let recentJoin = """

        CROSS JOIN LATERAL (
            SELECT count(*) AS requests, min(w.at) AS oldest
            FROM (
                SELECT t.issued_at AS at FROM connvo.issued_tokens t
                WHERE t.user_id = r.user_id
                  AND t.issued_at > r.now - interval '1 minute' AND t.issued_at < r.now + interval '1 minute'
                UNION ALL
                SELECT f.refused_at FROM connvo.token_refusals f
                WHERE f.user_id = r.user_id
                  AND f.refused_at > r.now - interval '1 minute' AND f.refused_at < r.now + interval '1 minute'
            ) AS w
        ) AS q
        """

    func command(for requests: [IssuanceRequest]) -> Command {
        if requests.count == 1 {
            var parameters = Parameters(reservingBytes: 128, slots: 3)
            parameters.append(requests[0].admission.callerID)
            parameters.append(requests[0].admission.meetingID)
            parameters.append(requests[0].receivedAt)
            return Command(one, parameters)
        }
        var parameters = Parameters(reservingBytes: 128 * requests.count, slots: 3)
        parameters.append(array: requests.map(\.admission.callerID), of: .text)
        parameters.append(array: requests.map(\.admission.meetingID), of: .text)
        parameters.append(array: requests.map(\.receivedAt), of: .timestamptz)
        return Command(many, parameters)
    }

    /// Puts the rows back in the order of the requests.
    ///
    /// - Throws: ``DatabaseError/Kind/decoding`` when a row is missing, doubled or malformed.
    func decode(_ result: QueryResult, for requests: [IssuanceRequest]) throws(DatabaseError) -> [RequestFacts] {
        var facts = [RequestFacts?](repeating: nil, count: requests.count)
        for row in result.rows {
            let index = Int(try row.decode(0, as: Int64.self)) - 1
            guard facts.indices.contains(index), facts[index] == nil else {
                throw row.decodingError(0, found: "ordinal \(index + 1) twice or out of range", expected: Int64.self)
            }
            var decoded = RequestFacts(admission: try Self.decodeFacts(row, for: requests[index].admission))
            if countsRecentRequests {
                decoded.recentRequests = try row.decode(29)
                decoded.oldestRecentRequest = try row.decodeIfPresent(30)
            }
            facts[index] = decoded
        }
        let complete = facts.compactMap { $0 }
        guard complete.count == requests.count else {
            throw DatabaseError(.decoding, "facts of \(requests.count - complete.count) requests are missing")
        }
        return complete
    }

    private static func decodeFacts(_ row: Row, for request: AdmissionRequest) throws(DatabaseError) -> AdmissionFacts {
        var facts = AdmissionFacts()
        if let isActive = try row.decodeIfPresent(4, as: Bool.self) {
            facts.caller = User(
                id: request.callerID,
                email: try row.decode(1),
                displayName: try row.decodeIfPresent(2),
                avatarURL: try row.decodeIfPresent(3),
                isActive: isActive
            )
        }
        guard let organizer = try row.decodeIfPresent(5, as: String.self) else { return facts }
        let organizerID = User.ID(rawValue: organizer)
        let organizationID = try row.decodeIfPresent(6, as: String.self).map { Organization.ID(rawValue: $0) }
        facts.meeting = Meeting(
            id: request.meetingID,
            organizerID: organizerID,
            organizationID: organizationID,
            state: try row.decodeCase(7),
            scheduledAt: try row.decodeIfPresent(8),
            streamCall: try decodeCall(row)
        )
        if !row.isNull(11) {
            facts.participation = Participation(role: try row.decodeCase(11), removedAt: try row.decodeIfPresent(12))
        }
        if let subscription = try decodeSubscription(row, from: 13, owner: .user(organizerID)) {
            facts.subscriptions.append(subscription)
        }
        if let organizationID,
            let subscription = try decodeSubscription(row, from: 21, owner: .organization(organizationID))
        {
            facts.subscriptions.append(subscription)
        }
        return facts
    }

    private static func decodeCall(_ row: Row) throws(DatabaseError) -> StreamCall? {
        guard let type = try row.decodeIfPresent(9, as: String.self) else { return nil }
        return StreamCall(type: type, id: try row.decode(10))
    }

    private static func decodeSubscription(
        _ row: Row,
        from column: Int,
        owner: Subscription.Owner
    ) throws(DatabaseError) -> Subscription? {
        guard let id = try row.decodeIfPresent(column, as: String.self) else { return nil }
        return Subscription(
            id: Subscription.ID(rawValue: id),
            owner: owner,
            tier: SubscriptionTier(
                id: SubscriptionTier.ID(rawValue: try row.decode(column + 5)),
                isPaid: try row.decode(column + 6),
                rank: try row.decode(column + 7)
            ),
            status: try row.decodeCase(column + 1),
            startsAt: try row.decode(column + 2),
            endsAt: try row.decodeIfPresent(column + 3),
            pastDueSince: try row.decodeIfPresent(column + 4)
        )
    }
}

extension Row {
    /// Decodes a text column that holds the raw value of an enumeration.
    fileprivate func decodeCase<Value: RawRepresentable<String>>(_ column: Int) throws(DatabaseError) -> Value {
        let text: String = try decode(column)
        guard let value = Value(rawValue: text) else {
            throw decodingError(column, found: "an unknown name", expected: Value.self)
        }
        return value
    }
}
