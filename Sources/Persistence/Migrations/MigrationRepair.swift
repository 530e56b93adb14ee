package import PostgreSQL

/// What `migrate repair` would change in the migrator's own tables, where those and the files disagree. It runs no file and
/// changes nothing else.
package struct MigrationRepair: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        /// Removes the record of a file that ended its transaction, so that `up` runs the file again.
        case forget(AppliedMigration)
        /// Records that a file which ended its transaction is applied: an administrator has carried out the rest.
        case complete(AppliedMigration)
        /// Takes the text of this binary's file as what was applied.
        case accept(MigrationStatus.Change)
        /// Records a file as applied that was passed over.
        case record(Migration)
    }

    /// In the order of the versions.
    package let actions: [Action]
    /// Files that were passed over and that no action is about: which it is, applied or not, is not known.
    package let unexplained: [Migration]

    /// - Parameter asApplied: Versions that an administrator says are applied.
    /// - Throws: ``MigrationFailure/unknownVersions(_:)`` when the database is newer than the binary, and
    ///   ``MigrationFailure/notRepairable(version:)`` for a version in `asApplied` about which there is no doubt.
    init(of status: MigrationStatus, asApplied: Set<Int>) throws(MigrationFailure) {
        guard status.unknown.isEmpty else { throw .unknownVersions(status) }
        let doubtful = Set(status.incomplete.map(\.version) + status.gaps.map(\.version))
        if let certain = asApplied.subtracting(doubtful).min() { throw .notRepairable(version: certain) }
        let incomplete = status.incomplete.map { applied in
            (applied.version, asApplied.contains(applied.version) ? Action.complete(applied) : .forget(applied))
        }
        let forgotten = Set(status.incomplete.map(\.version)).subtracting(asApplied)
        let changed = status.changed.filter { !forgotten.contains($0.applied.version) }.map {
            ($0.applied.version, Action.accept($0))
        }
        let passedOver = status.gaps.filter { asApplied.contains($0.version) }.map { ($0.version, Action.record($0)) }
        actions = (incomplete + changed + passedOver).sorted { $0.0 < $1.0 }.map(\.1)
        unexplained = status.gaps.filter { !asApplied.contains($0.version) }
    }

    package var isEmpty: Bool { actions.isEmpty }
}

extension MigrationRepair.Action: CustomStringConvertible {
    package var description: String {
        switch self {
        case .forget(let applied):
            "forget \(applied.label).sql, so that `migrate up` runs it again from its beginning"
        case .complete(let applied):
            "record \(applied.label).sql as applied as a whole"
        case .accept(let change):
            "take the present text of \(change.migration.file) as what was applied"
        case .record(let migration):
            "record \(migration.file) as applied, without running it"
        }
    }
}

// MARK: - Carrying it out

extension Migrator {
    /// Says what ``repair(_:asApplied:on:)`` would do, and changes nothing.
    package func repairPlan(
        asApplied: Set<Int> = [],
        on connection: inout Connection
    ) throws(MigrationFailure) -> MigrationRepair {
        try reading(on: &connection) { (connection) throws(MigrationFailure) in
            try readRepairPlan(asApplied: asApplied, on: &connection)
        }
    }

    private func readRepairPlan(
        asApplied: Set<Int>,
        on connection: inout Connection
    ) throws(MigrationFailure) -> MigrationRepair {
        let objects = try readObjects(on: &connection)
        return try MigrationRepair(of: readStatus(objects, on: &connection), asApplied: asApplied)
    }

    /// Carries out a plan, in one transaction, while no other migrator is at work.
    ///
    /// - Throws: ``MigrationFailure/repairOutdated`` when there is something else to repair than the plan says.
    package func repair(
        _ plan: MigrationRepair,
        asApplied: Set<Int> = [],
        on connection: inout Connection
    ) throws(MigrationFailure) {
        try inSession(on: &connection) { (connection, _) throws(MigrationFailure) in
            try inTurn(on: &connection) { (connection, _) throws(MigrationFailure) in
                let becomesOwner = try becomesOwner(on: &connection)
                try SchemaOwner.run(if: becomesOwner, on: &connection) { (connection) throws(MigrationFailure) in
                    guard try readRepairPlan(asApplied: asApplied, on: &connection) == plan else {
                        throw .repairOutdated
                    }
                    let objects = try readObjects(on: &connection)
                    try carryOut(plan, storesTexts: objects.stateTables, on: &connection)
                }
            }
        }
    }

    private func carryOut(
        _ plan: MigrationRepair,
        storesTexts: Bool,
        on connection: inout Connection
    ) throws(MigrationFailure) {
        let corrections = plan.actions.flatMap { commands(for: $0, storesTexts: storesTexts) }
        defer { rollBack(on: &connection) }
        try MigrationFailure.step("repairing") { () throws(DatabaseError) in
            _ = try connection.executeTogether(
                [Command(MigrationStatements.begin)] + corrections,
                deadline: .after(Self.stepTimeout)
            )
            try connection.commit(deadline: .after(Self.stepTimeout))
        }
    }

    private func commands(for action: MigrationRepair.Action, storesTexts: Bool) -> [Command] {
        switch action {
        case .forget(let applied):
            var version = Parameters()
            version.append(Int32(clamping: applied.version))
            return [Command(MigrationStatements.forget, version)]
        case .complete(let applied):
            var version = Parameters()
            version.append(Int32(clamping: applied.version))
            return [Command(MigrationStatements.completeByHand, version)]
        case .accept(let change):
            return [Command(MigrationStatements.accept, row(for: change.migration, took: .zero))]
                + (storesTexts ? [storeText(of: change.migration)] : [])
        case .record(let migration):
            return [Command(MigrationStatements.record, row(for: migration, took: .zero))]
                + (storesTexts ? [storeText(of: migration)] : [])
        }
    }
}
