internal import PostgreSQL

// What will change: how many rows, and which.

extension SeedTable {
    /// How many rows are new, differ, are good, and are pruned.
    var count: Statement {
        Statement(
            "seed.\(name).count\(variant)",
            """
            SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
                \(isPruned ? "(SELECT count(*) FROM \(pruned))" : "0::bigint")
            FROM \(desired)
            """
        )
    }

    /// The rows to write: whether the row is new, which columns are given, then the new columns, then the old.
    var changes: Cursor {
        Cursor(
            "seed_changes_\(name)",
            """
            SELECT d.is_new, d.seed_given,
                \(kind.columns.map { $0.selected(from: "d") }.joined(separator: ", ")),
                \(kind.columns.map { $0.selected(from: "t") }.joined(separator: ", "))
            FROM \(desired) AS d
            LEFT JOIN \(target) AS t
                ON \(keysMatch("t", "d"))
            WHERE d.is_new
                OR d.differs
            ORDER BY \(key(of: "d"))
            """
        )
    }

    /// The keys of the rows to remove.
    var removals: Cursor {
        Cursor(
            "seed_removals_\(name)",
            """
            SELECT \(keyIndices.map { kind.columns[$0].selected(from: "p") }.joined(separator: ", "))
            FROM \(pruned) AS p
            ORDER BY \(key(of: "p"))
            """
        )
    }
}
