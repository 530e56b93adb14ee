internal import PostgreSQL

/// Migrators, and maintainers, take turns.
extension Migrator {
    /// Runs `body` while no other migrator or maintainer is at work.
    ///
    /// An advisory lock says whose turn it is. Any login of the database can hold one, so where a login holds it that may
    /// neither migrate nor maintain, the lock of a table takes its place, which such a login cannot hold.
    ///
    /// - Parameter body: Is told whether this session has the advisory lock.
    func inTurn<Value>(
        on connection: inout Connection,
        _ body: (inout Connection, _ holdsLock: Bool) throws(MigrationFailure) -> Value
    ) throws(MigrationFailure) -> Value {
        let lock = AdvisoryLock.migration
        var substitute: SubstituteLock?
        var attempt = try take(lock, patience: .zero, on: &connection)
        if case .held(let holder?) = attempt, try isStranger(holder, on: &connection) {
            substitute = try takeSubstitute(on: &connection)
            // Another migrator may have got the advisory lock meanwhile. It looks for the substitute after that, and this one
            // asks for the lock again: one of the two sees the other.
            attempt = try take(lock, patience: .zero, on: &connection)
            if case .held(let next?) = attempt, try !isStranger(next, on: &connection) { substitute = nil }
            if substitute != nil, case .held = attempt {
                report(.lockIgnored(holder))
                let value = try body(&connection, false)
                withExtendedLifetime(substitute) {}
                return value
            }
        }
        if case .held = attempt { attempt = try take(lock, patience: lockPatience, on: &connection) }
        if case .held(let holder) = attempt { throw .locked(holder, waited: lockPatience) }
        defer { lock.release(on: &connection) }
        try checkLock(on: &connection)
        if substitute == nil { try waitForSubstitute(on: &connection) }
        defer { withExtendedLifetime(substitute) {} }
        return try body(&connection, true)
    }

    private func take(
        _ lock: AdvisoryLock,
        patience: Duration,
        on connection: inout Connection
    ) throws(MigrationFailure) -> AdvisoryLock.Attempt {
        try MigrationFailure.step("taking the migration lock") { () throws(DatabaseError) in
            try lock.acquire(patience: patience, on: &connection) { holder in
                if patience > .zero { report(.waitingForLock(holder)) }
            }
        }
    }

    private func isStranger(
        _ holder: AdvisoryLock.Holder,
        on connection: inout Connection
    ) throws(MigrationFailure) -> Bool {
        try MigrationFailure.step("looking at who has the lock") { () throws(DatabaseError) in
            try AdvisoryLock.migration.isStranger(holder, on: &connection)
        }
    }

    /// - Returns: Nil when there is no table yet, or this login may not lock it.
    private func takeSubstitute(on connection: inout Connection) throws(MigrationFailure) -> SubstituteLock? {
        let becomesOwner = try becomesOwner(on: &connection)
        let substitute: SubstituteLock
        do {
            substitute = try SubstituteLock(origin: connection.sessionOrigin(), becomesOwner: becomesOwner)
        } catch {
            throw .database(step: "opening a session that holds the lock", error: error)
        }
        let attempt: AdvisoryLock.Attempt
        do throws(DatabaseError) {
            attempt = try AdvisoryLock.Attempt.repeated(
                for: lockPatience,
                onWait: { report(.waitingForLock($0)) },
                { () throws(DatabaseError) in
                    try substitute.take() ? .acquired : .held(by: try SubstituteLock.holder(on: &connection))
                }
            )
        } catch {
            guard [.undefinedTable, .undefinedSchema, .insufficientPrivilege].contains(error.sqlState) else {
                throw .database(step: "locking connvo.schema_migrations", error: error)
            }
            return nil
        }
        if case .held(let holder) = attempt { throw .locked(holder, waited: lockPatience) }
        return substitute
    }

    /// Waits for a migrator that began while a stranger held the advisory lock.
    private func waitForSubstitute(on connection: inout Connection) throws(MigrationFailure) {
        let attempt = try MigrationFailure.step("looking for other migrators") { () throws(DatabaseError) in
            try AdvisoryLock.Attempt.repeated(for: lockPatience, onWait: { report(.waitingForLock($0)) }) {
                () throws(DatabaseError) in
                try SubstituteLock.holder(on: &connection).map { .held(by: $0) } ?? .acquired
            }
        }
        if case .held(let holder) = attempt { throw .locked(holder, waited: lockPatience) }
    }

    /// Makes sure that the lock is real: that all others see it.
    private func checkLock(on connection: inout Connection) throws(MigrationFailure) {
        let holdsLock = try MigrationFailure.step("looking for the migration lock") { () throws(DatabaseError) in
            try AdvisoryLock.migration.isHeld(on: &connection)
        }
        guard holdsLock else { throw .lockNotHeld }
    }
}

/// Takes the place of the advisory lock of migrators: a table lock that only a login which may change
/// `connvo.schema_migrations` can hold. Readers and writers of the table do not wait for it.
///
/// A table lock ends with its transaction, and files have transactions of their own: another session holds it, idle in a
/// transaction without a snapshot, for which `CREATE INDEX CONCURRENTLY` does not wait.
private final class SubstituteLock {
    private static let timeout: Duration = .seconds(30)
    private var connection: Connection
    private let becomesOwner: Bool

    init(origin: SessionOrigin, becomesOwner: Bool) throws(DatabaseError) {
        connection = try origin.open(deadline: .after(Self.timeout))
        self.becomesOwner = becomesOwner
    }

    /// - Returns: False when another session has it.
    func take() throws(DatabaseError) -> Bool {
        do {
            try connection.executeScript(
                """
                BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
                \(SessionSettings.setLocal);
                \(becomesOwner ? "SET LOCAL ROLE connvo_owner;" : "")
                LOCK TABLE connvo.schema_migrations IN SHARE UPDATE EXCLUSIVE MODE NOWAIT
                """,
                deadline: .after(Self.timeout)
            )
            return true
        } catch {
            if connection.isOpen { _ = try? connection.execute(.rollback, deadline: .after(Self.timeout)) }
            guard error.sqlState == .lockNotAvailable else { throw error }
            return false
        }
    }

    /// The session that has it, autovacuum not counted, which takes it for an instant.
    static func holder(on connection: inout Connection) throws(DatabaseError) -> AdvisoryLock.Holder? {
        try connection.execute(holder, deadline: .after(timeout)).rows.first.map { (row) throws(DatabaseError) in
            AdvisoryLock.Holder(
                pid: try row.decode(0),
                applicationName: try row.decode(1),
                since: try row.decodeIfPresent(2),
                scope: .transaction
            )
        }
    }

    private static let holder = Statement(
        "migrations.substitute_holder",
        """
        SELECT lock.pid,
            coalesce(session.application_name, ''),
            to_char(session.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        FROM pg_catalog.pg_locks AS lock
        JOIN pg_catalog.pg_stat_activity AS session
            ON session.pid = lock.pid
        WHERE lock.granted
            AND lock.pid <> pg_backend_pid()
            AND lock.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
            AND lock.locktype = 'relation'
            AND lock.relation = to_regclass('connvo.schema_migrations')
            AND lock.mode = 'ShareUpdateExclusiveLock'
            AND session.backend_type = 'client backend'
        LIMIT 1
        """
    )
}
