/// A unique constraint of a table, as seeding checks it.
struct SeedUniqueKey: Sendable {
    let columns: [String]
    /// Text is compared with the letters of ASCII in lower case, as the unique index does, in every locale.
    var ignoresCase = false
    /// The columns, of text, in which NULL equals NULL. Empty when rows with NULL never clash.
    var columnsWithEqualNulls: [String] = []
    /// How a row of the table gives its value up, so that another row can take it: what follows SET. `f` is the row
    /// with its `id` and a number, `seed_row`, of its own.
    let release: String

    /// A row of `alias` as a list of expressions that are equal exactly when two rows clash.
    func expressions(_ alias: String) -> String {
        columns.map { column in
            if ignoresCase { return "lower(\(alias).\(column) COLLATE \"C\")" }
            // No id is empty.
            return columnsWithEqualNulls.contains(column)
                ? "coalesce(\(alias).\(column), '')" : "\(alias).\(column)"
        }.joined(separator: ", ")
    }

    /// A condition for rows of `alias` that can clash at all.
    func canClash(_ alias: String) -> String? {
        guard columnsWithEqualNulls.isEmpty else { return nil }
        return "num_nulls(\(columns.map { "\(alias).\($0)" }.joined(separator: ", "))) = 0"
    }
}
