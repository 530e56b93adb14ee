internal import PostgreSQL

/// A row of an append-only table, whose columns stand in one list.
///
/// ``RecordInsert`` makes the statement for one record and that for many from the list, and writes the parameters of both
/// by it, so that they always agree.
protocol AppendedRecord {
    /// Adds every column to `columns`, in the order of the parameters.
    static func list(in columns: inout some RecordColumns<Self>)
}

/// What is made of the list of columns of a record.
protocol RecordColumns<Record> {
    associatedtype Record

    /// A column whose value `value` takes from a record; nil is NULL.
    mutating func add<Value: BinaryEncodable>(_ name: String, _ type: ColumnType, _ value: (Record) -> Value?)

    /// A column that has the same value in all records of a batch: one parameter is sent for all of them.
    mutating func addShared<Value: BinaryEncodable>(_ name: String, _ type: ColumnType, _ value: (Record) -> Value?)
}

/// The names and the types of the columns, for statements.
struct ColumnDeclarations<Record>: RecordColumns {
    struct Column {
        let name: String
        let type: ColumnType
        let isShared: Bool
        /// How the parameter is named in the statement.
        let parameter: String
    }

    private(set) var columns: [Column] = []

    mutating func add<Value: BinaryEncodable>(_ name: String, _ type: ColumnType, _ value: (Record) -> Value?) {
        declare(name, type, isShared: false)
    }

    mutating func addShared<Value: BinaryEncodable>(_ name: String, _ type: ColumnType, _ value: (Record) -> Value?) {
        declare(name, type, isShared: true)
    }

    private mutating func declare(_ name: String, _ type: ColumnType, isShared: Bool) {
        columns.append(Column(name: name, type: type, isShared: isShared, parameter: "$\(columns.count + 1)"))
    }
}

/// Writes the parameters column by column, as arrays where there are several records.
///
/// The closures are inlined, and so each column has a loop of its own over the records.
struct ColumnWriter<Record>: RecordColumns {
    private let records: [Record]
    private(set) var parameters: Parameters

    /// - Parameter records: At least one.
    init(_ records: [Record], parameters: Parameters) {
        self.records = records
        self.parameters = parameters
    }

    @inline(__always)
    mutating func add<Value: BinaryEncodable>(_ name: String, _ type: ColumnType, _ value: (Record) -> Value?) {
        guard records.count > 1 else { return addShared(name, type, value) }
        let records = records
        parameters.append(arrayOf: type.scalar, count: records.count) { value(records[$0]) }
    }

    @inline(__always)
    mutating func addShared<Value: BinaryEncodable>(_ name: String, _ type: ColumnType, _ value: (Record) -> Value?) {
        parameters.append(value(records[0]))
    }
}
