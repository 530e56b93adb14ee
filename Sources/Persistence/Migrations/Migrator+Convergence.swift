internal import PostgreSQL

/// Partitions, roles, ownership and grants.
extension Migrator {
    /// For roles.sql, which may wait for locks.
    private static let rolesTimeout: Duration = .seconds(120)

    /// Runs roles.sql and makes partitions, unless the fingerprint is the one of a run that changed nothing.
    ///
    /// The fingerprint is read before and after, and stored only when it is the same: an alteration by hand, before, during
    /// or after a run, is seen by the next run.
    ///
    /// - Parameter known: What was read before; nil when it has to be read.
    func converge(
        since known: Convergence?,
        makesPartitions: Bool,
        becomesOwner: Bool,
        on connection: inout Connection
    ) throws(MigrationFailure) {
        let before = if let known { known } else { try readConvergence(on: &connection) }
        if before?.isConverged == true { return }
        let notices = try SchemaOwner.suspend(if: becomesOwner, on: &connection) {
            (connection) throws(MigrationFailure) in
            try runRoles(on: &connection)
        }
        for notice in notices {
            report(
                notice.sqlState == .changeReport
                    ? .rolesChanged(notice.message) : .notice(notice, source: "roles.sql")
            )
        }
        // The owner, as which they are made, may have been without access until now.
        if makesPartitions { try makePartitions(on: &connection) }
        // What roles.sql complains of, it must complain of again.
        guard let before, notices.isEmpty, let after = try readConvergence(on: &connection),
            after.current == before.current
        else { return }
        try MigrationFailure.step("remembering what has converged") { () throws(DatabaseError) in
            do throws(DatabaseError) {
                try StoredState.convergence.write(after.current, on: &connection)
            } catch {
                // Every run of a login that may not write there does it all.
                guard error.sqlState == .insufficientPrivilege else { throw error }
            }
        }
    }

    /// Nil when this login may not read what is stored.
    private func readConvergence(on connection: inout Connection) throws(MigrationFailure) -> Convergence? {
        do {
            return try MigrationFailure.step("looking at roles") { () throws(DatabaseError) in
                let queries = Convergence.queries(roles: catalogue.roles)
                return try Convergence(
                    connection.executeTogether(queries, deadline: .after(Self.stepTimeout))[...]
                )
            }
        } catch {
            guard error.isLackOfPrivilege else { throw error }
            return nil
        }
    }

    private func makePartitions(on connection: inout Connection) throws(MigrationFailure) {
        let made: [String] = try MigrationFailure.step("making partitions") { () throws(DatabaseError) in
            let objects = try MigratorObjects.read(deadline: .after(Self.stepTimeout), on: &connection)
            guard objects.partitionFunction else { return [] }
            // Another session that makes partitions, or holds a lock, is soon done.
            return try retrying("partitions", after: [.lockNotAvailable], on: &connection) {
                (connection) throws(DatabaseError) in
                try Partitions.ensure(deadline: .after(Self.stepTimeout), on: &connection)
            }
        }
        if !made.isEmpty { report(.partitionsMade(made)) }
    }

    /// - Returns: What the server said meanwhile.
    private func runRoles(on connection: inout Connection) throws(MigrationFailure) -> [Notice] {
        // Roles belong to the whole cluster: a migrator of another database may be changing the same ones.
        let states: Set<SQLState> = [
            .internalError, .uniqueViolation, .duplicateObject, .deadlockDetected, .lockNotAvailable,
        ]
        return try MigrationFailure.step("roles.sql") { () throws(DatabaseError) in
            try retrying("roles.sql", after: states, on: &connection) { (connection) throws(DatabaseError) in
                _ = connection.takeNotices()
                _ = try connection.executeTogether(
                    [Command(MigrationStatements.begin), Command(MigrationStatements.setLockTimeout(lockRetry))],
                    deadline: .after(Self.stepTimeout)
                )
                try connection.executeScript(catalogue.roles, deadline: .after(Self.rolesTimeout))
                let notices = connection.takeNotices()
                try connection.commit(deadline: .after(Self.stepTimeout))
                return notices
            }
        }
    }

    /// Tries again what failed because another session was at the same: as often as a file is tried where a lock was not
    /// to be had, and five times where two changed the same row. What is soon over, as between migrators of one cluster,
    /// is not reported.
    private func retrying<Value>(
        _ name: String,
        after states: Set<SQLState>,
        on connection: inout Connection,
        _ body: (inout Connection) throws(DatabaseError) -> Value
    ) throws(DatabaseError) -> Value {
        var attempt = 1
        while true {
            do {
                return try body(&connection)
            } catch {
                rollBack(on: &connection)
                let isLock = error.sqlState == .lockNotAvailable
                let attempts = isLock ? lockRetry.attempts : 5
                guard attempt < attempts, connection.isIdle, error.sqlState.map(states.contains) == true else {
                    throw error
                }
                let length = isLock ? lockRetry.pause(after: attempt) : .milliseconds(Int64.random(in: 50...250))
                if isLock, attempt >= 5 { report(.retryingStep(name, attempt: attempt, of: attempts, pause: length)) }
                attempt += 1
                pause(for: length)
            }
        }
    }
}
