internal import PostgreSQL

/// Reads the columns of a row one after the other, so that the reader follows the SELECT list and no column has a number.
///
/// ```swift
/// var columns = RowReader(row)
/// let id: String = try columns.next()
/// let endsAt: Timestamp? = try columns.nextIfPresent()
/// ```
struct RowReader {
    private let row: Row
    /// The column that is read next, from 0.
    private var position = 0

    init(_ row: Row) {
        self.row = row
    }

    /// Reads a value that cannot be NULL.
    ///
    /// - Throws: ``DatabaseError/Kind/decoding`` when it is NULL or not a `Value`.
    mutating func next<Value: BinaryDecodable>(_ type: Value.Type = Value.self) throws(DatabaseError) -> Value {
        defer { position += 1 }
        return try row.decode(position)
    }

    /// Reads a value, or nil when it is NULL.
    ///
    /// - Throws: ``DatabaseError/Kind/decoding`` when it is not a `Value`.
    mutating func nextIfPresent<Value: BinaryDecodable>(
        _ type: Value.Type = Value.self
    ) throws(DatabaseError) -> Value? {
        defer { position += 1 }
        return try row.decodeIfPresent(position)
    }

    /// Reads a text that is the raw value of an enumeration.
    ///
    /// - Throws: ``DatabaseError/Kind/decoding`` when it is NULL or the raw value of no case.
    mutating func nextCase<Value: RawRepresentable<String>>() throws(DatabaseError) -> Value {
        defer { position += 1 }
        let text: String = try row.decode(position)
        guard let value = Value(rawValue: text) else {
            throw row.decodingError(position, found: "an unknown name", expected: Value.self)
        }
        return value
    }

    /// Whether the next `count` columns are there: a LEFT JOIN that found no row leaves all of them NULL, and then they
    /// are skipped. The first of them tells, so it must be one that is never NULL in a row that was found.
    mutating func hasColumns(_ count: Int) -> Bool {
        guard row.isNull(position) else { return true }
        position += count
        return false
    }
}
