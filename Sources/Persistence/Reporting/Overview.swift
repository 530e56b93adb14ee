package import Domain

/// The figures of the overview page, all of one moment.
package struct Overview: Hashable, Sendable {
    package let freshness: ReportFreshness
    package let database: String
    package let period: Period

    /// Every day of the period, also those without a token.
    package let days: [Day]
    /// The tiers that paid for tokens in the period; most tokens first.
    package let tiers: [String]
    /// Nil when the records do not reach that far back, and when no hour of the period is over.
    package let comparison: Comparison?
    /// Most first.
    package let refusals: [RefusalCount]
    /// Tokens by weekday, Monday first, and hour of the day: seven rows of 24.
    package let hours: [[Int64]]
    /// The meetings with the most tokens.
    package let topMeetings: [Meeting]
    /// How many meetings had a token in the period.
    package let meetingCount: Int64
    package let live: Live
    /// Users by month and tier, oldest first; at most six months up to the end of the period.
    package let months: [Month]
    /// Organizers whose meetings were closed most often for want of a paid tier, in the months of the period.
    package let paywall: [Organizer]
    package let controls: [Control]

    /// Whole days in UTC, at least one.
    package struct Period: Hashable, Sendable {
        package let from: Timestamp
        /// The first instant after it.
        package let until: Timestamp

        package init(from: Timestamp, until: Timestamp) {
            self.from = from
            self.until = until
        }

        /// Above zero.
        package var dayCount: Int {
            Int(max(1, until.date.daysSinceEpoch - from.date.daysSinceEpoch))
        }
    }

    /// Tokens of the hours of the period that are over, and of as many hours that lie as long before as the period lasts.
    package struct Comparison: Hashable, Sendable {
        package let tokens: Int64
        package let tokensBefore: Int64

        package init(tokens: Int64, tokensBefore: Int64) {
            self.tokens = tokens
            self.tokensBefore = tokensBefore
        }
    }

    package struct Day: Hashable, Sendable {
        package let day: Timestamp
        /// In the order of ``Overview/tiers``.
        package let tokens: [Int64]
        package let refusals: Int64
        /// The most tokens that worked at once.
        package let peak: Int64

        package var total: Int64 { tokens.reduce(0, +) }
    }

    package struct RefusalCount: Hashable, Sendable {
        /// A raw value of Domain's `Refusal.Reason`, unless a newer program has written it.
        package let reason: String
        package let count: Int64
    }

    package struct Meeting: Hashable, Sendable {
        package let id: String
        package let organizer: String
        package let tokens: Int64
        /// The most users of one day.
        package let users: Int64
        package let lastIssuedAt: Timestamp
    }

    /// What works at this moment.
    package struct Live: Hashable, Sendable {
        package let tokens: Int64
        package let meetings: Int64
        /// Most first.
        package let roles: [Role]

        package struct Role: Hashable, Sendable {
            package let name: String
            package let tokens: Int64
        }
    }

    package struct Month: Hashable, Sendable {
        package let month: Timestamp
        package let tier: String
        package let users: Int64
    }

    package struct Organizer: Hashable, Sendable {
        package let id: String
        package let refusals: Int64
        package let paysNow: Bool
    }

    /// A report that must be empty, and how many rows it has in the period.
    package struct Control: Hashable, Sendable {
        package let report: Report
        package let count: Int64
        /// When the first of them was; nil when there is none.
        package let first: Timestamp?
    }

    package var tokenCount: Int64 { days.reduce(0) { $0 + $1.total } }

    package var refusalCount: Int64 { refusals.reduce(0) { $0 + $1.count } }

    /// Whether the database holds no record at all.
    package var isEmpty: Bool { freshness.lastIssuedAt == nil && freshness.lastRefusedAt == nil }
}
