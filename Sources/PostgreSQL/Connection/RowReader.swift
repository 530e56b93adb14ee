internal import CLibPQ

/// Reads the columns of a row one after the other, so that the reader follows the SELECT list and no column has a number.
///
/// ```swift
/// try result.forEachRow { (columns) throws(DatabaseError) in
///     let id: String = try columns.next()
///     let endsAt: Timestamp? = try columns.nextIfPresent()
/// }
/// ```
///
/// It does not retain the result, because that would be done for each cell: ``QueryResult/forEachRow(_:)``, which makes
/// it, holds the result, and what cannot be copied cannot outlive that call.
@usableFromInline package struct RowReader: ~Copyable {
    private let raw: OpaquePointer
    private let result: Unmanaged<QueryResult>
    private let row: Int32
    /// The column that is read next, from 0.
    private var position: Int32 = 0

    init(of result: QueryResult, _ raw: OpaquePointer, row: Int32) {
        self.raw = raw
        self.result = .passUnretained(result)
        self.row = row
    }

    /// Reads a value that cannot be NULL.
    ///
    /// - Throws: ``DatabaseError/Kind/decoding`` when it is NULL or not a `Value`, which is a bug in the SQL or the
    ///   schema.
    @inlinable package mutating func next<Value: BinaryDecodable>(
        _ type: Value.Type = Value.self
    ) throws(DatabaseError) -> Value {
        guard let cell = nextCell() else { throw decodingError(found: "NULL", expected: Value.self) }
        guard let value = Value(binary: cell) else { throw lengthError(cell.count, expected: Value.self) }
        return value
    }

    /// Reads a value, or nil when it is NULL.
    ///
    /// - Throws: ``DatabaseError/Kind/decoding`` when it is not a `Value`.
    @inlinable package mutating func nextIfPresent<Value: BinaryDecodable>(
        _ type: Value.Type = Value.self
    ) throws(DatabaseError) -> Value? {
        guard let cell = nextCell() else { return nil }
        guard let value = Value(binary: cell) else { throw lengthError(cell.count, expected: Value.self) }
        return value
    }

    /// Reads a text that is the raw value of an enumeration.
    ///
    /// - Throws: ``DatabaseError/Kind/decoding`` when it is NULL or the raw value of no case.
    @inlinable package mutating func nextCase<Value: RawRepresentable<String> & CaseIterable>(
        _ type: Value.Type = Value.self
    ) throws(DatabaseError) -> Value {
        let text: String = try next()
        // `init(rawValue:)` makes a String of each name that it compares.
        guard let value = Value.allCases.first(where: { $0.rawValue == text }) else {
            throw decodingError(found: "an unknown name", expected: Value.self)
        }
        return value
    }

    /// Whether the next `count` columns are there: a LEFT JOIN that found no row leaves all of them NULL, and then they
    /// are skipped. The first of them tells, so it must be one that is never NULL in a row that was found.
    package mutating func hasColumns(_ count: Int) -> Bool {
        guard PQgetisnull(raw, row, position) != 0 else { return true }
        position += Int32(count)
        return false
    }

    /// The bytes of the next cell; NULL is nil.
    @usableFromInline mutating func nextCell() -> UnsafeRawBufferPointer? {
        defer { position += 1 }
        return QueryResult.cell(of: raw, row: row, column: position)
    }

    /// The error for the value that was read last and is not an `expected`.
    @usableFromInline package func decodingError(found: String, expected: Any.Type) -> DatabaseError {
        result.takeUnretainedValue()
            .decodingError(row: Int(row), column: Int(position) - 1, found: found, expected: expected)
    }

    @usableFromInline func lengthError(_ length: Int, expected: Any.Type) -> DatabaseError {
        decodingError(found: "\(length) bytes", expected: expected)
    }
}
