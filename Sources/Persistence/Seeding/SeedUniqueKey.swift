/// A unique constraint of a table, as seeding checks it.
struct SeedUniqueKey: Sendable {
    let columns: [String]
    /// Text is compared in lower case, as the unique index does.
    var ignoresCase = false
    /// NULLS NOT DISTINCT.
    var nullsAreEqual = false

    init(columns: [String], ignoresCase: Bool = false, nullsAreEqual: Bool = false) {
        self.columns = columns
        self.ignoresCase = ignoresCase
        self.nullsAreEqual = nullsAreEqual
    }

    /// A row of `alias` as a list of expressions that are equal exactly when two rows clash.
    func expressions(_ alias: String) -> String {
        columns.map { column in
            if ignoresCase { return "lower(\(alias).\(column))" }
            // Only text columns of such keys can be null; no id is empty.
            return nullsAreEqual && column != "starts_at" ? "coalesce(\(alias).\(column), '')" : "\(alias).\(column)"
        }.joined(separator: ", ")
    }
}
