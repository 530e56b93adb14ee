internal import PostgreSQL

/// What is around each step: its session or transaction, its turn, and other attempts where a lock is not to be had.
extension Maintainer {
    /// How a run keeps its settings, its role and its turn.
    enum Scope {
        /// By its session.
        case session
        /// By each transaction: behind a pooler that gives each another session. `ignoresLock` is true where a login holds
        /// the lock that may neither migrate nor maintain.
        case transaction(becomesOwner: Bool, ignoresLock: Bool)
    }

    /// States what a database or a login may have set otherwise.
    ///
    /// - Returns: False, and nothing is stated, behind a pooler that gives each transaction another session.
    func beginSession(on connection: inout Connection) throws(MaintenanceFailure) -> Bool {
        try MaintenanceFailure.step("preparing the session") { () throws(DatabaseError) in
            guard try AdministrativeSession.begin(on: &connection) != nil else {
                guard !connection.preparesStatements else { throw AdministrativeSession.pooled }
                return false
            }
            // Each function that locks sets its own; this is for waiting for a row of the rollups' state.
            try connection.executeScript("SET lock_timeout = '2s'", deadline: .after(Self.stepTimeout))
            return true
        }
    }

    func becomesOwner(on connection: inout Connection) throws(MaintenanceFailure) -> Bool {
        try MaintenanceFailure.step("looking at roles") { () throws(DatabaseError) in
            try SchemaOwner.shouldBecome(on: &connection)
        }
    }
}

// MARK: - Turns

extension Maintainer {
    /// Takes the lock that maintainers and migrators take turns by.
    ///
    /// Any login of the database can hold an advisory lock. Where one does that may neither migrate nor maintain,
    /// maintenance goes on without: turns spare waiting, and every step is safe beside others by itself.
    ///
    /// - Parameter attempt: Asks once.
    /// - Returns: False when such a login has the lock.
    func takeTurn(
        on connection: inout Connection,
        _ attempt: (inout Connection) throws(DatabaseError) -> AdvisoryLock.Attempt = {
            (connection) throws(DatabaseError) in
            try AdvisoryLock.migration.attempt(on: &connection)
        }
    ) throws(MaintenanceFailure) -> Bool {
        for (round, patience) in [.zero, lockPatience].enumerated() {
            let isLast = round == 1
            let onWait = { (holder: AdvisoryLock.Holder?) in
                if isLast { report(.waitingForLock(holder)) }
            }
            let outcome = try MaintenanceFailure.step("taking the migration lock") { () throws(DatabaseError) in
                try AdvisoryLock.Attempt.repeated(for: patience, onWait: onWait) { () throws(DatabaseError) in
                    try attempt(&connection)
                }
            }
            guard case .held(let holder) = outcome else { return true }
            if let holder, try isStranger(holder, on: &connection) {
                report(.lockIgnored(holder))
                return false
            }
            if isLast { throw .locked(holder, waited: lockPatience) }
        }
        return true
    }

    private func isStranger(
        _ holder: AdvisoryLock.Holder,
        on connection: inout Connection
    ) throws(MaintenanceFailure) -> Bool {
        try MaintenanceFailure.step("looking at who has the lock") { () throws(DatabaseError) in
            try AdvisoryLock.migration.isStranger(holder, on: &connection)
        }
    }

    /// A maintainer whose steps are transactions that stand by themselves, as soon as it is its turn. Each step takes the lock
    /// for itself.
    func inTransactions(on connection: inout Connection) throws(MaintenanceFailure) -> Maintainer {
        let isTurn = try takeTurn(on: &connection) { (connection) throws(DatabaseError) in
            try connection.executeScript(Statement.begin.sql, deadline: .after(Self.stepTimeout))
            defer { _ = try? connection.execute(.rollback, deadline: .after(Self.stepTimeout)) }
            return try AdvisoryLock.migrationInTransaction.attempt(on: &connection)
        }
        var maintainer = self
        maintainer.scope = .transaction(becomesOwner: try becomesOwner(on: &connection), ignoresLock: !isTurn)
        return maintainer
    }
}

// MARK: - Steps

extension Maintainer {
    /// Runs one step, a few times where a lock is not to be had. The error says which step it was.
    func step<Value>(
        _ name: String,
        on connection: inout Connection,
        _ body: (inout Connection) throws(DatabaseError) -> Value
    ) throws(MaintenanceFailure) -> Value {
        guard let value = try unlessLocked(name, on: &connection, body) else { throw .lockKept(from: name) }
        return value
    }

    /// Tries a few times where a lock is not to be had.
    ///
    /// - Returns: Nil when it was not to be had at all.
    func unlessLocked<Value>(
        _ name: String,
        on connection: inout Connection,
        _ body: (inout Connection) throws(DatabaseError) -> Value
    ) throws(MaintenanceFailure) -> Value? {
        try retryingLocks(name, on: &connection) { (connection) throws(DatabaseError) in
            try inScope(on: &connection, body)
        }
    }

    func retryingLocks<Value>(
        _ name: String,
        on connection: inout Connection,
        _ body: (inout Connection) throws(DatabaseError) -> Value
    ) throws(MaintenanceFailure) -> Value? {
        for attempt in 1...Self.attempts {
            do {
                return try body(&connection)
            } catch {
                guard error.sqlState == .lockNotAvailable, connection.isIdle else {
                    throw .database(step: name, error: error)
                }
                if attempt < Self.attempts { pause(for: .milliseconds(Int64.random(in: 100...500))) }
            }
        }
        return nil
    }

    /// Begins a transaction of a step; nil when the session is the scope.
    var beginScript: String? {
        guard case .transaction(let becomesOwner, _) = scope else { return nil }
        return """
            BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
            \(SessionSettings.setLocal);
            SET LOCAL lock_timeout = '2s';
            \(becomesOwner ? "SET LOCAL ROLE connvo_owner" : "")
            """
    }

    private func inScope<Value>(
        on connection: inout Connection,
        _ body: (inout Connection) throws(DatabaseError) -> Value
    ) throws(DatabaseError) -> Value {
        guard let beginScript, case .transaction(_, let ignoresLock) = scope else { return try body(&connection) }
        do throws(DatabaseError) {
            try connection.executeScript(beginScript, deadline: .after(Self.stepTimeout))
            if !ignoresLock, try AdvisoryLock.migrationInTransaction.attempt(on: &connection) != .acquired {
                throw DatabaseError(.server, "another maintain or migrate is at work", sqlState: .lockNotAvailable)
            }
            let value = try body(&connection)
            try connection.commit(deadline: .after(Self.stepTimeout))
            return value
        } catch {
            if connection.isOpen { _ = try? connection.execute(.rollback, deadline: .after(Self.stepTimeout)) }
            throw error
        }
    }
}

extension MaintenanceFailure {
    static func lockKept(from step: String) -> MaintenanceFailure {
        let error = DatabaseError(.server, "another session kept a lock that it needs", sqlState: .lockNotAvailable)
        return .database(step: step, error: error)
    }
}
