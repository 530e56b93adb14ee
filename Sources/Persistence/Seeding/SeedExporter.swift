package import PostgreSQL

/// Reads the business tables as they are at one moment, in the order of the kinds and of their keys.
package enum SeedExporter {
    static let begin = """
        BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
        \(SessionSettings.setLocalForReading);
        -- All rows are wanted, not the first ones soon.
        SET LOCAL cursor_tuple_fraction = 1
        """

    /// Hands over every row of `kinds`, a few thousand in memory at a time.
    ///
    /// - Parameters:
    ///   - timeout: For each piece.
    ///   - connection: One that may read the business tables. Not in a transaction.
    ///   - row: Gets one value for each column of the kind. May take its time, and throw to end the export.
    /// - Throws: ``DatabaseError``, and what `row` throws.
    package static func export(
        _ kinds: [SeedKind],
        timeout: Duration,
        on connection: inout Connection,
        row: (SeedKind, [SeedValue]) throws -> Void
    ) throws {
        try connection.executeScript(begin, deadline: .after(timeout))
        for kind in kinds {
            var cursor = Self.rows(of: kind)
            try cursor.open(deadline: .after(timeout), on: &connection)
            while let result = try cursor.next(deadline: .after(timeout), on: &connection) {
                for values in result.rows { try row(kind, try values.seedValues(of: kind, from: 0)) }
            }
        }
        try connection.commit(deadline: .after(timeout))
    }

    /// All rows of `kind` in the order of its key.
    static func rows(of kind: SeedKind) -> Cursor {
        Cursor(
            "export_\(kind.rawValue)",
            """
            SELECT \(kind.columns.map { $0.selected(from: "t") }.joined(separator: ", "))
            FROM connvo.\(kind.rawValue) AS t
            ORDER BY \(kind.key.map { "t.\($0)" }.joined(separator: ", "))
            """
        )
    }
}
