internal import PostgreSQL

/// Partitions, roles, ownership and grants: what every run sees to, whether or not a file is pending.
extension Migrator {
    /// For roles.sql, which may wait for locks.
    private static let rolesTimeout: Duration = .seconds(120)

    /// What decides about all that, and what it was when a run last found nothing to do.
    struct Convergence {
        let current: String
        let recorded: String?

        var isConverged: Bool { current == recorded }

        /// Makes sense of the answers to ``Migrator/convergenceQuestions``.
        init(_ results: ArraySlice<QueryResult>) throws(DatabaseError) {
            guard results.count == 2, let fingerprint = results.first, let remembered = results.last else {
                throw DatabaseError(.unexpected, "two answers were expected, not \(results.count)")
            }
            current = try fingerprint.onlyRow.decode(0)
            recorded = try remembered.rows.first?.decode(0)
        }
    }

    var convergenceQuestions: [Command] {
        var script = Parameters()
        script.append(catalogue.roles)
        var name = Parameters()
        name.append(StoredState.converged.rawValue)
        return [Command(MigrationStatements.fingerprint, script), Command(MigrationStatements.remembered, name)]
    }

    /// Runs roles.sql and makes partitions, unless all that decides about them is as it was when that last changed nothing.
    ///
    /// It is looked at before and after, and remembered only when it is the same: whatever somebody alters by hand, before,
    /// during or after a run, is seen by the next one.
    func converge(_ becomesOwner: Bool, _ connection: inout Connection) throws(MigrationFailure) {
        let before = try convergence(&connection)
        if before?.isConverged == true { return }
        let notices = try runRoles(&connection)
        for notice in notices {
            report(.notice(notice, source: "roles.sql"))
        }
        // The owner, who makes them, may have been without access until now.
        try asOwner(becomesOwner, &connection) { (connection) throws(MigrationFailure) in
            try makePartitions(&connection)
        }
        // What roles.sql complains of, it must complain of again.
        guard let before, notices.isEmpty, let after = try convergence(&connection), after.current == before.current
        else { return }
        try step("remembering what has converged") { () throws(DatabaseError) in
            do throws(DatabaseError) {
                try remember(.converged, after.current, on: &connection)
            } catch {
                // A login that may not write there does it all each time.
                guard error.sqlState == .insufficientPrivilege else { throw error }
            }
        }
    }

    /// Nil when this login may not read what is remembered.
    func convergence(_ connection: inout Connection) throws(MigrationFailure) -> Convergence? {
        do {
            let results = try connection.executeTogether(convergenceQuestions, deadline: .after(Self.stepTimeout))
            return try Convergence(results[...])
        } catch {
            guard error.sqlState == .insufficientPrivilege else {
                throw .database(step: "looking at roles", error: error)
            }
            return nil
        }
    }

    private func makePartitions(_ connection: inout Connection) throws(MigrationFailure) {
        let made: [String] = try step("making partitions") { () throws(DatabaseError) in
            let found = try connection.execute(MigrationStatements.whatExists, deadline: .after(Self.stepTimeout))
            guard try found.onlyRow.decode(3, as: Bool.self) else { return [] }
            // Whoever makes partitions at this moment, or holds a lock, is out of the way soon.
            return try retrying(on: [.lockNotAvailable], &connection) { (connection) throws(DatabaseError) in
                let result = try connection.execute(
                    MigrationStatements.ensurePartitions,
                    deadline: .after(Self.stepTimeout)
                )
                return try result.rows.map { (row) throws(DatabaseError) in try row.decode(0, as: String.self) }
            }
        }
        if !made.isEmpty { report(.partitionsMade(made)) }
    }

    /// - Returns: What the server said meanwhile.
    private func runRoles(_ connection: inout Connection) throws(MigrationFailure) -> [Notice] {
        // Roles belong to the whole cluster: a migrator of another database may be changing the same ones.
        let states: Set<SQLState> = [
            .internalError, .uniqueViolation, .duplicateObject, .deadlockDetected, .lockNotAvailable,
        ]
        return try step("roles.sql") { () throws(DatabaseError) in
            try retrying(on: states, &connection) { (connection) throws(DatabaseError) in
                _ = connection.takeNotices()
                _ = try connection.executeTogether(
                    [
                        Command(.begin), Command(MigrationStatements.setLockTimeout(lockRetry)),
                        Command(MigrationStatements.setNotices),
                    ],
                    deadline: .after(Self.stepTimeout)
                )
                try connection.executeScript(catalogue.roles, deadline: .after(Self.rolesTimeout))
                let notices = connection.takeNotices()
                try connection.commit(deadline: .after(Self.stepTimeout))
                return notices
            }
        }
    }
}
