/// What a ``Migrator`` has read of a database: all that decides what there is to do.
struct MigratorState: Equatable, Sendable {
    var objects: MigratorObjects
    var status: MigrationStatus
    /// Applied migrations whose text is not stored.
    var withoutText: [Migration] = []
    /// Those of our schemas.
    var invalidIndexes: [InvalidIndex] = []
    /// What there is of the indexes that pending migrations build, by version.
    var concurrentIndexes: [Int: ConcurrentIndexState] = [:]
    /// Nil when the database has no table for it, or this login may not read it.
    var convergence: Convergence?
}

extension MigratorState {
    /// What there is to do, in order; empty when the database is up to date.
    ///
    /// `up` executes this list and `plan` prints it.
    ///
    /// - Parameter target: The last version to apply; nil for all.
    /// - Throws: ``MigrationStatus/refusal``.
    func steps(to target: Int? = nil) throws(MigrationFailure) -> [MigrationStep] {
        try status.check()
        let pending = status.pending.filter { $0.version <= target ?? .max }
        let scripts = objects.creationScripts
        var steps: [MigrationStep] = invalidIndexes.filter { !$0.isBuilt(byOneOf: pending) }.map { .repair($0) }
        steps += pending.map { .apply($0, index: concurrentIndexes[$0.version] ?? .absent) }

        // The fingerprint covers objects, so that each of these steps may change it.
        let convergence = steps.isEmpty && scripts.isEmpty ? convergence : nil
        let converges = convergence?.isConverged != true
        if !scripts.isEmpty || !steps.isEmpty || converges { steps.insert(.prepare(creating: scripts), at: 0) }

        let texts = (withoutText + pending).sorted { $0.version < $1.version }
        if !texts.isEmpty { steps.append(.storeTexts(texts)) }
        if converges {
            let makesPartitions = objects.partitionFunction || pending.contains { $0.makesPartitionFunction }
            steps.append(.converge(since: convergence, makesPartitions: makesPartitions))
        }
        return steps
    }
}

extension Migration {
    fileprivate var makesPartitionFunction: Bool { sql.contains("FUNCTION connvo.ensure_partitions()") }
}
