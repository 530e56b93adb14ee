/// How to seed.
package struct SeedOptions: Sendable {
    /// Does everything, then takes it back.
    package var isDryRun = false
    /// Reports every row that changes; see ``SeedEvent/change(_:)``.
    package var reportsChanges = false
    /// Kinds of which the rows that the files do not name are removed.
    package var pruned: Set<SeedKind> = []
    /// How long to wait for another seed, and then for others who write to the tables.
    package var patience: Duration = .seconds(120)

    package init(
        isDryRun: Bool = false,
        reportsChanges: Bool = false,
        pruned: Set<SeedKind> = [],
        patience: Duration = .seconds(120)
    ) {
        self.isDryRun = isDryRun
        self.reportsChanges = reportsChanges
        self.pruned = pruned
        self.patience = patience
    }
}
