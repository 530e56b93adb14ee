import TestSupport
import Testing

@testable import PostgreSQL

@Suite struct RowReaderTests {
    private enum Color: String, CaseIterable {
        case red
        case lightBlue = "light-blue"
    }

    private static func result(of sql: String) async throws -> QueryResult {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            return try connection.execute(Statement("test.rows", sql), deadline: .soon)
        }
    }

    @Test func `columns are read in their order, rows too`() async throws {
        let result = try await Self.result(of: "VALUES (1, 'red', ''), (2, 'light-blue', NULL) ORDER BY 1")

        var rows: [String] = []
        try result.forEachRow { (columns: inout RowReader) throws(DatabaseError) in
            let number: Int32 = try columns.next()
            let color: Color = try columns.nextCase()
            let text: String? = try columns.nextIfPresent()
            rows.append("\(number) \(color) \(text ?? "NULL")")
        }

        #expect(rows == ["1 red ", "2 lightBlue NULL"])
    }

    @Test func `columns of a row that was not found are skipped, others are not`() async throws {
        let result = try await Self.result(of: "VALUES (1, 2, 7), (NULL, 3, 8) ORDER BY 3")

        var rows: [[Int32]] = []
        try result.forEachRow { (columns: inout RowReader) throws(DatabaseError) in
            var row: [Int32] = []
            if columns.hasColumns(2) { row = [try columns.next(), try columns.next()] }
            row.append(try columns.next())
            rows.append(row)
        }

        #expect(rows == [[1, 2, 7], [8]])
    }

    @Test(arguments: [
        ("NULL::int4", "row 0, column amount: expected Int32, found NULL"),
        ("1::int8", "row 0, column amount: expected Int32, found 8 bytes"),
        ("''::text", "row 0, column amount: expected Int32, found 0 bytes"),
    ])
    func `what is no value of the type is an error that names the column`(sql: String, message: String) async throws {
        let result = try await Self.result(of: "SELECT 1 AS first, \(sql) AS amount")

        let error = databaseError {
            try result.forEachRow { (columns: inout RowReader) throws(DatabaseError) in
                _ = try columns.next(Int32.self)
                _ = try columns.next(Int32.self)
            }
        }

        #expect(error?.kind == .decoding)
        #expect(error?.message == message)
        #expect(error?.statement == "test.rows")
    }

    @Test(arguments: ["'green'", "'re'", "'redd'", "''", "'RED'"])
    func `a text that names no case is an error`(sql: String) async throws {
        let result = try await Self.result(of: "SELECT \(sql)::text AS color")

        let error = databaseError {
            try result.forEachRow { (columns: inout RowReader) throws(DatabaseError) in
                _ = try columns.nextCase(Color.self)
            }
        }

        #expect(error?.message == "row 0, column color: expected Color, found an unknown name")
    }
}
