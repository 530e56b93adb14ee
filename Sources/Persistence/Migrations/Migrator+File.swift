internal import Domain
internal import PostgreSQL

/// Running one file.
extension Migrator {
    func apply(_ migration: Migration, on connection: inout Connection) throws(MigrationFailure) {
        report(.applying(migration))
        _ = connection.takeNotices()
        let started = ContinuousClock.now
        var attempts = 0
        do {
            if migration.runsInTransaction {
                guard try runInTransaction(migration, on: &connection, attempts: &attempts) else {
                    throw MigrationFailure.endedTransaction(file: migration.file)
                }
            } else {
                guard try runAlone(migration, started: started, on: &connection) else { return }
            }
        } catch let failure as MigrationFailure {
            rollBack(&connection)
            throw failure
        } catch let error as DatabaseError {
            rollBack(&connection)
            throw failure(of: migration, error, attempts: attempts)
        } catch {
            throw failure(of: migration, DatabaseError(.unexpected, "\(error)"), attempts: attempts)
        }
        report(.applied(migration, took: .now - started))
    }

    private func failure(of migration: Migration, _ error: DatabaseError, attempts: Int) -> MigrationFailure {
        .failed(
            migration,
            place: error.statement == nil ? error.position.map { place(of: $0, in: migration.sql) } : nil,
            error: error,
            attempts: attempts
        )
    }

    /// Line and column of a position that counts characters from 1.
    private func place(of position: Int, in sql: String) -> String {
        let before = sql.unicodeScalars.prefix(max(0, position - 1))
        let line = before.count { $0 == "\n" } + 1
        let column = before.reversed().prefix { $0 != "\n" }.count + 1
        return "\(line):\(column)"
    }

    private func reportNotices(of source: String, _ connection: borrowing Connection) {
        for notice in connection.takeNotices() {
            report(.notice(notice, source: source))
        }
    }

    private func row(for migration: Migration, took: Duration) -> Parameters {
        var parameters = Parameters()
        parameters.append(Int32(clamping: migration.version))
        parameters.append(migration.name)
        parameters.append(migration.checksum)
        parameters.append(Int32(clamping: took.microseconds / 1000))
        parameters.append(migration.oldestBinary.map { Int32(clamping: $0) })
        return parameters
    }
}

// MARK: - In a transaction

extension Migrator {
    /// Tries a file until it gets its locks, or has been tried often enough. Each attempt is a transaction of its own.
    ///
    /// - Returns: False when the file ended the transaction itself.
    private func runInTransaction(
        _ migration: Migration,
        on connection: inout Connection,
        attempts: inout Int
    ) throws(DatabaseError) -> Bool {
        while true {
            attempts += 1
            do {
                return try attempt(migration, on: &connection)
            } catch {
                rollBack(&connection)
                guard error.sqlState == .lockNotAvailable || error.sqlState == .deadlockDetected,
                    attempts < lockRetry.attempts, connection.isIdle
                else { throw error }
                let length = lockRetry.pause(after: attempts)
                report(
                    .retrying(
                        migration,
                        attempt: attempts,
                        of: lockRetry.attempts,
                        pause: length,
                        holders: lockHolders(&connection)
                    )
                )
                pause(for: length)
            }
        }
    }

    /// The version row comes first, so that a migrator that got past the lock somehow fails before it does harm.
    private func attempt(_ migration: Migration, on connection: inout Connection) throws(DatabaseError) -> Bool {
        let started = ContinuousClock.now
        let begun = try connection.executeTogether(
            [
                Command(.begin),
                Command(MigrationStatements.setLockTimeout(lockRetry)),
                Command(MigrationStatements.setNoStatementTimeout),
                Command(MigrationStatements.record, row(for: migration, took: .zero)),
            ],
            deadline: .after(Self.stepTimeout)
        )
        try connection.executeScript(migration.sql, deadline: .never)
        reportNotices(of: migration.file, connection)

        var parameters = Parameters()
        parameters.append(Int32(clamping: migration.version))
        parameters.append(Int32(clamping: (.now - started).microseconds / 1000))
        let completed = try connection.execute(
            MigrationStatements.complete,
            parameters,
            deadline: .after(Self.stepTimeout)
        )
        let before = try begun.last?.rows.first?.decode(0, as: String.self)
        let after = try completed.rows.first?.decode(0, as: String.self)
        guard before == after else { return false }
        try connection.commit(deadline: .after(Self.stepTimeout))
        return true
    }

