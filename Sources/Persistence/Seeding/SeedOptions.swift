/// How to seed.
package struct SeedOptions: Sendable {
    /// Finds what would change by reading, at one moment and without locks that writers wait for, and writes nothing.
    package var isDryRun = false
    /// Reports every row that changes; see ``SeedEvent/change(_:)``.
    package var reportsChanges = false
    /// Kinds of which the rows that the files do not name are removed.
    package var pruned: Set<SeedKind> = []
    /// How many rows of each kind may be removed at most, as was confirmed; nil sets no bound.
    package var confirmedRemovals: [SeedKind: Int]?
    /// How long to wait for another seed, and then for others who write to the tables.
    package var patience: Duration = .seconds(120)

    package init(
        isDryRun: Bool = false,
        reportsChanges: Bool = false,
        pruned: Set<SeedKind> = [],
        confirmedRemovals: [SeedKind: Int]? = nil,
        patience: Duration = .seconds(120)
    ) {
        self.isDryRun = isDryRun
        self.reportsChanges = reportsChanges
        self.pruned = pruned
        self.confirmedRemovals = confirmedRemovals
        self.patience = patience
    }
}
