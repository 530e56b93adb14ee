internal import PostgreSQL

/// The two INSERTs of an append-only table: one row by VALUES, many by unnest of arrays.
///
/// A lone row is faster by VALUES; from two rows on arrays are. Each array is unnested in a SELECT list, where PostgreSQL
/// takes one element at a time: of `FROM unnest($1, $2)` it would first make a table of each array.
struct RecordInsert<Record: AppendedRecord>: Sendable {
    private let one: Statement
    private let many: Statement

    init(into table: String, name: String) {
        var declarations = ColumnDeclarations<Record>()
        Record.list(in: &declarations)
        let columns = declarations.columns
        let names = columns.map(\.name).joined(separator: ", ")
        one = Statement(
            "\(name).insert_one",
            """
            INSERT INTO \(table) (\(names))
            VALUES (\(columns.map { $0.parameter + $0.type.cast }.joined(separator: ", ")))
            """,
            parameters: columns.map(\.type.scalar)
        )
        let selected = columns.map { ($0.isShared ? $0.parameter : "r." + $0.name) + $0.type.cast }
        let arrays = columns.filter { !$0.isShared }
        many = Statement(
            "\(name).insert_many",
            """
            INSERT INTO \(table) (\(names))
            SELECT \(selected.joined(separator: ", "))
            FROM (SELECT \(arrays.map { "unnest(\($0.parameter)) AS \($0.name)" }.joined(separator: ", "))) AS r
            """,
            parameters: columns.map { $0.isShared ? $0.type.scalar : $0.type.array }
        )
    }

    /// The command that inserts `records`; there must be at least one.
    func command(for records: [Record]) -> Command {
        var writer = ColumnWriter(
            records,
            parameters: Parameters(reservingBytes: 1024 * records.count, slots: one.parameterTypes.count)
        )
        Record.list(in: &writer)
        return Command(records.count == 1 ? one : many, writer.parameters)
    }

    var statements: [Statement] { [one, many] }
}
