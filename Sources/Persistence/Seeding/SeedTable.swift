/// The SQL that seeds one kind. Tests/PersistenceTests/Seeding/Golden shows all of it as the server gets it.
///
/// Temporary tables hold its rows: `staged_<kind>` what the files say, with a bit for each column that a row gives
/// (`seed_given`) and one for each whose value is known (`seed_known`: all of a row without fault); `desired_<kind>` what
/// the rows will be once seeded, with `is_new` (to insert) and `differs` (to update); `pruned_<kind>` the keys of rows to
/// remove. The first two number the rows (`seed_row`). Rows with faults are only asked about: nothing is written then.
///
/// In the SQL `s` is a row of the staged table, `d` of the desired one, `p` of the pruned one, and `t` of the table
/// that is seeded.
struct SeedTable {
    let kind: SeedKind
    /// The default expressions of the table's columns.
    let defaults: [String: String]
    /// The kinds that have temporary tables.
    let stagedKinds: Set<SeedKind>
    /// The kinds of which rows are removed.
    let prunedKinds: Set<SeedKind>

    var name: String { kind.rawValue }
    var staged: String { "pg_temp.staged_\(name)" }
    var desired: String { "pg_temp.desired_\(name)" }
    var pruned: String { "pg_temp.pruned_\(name)" }
    var target: String { "connvo.\(name)" }

    var isStaged: Bool { stagedKinds.contains(kind) }
    var isPruned: Bool { prunedKinds.contains(kind) }

    var columnList: String { kind.columns.map(\.name).joined(separator: ", ") }
    var keyList: String { kind.key.joined(separator: ", ") }

    /// The places of the key's columns among all columns.
    var keyIndices: [Int] { kind.columns.indices.filter { kind.key.contains(kind.columns[$0].name) } }

    /// The key's columns of `alias`, joined by commas.
    func key(of alias: String) -> String { kind.key.map { "\(alias).\($0)" }.joined(separator: ", ") }

    func keysMatch(_ one: String, _ other: String) -> String {
        kind.key.map { "\(one).\($0) = \(other).\($0)" }.joined(separator: " AND ")
    }

    /// Whether the row gives the column with this place.
    func isGiven(_ index: Int) -> String { "s.seed_given & \(1 << index) <> 0" }

    /// Whether it is known what the row `alias` will have in all of `columns`.
    func isKnown(_ columns: [String], of alias: String) -> String {
        let mask = kind.mask(of: columns)
        return "\(alias).seed_known & \(mask) = \(mask)"
    }

    /// Conditions for a row of the target that stays as it is: neither in the files nor pruned.
    func isUntouched(_ row: String) -> [String] {
        var conditions: [String] = []
        // Rows of the files that are bad count as well: what they will be is not known.
        if isStaged { conditions.append("NOT EXISTS (SELECT 1 FROM \(staged) AS s WHERE \(keysMatch("s", row)))") }
        if isPruned { conditions.append("NOT EXISTS (SELECT 1 FROM \(pruned) AS p WHERE \(keysMatch("p", row)))") }
        return conditions
    }

    /// What tells statements of one name apart on a connection that seeds several times.
    var variant: String { "\(isStaged ? ".staged" : "")\(isPruned ? ".pruned" : "")" }

    /// The table of another kind in the same seed.
    func table(of other: SeedKind) -> SeedTable {
        SeedTable(kind: other, defaults: [:], stagedKinds: stagedKinds, prunedKinds: prunedKinds)
    }

    /// A WHERE clause, or nothing without conditions.
    static func `where`(_ conditions: [String]) -> String {
        conditions.isEmpty ? "" : "\nWHERE \(conditions.joined(separator: "\n    AND "))"
    }
}
