internal import Domain
internal import PostgreSQL

extension Row {
    /// Decodes one column of a seed kind; see ``SeedColumn/selected(from:)``.
    func seedValue(_ index: Int, of column: SeedColumn) throws(DatabaseError) -> SeedValue {
        guard !isNull(index) else { return .null }
        return switch column.type {
        case .boolean: .boolean(try decode(index))
        case .integer: .integer(try decode(index))
        case .timestamp: .timestamp(try decode(index))
        case .text, .longID, .shortID, .oneOf, .uuid: .text(try decode(index))
        }
    }

    /// Decodes all columns of a kind, beginning at `start`.
    func seedValues(of kind: SeedKind, from start: Int) throws(DatabaseError) -> [SeedValue] {
        var values: [SeedValue] = []
        values.reserveCapacity(kind.columns.count)
        for (index, column) in kind.columns.enumerated() {
            values.append(try seedValue(start + index, of: column))
        }
        return values
    }
}
