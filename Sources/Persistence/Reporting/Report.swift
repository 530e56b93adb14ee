/// One question that people ask, and the view that answers it.
package struct Report: Hashable, Sendable {
    /// What `connvo-server report` calls it.
    package let name: String
    /// One line for the list of reports.
    package let summary: String
    /// The view, with its schema and its version: a public interface.
    package let view: String
    package let columns: [ReportColumn]
    /// What follows ORDER BY.
    let order: String
    /// What follows ORDER BY when only so many rows are wanted: the ones that the report is about come first. Nil where
    /// `order` does that.
    let ranking: String?
    /// The column that `--from` and `--to` are about; nil where the report has no period.
    package let period: Period?
    let tier: String?
    let meeting: String?
    let user: String?
    /// Whether any row at all means that something is wrong.
    package let isControl: Bool
    /// Options of which one must be given, because the whole of it would be too much to read; empty where none must.
    package let needsOneOf: [ReportOption]

    /// How a column tells when something was.
    package struct Period: Hashable, Sendable {
        package enum Grain: Hashable, Sendable {
            case instant
            case hour
            case day
            case month
        }

        let column: String
        package let grain: Grain

        /// An expression for a bound that was given as `parameter`, a `timestamptz`, in the column's own type.
        func bound(_ parameter: String) -> String {
            switch grain {
            case .instant, .hour: parameter
            case .day, .month: "CAST(\(parameter) AT TIME ZONE 'UTC' AS date)"
            }
        }

        static func instant(_ column: String) -> Period { Period(column: column, grain: .instant) }
        static func hour(_ column: String) -> Period { Period(column: column, grain: .hour) }
        static func day(_ column: String) -> Period { Period(column: column, grain: .day) }
        static func month(_ column: String) -> Period { Period(column: column, grain: .month) }
    }

    init(
        _ name: String,
        _ summary: String,
        view: String,
        columns: [ReportColumn],
        order: String,
        ranking: String? = nil,
        period: Period? = nil,
        tier: String? = nil,
        meeting: String? = nil,
        user: String? = nil,
        isControl: Bool = false,
        needsOneOf: [ReportOption] = []
    ) {
        self.name = name
        self.summary = summary
        self.view = view
        self.columns = columns
        self.order = order
        self.ranking = ranking
        self.period = period
        self.tier = tier
        self.meeting = meeting
        self.user = user
        self.isControl = isControl
        self.needsOneOf = needsOneOf
    }

    /// What it can be narrowed by.
    package var options: [ReportOption] {
        ReportOption.allCases.filter { option in
            switch option {
            case .from, .to: period != nil
            case .tier: tier != nil
            case .meeting: meeting != nil
            case .user: user != nil
            case .limit: true
            }
        }
    }
}
