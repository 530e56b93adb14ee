/// The rows of one query, fetched in pieces, so that neither side holds them all.
///
///     var cursor = Cursor("export_users", "SELECT id FROM connvo.users")
///     try cursor.open(deadline: deadline, on: &connection)
///     while let rows = try cursor.next(deadline: deadline, on: &connection) {
///         for row in rows { … }
///     }
///
/// It lives in one transaction, which must be open already.
package struct Cursor: Sendable {
    /// DECLARE and the query. Its parameters are those of the query.
    package let declaration: Statement
    package let fetch: Statement
    package let close: String
    private var isAtEnd = false

    /// Rows that are fetched at a time.
    private static let pieceSize = 2000

    /// - Parameters:
    ///   - name: Unlike that of any other cursor of the transaction.
    ///   - statement: What the declaration is called as a prepared statement, where the query is not always the same.
    ///   - types: Those of the parameters of `query`.
    package init(_ name: String, statement: String? = nil, _ query: String, parameters types: [TypeOID] = []) {
        declaration = Statement(
            statement ?? "declare.\(name)",
            "DECLARE \(name) NO SCROLL CURSOR FOR\n\(query)",
            parameters: types
        )
        fetch = Statement("fetch.\(name)", "FETCH \(Self.pieceSize) FROM \(name)")
        close = "CLOSE \(name)"
    }

    /// Begins to run the query.
    package func open(
        _ parameters: Parameters = Parameters(),
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) {
        _ = try connection.execute(declaration, parameters, deadline: deadline)
    }

    /// The next rows, or nil behind the last. The cursor is closed with the last piece: what it reads cannot be dropped
    /// while it is open.
    package mutating func next(
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> QueryResult? {
        guard !isAtEnd else { return nil }
        let result = try connection.execute(fetch, deadline: deadline)
        if result.rowCount < Self.pieceSize {
            isAtEnd = true
            try connection.executeScript(close, deadline: deadline)
        }
        return result
    }
}
