package import PostgreSQL

/// An advisory lock of PostgreSQL: it locks no table, and the sessions of one database that ask for it take turns.
///
/// It ends with the session that holds it or, depending on its scope, with the transaction.
package struct AdvisoryLock: Sendable {
    /// What the end of which releases the lock.
    package enum Scope: Hashable, Sendable {
        case session
        case transaction
    }

    let key: Int64
    let scope: Scope

    /// The key is "connvo" in ASCII and the number of the lock, so that it is not the key of another program's lock.
    private init(number: Int64, scope: Scope) {
        key = 0x636F_6E6E_766F_0000 | number
        self.scope = scope
    }

    /// Held by `migrate up` and by `maintain`.
    package static let migration = AdvisoryLock(number: 1, scope: .session)
    /// The same lock, held by one transaction: `maintain` through a pooler in transaction mode.
    package static let migrationInTransaction = AdvisoryLock(number: 1, scope: .transaction)
    /// Held by `seed`.
    package static let seed = AdvisoryLock(number: 2, scope: .transaction)

    /// The session that holds a lock which another session waits for.
    package struct Holder: Hashable, Sendable, CustomStringConvertible {
        package let pid: Int32
        package let applicationName: String
        /// When the session, or for a lock of a transaction the transaction, began; nil when this login may not see it.
        package let since: String?
        /// The scope of the lock that is waited for.
        let scope: Scope

        package var description: String {
            let beginning = since.map { scope == .session ? ", since \($0)" : ", in a transaction since \($0)" }
            return "pid \(pid), \"\(applicationName)\"\(beginning ?? "")"
        }
    }

    /// How asking for a lock ended.
    package enum Attempt: Equatable, Sendable {
        case acquired
        /// Another session has the lock; nil when it has released the lock meanwhile or cannot be seen.
        case held(by: Holder?)
    }
}

// MARK: - Asking for a lock

extension AdvisoryLock.Attempt {
    /// Makes attempts, with a short pause between two, until one succeeds or `patience` is over.
    ///
    /// - Parameters:
    ///   - patience: How long to wait for the holder. There is one attempt at least.
    ///   - onWait: Called with the holder when waiting begins, and whenever the holder changes.
    /// - Returns: The last attempt.
    static func repeated<Failure: Error>(
        for patience: Duration,
        onWait: (AdvisoryLock.Holder?) -> Void,
        _ attempt: () throws(Failure) -> AdvisoryLock.Attempt
    ) throws(Failure) -> AdvisoryLock.Attempt {
        let deadline = Deadline.after(patience)
        var reported: AdvisoryLock.Holder??
        while true {
            guard case .held(let holder) = try attempt() else { return .acquired }
            if reported != .some(holder) {
                reported = .some(holder)
                onWait(holder)
            }
            guard !deadline.hasPassed else { return .held(by: holder) }
            pause(for: .milliseconds(Int64.random(in: 50...150)))
        }
    }
}

extension AdvisoryLock {
    /// For the statements of this file, which are short and wait for no lock.
    private static let timeout: Duration = .seconds(30)

    /// Takes the lock, by asking again and again.
    ///
    /// A session that blocks in `pg_advisory_lock` holds a snapshot, which `CREATE INDEX CONCURRENTLY` in the holder
    /// waits for: a deadlock.
    ///
    /// - Parameters:
    ///   - patience: How long to wait for the holder.
    ///   - onWait: Called with the holder when waiting begins, and whenever the holder changes.
    package func acquire(
        patience: Duration,
        on connection: inout Connection,
        onWait: (Holder?) -> Void
    ) throws(DatabaseError) -> Attempt {
        try Attempt.repeated(for: patience, onWait: onWait) { () throws(DatabaseError) in
            try attempt(on: &connection)
        }
    }

    /// Asks for the lock once.
    func attempt(on connection: inout Connection) throws(DatabaseError) -> Attempt {
        let statement = scope == .session ? Self.trySession : Self.tryTransaction
        if try execute(statement, on: &connection).onlyRow.decode(0, as: Bool.self) { return .acquired }
        let holders = try execute(Self.holder, on: &connection)
        let holder = try holders.rows.first.map { (row) throws(DatabaseError) in
            Holder(
                pid: try row.decode(0),
                applicationName: try row.decode(1),
                since: try row.decodeIfPresent(scope == .session ? 2 : 3),
                scope: scope
            )
        }
        return .held(by: holder)
    }

