// From the desired rows to the table.

extension SeedTable {
    /// Frees unique values that other rows are about to claim from the rows that give them up, so that values can move
    /// and be swapped: the unique indexes are checked row by row.
    var release: [String] {
        kind.definition.uniqueKeys.map { key in
            var giving = "SELECT d.id, d.seed_row FROM \(desired) AS d WHERE d.differs"
            // Numbers that no row of the files has.
            if isPruned {
                giving += "\n    UNION ALL\n    SELECT p.id, -2 - (row_number() OVER ())::integer FROM \(pruned) AS p"
            }
            return """
                UPDATE \(target) AS t
                SET \(key.release)
                FROM (
                    \(giving)
                ) AS f
                WHERE f.id = t.id
                    AND EXISTS (
                        SELECT 1
                        FROM \(desired) AS claimant
                        WHERE claimant.id <> t.id
                            AND (\(key.expressions("claimant"))) = (\(key.expressions("t")))
                    )
                """
        }
    }

    /// Changes the rows that differ.
    var update: String {
        let others = kind.columns.map(\.name).filter { !kind.key.contains($0) }
        return """
            UPDATE \(target) AS t
            SET \(others.map { "\($0) = d.\($0)" }.joined(separator: ",\n    "))
            FROM \(desired) AS d
            WHERE \(keysMatch("d", "t"))
                AND d.differs
            """
    }

    /// Inserts the new rows, in the order of the key.
    ///
    /// No ON CONFLICT, which costs a fifth more: the tables are locked, so that no other session can insert meanwhile.
    var insert: String {
        """
        INSERT INTO \(target)
            (\(columnList))
        SELECT \(columnList)
        FROM \(desired)
        WHERE is_new
        ORDER BY \(keyList)
        """
    }

    var removePruned: String {
        """
        DELETE FROM \(target) AS t
        USING \(pruned) AS p
        WHERE \(keysMatch("p", "t"))
        """
    }
}
