internal import Domain
internal import PostgreSQL

/// Reads what the database knows about each of several requests, in one statement.
///
/// It fetches and does not judge: the only conditions beside the keys narrow subscriptions to those that the
/// exclusion constraints allow one of per owner at any instant, so that a request gets exactly one row. The policy
/// judges period, status and tier again.
struct FactsStatement {
    private let one: Statement
    private let many: Statement

    /// - Parameters:
    ///   - countsRecentRequests: Whether to read what the quota needs.
    ///   - month: The month that all of ``countedPeriod(of:)`` lies in; nil for any.
    init(countsRecentRequests: Bool, in month: RecordMonth? = nil) {
        let recent = countsRecentRequests ? Self.recentRequests(in: month) : Self.noRecentRequests
        // A connection prepares a statement once for each name.
        let suffix = countsRecentRequests ? month.map { ".\($0.name)" } ?? "" : ".uncounted"
        one = Statement(
            "facts.one\(suffix)",
            Self.sql(requests: Self.oneRequest, recent: recent),
            parameters: [.text, .text, .timestamptz, .timestamptz, .timestamptz]
        )
        many = Statement(
            "facts.many\(suffix)",
            Self.sql(requests: Self.manyRequests, recent: recent),
            parameters: [.textArray, .textArray, .timestamptzArray, .timestamptz, .timestamptz]
        )
    }

    /// `= ANY (ARRAY[...])` instead of `=` keeps the planner away from the GiST indexes of the exclusion constraints:
    /// they cost several times what the B-tree made for this look-up does, and cannot serve this form.
    private static func sql(requests: String, recent: String) -> String {
        """
        SELECT request.ordinal,
               recent.requests, recent.oldest,
               caller.email, caller.display_name, caller.avatar_url, caller.is_active,
               meeting.organizer_id, organizer.organization_id, meeting.state, meeting.scheduled_at,
               meeting.stream_call_type, meeting.stream_call_id,
               participant.role, participant.removed_at,
               user_subscription.id,
               user_subscription.tier_id, user_tier.is_paid, user_tier.rank,
               user_subscription.status, user_subscription.starts_at, user_subscription.ends_at,
               user_subscription.past_due_since,
               organization_subscription.id,
               organization_subscription.tier_id, organization_tier.is_paid, organization_tier.rank,
               organization_subscription.status, organization_subscription.starts_at,
               organization_subscription.ends_at, organization_subscription.past_due_since
        FROM \(requests)
        LEFT JOIN connvo.users caller
               ON caller.id = request.user_id
        LEFT JOIN connvo.meetings meeting
               ON meeting.id = request.meeting_id
        LEFT JOIN connvo.users organizer
               ON organizer.id = meeting.organizer_id
        LEFT JOIN connvo.meeting_participants participant
               ON participant.meeting_id = request.meeting_id AND participant.user_id = request.user_id
        LEFT JOIN connvo.subscriptions user_subscription
               ON user_subscription.user_id = ANY (ARRAY[meeting.organizer_id])
              AND user_subscription.status IN ('trialing', 'active', 'past_due')
              AND user_subscription.starts_at <= request.now
              AND (user_subscription.ends_at IS NULL OR user_subscription.ends_at > request.now)
        LEFT JOIN connvo.subscription_tiers user_tier
               ON user_tier.id = user_subscription.tier_id
        LEFT JOIN connvo.subscriptions organization_subscription
               ON organization_subscription.organization_id = ANY (ARRAY[organizer.organization_id])
              AND organization_subscription.status IN ('trialing', 'active', 'past_due')
              AND organization_subscription.starts_at <= request.now
              AND (organization_subscription.ends_at IS NULL OR organization_subscription.ends_at > request.now)
        LEFT JOIN connvo.subscription_tiers organization_tier
               ON organization_tier.id = organization_subscription.tier_id
        CROSS JOIN LATERAL (
        \(recent)
        ) AS recent
        """
    }

