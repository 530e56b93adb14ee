internal import Domain
internal import PostgreSQL

/// Running one file.
extension Migrator {
    func apply(
        _ migration: Migration,
        in run: MigrationRun,
        on connection: inout Connection
    ) throws(MigrationFailure) {
        report(.applying(migration))
        _ = connection.takeNotices()
        let started = ContinuousClock.now
        var attempts = 0
        do {
            if migration.runsInTransaction {
                try runInTransaction(migration, in: run, attempts: &attempts, on: &connection)
            } else {
                guard try runAlone(migration, in: run, started: started, on: &connection) else { return }
            }
        } catch let failure as MigrationFailure {
            rollBack(on: &connection)
            throw failure
        } catch let error as DatabaseError {
            rollBack(on: &connection)
            throw failure(of: migration, error, attempts: attempts)
        } catch {
            throw failure(of: migration, DatabaseError(.unexpected, "\(error)"), attempts: attempts)
        }
        report(.applied(migration, took: .now - started))
    }

    private func failure(
        of migration: Migration,
        _ error: DatabaseError,
        attempts: Int,
        holders: [LockHolder] = []
    ) -> MigrationFailure {
        .failed(
            migration,
            place: error.statement == nil ? error.position.map { place(of: $0, in: migration.sql) } : nil,
            error: error,
            attempts: attempts,
            holders: holders
        )
    }

    /// Gives every file, every attempt and every other step the same session state to begin in.
    func resetSession(
        for name: String,
        in run: MigrationRun,
        on connection: inout Connection
    ) throws(MigrationFailure) {
        do {
            try run.session.reset(
                keeping: run.holdsLock ? .migration : nil,
                becomesOwner: run.becomesOwner,
                and: run.watchesClient ? MigrationStatements.watchClient.sql : "",
                on: &connection
            )
        } catch {
            throw error.sqlState == .lockNotAvailable
                ? .lockLost : .database(step: "preparing the session for \(name)", error: error)
        }
    }

    /// Line and column of a position that counts characters from 1.
    private func place(of position: Int, in sql: String) -> String {
        let before = sql.unicodeScalars.prefix(max(0, position - 1))
        let line = before.count { $0 == "\n" } + 1
        let column = before.reversed().prefix { $0 != "\n" }.count + 1
        return "\(line):\(column)"
    }

    private func reportNotices(of source: String, on connection: borrowing Connection) {
        for notice in connection.takeNotices() {
            report(.notice(notice, source: source))
        }
    }

    /// - Parameter took: Nil before the file has run.
    func row(for migration: Migration, took: Duration?) -> Parameters {
        var parameters = Parameters()
        parameters.append(Int32(clamping: migration.version))
        parameters.append(migration.name)
        parameters.append(migration.checksum)
        parameters.append(took.map { Int32(clamping: $0.microseconds / 1000) } ?? AppliedMigration.incompleteMark)
        parameters.append(migration.oldestBinary.map { Int32(clamping: $0) })
        return parameters
    }
}

// MARK: - In a transaction

extension Migrator {
    /// Tries a file until it gets its locks, or has been tried often enough. Each attempt is a transaction of its own.
    ///
    /// - Throws: ``DatabaseError``, and ``MigrationFailure/endedTransaction(file:error:)``.
    private func runInTransaction(
        _ migration: Migration,
        in run: MigrationRun,
        attempts: inout Int,
        on connection: inout Connection
    ) throws {
        while true {
            attempts += 1
            let isApplied: Bool
            try resetSession(for: migration.file, in: run, on: &connection)
            run.watch?.begin()
            do throws(DatabaseError) {
                isApplied = try attempt(migration, in: run, on: &connection)
                _ = run.watch?.end()
            } catch {
                let holders = run.watch?.end() ?? []
                rollBack(on: &connection)
                if isIncomplete(migration, on: &connection) {
                    throw MigrationFailure.endedTransaction(file: migration.file, error: error)
                }
                guard error.sqlState == .lockNotAvailable || error.sqlState == .deadlockDetected,
                    attempts < lockRetry.attempts, connection.isIdle
                else {
                    throw failure(of: migration, error, attempts: attempts, holders: holders)
                }
                let length = lockRetry.pause(after: attempts)
                report(
                    .retrying(
                        migration,
                        attempt: attempts,
                        of: lockRetry.attempts,
                        pause: length,
                        holders: holders
                    )
                )
                pause(for: length)
                continue
            }
            guard isApplied else { throw MigrationFailure.endedTransaction(file: migration.file, error: nil) }
            return
        }
    }

