internal import Domain

/// Brings a database to the schema of a catalogue. Blocks its thread; several at once take turns.
package struct Migrator {
    /// How long a statement of a migration waits for a lock before its file fails: whoever queues behind a waiting
    /// ALTER TABLE waits too.
    static let lockTimeout = "5s"
    /// For the migrator's own statements, which are all short.
    static let stepTimeout: Duration = .seconds(30)
    /// For roles.sql, which may wait for locks.
    private static let rolesTimeout: Duration = .seconds(120)
    private static let attempts = 5

    private let catalogue: MigrationCatalogue
    private let lockPatience: Duration
    private let report: (MigrationEvent) -> Void

    /// - Parameters:
    ///   - lockPatience: How long to wait for another migrator.
    ///   - report: Told what happens, on the calling thread.
    package init(
        _ catalogue: MigrationCatalogue,
        lockPatience: Duration = .seconds(600),
        report: @escaping (MigrationEvent) -> Void = { _ in }
    ) {
        self.catalogue = catalogue
        self.lockPatience = lockPatience
        self.report = report
    }

    /// Compares the database with the catalogue, without changing or locking anything.
    package func status(_ connection: inout Connection) throws(MigrationFailure) -> MigrationPlan {
        try step("reading which migrations are applied") { () throws(DatabaseError) in
            let exists = try whatExists(&connection)
            let applied = exists.table ? try appliedMigrations(&connection) : []
            return MigrationPlan(catalogue: catalogue, applied: applied)
        }
    }

    /// Applies what is pending, in order, then sees to roles, grants and partitions.
    ///
    /// - Parameter target: The last version to apply; nil for all.
    /// - Returns: What was applied now.
    package func up(_ connection: inout Connection, to target: Int? = nil) throws(MigrationFailure) -> [Migration] {
        if let target, catalogue[version: target] == nil {
            throw .unknownTarget(target, latest: catalogue.latestVersion)
        }
        try MigrationLock.acquire(on: &connection, patience: lockPatience) { report(.waitingForLock($0)) }
        defer { MigrationLock.release(on: &connection) }

        let done = try asOwner(&connection) { (connection) throws(MigrationFailure) in
            try step("making connvo.schema_migrations") { () throws(DatabaseError) in try prepareTable(&connection) }
            let plan = try status(&connection)
            try plan.check()
            let pending = plan.pending.filter { $0.version <= target ?? .max }
            for migration in pending {
                try apply(migration, on: &connection)
            }
            try makePartitions(&connection)
            return pending
        }
        try runRoles(&connection)
        return done
    }
}

// MARK: - Steps

extension Migrator {
    /// Runs `body` as connvo_owner where that makes new objects belong to it; see ``MigrationStatements/shouldBecomeOwner``.
    private func asOwner<Value>(
        _ connection: inout Connection,
        _ body: (inout Connection) throws(MigrationFailure) -> Value
    ) throws(MigrationFailure) -> Value {
        let becomes = try step("looking at roles") { () throws(DatabaseError) in
            let result = try connection.execute(
                MigrationStatements.shouldBecomeOwner,
                deadline: .after(Self.stepTimeout)
            )
            guard try result.rows.first?.decode(0, as: Bool.self) == true else { return false }
            _ = try connection.execute(MigrationStatements.becomeOwner, deadline: .after(Self.stepTimeout))
            return true
        }
        guard becomes else { return try body(&connection) }
        defer {
            // A connection that is not idle is about to be closed.
            if connection.isIdle {
                _ = try? connection.execute(MigrationStatements.becomeLogin, deadline: .after(Self.stepTimeout))
            }
        }
        return try body(&connection)
    }

    private func whatExists(
        _ connection: inout Connection
    ) throws(DatabaseError) -> (schema: Bool, table: Bool, partitionFunction: Bool) {
        let result = try connection.execute(MigrationStatements.whatExists, deadline: .after(Self.stepTimeout))
        guard let row = result.rows.first else {
            throw DatabaseError(.unexpected, "no row", statement: result.statement)
        }
        return (try row.decode(0), try row.decode(1), try row.decode(2))
    }

    private func prepareTable(_ connection: inout Connection) throws(DatabaseError) {
        let exists = try whatExists(&connection)
        let deadline = Deadline.after(Self.stepTimeout)
        if !exists.schema {
            _ = try connection.execute(MigrationStatements.createSchema, deadline: deadline)
        }
        if !exists.table {
            // A script is one implicit transaction.
            try connection.executeScript(MigrationStatements.createTable, deadline: deadline)
        }
    }

    private func appliedMigrations(_ connection: inout Connection) throws(DatabaseError) -> [AppliedMigration] {
        let result = try connection.execute(MigrationStatements.applied, deadline: .after(Self.stepTimeout))
        return try result.rows.map { (row) throws(DatabaseError) in try AppliedMigration(row: row) }
    }

    /// Says in which step of ours the database failed.
    private func step<Value>(
        _ name: String,
        _ body: () throws(DatabaseError) -> Value
    ) throws(MigrationFailure) -> Value {
        do {
            return try body()
        } catch {
            throw .database(step: name, error: error)
        }
    }

