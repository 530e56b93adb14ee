package import Domain
internal import PostgreSQL

/// One cell of a report.
package enum ReportValue: Hashable, Sendable {
    case null
    case text(String)
    case integer(Int64)
    case decimal(Double)
    case boolean(Bool)
    case instant(Timestamp)
    /// A day in UTC, as the instant at which it begins.
    case day(Timestamp)
}

extension ReportValue {
    /// Decodes a cell of ``ReportQuery``, which casts each column to what its kind says here.
    init(_ row: Row, _ index: Int, kind: ReportColumn.Kind) throws(DatabaseError) {
        switch kind {
        case .text, .address: self = try row.decodeIfPresent(index).map(ReportValue.text) ?? .null
        case .integer: self = try row.decodeIfPresent(index).map(ReportValue.integer) ?? .null
        case .decimal: self = try row.decodeIfPresent(index).map(ReportValue.decimal) ?? .null
        case .boolean: self = try row.decodeIfPresent(index).map(ReportValue.boolean) ?? .null
        case .instant: self = try row.decodeIfPresent(index).map(ReportValue.instant) ?? .null
        case .day: self = try row.decodeIfPresent(index).map(ReportValue.day) ?? .null
        }
    }
}
