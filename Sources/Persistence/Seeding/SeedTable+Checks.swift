internal import PostgreSQL

// What the database is asked about the staged rows before any is written. Rows that neither are new nor differ hold all
// constraints already and are left out where that is safe. A row with a fault that reading found is asked about as far
// as its values are known.

extension SeedTable {
    private static let isTouched = "(d.is_new OR d.differs)"

    /// Rows of the files with the same key, bad ones included.
    var keyCheck: SeedCheck {
        SeedCheck(
            "seed.\(name).key",
            kind: kind,
            columns: kind.key,
            query: """
                SELECT clash.seed_row, clash.first_row, NULL::text
                FROM (
                    SELECT s.seed_row, first_value(s.seed_row) OVER same AS first_row
                    FROM \(staged) AS s
                    WHERE s.seed_row >= 0
                        -- A row that names no id has none, or the one that was found for it.
                        AND \(keyIndices.map(isGiven).joined(separator: " AND "))
                    WINDOW same AS (PARTITION BY \(key(of: "s")) ORDER BY s.seed_row)
                ) AS clash
                WHERE clash.seed_row <> clash.first_row
                """,
            message: { other, _ in "the same as in \(other?.description ?? "another row")" }
        )
    }

    /// References to rows that are neither in the files nor in the database, or are about to be removed.
    ///
    /// - Parameter complete: Kinds all of whose rows could be read.
    func referenceChecks(complete: Set<SeedKind>) -> [SeedCheck] {
        kind.columns.compactMap { column in
            guard let referredKind = column.referredKind, complete.contains(referredKind) else { return nil }
            return referenceCheck(from: column.name, to: table(of: referredKind))
        }
    }

    private func referenceCheck(from column: String, to referred: SeedTable) -> SeedCheck {
        var conditions = ["d.\(column) IS NOT NULL", "d.seed_row >= 0", isKnown([column], of: "d")]
        // Where rows are removed, a row that stays as it is may lose what it refers to.
        if !referred.isPruned { conditions.append(Self.isTouched) }
        if referred.isStaged {
            conditions.append("NOT EXISTS (SELECT 1 FROM \(referred.staged) AS s WHERE s.id = d.\(column))")
        }
        let stays =
            referred.isPruned
            ? "\n            AND NOT EXISTS (SELECT 1 FROM \(referred.pruned) AS p WHERE p.id = t.id)" : ""
        conditions.append(
            """
            NOT EXISTS (
                    SELECT 1
                    FROM \(referred.target) AS t
                    WHERE t.id = d.\(column)\(stays)
                )
            """
        )
        let hint = referred.isPruned ? " (--prune \(referred.name) leaves only those in the files)" : ""
        return SeedCheck(
            "seed.\(name).reference.\(column)\(referred.variant)",
            kind: kind,
            columns: [column],
            query: "SELECT d.seed_row, NULL::integer, d.\(column)::text\nFROM \(desired) AS d" + Self.where(conditions),
            message: { _, id in "no such row in \(referred.name): \"\(id ?? "")\"\(hint)" }
        )
    }

    /// Rows that would share a unique value, with each other or with a row of the database that stays as it is.
    var uniqueChecks: [SeedCheck] {
        kind.definition.uniqueKeys.flatMap { [checkAmongRows($0), checkAgainstDatabase($0)] }
    }

    private func checkAmongRows(_ key: SeedUniqueKey) -> SeedCheck {
        var conditions = ["clash.seed_row <> clash.first_row"]
        // Rows with the same key have been reported as such, unless the key was found for them.
        if kind.definition.ownedPeriod == nil { conditions.append("clash.id IS DISTINCT FROM clash.first_id") }
        let canClash = [isKnown(key.columns, of: "d"), key.canClash("d")].compactMap { $0 }
        return SeedCheck(
            "seed.\(name).unique.\(key.columns[0])",
            kind: kind,
            columns: key.columns,
            query: """
                SELECT clash.seed_row, clash.first_row, NULL::text
                FROM (
                    SELECT d.seed_row, d.id,
                        first_value(d.seed_row) OVER same AS first_row,
                        first_value(d.id) OVER same AS first_id
                    FROM \(desired) AS d
                    WHERE \(canClash.joined(separator: "\n            AND "))
                    WINDOW same AS (PARTITION BY \(key.expressions("d")) ORDER BY d.seed_row)
                ) AS clash
                """ + Self.where(conditions),
            message: { other, _ in "the same as in \(other?.description ?? "another row")" }
        )
    }

