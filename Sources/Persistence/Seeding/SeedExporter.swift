package import PostgreSQL

/// Reads the business tables as they are at one moment, in the order of the kinds and of their keys.
package enum SeedExporter {
    private static let begin = """
        BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
        SET LOCAL statement_timeout = 0;
        SET LOCAL idle_in_transaction_session_timeout = 0;
        -- All rows are wanted, not the first ones soon.
        SET LOCAL cursor_tuple_fraction = 1
        """

    /// Hands over every row of `kinds`, a few thousand in memory at a time.
    ///
    /// - Parameters:
    ///   - connection: One that may read the business tables. Not in a transaction.
    ///   - timeout: For each piece.
    ///   - row: Gets one value for each column of the kind. May take its time, and throw to end the export.
    /// - Throws: ``DatabaseError``, and what `row` throws.
    package static func export(
        _ kinds: [SeedKind],
        on connection: inout Connection,
        timeout: Duration,
        row: (SeedKind, [SeedValue]) throws -> Void
    ) throws {
        try connection.executeScript(begin, deadline: .after(timeout))
        for kind in kinds {
            let cursor = "export_\(kind.rawValue)"
            let columns = kind.columns.map { $0.selected(from: "t") }.joined(separator: ", ")
            let declare = """
                DECLARE \(cursor) NO SCROLL CURSOR FOR
                SELECT \(columns)
                FROM connvo.\(kind.rawValue) AS t
                ORDER BY \(kind.key.map { "t.\($0)" }.joined(separator: ", "))
                """
            try connection.executeScript(declare, deadline: .after(timeout))
            try connection.readCursor(cursor, timeout: timeout) { (result) throws(any Error) in
                try row(kind, try result.seedValues(of: kind, from: 0))
            } failure: {
                $0 as any Error
            }
        }
        try connection.commit(deadline: .after(timeout))
    }
}
