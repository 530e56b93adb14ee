/// A column of a reporting view, and what its values are.
package struct ReportColumn: Hashable, Sendable {
    /// The name in the view, and in every format.
    package let name: String
    package let kind: Kind

    package enum Kind: Hashable, Sendable, CaseIterable {
        case text
        /// An `inet` that is one host's.
        case address
        case integer
        case decimal
        case boolean
        case instant
        /// A `date`, which our views compute in UTC.
        case day
    }

    /// The column as ``ReportQuery`` selects it: in one of the six types whose binary form we read.
    var selected: String {
        switch kind {
        case .text: "CAST(\(name) AS text)"
        case .address: "host(\(name))"
        case .integer: "CAST(\(name) AS bigint)"
        case .decimal: "CAST(\(name) AS double precision)"
        case .boolean, .instant: name
        case .day: "CAST(\(name) AS timestamp) AT TIME ZONE 'UTC'"
        }
    }

    package static func text(_ name: String) -> ReportColumn { ReportColumn(name: name, kind: .text) }
    package static func address(_ name: String) -> ReportColumn { ReportColumn(name: name, kind: .address) }
    package static func integer(_ name: String) -> ReportColumn { ReportColumn(name: name, kind: .integer) }
    package static func decimal(_ name: String) -> ReportColumn { ReportColumn(name: name, kind: .decimal) }
    package static func boolean(_ name: String) -> ReportColumn { ReportColumn(name: name, kind: .boolean) }
    package static func instant(_ name: String) -> ReportColumn { ReportColumn(name: name, kind: .instant) }
    package static func day(_ name: String) -> ReportColumn { ReportColumn(name: name, kind: .day) }
}
