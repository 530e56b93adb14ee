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

extension Connection {
    /// Reads an open cursor to its end and closes it, so many rows at a time that neither side holds them all.
    mutating func readCursor<Failure: Error>(
        _ cursor: String,
        timeout: Duration,
        _ body: (Row) throws(Failure) -> Void,
        failure: (DatabaseError) -> Failure
    ) throws(Failure) {
        let fetch = Statement("fetch.\(cursor)", "FETCH 2000 FROM \(cursor)")
        while true {
            let result: QueryResult
            do {
                result = try execute(fetch, deadline: .after(timeout))
                // What a cursor reads cannot be dropped while it is open.
                if result.rowCount < 2000 { try executeScript("CLOSE \(cursor)", deadline: .after(timeout)) }
            } catch {
                throw failure(error)
            }
            for row in result.rows { try body(row) }
            if result.rowCount < 2000 { return }
        }
    }
}