    /// Whether the record of a run that was rolled back is in the table. The linter and ``TransactionControl`` see the
    /// statements that do that; this sees what they did.
    private func isIncomplete(_ migration: Migration, on connection: inout Connection) -> Bool {
        guard connection.isIdle else { return false }
        var version = Parameters()
        version.append(Int32(clamping: migration.version))
        let found = try? connection.execute(
            MigrationStatements.isIncomplete,
            version,
            deadline: .after(Self.stepTimeout)
        )
        return found?.rows.isEmpty == false
    }

    /// The version row comes first, so that a migrator that got past the lock somehow fails before it does harm.
    ///
    /// - Returns: False when the file ended the transaction itself; its record then has
    ///   ``AppliedMigration/incompleteMark``.
    private func attempt(
        _ migration: Migration,
        in run: MigrationRun,
        on connection: inout Connection
    ) throws(DatabaseError) -> Bool {
        let started = ContinuousClock.now
        let begun = try connection.executeTogether(
            [
                Command(MigrationStatements.begin),
                Command(MigrationStatements.setLockTimeout(lockRetry)),
                Command(MigrationStatements.record, row(for: migration, took: nil)),
            ],
            deadline: .after(Self.stepTimeout)
        )
        try connection.executeScript(migration.sql, deadline: .never)
        reportNotices(of: migration.file, on: connection)

        var parameters = Parameters()
        parameters.append(Int32(clamping: migration.version))
        parameters.append(Int32(clamping: (.now - started).microseconds / 1000))
        parameters.append(try begun.last?.rows.first?.decode(0, as: String.self) ?? "")
        let results = try connection.executeTogether(
            [
                Command(MigrationStatements.becomeSessionUser),
                Command(run.becomesOwner ? SchemaOwner.become : SchemaOwner.becomeLogin),
                Command(MigrationStatements.complete, parameters),
            ],
            deadline: .after(Self.stepTimeout)
        )
        guard results.last?.rows.isEmpty == false else {
            rollBack(on: &connection)
            return false
        }
        try connection.commit(deadline: .after(Self.stepTimeout))
        return true
    }
}

// MARK: - Without a transaction

extension Migrator {
    /// Runs one statement outside a transaction. The extended protocol refuses a second one.
    ///
    /// The statement and its record cannot be one transaction, so what may have happened in between is looked at first:
    /// that a run of this file was begun is noted before, and the note goes away together with the coming of the record.
    /// There is no lock_timeout: it would also cut `CREATE INDEX CONCURRENTLY` while that waits, harmlessly, for old
    /// transactions, and leave an INVALID index.
    ///
    /// - Returns: False when an earlier run had done it all, and only the record was made now.
    private func runAlone(
        _ migration: Migration,
        in run: MigrationRun,
        started: ContinuousClock.Instant,
        on connection: inout Connection
    ) throws -> Bool {
        try resetSession(for: migration.file, in: run, on: &connection)
        if let index = migration.concurrentIndex, try isFinished(index, of: migration, on: &connection) {
            try record(migration, took: .zero, on: &connection)
            report(.foundApplied(migration))
            return false
        }
        try StoredState.unfinished.write(migration.note, on: &connection)
        do throws(DatabaseError) {
            _ = try connection.execute(
                // One connection may see a file before and after it was corrected.
                Statement("migrations.\(migration.file).\(migration.checksum.prefix(8))", migration.sql),
                deadline: .never
            )
        } catch {
            // Where the server refused, the statement has ended.
            if error.kind == .server, connection.isIdle { try StoredState.unfinished.delete(on: &connection) }
            throw error
        }
        reportNotices(of: migration.file, on: connection)
        try record(migration, took: .now - started, on: &connection)
        return true
    }

    /// Whether a run of this file has built the index, and was interrupted before it recorded that. A remnant of such a run is
    /// dropped.
    private func isFinished(
        _ index: ConcurrentIndex,
        of migration: Migration,
        on connection: inout Connection
    ) throws -> Bool {
        switch try readIndexes(of: [migration], readsNote: true, on: &connection)[migration.version] {
        case .building(let pid):
            throw MigrationFailure.indexInTheMaking(migration, pid: pid)
        case .finished:
            return true
        case .invalid:
            report(.droppingRemnant(index: index.qualifiedName, migration))
            _ = try connection.execute(index.drop, deadline: .never)
            return false
        case .absent, .unrelated, nil:
            return false
        }
    }

    private func record(
        _ migration: Migration,
        took: Duration,
        on connection: inout Connection
    ) throws(DatabaseError) {
        _ = try connection.executeTogether(
            [
                Command(MigrationStatements.begin),
                Command(MigrationStatements.record, row(for: migration, took: took)),
                StoredState.unfinished.delete,
            ],
            deadline: .after(Self.stepTimeout)
        )
        try connection.commit(deadline: .after(Self.stepTimeout))
    }
}