    /// Who is probably in the way: a courtesy, so its failure is none.
    private func lockHolders(_ connection: inout Connection) -> [LockHolder] {
        let result = try? connection.execute(MigrationStatements.lockHolders, deadline: .after(Self.stepTimeout))
        return result?.rows.compactMap { try? LockHolder(row: $0) } ?? []
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
        started: ContinuousClock.Instant,
        on connection: inout Connection
    ) throws -> Bool {
        let note = "\(Migration.digits(of: migration.version)) \(migration.checksum)"
        if let index = migration.concurrentIndex, try isDone(index, by: migration, note, on: &connection) {
            try record(migration, took: .zero, on: &connection)
            report(.foundApplied(migration))
            return false
        }
        try remember(.unfinished, note, on: &connection)
        do throws(DatabaseError) {
            _ = try connection.execute(
                // One connection may see a file before and after it was corrected.
                Statement("migrations.\(migration.file).\(migration.checksum.prefix(8))", migration.sql),
                deadline: .never
            )
        } catch {
            // Where the server refused, nothing goes on behind our back.
            if error.kind == .server, connection.isIdle { try forget(.unfinished, on: &connection) }
            throw error
        }
        reportNotices(of: migration.file, connection)
        try record(migration, took: .now - started, on: &connection)
        return true
    }

    /// Whether an index was built by a run of this file that did not live to record it; what such a run left half-made is
    /// dropped.
    private func isDone(
        _ index: ConcurrentIndex,
        by migration: Migration,
        _ note: String,
        on connection: inout Connection
    ) throws -> Bool {
        var name = Parameters()
        name.append(index.qualifiedName)
        let found = try connection.execute(MigrationStatements.indexState, name, deadline: .after(Self.stepTimeout))
        guard let row = found.rows.first else { return false }
        if let pid = try row.decodeIfPresent(1, as: Int32.self) {
            throw MigrationFailure.indexInTheMaking(migration, pid: pid)
        }
        if try row.decode(0, as: Bool.self) {
            return try remembered(.unfinished, on: &connection) == note
        }
        report(.droppingRemnant(index: index.qualifiedName, migration))
        _ = try connection.execute(
            MigrationStatements.dropIndex(index.qualifiedName),
            deadline: .never
        )
        return false
    }

    private func record(
        _ migration: Migration,
        took: Duration,
        on connection: inout Connection
    ) throws(DatabaseError) {
        var name = Parameters()
        name.append(StoredState.unfinished.rawValue)
        _ = try connection.executeTogether(
            [
                Command(.begin), Command(MigrationStatements.record, row(for: migration, took: took)),
                Command(MigrationStatements.forget, name),
            ],
            deadline: .after(Self.stepTimeout)
        )
        try connection.commit(deadline: .after(Self.stepTimeout))
    }
}

// MARK: - What is remembered

extension Migrator {
    /// The rows of `connvo.schema_migration_state`.
    enum StoredState: String {
        case converged = "settled"
        case unfinished
    }

    func remembered(_ state: StoredState, on connection: inout Connection) throws(DatabaseError) -> String? {
        var parameters = Parameters()
        parameters.append(state.rawValue)
        let result = try connection.execute(
            MigrationStatements.remembered,
            parameters,
            deadline: .after(Self.stepTimeout)
        )
        return try result.rows.first?.decode(0)
    }

    func remember(_ state: StoredState, _ value: String, on connection: inout Connection) throws(DatabaseError) {
        var parameters = Parameters()
        parameters.append(state.rawValue)
        parameters.append(value)
        _ = try connection.execute(MigrationStatements.remember, parameters, deadline: .after(Self.stepTimeout))
    }

    private func forget(_ state: StoredState, on connection: inout Connection) throws(DatabaseError) {
        var parameters = Parameters()
        parameters.append(state.rawValue)
        _ = try connection.execute(MigrationStatements.forget, parameters, deadline: .after(Self.stepTimeout))
    }
}