    /// Whether the holder's login may neither migrate nor maintain: any login of the database can hold an advisory lock.
    /// False when the session has ended, when it cannot be seen, and when there is no schema yet, which says who may.
    func isStranger(_ holder: Holder, on connection: inout Connection) throws(DatabaseError) -> Bool {
        var parameters = Parameters()
        parameters.append(holder.pid)
        let result = try connection.execute(Self.isStranger, parameters, deadline: .after(Self.timeout))
        return try result.rows.first?.decode(0) ?? false
    }

    /// Whether this session has the lock. Behind a pooler that gives each statement another session, and on servers that
    /// accept advisory locks without implementing them, it has not.
    func isHeld(on connection: inout Connection) throws(DatabaseError) -> Bool {
        try execute(Self.isHeld, on: &connection).onlyRow.decode(0)
    }

    /// Releases a lock of the session. A connection that cannot be used loses the lock by being closed.
    package func release(on connection: inout Connection) {
        precondition(scope == .session, "a lock of a transaction ends with the transaction")
        guard connection.isIdle else { return }
        _ = try? execute(Self.unlock, on: &connection)
    }

    private func execute(
        _ statement: Statement,
        on connection: inout Connection
    ) throws(DatabaseError) -> QueryResult {
        var parameters = Parameters()
        parameters.append(key)
        return try connection.execute(statement, parameters, deadline: .after(Self.timeout))
    }
}

// MARK: - SQL

extension AdvisoryLock {
    static let trySession = Statement(
        "migrations.try_lock",
        "SELECT pg_catalog.pg_try_advisory_lock($1)",
        parameters: [.int8]
    )

    static let tryTransaction = Statement(
        "seed.try_turn",
        "SELECT pg_try_advisory_xact_lock($1)",
        parameters: [.int8]
    )

    private static let unlock = Statement(
        "migrations.unlock",
        "SELECT pg_catalog.pg_advisory_unlock($1)",
        parameters: [.int8]
    )

    /// The session that has the lock, and when it and its transaction began. `pg_locks` shows a key of 64 bits in two
    /// halves.
    static let holder = Statement(
        "migrations.lock_holder",
        """
        SELECT lock.pid,
            coalesce(session.application_name, ''),
            to_char(session.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            to_char(session.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        FROM pg_catalog.pg_locks AS lock
        LEFT JOIN pg_catalog.pg_stat_activity AS session
            ON session.pid = lock.pid
        WHERE lock.locktype = 'advisory'
            AND lock.granted
            AND lock.objsubid = 1
            AND lock.pid <> pg_backend_pid()
            AND lock.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
            AND (lock.classid::bigint << 32) | lock.objid::bigint = $1
        """,
        parameters: [.int8]
    )

    /// Whether a session belongs to a login that may neither migrate nor maintain. No row when it has ended.
    private static let isStranger = Statement(
        "migrations.is_stranger",
        """
        SELECT NOT pg_has_role(session.usesysid, schema.nspowner, 'MEMBER')
            AND NOT coalesce(pg_has_role(session.usesysid, to_regrole('connvo_maintainer')::oid, 'MEMBER'), false)
        FROM pg_catalog.pg_stat_activity AS session
        CROSS JOIN pg_catalog.pg_namespace AS schema
        WHERE session.pid = $1
            AND session.usesysid IS NOT NULL
            AND schema.nspname = 'connvo'
        """,
        parameters: [.int4]
    )

    private static let isHeld = Statement(
        "migrations.holds_lock",
        """
        SELECT EXISTS (
            SELECT 1
            FROM pg_catalog.pg_locks AS lock
            WHERE lock.locktype = 'advisory'
                AND lock.granted
                AND lock.objsubid = 1
                AND lock.pid = pg_backend_pid()
                AND (lock.classid::bigint << 32) | lock.objid::bigint = $1
        )
        """,
        parameters: [.int8]
    )
}
