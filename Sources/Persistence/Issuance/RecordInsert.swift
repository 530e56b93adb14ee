internal import PostgreSQL

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
