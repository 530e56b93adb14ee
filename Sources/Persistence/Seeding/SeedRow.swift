/// One row to seed, with the places its fields were read from.
package struct SeedRow: Sendable {
    /// A column's value and where it stands.
    package struct Field: Sendable {
        package let value: SeedValue
        package let line: Int32
        package let column: Int32

        package init(_ value: SeedValue, line: Int, column: Int) {
            self.value = value
            self.line = Int32(clamping: line)
            self.column = Int32(clamping: column)
        }

        package static let absent = Field(.absent, line: 0, column: 0)
    }

    package let kind: SeedKind
    /// Where the row begins.
    package let position: SeedPosition
    /// One for each of the kind's columns.
    package let fields: [Field]

    /// - Precondition: As many fields as the kind has columns.
    package init(kind: SeedKind, position: SeedPosition, fields: [Field]) {
        precondition(fields.count == kind.columns.count, "\(kind): wrong number of fields")
        self.kind = kind
        self.position = position
        self.fields = fields
    }

    package subscript(_ column: String) -> SeedValue {
        kind.index(of: column).map { fields[$0].value } ?? .absent
    }

    /// Where a column's value stands, or the row's beginning when it has none.
    package func position(of column: String) -> SeedPosition {
        guard let field = kind.index(of: column).map({ fields[$0] }), field.line > 0 else { return position }
        return SeedPosition(file: position.file, line: Int(field.line), column: Int(field.column))
    }
}
