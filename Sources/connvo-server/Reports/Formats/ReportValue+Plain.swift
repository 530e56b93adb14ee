internal import Domain
internal import Persistence

extension ReportValue {
    /// The value for machines: instants in RFC 3339 with Z, days as `2026-11-26`, numbers as JSON and spreadsheets
    /// read them; empty for NULL.
    var plain: String {
        switch self {
        case .null: ""
        case .text(let text): text
        case .integer(let number): String(number)
        case .decimal(let number): "\(number)"
        case .boolean(let truth): truth ? "true" : "false"
        case .instant(let instant): instant.reportText
        case .day(let day): day.dayText
        }
    }

    /// Whether it stands at the right of its column.
    var isNumber: Bool {
        switch self {
        case .integer, .decimal: true
        default: false
        }
    }
}

extension Timestamp {
    /// RFC 3339 in UTC, with the fraction where there is one; PostgreSQL's word for an infinite one.
    var reportText: String {
        switch self {
        case .distantPast: "-infinity"
        case .distantFuture: "infinity"
        default: rfc3339(fraction: .whereNeeded)
        }
    }

    /// `2026-11-26`, in UTC.
    var dayText: String {
        self == .distantPast || self == .distantFuture ? reportText : date.description
    }

    /// `2026-11-26 03:50:59`, where the reader has been told that times are UTC.
    var clockText: String {
        self == .distantPast || self == .distantFuture
            ? reportText : "\(date) \(clockTime)"
    }
}