    private func reportNotices(of source: String, _ connection: borrowing Connection) {
        for notice in connection.takeNotices() {
            report(.notice(notice, source: source))
        }
    }
}

// MARK: - One migration

extension Migrator {
    private func apply(_ migration: Migration, on connection: inout Connection) throws(MigrationFailure) {
        report(.applying(migration))
        _ = connection.takeNotices()
        let started = ContinuousClock.now
        do {
            if migration.runsInTransaction {
                guard try runInTransaction(migration, started: started, on: &connection) else {
                    throw MigrationFailure.endedTransaction(file: migration.file)
                }
            } else {
                try runAlone(migration, started: started, on: &connection)
            }
        } catch let failure as MigrationFailure {
            rollBack(&connection)
            throw failure
        } catch let error as DatabaseError {
            rollBack(&connection)
            throw .failed(
                file: migration.file,
                place: error.statement == nil ? error.position.map { place(of: $0, in: migration.sql) } : nil,
                error: error,
                runsInTransaction: migration.runsInTransaction
            )
        } catch {
            throw .failed(
                file: migration.file,
                place: nil,
                error: DatabaseError(.unexpected, "\(error)"),
                runsInTransaction: migration.runsInTransaction
            )
        }
        report(.applied(migration, took: .now - started))
    }

    /// The version row comes first, so that a migrator that got past the lock somehow fails before it does harm.
    ///
    /// - Returns: False when the file ended the transaction itself.
    private func runInTransaction(
        _ migration: Migration,
        started: ContinuousClock.Instant,
        on connection: inout Connection
    ) throws(DatabaseError) -> Bool {
        let begun = try connection.executeTogether(
            [
                Command(.begin),
                Command(MigrationStatements.setLockTimeout),
                Command(MigrationStatements.setNoStatementTimeout),
                Command(MigrationStatements.record, row(for: migration, took: .zero)),
            ],
            deadline: .after(Self.stepTimeout)
        )
        try connection.executeScript(migration.sql, deadline: .never)
        reportNotices(of: migration.file, connection)

        var parameters = Parameters()
        parameters.append(Int32(clamping: migration.version))
        parameters.append(Self.milliseconds(since: started))
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

    /// Runs one statement outside a transaction. The extended protocol refuses a second one.
    ///
    /// There is no lock_timeout: it would also cut `CREATE INDEX CONCURRENTLY` while that waits, harmlessly, for old
    /// transactions, and leave an INVALID index.
    private func runAlone(
        _ migration: Migration,
        started: ContinuousClock.Instant,
        on connection: inout Connection
    ) throws(DatabaseError) {
        let statement = Statement("migrations.\(Migration.digits(of: migration.version))", migration.sql)
        _ = try connection.execute(statement, deadline: .never)
        reportNotices(of: migration.file, connection)
        _ = try connection.execute(
            MigrationStatements.record,
            row(for: migration, took: .now - started),
            deadline: .after(Self.stepTimeout)
        )
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

    private static func milliseconds(since started: ContinuousClock.Instant) -> Int32 {
        Int32(clamping: (.now - started).microseconds / 1000)
    }

    /// Line and column of a position that counts characters from 1.
    private func place(of position: Int, in sql: String) -> String {
        let before = sql.unicodeScalars.prefix(max(0, position - 1))
        let line = before.count { $0 == "\n" } + 1
        let column = before.reversed().prefix { $0 != "\n" }.count + 1
        return "\(line):\(column)"
    }

    /// Best effort: a connection that is still in a transaction afterwards is closed by its owner.
    private func rollBack(_ connection: inout Connection) {
        guard connection.isOpen, !connection.isIdle else { return }
        _ = try? connection.execute(.rollback, deadline: .after(Self.stepTimeout))
    }
}

// MARK: - After the migrations

extension Migrator {
    private func makePartitions(_ connection: inout Connection) throws(MigrationFailure) {
        let made: [String] = try step("making partitions") { () throws(DatabaseError) in
            guard try whatExists(&connection).partitionFunction else { return [] }
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

    private func runRoles(_ connection: inout Connection) throws(MigrationFailure) {
        // Roles belong to the whole cluster: a migrator of another database may be changing the same ones.
        let states: Set<SQLState> = [
            .internalError, .uniqueViolation, .duplicateObject, .deadlockDetected, .lockNotAvailable,
        ]
        let notices: [Notice] = try step("roles.sql") { () throws(DatabaseError) in
            try retrying(on: states, &connection) { (connection) throws(DatabaseError) in
                _ = connection.takeNotices()
                _ = try connection.executeTogether(
                    [
                        Command(.begin), Command(MigrationStatements.setLockTimeout),
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
        for notice in notices {
            report(.notice(notice, source: "roles.sql"))
        }
    }

    private func retrying<Value>(
        on states: Set<SQLState>,
        _ connection: inout Connection,
        _ body: (inout Connection) throws(DatabaseError) -> Value
    ) throws(DatabaseError) -> Value {
        var attempt = 1
        while true {
            do {
                return try body(&connection)
            } catch {
                rollBack(&connection)
                guard attempt < Self.attempts, connection.isIdle, error.sqlState.map(states.contains) == true else {
                    throw error
                }
                attempt += 1
                pause(milliseconds: 50...250)
            }
        }
    }
}
