/// A part of the work of `migrate up`. ``MigratorState/steps(to:)`` says which there are, and in which order.
enum MigrationStep: Equatable, Sendable {
    /// Makes the session ready for work that must not be left half done, and runs scripts that make the migrator's own
    /// tables. First in every list that changes the schema, or roles and grants.
    case prepare(creating: [String])
    /// Rebuilds an INVALID index, or drops it. An index that cannot be repaired does not keep later steps from being
    /// executed; it is reported when all else is done.
    case repair(InvalidIndex)
    /// Runs the file of a migration and records it.
    ///
    /// `index` is what there was, when the list was made, of the index that the file builds. Earlier files may take hours, so
    /// that it is read again when the file is executed.
    case apply(Migration, index: ConcurrentIndexState)
    /// Stores the text of applied migrations, to compare changed files with. Bookkeeping: a plan does not show it.
    case storeTexts([Migration])
    /// Runs roles.sql, as the login, and makes partitions. Stores the fingerprint when that has changed nothing. Always the
    /// last.
    ///
    /// - `since` is what was read before; nil when earlier steps may change it, and it has to be read again.
    /// - `makesPartitions` is whether there is a function that makes partitions when this step is executed.
    case converge(since: Convergence?, makesPartitions: Bool)
}

extension MigrationStep {
    /// - Throws: ``MigrationFailure/unusableFile(file:problem:)`` when a text that the step runs would begin or end a
    ///   transaction.
    func checkTexts(roles: String) throws(MigrationFailure) {
        switch self {
        case .apply(let migration, _): try TransactionControl.refuse(in: migration.sql, file: migration.file)
        case .converge: try TransactionControl.refuse(in: roles, file: "roles.sql")
        case .prepare, .repair, .storeTexts: break
        }
    }

    /// The migration that the step applies.
    var migration: Migration? {
        if case .apply(let migration, _) = self { migration } else { nil }
    }
}
