/// The SQL that seeds one kind.
///
/// Two temporary tables hold its rows: `seed_<kind>` what the files say, with a bit for each column that a row gives
/// (`seed_given`); `final_<kind>` what the rows will be once seeded, with `is_new` (to insert) and `differs` (to
/// update). Both number the rows (`seed_row`).
struct SeedTable {
    let kind: SeedKind
    /// The default expressions of the table's columns.
    let defaults: [String: String]

    private var name: String { kind.rawValue }
    private var raw: String { "pg_temp.seed_\(name)" }
    var final: String { "pg_temp.final_\(name)" }
    private var target: String { "connvo.\(name)" }
    private var columnList: String { kind.columns.map(\.name).joined(separator: ", ") }
    private var keyList: String { kind.key.joined(separator: ", ") }

    /// An empty table with the target's types and collations.
    var createRaw: String {
        """
        CREATE TEMP TABLE seed_\(name) ON COMMIT DROP AS
        SELECT 0 AS seed_row, 0 AS seed_given, \(columnList)
        FROM \(target)
        WITH NO DATA
        """
    }

    var copyRaw: String { "COPY \(raw) (seed_row, seed_given, \(columnList)) FROM STDIN" }

    /// What has to happen between COPY and ``createFinal``.
    var prepareRaw: String {
        let analyze = "ANALYZE \(raw);"
        guard kind == .subscriptions else { return analyze }
        // A subscription without an id is the one with the same owner and start, unless another row names that one.
        // Two statements, because an equality with NULL would keep the planner from hashing.
        return analyze
            + [("user_id", "organization_id"), ("organization_id", "user_id")].map { owner, other in
                """
                UPDATE \(raw) AS s
                SET id = t.id
                FROM \(target) AS t
                WHERE s.id IS NULL
                    AND t.\(owner) = s.\(owner)
                    AND t.starts_at = s.starts_at
                    AND s.\(other) IS NULL
                    AND NOT EXISTS (SELECT 1 FROM \(raw) AS named WHERE named.id = t.id);
                """
            }.joined(separator: "\n")
    }

    var createFinal: String { createFinal(wasNew: "t.\(kind.key[0]) IS NULL", join: "") }

    /// Makes ``final`` again, from what the target holds now. Rows that a trigger has made meanwhile are no longer
    /// `is_new`, but still `was_new`.
    var recreateFinal: String {
        """
        ALTER TABLE \(final) RENAME TO before_\(name);
        \(createFinal(wasNew: "before.was_new", join: "JOIN pg_temp.before_\(name) AS before ON before.seed_row = s.seed_row"))
        """
    }

    private func createFinal(wasNew: String, join: String) -> String {
        let values = kind.columns.indices.map { "\(value(of: $0)) AS \(kind.columns[$0].name)" }
        let differences = kind.columns.indices
            .filter { !kind.key.contains(kind.columns[$0].name) }
            .map { index in
                let column = kind.columns[index].name
                return "(\(isGiven(index)) AND s.\(column) IS DISTINCT FROM t.\(column))"
            }
        return """
            CREATE TEMP TABLE final_\(name) ON COMMIT DROP AS
            SELECT s.seed_row,
                t.\(kind.key[0]) IS NULL AS is_new,
                \(wasNew) AS was_new,
                t.\(kind.key[0]) IS NOT NULL AND (\(differences.joined(separator: " OR "))) AS differs,
                \(values.joined(separator: ",\n    "))
            FROM \(raw) AS s
            LEFT JOIN \(target) AS t
                ON \(kind.key.map { "t.\($0) = s.\($0)" }.joined(separator: " AND "))
            \(join);
            ANALYZE \(final)
            """
    }

    private func isGiven(_ index: Int) -> String { "s.seed_given & \(1 << index) <> 0" }

    private func value(of index: Int) -> String {
        let column = kind.columns[index]
        let fallback = defaults[column.name] ?? "NULL"
        if kind.key.contains(column.name) {
            return column.presence == .required ? "s.\(column.name)" : "coalesce(s.\(column.name), \(fallback))"
        }
        if column.presence == .required { return "s.\(column.name)" }
        return """
            CASE WHEN \(isGiven(index)) THEN s.\(column.name) \
            WHEN t.\(kind.key[0]) IS NOT NULL THEN t.\(column.name) \
            ELSE \(fallback) END
            """
    }

    var count: Statement {
        Statement(
            "seed.\(name).count",
            """
            SELECT count(*) FILTER (WHERE was_new), count(*) FILTER (WHERE differs AND NOT was_new), count(*)
            FROM \(final)
            """
        )
    }
}

// MARK: - Writing

