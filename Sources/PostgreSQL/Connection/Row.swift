/// One row of a result. Decoding distinguishes NULL, a wrong length and a malformed value.
@usableFromInline package struct Row {
    @usableFromInline let result: QueryResult
    @usableFromInline let index: Int

    init(result: QueryResult, index: Int) {
        self.result = result
        self.index = index
    }

    /// Whether the value in `column` (counted from 0) is NULL.
    package func isNull(_ column: Int) -> Bool {
        result.cell(row: index, column: column) == nil
    }

    /// Decodes a value that is never NULL.
    ///
    /// - Throws: ``DatabaseError/Kind/decoding`` when it is NULL or not a `Value`, which is a bug in the SQL or the
    ///   schema.
    @inlinable package func decode<Value: BinaryDecodable>(
        _ column: Int,
        as: Value.Type = Value.self
    ) throws(DatabaseError) -> Value {
        guard let value = try decodeIfPresent(column, as: Value.self) else {
            throw result.decodingError(row: index, column: column, found: "NULL", expected: Value.self)
        }
        return value
    }

    /// Decodes a value; NULL is nil.
    @inlinable package func decodeIfPresent<Value: BinaryDecodable>(
        _ column: Int,
        as: Value.Type = Value.self
    ) throws(DatabaseError) -> Value? {
        try withExtendedLifetime(result) { () throws(DatabaseError) -> Value? in
            guard let cell = result.cell(row: index, column: column) else { return nil }
            guard let value = Value(binary: cell) else {
                let found = "\(cell.count) bytes"
                throw result.decodingError(row: index, column: column, found: found, expected: Value.self)
            }
            return value
        }
    }
}
