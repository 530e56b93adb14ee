internal import PostgreSQL

/// One column of an append-only record, and how to write it.
///
/// ``RecordInsert`` makes the statement for one record and that for many from the same list of columns, so that the two
/// always agree.
struct RecordColumn<Record>: Sendable {
    let name: String
    let type: TypeOID
    let arrayType: TypeOID
    /// A cast applied by the server, for types that travel as text.
    let cast: String?
    /// Appends the value in binary form; false, and nothing appended, for NULL.
    let encode: @Sendable (Record, inout [UInt8]) -> Bool

    private init(
        _ name: String,
        _ type: TypeOID,
        _ arrayType: TypeOID,
        cast: String?,
        encode: @escaping @Sendable (Record, inout [UInt8]) -> Bool
    ) {
        self.name = name
        self.type = type
        self.arrayType = arrayType
        self.cast = cast
        self.encode = encode
    }

    init(
        _ name: String,
        _ type: ColumnType,
        cast: String? = nil,
        _ value: @escaping @Sendable (Record) -> some BinaryEncodable
    ) {
        self.init(name, type.scalar, type.array, cast: cast) { record, bytes in
            value(record).encode(into: &bytes)
            return true
        }
    }

    init(
        _ name: String,
        nullable type: ColumnType,
        cast: String? = nil,
        _ value: @escaping @Sendable (Record) -> (some BinaryEncodable)?
    ) {
        self.init(name, type.scalar, type.array, cast: cast) { record, bytes in
            guard let value = value(record) else { return false }
            value.encode(into: &bytes)
            return true
        }
    }
}