    /// For one request, which is faster by plain parameters.
    private static let oneRequest =
        "(SELECT $1 AS user_id, $2 AS meeting_id, $3 AS now, 1::bigint AS ordinal) AS request"

    /// For several requests, each known by its place in the arrays.
    private static let manyRequests =
        "unnest($1, $2, $3) WITH ORDINALITY AS request (user_id, meeting_id, now, ordinal)"

    /// What the quota counts: the records of the caller in the last minute. The upper bound lets the server skip the
    /// partitions of coming months.
    ///
    /// Two more bounds enclose the periods of all requests: by them the server leaves out the other months, which the
    /// period of each request alone would have it open. Those of a month are constants, and the planner leaves the others
    /// out; `$4` and `$5` are parameters, and the others are left out when the statement starts (PostgreSQL 15 manual,
    /// 5.11.4). A statement of one month is sent these two as well, and does not look at them: all have the same parameters.
    private static func recentRequests(in month: RecordMonth?) -> String {
        let after = month.map { "TIMESTAMPTZ '\($0.starts.rfc3339)'" } ?? "$4"
        let before = month.map { "TIMESTAMPTZ '\($0.ends.rfc3339)'" } ?? "$5"
        return """
            SELECT count(*) AS requests, min(record.at) AS oldest
            FROM (
                SELECT token.issued_at AS at FROM connvo.issued_tokens token
                WHERE token.user_id = request.user_id
                  AND token.issued_at > request.now - interval '1 minute'
                  AND token.issued_at < request.now + interval '1 minute'
                  AND token.issued_at > \(after)
                  AND token.issued_at < \(before)
                UNION ALL
                SELECT refusal.refused_at FROM connvo.token_refusals refusal
                WHERE refusal.user_id = request.user_id
                  AND refusal.refused_at > request.now - interval '1 minute'
                  AND refusal.refused_at < request.now + interval '1 minute'
                  AND refusal.refused_at > \(after)
                  AND refusal.refused_at < \(before)
            ) AS record
            """
    }

    /// The same columns when there is no quota. The planner makes constants of them.
    private static let noRecentRequests = """
            SELECT 0::bigint AS requests, NULL::timestamptz AS oldest
        """

    /// The command that reads the facts of `requests`; there must be at least one.
    func command(for requests: [IssuanceRequest]) -> Command {
        if requests.count == 1 {
            var parameters = Parameters(reservingBytes: 128, slots: 5)
            parameters.append(requests[0].admission.callerID)
            parameters.append(requests[0].admission.meetingID)
            parameters.append(requests[0].receivedAt)
            Self.appendPeriod(of: requests, to: &parameters)
            return Command(one, parameters)
        }
        var parameters = Parameters(reservingBytes: 128 * requests.count, slots: 5)
        parameters.append(arrayOf: .text, count: requests.count) { requests[$0].admission.callerID }
        parameters.append(arrayOf: .text, count: requests.count) { requests[$0].admission.meetingID }
        parameters.append(arrayOf: .timestamptz, count: requests.count) { requests[$0].receivedAt }
        Self.appendPeriod(of: requests, to: &parameters)
        return Command(many, parameters)
    }

    /// The time that the quota counts for any of `requests`; there must be at least one.
    static func countedPeriod(of requests: [IssuanceRequest]) -> (first: Timestamp, last: Timestamp) {
        var (first, last) = (requests[0].receivedAt, requests[0].receivedAt)
        for request in requests {
            first = min(first, request.receivedAt)
            last = max(last, request.receivedAt)
        }
        return (first - QuotaWindow.length, last + QuotaWindow.length)
    }

    private static func appendPeriod(of requests: [IssuanceRequest], to parameters: inout Parameters) {
        let (first, last) = countedPeriod(of: requests)
        parameters.append(first)
        parameters.append(last)
    }

    /// Both statements, that for one request first.
    var statements: [Statement] { [one, many] }
}

// MARK: Reading

