internal import PostgreSQL

/// A question about the rows that pruning would remove: which must stay, and why.
struct SeedPruningCheck: Sendable {
    let kind: SeedKind
    /// Returns the key of a row to remove, how many rows stand in the way, and one of them or NULL.
    let statement: Statement
    let message: @Sendable (_ count: Int64, _ example: String?) -> String

    func problems(on connection: inout Connection, deadline: Deadline) throws(DatabaseError) -> [SeedProblem] {
        try connection.execute(statement, deadline: deadline).rows.map { (row) throws(DatabaseError) in
            SeedProblem(
                pruning: kind,
                key: try row.decode(0),
                message(try row.decode(1), try row.decodeIfPresent(2))
            )
        }
    }
}

extension SeedTable {
    /// Users whom a record of a token names are never removed, and nothing that something else still refers to: what
    /// goes with it has to be asked for by name.
    var pruningChecks: [SeedPruningCheck] {
        var checks = SeedKind.allCases.flatMap { referring in
            referring.columns.filter { $0.referredKind == kind }.map { referenceCheck(from: referring, by: $0.name) }
        }
        if kind == .users {
            checks.append(
                SeedPruningCheck(
                    kind: kind,
                    statement: Statement(
                        "seed.pruned.users.records",
                        """
                        SELECT recorded.id, 1::bigint, NULL::text
                        FROM connvo.users_with_records(ARRAY(SELECT p.id FROM \(removed) AS p)) AS recorded (id)
                        """
                    ),
                    message: { _, _ in
                        "has records of tokens, and is never removed; is_active = false keeps the user out"
                    }
                )
            )
        }
        return checks
    }

    private func referenceCheck(from referring: SeedKind, by column: String) -> SeedPruningCheck {
        let other = SeedTable(kind: referring, defaults: [:], staged: staged, pruned: pruned)
        let example = referring.key.map { "t.\($0)::text" }.joined(separator: " || '/' || ")
        return SeedPruningCheck(
            kind: kind,
            statement: Statement(
                "seed.pruned.\(name).\(referring.rawValue).\(column)\(other.variant)",
                """
                SELECT p.id::text, count(*), min(\(example))
                FROM \(removed) AS p
                JOIN connvo.\(referring.rawValue) AS t
                    ON t.\(column) = p.id
                WHERE \(other.isUntouched("t"))
                GROUP BY p.id
                """
            ),
            message: { count, example in
                "\(count == 1 ? "a row" : "\(count) rows") of \(referring.rawValue) still \(count == 1 ? "refers" : "refer") to it"
                    + " by \(column)\(example.map { count == 1 ? ": \($0)" : ", one is \($0)" } ?? "")"
            }
        )
    }
}
