package import PostgreSQL

/// The ``DatabaseError`` that `body` throws; nil when it throws no error or another type.
package func databaseError<Value>(_ body: () throws -> Value) -> DatabaseError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? DatabaseError
    }
}

extension Deadline {
    /// Long enough for a busy machine, and short enough to end a test that hangs.
    package static var soon: Deadline { .after(.seconds(30)) }
}

extension Connection {
    /// The first value of a query's first row as text; nil for NULL and for no row.
    package mutating func text(_ sql: String) throws(DatabaseError) -> String? {
        let query = Statement("test.text.\(sql)", "SELECT (\(sql))::text")
        return try execute(query, deadline: .soon).rows.first?.decodeIfPresent(0)
    }
}

extension QueryResult {
    /// The row of a result that has exactly one.
    ///
    /// - Throws: ``DatabaseError`` of kind `unexpected` when it has none or several.
    package func onlyRow() throws(DatabaseError) -> Row {
        guard rowCount == 1, let row = rows.first else {
            throw DatabaseError(.unexpected, "\(rowCount) rows instead of one")
        }
        return row
    }
}
