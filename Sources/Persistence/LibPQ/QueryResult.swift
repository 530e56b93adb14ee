internal import CLibPQ

/// The rows and the command tag of one finished command.
package final class QueryResult: @unchecked Sendable {
    // @unchecked because a PGresult is read-only once made and may be passed between threads
    // (PostgreSQL 15 manual, 34.20 "Behavior in Threaded Programs"); nothing here modifies it.
    private let raw: OpaquePointer
    /// The statement these rows answer, for errors.
    let statement: String?

    /// Takes ownership of `raw`.
    init(owning raw: OpaquePointer, statement: String?) {
        self.raw = raw
        self.statement = statement
    }

    deinit {
        PQclear(raw)
    }

    package var rowCount: Int { Int(PQntuples(raw)) }
    package var columnCount: Int { Int(PQnfields(raw)) }

    /// What the server says it did: `INSERT 0 1`, `COMMIT`, `ROLLBACK`.
    package var commandTag: String { String(cString: PQcmdStatus(raw)) }

    package var rows: some RandomAccessCollection<Row> {
        (0..<rowCount).lazy.map { Row(result: self, index: $0) }
    }

    /// Lends the bytes of one cell; nil is NULL. An empty value is an empty buffer.
    func withCell<Value, Failure: Error>(
        row: Int,
        column: Int,
        _ body: (UnsafeRawBufferPointer?) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard PQgetisnull(raw, Int32(row), Int32(column)) == 0 else { return try body(nil) }
        let length = Int(PQgetlength(raw, Int32(row), Int32(column)))
        return try body(UnsafeRawBufferPointer(start: PQgetvalue(raw, Int32(row), Int32(column)), count: length))
    }

    func columnName(_ column: Int) -> String {
        PQfname(raw, Int32(column)).map { String(cString: $0) } ?? "column \(column)"
    }
}

/// One row of a result. NULL, a wrong length and a malformed value are told apart.
package struct Row {
    let result: QueryResult
    let index: Int

    package func isNull(_ column: Int) -> Bool {
        result.withCell(row: index, column: column) { $0 == nil }
    }

    /// Decodes a value that cannot be NULL.
    ///
    /// - Throws: ``DatabaseError/Kind/decoding`` when it is NULL or not a `Value`: a bug in our SQL or schema.
    package func decode<Value: BinaryDecodable>(
        _ column: Int,
        as: Value.Type = Value.self
    ) throws(DatabaseError) -> Value {
        guard let value = try decodeIfPresent(column, as: Value.self) else {
            throw decodingError(column, found: "NULL", expected: Value.self)
        }
        return value
    }

    /// Decodes a value, or nil when it is NULL.
    package func decodeIfPresent<Value: BinaryDecodable>(
        _ column: Int,
        as: Value.Type = Value.self
    ) throws(DatabaseError) -> Value? {
        try result.withCell(row: index, column: column) { (cell) throws(DatabaseError) -> Value? in
            guard let cell else { return nil }
            guard let value = Value(binary: cell) else {
                throw decodingError(column, found: "\(cell.count) bytes", expected: Value.self)
            }
            return value
        }
    }

    func decodingError(_ column: Int, found: String, expected: Any.Type) -> DatabaseError {
        DatabaseError(
            .decoding,
            "row \(index), column \(result.columnName(column)): expected \(expected), found \(found)",
            statement: result.statement
        )
    }
}

/// A value that can be read from the binary form PostgreSQL's `*_send` functions write.
package protocol BinaryDecodable {
    /// Nil when the bytes are not a value of this type.
    init?(binary bytes: UnsafeRawBufferPointer)
}

extension FixedWidthInteger where Self: BinaryDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == MemoryLayout<Self>.size else { return nil }
        self.init(bigEndian: bytes.loadUnaligned(as: Self.self))
    }
}

extension Int16: BinaryDecodable {}
extension Int32: BinaryDecodable {}
extension Int64: BinaryDecodable {}

extension Bool: BinaryDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 1 else { return nil }
        self = bytes[0] != 0
    }
}

extension String: BinaryDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer) {
        // The server guarantees UTF-8: `client_encoding` is set at connect.
        self.init(decoding: bytes, as: UTF8.self)
    }
}

extension [UInt8]: BinaryDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer) {
        self.init(bytes)
    }
}

/// A `double precision`.
extension Double: BinaryDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == MemoryLayout<UInt64>.size else { return nil }
        self.init(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
    }
}
