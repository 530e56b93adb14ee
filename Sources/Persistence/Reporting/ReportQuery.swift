internal import Domain
internal import PostgreSQL

/// The SQL of one report and its values.
///
/// Names of views and columns come from ``Report/catalogue``; what a caller gives travels as parameters only.
struct ReportQuery {
    private(set) var sql: String
    private(set) var parameters = Parameters()
    private(set) var types: [TypeOID] = []

    /// - Precondition: The report has every option that `selection` uses.
    init(_ report: Report, _ selection: ReportSelection) {
        sql = ""
        var conditions: [String] = []
        for (bound, comparison) in [(selection.from, ">="), (selection.until, "<")] {
            guard let bound, let period = report.period else { continue }
            conditions.append("\(period.column) \(comparison) \(period.bound(place(bound, .timestamptz)))")
        }
        for (value, column) in [
            (selection.tier, report.tier), (selection.meeting, report.meeting), (selection.user, report.user),
        ] {
            guard let value, let column else { continue }
            conditions.append("\(column) = \(place(value, .text))")
        }
        sql = """
            SELECT \(report.columns.map(\.selected).joined(separator: ", "))
            FROM \(report.view)
            """
        if !conditions.isEmpty { sql += "\nWHERE \(conditions.joined(separator: "\n    AND "))" }
        let order = selection.limit == nil ? report.order : report.ranking ?? report.order
        if !order.isEmpty { sql += "\nORDER BY \(order)" }
        if let limit = selection.limit { sql += "\nLIMIT \(place(Int64(limit), .int8))" }
    }

    /// Keeps a value for the server and returns where it belongs in the SQL.
    private mutating func place(_ value: some BinaryEncodable, _ type: TypeOID) -> String {
        parameters.append(value)
        types.append(type)
        return "$\(types.count)"
    }
}
