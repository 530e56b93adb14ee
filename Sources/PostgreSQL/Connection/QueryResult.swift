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

    /// The bytes of one cell, valid while this result is retained. NULL is nil; an empty value is an empty buffer.
    @usableFromInline func cell(row: Int, column: Int) -> UnsafeRawBufferPointer? {
        guard PQgetisnull(raw, Int32(row), Int32(column)) == 0 else { return nil }
        let length = Int(PQgetlength(raw, Int32(row), Int32(column)))
        return UnsafeRawBufferPointer(start: PQgetvalue(raw, Int32(row), Int32(column)), count: length)
    }

    func columnName(_ column: Int) -> String {
        PQfname(raw, Int32(column)).map { String(cString: $0) } ?? "column \(column)"
    }
}
