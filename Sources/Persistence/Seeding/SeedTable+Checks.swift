internal import PostgreSQL

// What the database is asked about the staged rows before any is written. Rows that neither are new nor differ hold all
// constraints already and are left out where that is safe.

extension SeedTable {
    private static let isTouched = "(f.is_new OR f.differs)"

    /// Rows of the files with the same key, bad ones included.
    var keyCheck: SeedCheck {
        // A subscription that names no id has none, or the one that was found for it.
        let isNamed = kind.columns.indices
            .filter { kind.key.contains(kind.columns[$0].name) }
            .map { "s.seed_given & \(1 << $0) <> 0" }
        return SeedCheck(
            kind: kind,
            columns: kind.key,
            statement: Statement(
                "seed.\(name).key",
                """
                SELECT clash.seed_row, clash.first_row, NULL::text
                FROM (
                    SELECT s.seed_row, first_value(s.seed_row) OVER same AS first_row
                    FROM \(raw) AS s
                    WHERE s.seed_row >= 0
                        AND \(isNamed.joined(separator: " AND "))
                    WINDOW same AS (PARTITION BY \(kind.key.map { "s.\($0)" }.joined(separator: ", ")) ORDER BY s.seed_row)
                ) AS clash
                WHERE clash.seed_row <> clash.first_row
                """
            ),
            message: { other, _ in "the same as in \(other?.description ?? "another row")" }
        )
    }

    /// References to rows that are neither in the files nor in the database, or are about to be removed.
    ///
    /// - Parameter complete: Kinds all of whose rows could be read.
    func referenceChecks(complete: Set<SeedKind>) -> [SeedCheck] {
        kind.columns.compactMap { column in
            guard let referred = column.referredKind, complete.contains(referred) else { return nil }
            let isPruned = pruned.contains(referred)
            let inFiles =
                staged.contains(referred)
                ? "AND NOT EXISTS (SELECT 1 FROM pg_temp.seed_\(referred.rawValue) AS o WHERE o.id = f.\(column.name))"
                : ""
            let stays =
                isPruned
                ? "AND NOT EXISTS (SELECT 1 FROM pg_temp.pruned_\(referred.rawValue) AS p WHERE p.id = o.id)" : ""
            return SeedCheck(
                kind: kind,
                columns: [column.name],
                statement: Statement(
                    "seed.\(name).reference.\(column.name)\(inFiles.isEmpty ? "" : ".staged")\(isPruned ? ".pruned" : "")",
                    """
                    SELECT f.seed_row, NULL::integer, f.\(column.name)::text
                    FROM \(final) AS f
                    WHERE f.\(column.name) IS NOT NULL
                        AND f.seed_row >= 0
                        \(isPruned ? "" : "AND \(Self.isTouched)")
                        \(inFiles)
                        AND NOT EXISTS (
                            SELECT 1
                            FROM connvo.\(referred.rawValue) AS o
                            WHERE o.id = f.\(column.name)
                                \(stays)
                        )
                    """
                ),
                message: { _, id in
                    "no such row in \(referred.rawValue): \"\(id ?? "")\""
                        + (isPruned ? " (--prune \(referred.rawValue) leaves only those in the files)" : "")
                }
            )
        }
    }

    /// Rows that would share a unique value, with each other or with a row of the database that stays as it is.
    var uniqueChecks: [SeedCheck] {
        kind.uniqueKeys.filter { $0.columns != kind.key }.flatMap { key in
            let label = key.columns[0]
            // Rows with the same key have been reported as such; what a subscription without an id gets is its own.
            let isOther = kind == .subscriptions ? "" : "AND clash.id <> clash.first_id"
            let among = SeedCheck(
                kind: kind,
                columns: key.columns,
                statement: Statement(
                    "seed.\(name).unique.\(label)",
                    """
                    SELECT clash.seed_row, clash.first_row, NULL::text
                    FROM (
                        SELECT f.seed_row, f.id,
                            first_value(f.seed_row) OVER same AS first_row,
                            first_value(f.id) OVER same AS first_id
                        FROM \(final) AS f
                        \(key.nullsAreEqual ? "" : "WHERE num_nulls(\(key.columns.map { "f.\($0)" }.joined(separator: ", "))) = 0")
                        WINDOW same AS (PARTITION BY \(key.expressions("f")) ORDER BY f.seed_row)
                    ) AS clash
                    WHERE clash.seed_row <> clash.first_row
                        \(isOther)
                    """
                ),
                message: { other, _ in "the same as in \(other?.description ?? "another row")" }
            )
            let inDatabase = SeedCheck(
                kind: kind,
                columns: key.columns,
                statement: Statement(
                    "seed.\(name).unique.\(label).database\(variant)",
                    """
                    SELECT f.seed_row, NULL::integer, t.id::text
                    FROM \(final) AS f
                    JOIN \(target) AS t
                        ON (\(key.expressions("t"))) = (\(key.expressions("f")))
                    WHERE \(Self.isTouched)
                        AND \(isUntouched("t"))
                    """
                ),
                message: { _, id in "taken in the database by \"\(id ?? "")\"" }
            )
            return [among, inDatabase]
        }
    }

    /// Subscriptions of one owner that grant access at the same time.
    var overlapChecks: [SeedCheck] {
        guard kind == .subscriptions else { return [] }
        let grants = "status IN ('trialing', 'active', 'past_due')"
        return [
            SeedCheck(
                kind: kind,
                columns: ["starts_at", "ends_at"],
                statement: Statement(
                    "seed.\(name).overlap\(variant)",
                    """
                    WITH period AS (
                        SELECT f.seed_row, f.id, f.starts_at,
                            coalesce(f.user_id, '') AS user_id,
                            coalesce(f.organization_id, '') AS organization_id,
                            tstzrange(f.starts_at, f.ends_at, '[)') AS span
                        FROM \(final) AS f
                        WHERE f.\(grants)
                            -- Others have no range; a CHECK reports them.
                            AND (f.ends_at IS NULL OR f.ends_at > f.starts_at)
                        UNION ALL
                        SELECT NULL, t.id, t.starts_at,
                            coalesce(t.user_id, ''), coalesce(t.organization_id, ''),
                            tstzrange(t.starts_at, t.ends_at, '[)')
                        FROM \(target) AS t
                        WHERE t.\(grants)
                            AND \(isUntouched("t"))
                    )
                    SELECT a.seed_row, b.seed_row,
                        b.id::text || ', from ' || to_char(b.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
                    FROM period AS a
                    JOIN period AS b
                        ON b.user_id = a.user_id
                        AND b.organization_id = a.organization_id
                        AND b.span && a.span
                        -- The same start is a clash of its own.
                        AND b.starts_at <> a.starts_at
                    WHERE a.seed_row IS NOT NULL
                        AND (b.seed_row IS NULL OR b.seed_row < a.seed_row)
                    """
                ),
                message: { other, detail in
                    if let other { return "overlaps the subscription in \(other)" }
                    return "overlaps a subscription in the database: \(detail ?? "")"
                }
            )
        ]
    }

    /// A CHECK of the table, asked of the staged rows: the constraint would name only the first bad one.
    func constraintCheck(name constraint: String, columns: [String], expression: String) -> SeedCheck {
        SeedCheck(
            kind: kind,
            columns: columns,
            statement: Statement(
                "seed.check.\(constraint)",
                """
                SELECT f.seed_row, NULL::integer, NULL::text
                FROM \(final) AS f
                WHERE \(Self.isTouched)
                    AND f.seed_row >= 0
                    AND NOT (\(expression))
                """
            ),
            message: { _, _ in "breaks \(constraint): \(expression)" }
        )
    }
}
