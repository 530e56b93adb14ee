// From the rows of the files to what the database shall hold.

extension SeedTable {
    /// An empty table with the target's types and collations.
    var createStaged: String {
        """
        CREATE TEMP TABLE staged_\(name) ON COMMIT DROP AS
        SELECT 0 AS seed_row, 0 AS seed_given, 0 AS seed_known, \(columnList)
        FROM \(target)
        WITH NO DATA
        """
    }

    var copyStaged: String { "COPY \(staged) (seed_row, seed_given, seed_known, \(columnList)) FROM STDIN" }

    /// Adds the rows that a trigger will make when the source's are written, and that the files do not name. Nil when
    /// the kind has none, or the source is not seeded.
    ///
    /// They come after the source's desired rows are known, and have the number -1.
    var addDerivedRows: String? {
        guard let derived = kind.definition.derivedRows, stagedKinds.contains(derived.source) else { return nil }
        let source = table(of: derived.source)
        let columns = derived.key.map(\.column) + derived.assignments.map(\.column)
        let values = derived.key.map { "d.\($0.source)" } + derived.assignments.map(\.value)
        let sourceColumns = source.kind.key + derived.key.map(\.source) + [derived.watchedColumn]
        return """
            INSERT INTO \(staged)
                (seed_row, seed_given, seed_known, \(columns.joined(separator: ", ")))
            SELECT -1, \(kind.mask(of: columns)), \(kind.allColumns), \(values.joined(separator: ", "))
            FROM \(source.desired) AS d
            LEFT JOIN \(source.target) AS t
                ON \(source.keysMatch("t", "d"))
            WHERE \(source.isKnown(sourceColumns, of: "d"))
                AND d.\(derived.watchedColumn) IS DISTINCT FROM t.\(derived.watchedColumn)
                AND NOT EXISTS (
                    SELECT 1
                    FROM \(staged) AS named
                    WHERE \(derived.keysMatch("named", "d"))
                )
            """
    }

    /// The columns by which rows are looked up and compared: what the planner has to know about.
    private var analyzedColumns: String {
        let references = kind.columns.filter { $0.referredKind != nil }.map(\.name)
        let compared = Set(kind.key + kind.definition.uniqueKeys.flatMap(\.columns) + references)
        return kind.columns.map(\.name).filter { compared.contains($0) }.joined(separator: ", ")
    }

    var analyzeStaged: String { "ANALYZE \(staged) (seed_row, seed_known, \(analyzedColumns))" }

    /// Gives a row that names no id that of the row with the same owner and start, unless another row names it.
    ///
    /// One statement for each column that may name the owner, because an equality with NULL would keep the planner
    /// from hashing.
    var findIDs: [String] {
        guard let period = kind.definition.ownedPeriod else { return [] }
        return period.ownerColumns.map { owner in
            let others = period.ownerColumns.filter { $0 != owner }.map { "s.\($0) IS NULL" }
            return """
                UPDATE \(staged) AS s
                SET id = t.id
                FROM \(target) AS t
                WHERE s.id IS NULL
                    AND t.\(owner) = s.\(owner)
                    AND t.\(period.startColumn) = s.\(period.startColumn)
                    AND \(others.joined(separator: " AND "))
                    AND NOT EXISTS (SELECT 1 FROM \(staged) AS named WHERE named.id = t.id)
                """
        }
    }

    var createDesired: String {
        let values = kind.columns.indices.map { "\(desiredValue(of: $0)) AS \(kind.columns[$0].name)" }
        let differences = kind.columns.indices.filter { !keyIndices.contains($0) }.map { index in
            "(\(isGiven(index)) AND s.\(kind.columns[index].name) IS DISTINCT FROM t.\(kind.columns[index].name))"
        }
        return """
            CREATE TEMP TABLE desired_\(name) ON COMMIT DROP AS
            SELECT s.seed_row,
                s.seed_given,
                s.seed_known,
                t.\(kind.key[0]) IS NULL AS is_new,
                t.\(kind.key[0]) IS NOT NULL AND (
                    \(differences.joined(separator: "\n        OR "))
                ) AS differs,
                \(values.joined(separator: ",\n    "))
            FROM \(staged) AS s
            LEFT JOIN \(target) AS t
                ON \(keysMatch("t", "s"))
            """
    }

    var analyzeDesired: String { "ANALYZE \(desired) (seed_row, seed_known, is_new, differs, \(analyzedColumns))" }

    var dropDesired: String { "DROP TABLE \(desired)" }

    private func desiredValue(of index: Int) -> String {
        let column = kind.columns[index]
        let fallback = defaults[column.name] ?? "NULL"
        if column.presence == .required { return "s.\(column.name)" }
        if kind.key.contains(column.name) { return "coalesce(s.\(column.name), \(fallback))" }
        return """
            CASE WHEN \(isGiven(index)) THEN s.\(column.name) \
            WHEN t.\(kind.key[0]) IS NOT NULL THEN t.\(column.name) \
            ELSE \(fallback) END
            """
    }

    /// The rows that the files do not name. Derived rows whose source stays are not among them: a meeting without its
    /// organizer would have no participant who may open it.
    var createPruned: String {
        """
        CREATE TEMP TABLE pruned_\(name) ON COMMIT DROP AS
        SELECT \(key(of: "t"))
        FROM \(target) AS t
        WHERE NOT EXISTS (SELECT 1 FROM \(desired) AS d WHERE \(keysMatch("d", "t")))\(isNotDerived)
        """
    }

    var analyzePruned: String { "ANALYZE \(pruned)" }

    private var isNotDerived: String {
        guard let derived = kind.definition.derivedRows else { return "" }
        let source = table(of: derived.source)
        let columns = derived.key.map(\.source).joined(separator: ", ")
        let remaining =
            source.isStaged
            ? """
            (
                    SELECT \(columns)
                    FROM \(source.desired)
                    UNION ALL
                    SELECT \(columns)
                    FROM \(source.target) AS u
                    WHERE \(source.isUntouched("u").joined(separator: "\n            AND "))
                )
            """ : source.target
        return """

                AND NOT EXISTS (
                    SELECT 1
                    FROM \(remaining) AS source
                    WHERE \(derived.keysMatch("t", "source"))
                )
            """
    }
}

extension SeedDerivedRows {
    /// Whether `row` is the one that `source` brings along.
    fileprivate func keysMatch(_ row: String, _ source: String) -> String {
        key.map { "\(row).\($0.column) = \(source).\($0.source)" }.joined(separator: " AND ")
    }
}