extension SeedTable {
    /// Frees unique values that other rows are about to take from rows that give them up, so that values can move
    /// and be swapped: the unique indexes are checked row by row. Nil when the kind has no such value.
    var park: String? {
        let update: (key: SeedUniqueKey, assignment: String)
        switch kind {
        case .users:
            update = (kind.uniqueKeys[1], "email = 'parked-' || md5(f.id) || '@connvo.invalid'")
        case .meetings:
            update = (kind.uniqueKeys[1], "stream_call_type = NULL, stream_call_id = NULL")
        case .subscriptions:
            update = (
                kind.uniqueKeys[1],
                "starts_at = timestamptz '0001-01-01 00:00:00+00' + f.seed_row * interval '1 microsecond'"
            )
        case .organizations, .subscriptionTiers, .meetingParticipants:
            return nil
        }
        return """
            UPDATE \(target) AS t
            SET \(update.assignment)
            FROM \(final) AS f
            WHERE f.id = t.id
                AND f.differs
                AND EXISTS (
                    SELECT 1
                    FROM \(final) AS taker
                    WHERE taker.id <> t.id
                        AND (\(update.key.expressions("taker"))) = (\(update.key.expressions("t")))
                )
            """
    }

    /// Changes the rows that differ and inserts the new ones, in the order of the key; touches nothing else.
    ///
    /// No ON CONFLICT, which costs a fifth more: the tables are locked, so that nobody else can insert meanwhile.
    var write: String {
        let others = kind.columns.map(\.name).filter { !kind.key.contains($0) }
        return """
            UPDATE \(target) AS t
            SET \(others.map { "\($0) = f.\($0)" }.joined(separator: ", "))
            FROM \(final) AS f
            WHERE \(kind.key.map { "f.\($0) = t.\($0)" }.joined(separator: " AND "))
                AND f.differs;
            INSERT INTO \(target)
                (\(columnList))
            SELECT \(columnList)
            FROM \(final)
            WHERE is_new
            ORDER BY \(keyList)
            """
    }
}

// MARK: - Checks

extension SeedTable {
    /// References to rows that are neither in the files nor in the database.
    ///
    /// - Parameter staged: The kinds that the files have rows of.
    func referenceChecks(staged: Set<SeedKind>) -> [SeedCheck] {
        kind.columns.compactMap { column in
            guard let referred = column.referredKind else { return nil }
            let inFiles =
                staged.contains(referred)
                ? "AND NOT EXISTS (SELECT 1 FROM pg_temp.seed_\(referred.rawValue) AS o WHERE o.id = f.\(column.name))"
                : ""
            return SeedCheck(
                kind: kind,
                columns: [column.name],
                statement: Statement(
                    "seed.\(name).reference.\(column.name)\(inFiles.isEmpty ? "" : ".staged")",
                    """
                    SELECT f.seed_row, NULL::integer, f.\(column.name)::text
                    FROM \(final) AS f
                    WHERE f.\(column.name) IS NOT NULL
                        \(inFiles)
                        AND NOT EXISTS (SELECT 1 FROM connvo.\(referred.rawValue) AS o WHERE o.id = f.\(column.name))
                    """
                ),
                message: { _, _, id in "no such row in \(referred.rawValue): \"\(id ?? "")\"" }
            )
        }
    }

    /// Rows that would share a unique value, with each other or with a row of the database that stays as it is.
    var uniqueChecks: [SeedCheck] {
        kind.uniqueKeys.flatMap { key in
            let label = key.columns[0]
            let among = SeedCheck(
                kind: kind,
                columns: key.columns,
                statement: Statement(
                    "seed.\(name).unique.\(label)",
                    """
                    SELECT clash.seed_row, clash.first_row, NULL::text
                    FROM (
                        SELECT f.seed_row,
                            first_value(f.seed_row) OVER (
                                PARTITION BY \(key.expressions("f")) ORDER BY f.seed_row
                            ) AS first_row
                        FROM \(final) AS f
                        \(key.nullsAreEqual ? "" : "WHERE num_nulls(\(key.columns.map { "f.\($0)" }.joined(separator: ", "))) = 0")
                    ) AS clash
                    WHERE clash.seed_row <> clash.first_row
                    """
                ),
                message: { _, other, _ in "the same as in \(other?.position.description ?? "another row")" }
            )
            // A row with the same primary key is the row that is changed.
            guard key.columns != kind.key else { return [among] }
            let inDatabase = SeedCheck(
                kind: kind,
                columns: key.columns,
                statement: Statement(
                    "seed.\(name).unique.\(label).database",
                    """
                    SELECT f.seed_row, NULL::integer, t.id::text
                    FROM \(final) AS f
                    JOIN \(target) AS t
                        ON (\(key.expressions("t"))) = (\(key.expressions("f")))
                    WHERE NOT EXISTS (SELECT 1 FROM \(final) AS o WHERE o.id = t.id)
                    """
                ),
                message: { _, _, id in "taken in the database by \"\(id ?? "")\"" }
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
                    "seed.\(name).overlap",
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
                            AND NOT EXISTS (SELECT 1 FROM \(final) AS o WHERE o.id = t.id)
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
                message: { _, other, detail in
                    if let other { return "overlaps the subscription in \(other.position)" }
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
                WHERE NOT (\(expression))
                """
            ),
            message: { _, _, _ in "breaks \(constraint): \(expression)" }
        )
    }
}
