internal import Domain
internal import Persistence

/// Reads what `--from` and `--to` are given.
enum PeriodBound {
    static let remedy = "give a date such as 2026-11-01, or an instant such as 2026-11-01T09:00:00Z"

    /// A date, which means its beginning in UTC, or an RFC 3339 instant; nil for anything else.
    static func parse(_ text: String) -> Timestamp? {
        Timestamp(rfc3339: text.contains("T") ? text : text + "T00:00:00Z")
    }
}

extension Report.Period.Grain {
    /// Whether a bound falls between two rows of this grain and not inside one.
    func allows(_ bound: Timestamp) -> Bool {
        switch self {
        case .instant: true
        case .hour: bound.isStartOfHour
        case .day: bound.isStartOfDay
        case .month: bound.isStartOfDay && bound.date.day == 1
        }
    }

    /// What the report counts, and how to name the beginning of one.
    var remedy: String {
        switch self {
        case .instant: ""
        case .hour: "counts whole hours (UTC): give the beginning of one, such as 2026-11-01T09:00:00Z"
        case .day: "counts whole days (UTC): give a date, such as 2026-11-01"
        case .month: "counts whole months (UTC): give the first day of one, such as 2026-11-01"
        }
    }
}
