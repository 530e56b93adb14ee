internal import PostgreSQL

/// The SQL that seeds one kind.
///
/// Temporary tables hold its rows: `seed_<kind>` what the files say, with a bit for each column that a row gives
/// (`seed_given`) and whether the row is good (`seed_good`); `final_<kind>` what the good rows will be once seeded, with
/// `is_new` (to insert) and `differs` (to update); `pruned_<kind>` the keys of rows to remove. The first two number the
/// rows (`seed_row`).
struct SeedTable {
    let kind: SeedKind
    /// The default expressions of the table's columns.
    let defaults: [String: String]
    /// The kinds that have temporary tables.
    let staged: Set<SeedKind>
    /// The kinds of which rows are removed.
    let pruned: Set<SeedKind>

    var name: String { kind.rawValue }
    var raw: String { "pg_temp.seed_\(name)" }
    var final: String { "pg_temp.final_\(name)" }
    var removed: String { "pg_temp.pruned_\(name)" }
    var target: String { "connvo.\(name)" }
    private var columnList: String { kind.columns.map(\.name).joined(separator: ", ") }
    private var keyList: String { kind.key.joined(separator: ", ") }

    private func keysMatch(_ one: String, _ other: String) -> String {
        kind.key.map { "\(one).\($0) = \(other).\($0)" }.joined(separator: " AND ")
    }

    /// Whether `row` of the target stays as it is: neither in the files nor pruned.
    func isUntouched(_ row: String) -> String {
        var conditions: [String] = []
        // Rows of the files that are bad count as well: what they will be is not known.
        if staged.contains(kind) {
            conditions.append("NOT EXISTS (SELECT 1 FROM \(raw) AS o WHERE \(keysMatch("o", row)))")
        }
        if pruned.contains(kind) {
            conditions.append("NOT EXISTS (SELECT 1 FROM \(removed) AS p WHERE \(keysMatch("p", row)))")
        }
        return conditions.isEmpty ? "true" : conditions.joined(separator: " AND ")
    }

    /// What tells statements of one name apart on a connection that seeds several times.
    var variant: String {
        "\(staged.contains(kind) ? ".staged" : "")\(pruned.contains(kind) ? ".pruned" : "")"
    }
}

// MARK: - Staging

extension SeedTable {
    /// An empty table with the target's types and collations.
    var createRaw: String {
        """
        CREATE TEMP TABLE seed_\(name) ON COMMIT DROP AS
        SELECT 0 AS seed_row, 0 AS seed_given, true AS seed_good, \(columnList)
        FROM \(target)
        WITH NO DATA
        """
    }

    var copyRaw: String { "COPY \(raw) (seed_row, seed_given, seed_good, \(columnList)) FROM STDIN" }

    /// The columns by which rows are looked up and compared: what the planner has to know about.
    private var analyzedColumns: [String] {
        let references = kind.columns.filter { $0.referredKind != nil }.map(\.name)
        let all = Set(kind.uniqueKeys.flatMap(\.columns) + references)
        return kind.columns.map(\.name).filter { all.contains($0) }
    }