extension FactsStatement {
    /// Puts the rows back in the order of the requests.
    ///
    /// - Throws: ``DatabaseError/Kind/decoding`` when a row is missing, doubled or malformed.
    func decode(_ result: QueryResult, for requests: [IssuanceRequest]) throws(DatabaseError) -> [RequestFacts] {
        var facts = [RequestFacts?](repeating: nil, count: requests.count)
        try result.forEachRow { (columns: inout RowReader) throws(DatabaseError) in
            let index = Int(try columns.next(Int64.self)) - 1
            guard facts.indices.contains(index), facts[index] == nil else {
                let found = "ordinal \(index + 1) twice or out of range"
                throw columns.decodingError(found: found, expected: Int64.self)
            }
            let recentRequests: Int64 = try columns.next()
            let oldestRecentRequest: Timestamp? = try columns.nextIfPresent()
            facts[index] = RequestFacts(
                admission: try Self.readFacts(about: requests[index].admission, from: &columns),
                recentRequests: recentRequests,
                oldestRecentRequest: oldestRecentRequest
            )
        }
        let complete = facts.compactMap { $0 }
        guard complete.count == requests.count else {
            throw DatabaseError(.decoding, "facts of \(requests.count - complete.count) requests are missing")
        }
        return complete
    }

    private static func readFacts(
        about request: AdmissionRequest,
        from columns: inout RowReader
    ) throws(DatabaseError) -> AdmissionFacts {
        let caller = try readUser(request.callerID, from: &columns)
        guard let meeting = try readMeeting(request.meetingID, from: &columns) else {
            return AdmissionFacts(caller: caller)
        }
        let participation = try readParticipation(from: &columns)
        var subscriptions: [Subscription] = []
        if let subscription = try readSubscription(of: .user(meeting.organizerID), from: &columns) {
            subscriptions.append(subscription)
        }
        if let organization = meeting.organizationID,
            let subscription = try readSubscription(of: .organization(organization), from: &columns)
        {
            subscriptions.append(subscription)
        }
        return AdmissionFacts(
            caller: caller,
            meeting: meeting,
            participation: participation,
            subscriptions: subscriptions
        )
    }

    private static func readUser(_ id: User.ID, from columns: inout RowReader) throws(DatabaseError) -> User? {
        guard columns.hasColumns(4) else { return nil }
        return User(
            id: id,
            email: try columns.next(),
            displayName: try columns.nextIfPresent(),
            avatarURL: try columns.nextIfPresent(),
            isActive: try columns.next()
        )
    }

    private static func readMeeting(_ id: Meeting.ID, from columns: inout RowReader) throws(DatabaseError) -> Meeting? {
        guard columns.hasColumns(6) else { return nil }
        return Meeting(
            id: id,
            organizerID: User.ID(rawValue: try columns.next()),
            organizationID: try columns.nextIfPresent(String.self).map { Organization.ID(rawValue: $0) },
            state: try columns.nextCase(),
            scheduledAt: try columns.nextIfPresent(),
            streamCall: try readCall(from: &columns)
        )
    }

    private static func readCall(from columns: inout RowReader) throws(DatabaseError) -> StreamCall? {
        guard columns.hasColumns(2) else { return nil }
        return StreamCall(type: try columns.next(), id: try columns.next())
    }

    private static func readParticipation(from columns: inout RowReader) throws(DatabaseError) -> Participation? {
        guard columns.hasColumns(2) else { return nil }
        return Participation(role: try columns.nextCase(), removedAt: try columns.nextIfPresent())
    }

    private static func readSubscription(
        of owner: Subscription.Owner,
        from columns: inout RowReader
    ) throws(DatabaseError) -> Subscription? {
        guard columns.hasColumns(8) else { return nil }
        return Subscription(
            id: try columns.next(),
            owner: owner,
            tier: SubscriptionTier(
                id: SubscriptionTier.ID(rawValue: try columns.next()),
                isPaid: try columns.next(),
                rank: try columns.next()
            ),
            status: try columns.nextCase(),
            startsAt: try columns.next(),
            endsAt: try columns.nextIfPresent(),
            pastDueSince: try columns.nextIfPresent()
        )
    }
}
