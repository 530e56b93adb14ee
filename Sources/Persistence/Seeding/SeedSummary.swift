/// What seeding did, or would do, for each kind.
package struct SeedSummary: Hashable, Sendable {
    package struct Counts: Hashable, Sendable {
        package var inserted = 0
        package var changed = 0
        package var unchanged = 0
        /// Rows that pruning took away.
        package var removed = 0

        package init(inserted: Int = 0, changed: Int = 0, unchanged: Int = 0, removed: Int = 0) {
            self.inserted = inserted
            self.changed = changed
            self.unchanged = unchanged
            self.removed = removed
        }

        /// Whether there was nothing to write.
        package var changesNothing: Bool { inserted == 0 && changed == 0 && removed == 0 }
    }

    /// Only kinds that had rows, in files or to remove. Hosts that a new organizer makes are counted as participants.
    package var counts: [SeedKind: Counts] = [:]

    package init() {}

    /// The kinds of which rows were removed, or would be.
    package var removals: [SeedKind: Int] { counts.mapValues(\.removed).filter { $0.value > 0 } }

    /// Whether the database was as the files want it.
    package var changesNothing: Bool { counts.values.allSatisfy(\.changesNothing) }
}