    private func checkAgainstDatabase(_ key: SeedUniqueKey) -> SeedCheck {
        SeedCheck(
            "seed.\(name).unique.\(key.columns[0]).database\(variant)",
            kind: kind,
            columns: key.columns,
            query: """
                SELECT d.seed_row, NULL::integer, t.id::text
                FROM \(desired) AS d
                JOIN \(target) AS t
                    ON (\(key.expressions("t"))) = (\(key.expressions("d")))
                """
                    // Without its key, the row of the database may be the row itself.
                    + Self.where([Self.isTouched, isKnown(kind.key + key.columns, of: "d")] + isUntouched("t")),
            message: { _, id in "taken in the database by \"\(id ?? "")\"" }
        )
    }

    /// Periods of one owner that overlap. Nil for kinds without periods.
    var overlapCheck: SeedCheck? {
        kind.definition.ownedPeriod.map { period in
            SeedCheck(
                "seed.\(name).overlap\(variant)",
                kind: kind,
                columns: [period.startColumn, period.endColumn],
                query: overlaps(period),
                message: { other, detail in
                    if let other { return "overlaps the \(period.noun) in \(other)" }
                    return "overlaps a \(period.noun) in the database: \(detail ?? "")"
                }
            )
        }
    }

    private func overlaps(_ period: SeedOwnedPeriod) -> String {
        let (start, end) = (period.startColumn, period.endColumn)
        let known = isKnown(kind.key + period.ownerColumns + [start, end, period.claim.column], of: "d")
        func claims(_ alias: String) -> String {
            "\(alias).\(period.claim.column) IN (\(period.claim.values.map { "'\($0)'" }.joined(separator: ", ")))"
        }
        func owners(_ alias: String) -> String {
            period.ownerColumns.map { "coalesce(\(alias).\($0), '') AS \($0)" }.joined(separator: ", ")
        }
        func span(_ alias: String) -> String { "tstzrange(\(alias).\(start), \(alias).\(end), '[)') AS span" }
        return """
            WITH period AS (
                SELECT d.seed_row, d.id, d.\(start), \(owners("d")),
                    \(span("d"))
                FROM \(desired) AS d
                WHERE \(claims("d"))
                    AND \(known)
                    -- Others have no range; a CHECK reports them.
                    AND (d.\(end) IS NULL OR d.\(end) > d.\(start))
                UNION ALL
                SELECT NULL, t.id, t.\(start), \(owners("t")),
                    \(span("t"))
                FROM \(target) AS t
                WHERE \(([claims("t")] + isUntouched("t")).joined(separator: "\n        AND "))
            )
            SELECT a.seed_row, b.seed_row,
                b.id::text || ', from ' || to_char(b.\(start) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            FROM period AS a
            JOIN period AS b
                ON \(period.ownerColumns.map { "b.\($0) = a.\($0)" }.joined(separator: "\n    AND "))
                AND b.span && a.span
                -- The same start is a clash of its own.
                AND b.\(start) <> a.\(start)
            WHERE a.seed_row IS NOT NULL
                AND (b.seed_row IS NULL OR b.seed_row < a.seed_row)
            """
    }

    /// A CHECK of the table, asked of the staged rows: the constraint would name only the first bad one.
    func constraintCheck(name constraint: String, columns: [String], expression: String) -> SeedCheck {
        SeedCheck(
            "seed.check.\(constraint)",
            kind: kind,
            columns: columns,
            query: """
                SELECT d.seed_row, NULL::integer, NULL::text
                FROM \(desired) AS d
                WHERE \(Self.isTouched)
                    AND d.seed_row >= 0
                    AND \(isKnown(columns, of: "d"))
                    AND NOT (\(expression))
                """,
            message: { _, _ in "breaks \(constraint): \(expression)" }
        )
    }
}
