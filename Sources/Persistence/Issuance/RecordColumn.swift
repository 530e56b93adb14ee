internal import PostgreSQL

/// One column of an append-only record, and how to write it.
///
/// The statements for one record and for many are made from the same list of columns, so that they
/// cannot come apart.
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

/// The types record columns travel as, with the names that casts use.
enum ColumnType: String {
    case bool, bytea, text, timestamptz, uuid

    var scalar: TypeOID {
        switch self {
        case .bool: .bool
        case .bytea: .bytea
        case .text: .text
        case .timestamptz: .timestamptz
        case .uuid: .uuid
        }
    }

    var array: TypeOID {
        switch self {
        case .bool: .boolArray
        case .bytea: .byteaArray
        case .text: .textArray
        case .timestamptz: .timestamptzArray
        case .uuid: .uuidArray
        }
    }
}

/// The two INSERTs of an append-only table: one row by VALUES, many by unnest of arrays.
///
/// A lone row is faster by VALUES; from two rows on one unnest is.
struct RecordInsert<Record>: Sendable {
    private let columns: [RecordColumn<Record>]
    private let one: Statement
    private let many: Statement

    init(into table: String, name: String, columns: [RecordColumn<Record>]) {
        self.columns = columns
        let names = columns.map(\.name).joined(separator: ", ")
        let values = columns.enumerated().map { "$\($0 + 1)" + ($1.cast.map { "::" + $0 } ?? "") }
        one = Statement(
            "\(name).insert_one",
            "INSERT INTO \(table) (\(names))\nVALUES (\(values.joined(separator: ", ")))",
            parameters: columns.map(\.type)
        )
        let selected = columns.map { "r." + $0.name + ($0.cast.map { "::" + $0 } ?? "") }
        let arrays = columns.indices.map { "$\($0 + 1)" }
        many = Statement(
            "\(name).insert_many",
            """
            INSERT INTO \(table) (\(names))
            SELECT \(selected.joined(separator: ", "))
            FROM unnest(\(arrays.joined(separator: ", "))) AS r (\(names))
            """,
            parameters: columns.map(\.arrayType)
        )
    }

    /// The command that inserts `records`; there must be at least one.
    func command(for records: [Record]) -> Command {
        records.count == 1 ? Command(one, scalars(of: records[0])) : Command(many, arrays(of: records))
    }

    var statements: [Statement] { [one, many] }

    private func scalars(of record: Record) -> Parameters {
        var parameters = Parameters(reservingBytes: 1024, slots: columns.count)
        for column in columns {
            parameters.append(encodedBy: { column.encode(record, &$0) })
        }
        return parameters
    }

    private func arrays(of records: [Record]) -> Parameters {
        var parameters = Parameters(reservingBytes: 1024 * records.count, slots: columns.count)
        for column in columns {
            parameters.append(arrayOf: column.type, count: records.count) { index, bytes in
                column.encode(records[index], &bytes)
            }
        }
        return parameters
    }
}
