/// Repairing what interrupted index builds have left.
extension Migrator {
    /// Rebuilds INVALID indexes, or drops those that only REINDEX CONCURRENTLY worked with.
    ///
    /// One that cannot be repaired does not keep the others from it, nor migrations from being applied.
    func repair(
        _ indexes: [InvalidIndex],
        on connection: inout Connection
    ) throws(MigrationFailure) -> [MigrationFailure.UnrepairedIndex] {
        var failures: [MigrationFailure.UnrepairedIndex] = []
        for index in indexes {
            report(.repairing(index, statement: index.remedy))
            do {
                _ = try connection.execute(Statement("migrations.repair.\(index.name)", index.remedy), deadline: .never)
            } catch {
                // The connection's own failure is the end; the server's refusal concerns this index.
                guard error.kind == .server, connection.isIdle else {
                    throw .database(step: index.remedy, error: error)
                }
                failures.append(MigrationFailure.UnrepairedIndex(index: index, error: error))
            }
        }
        return failures
    }
}

extension InvalidIndex {
    /// Whether a pending file is about to build it anew anyway.
    func isBuilt(byOneOf migrations: [Migration]) -> Bool {
        migrations.contains { migration in
            guard let built = migration.concurrentIndex?.qualifiedName else { return false }
            return built == name || built.lowercased() == name
        }
    }
}
