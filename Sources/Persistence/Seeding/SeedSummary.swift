/// What seeding did, for each kind.
package struct SeedSummary: Hashable, Sendable {
    package struct Counts: Hashable, Sendable {
        package var inserted = 0
        package var changed = 0
        package var unchanged = 0

        package init(inserted: Int = 0, changed: Int = 0, unchanged: Int = 0) {
            self.inserted = inserted
            self.changed = changed
            self.unchanged = unchanged
        }
    }

    /// Only kinds that had rows.
    package var counts: [SeedKind: Counts] = [:]

    package init() {}

    /// Whether the database was as the files want it.
    package var changesNothing: Bool { counts.values.allSatisfy { $0.inserted == 0 && $0.changed == 0 } }
}
