internal import CLibPQ

/// The rows and the command tag of one finished command.
@usableFromInline package final class QueryResult: @unchecked Sendable {
    // @unchecked because a PGresult is read-only once made and may be passed between threads
    // (PostgreSQL 15 manual, 34.20 "Behavior in Threaded Programs"); nothing here modifies it.
    private let raw: OpaquePointer
    /// The name of the statement that gave this result, for errors.
    package let statement: String?

    /// Takes ownership of `raw`.
    init(owning raw: OpaquePointer, statement: String?) {
        self.raw = raw
        self.statement = statement
    }

    deinit {
        PQclear(raw)
    }

    package var rowCount: Int { Int(PQntuples(raw)) }

    /// The command tag that the server sent: `INSERT 0 1`, `COMMIT`, `ROLLBACK`.
    package var commandTag: String { String(cString: PQcmdStatus(raw)) }

    package var rows: some RandomAccessCollection<Row> {
        (0..<rowCount).lazy.map { Row(result: self, index: $0) }
    }

    /// Calls `body` with a reader of each row, in order.
    package func forEachRow(
        _ body: (inout RowReader) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        try withExtendedLifetime(self) { () throws(DatabaseError) -> Void in
            for index in 0..<PQntuples(raw) {
                var columns = RowReader(of: self, raw, row: index)
                try body(&columns)
            }
        }
    }

    /// The bytes of one cell, valid while this result is retained. NULL is nil; an empty value is an empty buffer.
    @usableFromInline func cell(row: Int, column: Int) -> UnsafeRawBufferPointer? {
        Self.cell(of: raw, row: Int32(row), column: Int32(column))
    }

    static func cell(of raw: OpaquePointer, row: Int32, column: Int32) -> UnsafeRawBufferPointer? {
        let length = PQgetlength(raw, row, column)
        // The length of NULL is 0 too.
        if length == 0, PQgetisnull(raw, row, column) != 0 { return nil }
        return UnsafeRawBufferPointer(start: PQgetvalue(raw, row, column), count: Int(length))
    }

    /// The error for a value that is not an `expected`.
    @usableFromInline func decodingError(
        row: Int,
        column: Int,
        found: String,
        expected: Any.Type
    ) -> DatabaseError {
        let name = PQfname(raw, Int32(column)).map { String(cString: $0) } ?? "column \(column)"
        return DatabaseError(
            .decoding,
            "row \(row), column \(name): expected \(expected), found \(found)",
            statement: statement
        )
    }
}
