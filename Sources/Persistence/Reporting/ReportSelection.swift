package import Domain

/// What part of a report is wanted. What is nil does not narrow it.
package struct ReportSelection: Hashable, Sendable {
    /// The first instant of the period.
    package var from: Timestamp?
    /// The first instant after the period.
    package var until: Timestamp?
    package var tier: String?
    package var meeting: String?
    package var user: String?
    /// At most so many rows; above zero.
    package var limit: Int?

    package init(
        from: Timestamp? = nil,
        until: Timestamp? = nil,
        tier: String? = nil,
        meeting: String? = nil,
        user: String? = nil,
        limit: Int? = nil
    ) {
        self.from = from
        self.until = until
        self.tier = tier
        self.meeting = meeting
        self.user = user
        self.limit = limit
    }

    /// The options that narrow it, in the order in which they are always named.
    package var options: [ReportOption] {
        let given: [(ReportOption, Bool)] = [
            (.from, from != nil), (.to, until != nil), (.tier, tier != nil), (.meeting, meeting != nil),
            (.user, user != nil), (.limit, limit != nil),
        ]
        return given.filter(\.1).map(\.0)
    }
}

/// What a report can be narrowed by.
package enum ReportOption: String, Hashable, Sendable, CaseIterable {
    case from, to, tier, meeting, user, limit
}
