package import PostgreSQL

/// Makes the database hold what seed files say: declarative, repeatable, all or nothing.
///
/// Everything happens in one transaction: COPY into temporary tables, questions that name every bad row, then one
/// UPDATE and one INSERT for each kind, and one DELETE where it is asked for. A dry run stops before those. Blocks its
/// thread.
package enum Seeder {
    /// How often a transaction is tried that PostgreSQL ended to resolve a deadlock.
    private static let attempts = 3

    /// - Parameters:
    ///   - foundProblems: What is wrong with the files already. The database is asked about the rest, nothing is
    ///     written, and all of it is thrown together, as many as its limit says.
    ///   - deadline: For each statement that works on rows.
    ///   - connection: One that may read and change the business tables, such as connvo_admin's. Not in a transaction.
    ///   - report: Called on this thread.
    /// - Precondition: A batch that has rows with faults comes with their problems.
    /// - Throws: ``SeedFailure/invalid(_:)`` with the bad rows, or what kept the database from answering.
    package static func seed(
        _ batch: SeedBatch,
        options: SeedOptions = SeedOptions(),
        foundProblems: SeedProblems = SeedProblems(),
        deadline: Deadline,
        on connection: inout Connection,
        report: @escaping (SeedEvent) -> Void = { _ in }
    ) throws(SeedFailure) -> SeedSummary {
        precondition(!batch.hasFaultyRows || !foundProblems.isEmpty, "faults that were not reported")
        var problems = foundProblems
        for kind in options.pruned.subtracting(batch.namedKinds) {
            problems.append(
                SeedProblem(pruning: kind, "the files do not name the kind; this would remove all there is")
            )
        }
        let transaction = SeedTransaction(
            batch: batch,
            options: options,
            foundProblems: problems,
            deadline: deadline,
            report: report
        )
        var attempt = 1
        while true {
            do {
                return try transaction.run(on: &connection)
            } catch {
                // After any failure nothing may stay; a connection that cannot roll back is closed by its owner.
                if connection.isOpen, !connection.isIdle, error.leavesConnectionUsable {
                    _ = try? connection.execute(.rollback, deadline: .after(.seconds(30)))
                }
                // What has been reported cannot be taken back.
                guard error.isPassing, !options.reportsChanges, attempt < attempts, connection.isIdle else {
                    throw error
                }
                attempt += 1
                pause(for: .milliseconds(Int64.random(in: 50...150)))
            }
        }
    }
}

extension SeedFailure {
    /// Whether the connection can still be used, for a rollback.
    fileprivate var leavesConnectionUsable: Bool {
        switch self {
        case .invalid, .unconfirmed, .busy: true
        case .database(_, let error): error.leavesConnectionUsable
        }
    }

    /// Whether the same may work a moment later: PostgreSQL chose this transaction to end a deadlock.
    fileprivate var isPassing: Bool {
        if case .database(_, let error) = self {
            return error.sqlState == .deadlockDetected || error.sqlState == .serializationFailure
        }
        return false
    }
}
