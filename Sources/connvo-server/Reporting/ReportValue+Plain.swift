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
        case .distantPast: return "-infinity"
        case .distantFuture: return "infinity"
        default: break
        }
        let microseconds = microsecondsSinceEpoch - secondsSinceEpoch * 1_000_000
        guard microseconds != 0 else { return iso8601 }
        let digits = String(1_000_000 + microseconds).dropFirst()
        return "\(iso8601.dropLast()).\(digits)Z"
    }

    /// `2026-11-26`, in UTC.
    var dayText: String {
        self == .distantPast || self == .distantFuture ? reportText : String(iso8601.prefix(10))
    }

    /// `2026-11-26 03:50:59`, where the reader has been told that times are UTC.
    var clockText: String {
        self == .distantPast || self == .distantFuture
            ? reportText : "\(iso8601.prefix(10)) \(iso8601.dropFirst(11).prefix(8))"
    }
}
