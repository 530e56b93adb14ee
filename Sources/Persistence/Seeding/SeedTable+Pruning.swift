internal import PostgreSQL

// What the database is asked about the rows to remove.

extension SeedTable {
    /// Rows that are protected are never removed, and neither is a row that another row still refers to: what goes with
    /// it has to be asked for by name.
    var pruningChecks: [SeedPruningCheck] {
        SeedKind.allCases.flatMap { referring in
            referring.columns.filter { $0.referredKind == kind }.map { referenceCheck(from: referring, by: $0.name) }
        } + (kind.definition.protectedRows.map { [protectionCheck($0)] } ?? [])
    }

    private func protectionCheck(_ protected: SeedProtectedRows) -> SeedPruningCheck {
        SeedPruningCheck(
            "seed.pruned.\(name).protected",
            kind: kind,
            query: """
                SELECT protected.id, 1::bigint, NULL::text
                FROM \(protected.function)(ARRAY(SELECT p.id FROM \(pruned) AS p)) AS protected (id)
                """,
            message: { _, _ in protected.message }
        )
    }

    private func referenceCheck(from referring: SeedKind, by column: String) -> SeedPruningCheck {
        let referringTable = table(of: referring)
        let example = referring.key.map { "t.\($0)::text" }.joined(separator: " || '/' || ")
        return SeedPruningCheck(
            "seed.pruned.\(name).\(referring.rawValue).\(column)\(referringTable.variant)",
            kind: kind,
            query: """
                SELECT p.id::text, count(*), min(\(example))
                FROM \(pruned) AS p
                JOIN \(referringTable.target) AS t
                    ON t.\(column) = p.id\(Self.where(referringTable.isUntouched("t")))
                GROUP BY p.id
                """,
            message: { count, example in
                "\(count == 1 ? "a row" : "\(count) rows") of \(referring.rawValue) still \(count == 1 ? "refers" : "refer") to it"
                    + " by \(column)\(example.map { count == 1 ? ": \($0)" : ", one is \($0)" } ?? "")"
            }
        )
    }
}