    /// What has to happen between COPY and ``createFinal``.
    var prepareRaw: String {
        let analyze = "ANALYZE \(raw) (seed_row, seed_good, \(analyzedColumns.joined(separator: ", ")));"
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

    /// Adds, to the staged participants, the hosts that the trigger on meetings will make and the files do not name, so
    /// that they are counted and shown like all others. Only once meetings are in `final`.
    var addOrganizers: String? {
        guard kind == .meetingParticipants, staged.contains(.meetings) else { return nil }
        let given = ["meeting_id", "user_id", "role", "removed_at"].compactMap { kind.index(of: $0) }
        return """
            INSERT INTO \(raw)
                (seed_row, seed_given, seed_good, meeting_id, user_id, role)
            SELECT -1, \(given.reduce(0) { $0 | 1 << $1 }), true, f.id, f.organizer_id, 'host'
            FROM pg_temp.final_meetings AS f
            LEFT JOIN connvo.meetings AS t
                ON t.id = f.id
            WHERE f.organizer_id IS DISTINCT FROM t.organizer_id
                AND NOT EXISTS (
                    SELECT 1
                    FROM \(raw) AS named
                    WHERE named.meeting_id = f.id
                        AND named.user_id = f.organizer_id
                )
            """
    }

    var createFinal: String {
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
                s.seed_given,
                t.\(kind.key[0]) IS NULL AS is_new,
                t.\(kind.key[0]) IS NOT NULL AND (\(differences.joined(separator: " OR "))) AS differs,
                \(values.joined(separator: ",\n    "))
            FROM \(raw) AS s
            LEFT JOIN \(target) AS t
                ON \(keysMatch("t", "s"))
            WHERE s.seed_good;
            ANALYZE \(final) (seed_row, is_new, differs, \(analyzedColumns.joined(separator: ", ")))
            """
    }

    /// Makes `final` again, from what the target holds now that a trigger may have made and changed rows.
    var recreateFinal: String { "DROP TABLE \(final); \(createFinal)" }

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

    /// The rows that the files do not name. The host who organizes a meeting that stays is not one of them: a meeting
    /// without its organizer would have nobody who may open it.
    var createPruned: String {
        var organizers = ""
        if kind == .meetingParticipants {
            let meeting =
                staged.contains(.meetings)
                ? "(SELECT id, organizer_id FROM pg_temp.final_meetings UNION ALL SELECT id, organizer_id FROM connvo.meetings AS t WHERE \(with(.meetings).isUntouched("t")))"
                : "connvo.meetings"
            organizers = """
                AND NOT EXISTS (
                    SELECT 1
                    FROM \(meeting) AS meeting
                    WHERE meeting.id = t.meeting_id
                        AND meeting.organizer_id = t.user_id
                )
                """
        }
        return """
            CREATE TEMP TABLE pruned_\(name) ON COMMIT DROP AS
            SELECT \(kind.key.map { "t.\($0)" }.joined(separator: ", "))
            FROM \(target) AS t
            WHERE NOT EXISTS (SELECT 1 FROM \(final) AS f WHERE \(keysMatch("f", "t")))
                \(organizers);
            ANALYZE \(removed)
            """
    }

    private func with(_ other: SeedKind) -> SeedTable {
        SeedTable(kind: other, defaults: [:], staged: staged, pruned: pruned)
    }
}

// MARK: - The difference

extension SeedTable {
    /// How many rows are new, differ, are good, and are pruned.
    var count: Statement {
        Statement(
            "seed.\(name).count\(variant)",
            """
            SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE differs), count(*),
                \(pruned.contains(kind) ? "(SELECT count(*) FROM \(removed))" : "0::bigint")
            FROM \(final)
            """
        )
    }

    /// A cursor over the rows to write: whether the row is new, which columns are given, then the new columns, then the
    /// old.
    var declareChanges: String {
        """
        DECLARE \(changesCursor) NO SCROLL CURSOR FOR
        SELECT f.is_new, f.seed_given, \(kind.columns.map { $0.selected(from: "f") }.joined(separator: ", ")),
            \(kind.columns.map { $0.selected(from: "t") }.joined(separator: ", "))
        FROM \(final) AS f
        LEFT JOIN \(target) AS t
            ON \(keysMatch("t", "f"))
        WHERE f.is_new
            OR f.differs
        ORDER BY \(kind.key.map { "f.\($0)" }.joined(separator: ", "))
        """
    }

    var changesCursor: String { "seed_changes_\(name)" }

    /// A cursor over the keys of the rows to remove.
    var declareRemovals: String {
        """
        DECLARE \(removalsCursor) NO SCROLL CURSOR FOR
        SELECT \(kind.columns.filter { kind.key.contains($0.name) }.map { $0.selected(from: "p") }.joined(separator: ", "))
        FROM \(removed) AS p
        ORDER BY \(keyList)
        """
    }

    var removalsCursor: String { "seed_removals_\(name)" }
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
                "starts_at = timestamptz '0100-01-01 00:00:00+00' + f.seed_row * interval '1 microsecond'"
            )
        case .organizations, .subscriptionTiers, .meetingParticipants:
            return nil
        }
        let takes = """
            EXISTS (
                SELECT 1
                FROM \(final) AS taker
                WHERE taker.id <> t.id
                    AND (\(update.key.expressions("taker"))) = (\(update.key.expressions("t")))
            )
            """
        let giveUp = "SELECT f.id, f.seed_row FROM \(final) AS f WHERE f.differs"
        let leave = " UNION ALL SELECT p.id, -2 - (row_number() OVER ())::integer FROM \(removed) AS p"
        return """
            UPDATE \(target) AS t
            SET \(update.assignment)
            FROM (\(giveUp)\(pruned.contains(kind) ? leave : "")) AS f
            WHERE f.id = t.id
                AND \(takes)
            """
    }

    /// Changes the rows that differ.
    var update: String {
        let others = kind.columns.map(\.name).filter { !kind.key.contains($0) }
        return """
            UPDATE \(target) AS t
            SET \(others.map { "\($0) = f.\($0)" }.joined(separator: ", "))
            FROM \(final) AS f
            WHERE \(keysMatch("f", "t"))
                AND f.differs
            """
    }

    /// Inserts the new rows, in the order of the key.
    ///
    /// No ON CONFLICT, which costs a fifth more: the tables are locked, so that nobody else can insert meanwhile.
    var insert: String {
        """
        INSERT INTO \(target)
            (\(columnList))
        SELECT \(columnList)
        FROM \(final)
        WHERE is_new
        ORDER BY \(keyList)
        """
    }

    var removePruned: String {
        """
        DELETE FROM \(target) AS t
        USING \(removed) AS p
        WHERE \(keysMatch("p", "t"))
        """
    }
}
