package import Domain
package import PostgreSQL

/// The facts about a request that may never have been made, read as the endpoint reads them, and what explains them.
///
/// The transaction is read only and of one round trip. It takes no lock but ACCESS SHARE, which no writer waits for.
package struct AdmissionInquiry: Sendable {
    package let request: AdmissionRequest
    /// The clock reading that the rules get.
    package let at: Timestamp
    package let facts: RequestFacts
    package let context: Context

    /// What no rule reads, and people want to see.
    package struct Context: Sendable {
        /// Whether a standby answered, whose facts may be older than those of the endpoint.
        package var isFromStandby = false
        package var meetingTitle: String?
        package var organizerEmail: String?
        /// The last subscriptions of the organizer and of the organizer's organization, with those that do not pay.
        package var subscriptions: [Subscription] = []
    }

    /// How many subscriptions of each owner are shown.
    static let subscriptionLimit = 5

    /// Reads the facts with the endpoint's statement.
    ///
    /// - Parameters:
    ///   - at: What the rules take for the present. Only periods and the quota follow it; the tables hold what is true
    ///     now.
    ///   - countsUpToThen: Whether records after `at` are left out of the quota, for an `at` in the past. The endpoint
    ///     counts up to a minute more, because clocks of its processes differ.
    /// - Throws: ``DatabaseError``.
    package static func read(
        _ request: AdmissionRequest,
        at: Timestamp,
        rules: IssuanceRules,
        countsUpToThen: Bool,
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> AdmissionInquiry {
        let statement = FactsStatement(countsRecentRequests: rules.requestsPerMinute > 0)
        let asked = IssuanceRequest(
            admission: request,
            receivedAt: at,
            sessionID: "",
            impersonator: nil,
            clientIP: nil,
            userAgent: nil,
            requestID: ""
        )
        var keys = Parameters()
        keys.append(request.meetingID)
        var commands = [
            statement.command(for: [asked]), Command(InquiryStatements.context, keys),
            Command(InquiryStatements.subscriptions, keys),
        ]
        if countsUpToThen, rules.requestsPerMinute > 0 {
            var period = Parameters()
            period.append(request.callerID)
            period.append(at - QuotaWindow.length)
            period.append(at)
            commands.append(Command(InquiryStatements.requestsUpToThen, period))
        }
        let results = try InquiryStatements.execute(commands, isSearch: false, deadline: deadline, on: &connection)
        guard var facts = try statement.decode(results[0], for: [asked]).first else {
            throw DatabaseError(.decoding, "no facts were read")
        }
        if results.count > 3 {
            let admission = facts.admission
            try results[3].forEachRow { (columns: inout RowReader) throws(DatabaseError) in
                facts = RequestFacts(
                    admission: admission,
                    recentRequests: try columns.next(),
                    oldestRecentRequest: try columns.nextIfPresent()
                )
            }
        }
        var context = try readContext(results[1])
        context.subscriptions = try readSubscriptions(results[2])
        return AdmissionInquiry(request: request, at: at, facts: facts, context: context)
    }

    /// The id of the user with this id or this e-mail address, whose letters of ASCII may be of either case; nil when
    /// there is none.
    package static func userID(
        of text: String,
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> User.ID? {
        var parameters = Parameters()
        parameters.append(text)
        let results = try InquiryStatements.execute(
            [Command(InquiryStatements.user, parameters)],
            isSearch: false,
            deadline: deadline,
            on: &connection
        )
        guard let row = results[0].rows.first else { return nil }
        return User.ID(rawValue: try row.decode(0))
    }
}

// MARK: - Reading

extension AdmissionInquiry {
    private static func readContext(_ result: QueryResult) throws(DatabaseError) -> Context {
        var context = Context()
        try result.forEachRow { (columns: inout RowReader) throws(DatabaseError) in
            context.isFromStandby = try columns.next()
            context.meetingTitle = try columns.nextIfPresent()
            context.organizerEmail = try columns.nextIfPresent()
        }
        return context
    }

    private static func readSubscriptions(_ result: QueryResult) throws(DatabaseError) -> [Subscription] {
        var subscriptions: [Subscription] = []
        try result.forEachRow { (columns: inout RowReader) throws(DatabaseError) in
            let id: Subscription.ID = try columns.next()
            let user: String? = try columns.nextIfPresent()
            let organization: String? = try columns.nextIfPresent()
            guard
                let owner = user.map({ Subscription.Owner.user(User.ID(rawValue: $0)) })
                    ?? organization.map({ .organization(Organization.ID(rawValue: $0)) })
            else { throw DatabaseError(.decoding, "a subscription has no owner", statement: result.statement) }
            subscriptions.append(
                Subscription(
                    id: id,
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
            )
        }
        return subscriptions
    }
}
