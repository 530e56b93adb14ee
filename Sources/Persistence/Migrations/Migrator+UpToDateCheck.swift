internal import PostgreSQL

/// The short way through a run. Most runs have nothing to do: every start of a service may begin with one.
extension Migrator {
    /// Whether all migrations up to `target` are applied, unchanged and with their text kept, no index is INVALID, and
    /// partitions, roles and grants have converged.
    ///
    /// It takes no lock, because it only looks: as long as another migrator is at work, one of these is not so. Whatever
    /// is found wrong here is looked at again, and reported, by the long way.
    ///
    /// - Returns: False also when this login may not see what decides.
    func isUpToDate(to target: Int?, _ connection: inout Connection) throws(MigrationFailure) -> Bool {
        let exists = try whatExists(&connection)
        guard exists.migrationsTable, exists.stateTables else { return false }
        let results: [QueryResult]
        do {
            results = try connection.executeTogether(
                State.questions + convergenceQuestions,
                deadline: .after(Self.stepTimeout)
            )
        } catch {
            guard error.sqlState == .insufficientPrivilege else {
                throw .database(step: "looking for what there is to do", error: error)
            }
            return false
        }
        let convergence = try step("looking at roles") { () throws(DatabaseError) in
            try Convergence(results.dropFirst(State.questions.count))
        }
        guard convergence.isConverged else { return false }
        let state = try state(results, &connection)
        return state.plan.refusal == nil
            && !state.plan.pending.contains { $0.version <= target ?? .max }
            && state.withoutContent.isEmpty
            && state.invalidIndexes.isEmpty
    }
}
