internal import PostgreSQL

/// The session advisory lock that makes migrators of one database take turns. It ends with its session.
package enum MigrationLock {
    /// "connvo" in ASCII and the number of this lock, so that no other program's lock is met by accident.
    static let key: Int64 = 0x636F_6E6E_766F_0001

    /// Who has the lock.
    package struct Holder: Hashable, Sendable, CustomStringConvertible {
        package let pid: Int32
        package let applicationName: String
        /// When its session began; nil when this login may not see it.
        package let since: String?

        package var description: String {
            "pid \(pid), \"\(applicationName)\"\(since.map { ", since \($0)" } ?? "")"
        }
    }

    /// Takes the lock, by asking again and again.
    ///
    /// A session that blocks in `pg_advisory_lock` holds a snapshot, which `CREATE INDEX CONCURRENTLY` in the holder
    /// waits for: a deadlock.
    ///
    /// - Parameters:
    ///   - patience: After which waiting is given up.
    ///   - onWait: Told who has the lock, when waiting begins and whenever that changes.
    static func acquire(
        on connection: inout Connection,
        patience: Duration,
        onWait: (Holder?) -> Void
    ) throws(MigrationFailure) {
        let deadline = Deadline.after(patience)
        var reported: Holder??
        while true {
            let holder: Holder?
            do {
                let lock = try connection.execute(
                    MigrationStatements.tryLock,
                    key: key,
                    deadline: .after(Migrator.stepTimeout)
                )
                if try lock.rows.first?.decode(0, as: Bool.self) == true { return }
                let rows = try connection.execute(
                    MigrationStatements.lockHolder,
                    key: key,
                    deadline: .after(Migrator.stepTimeout)
                ).rows
                holder = try rows.first.map { (row) throws(DatabaseError) in try Holder(row: row) }
            } catch {
                throw .database(step: "taking the migration lock", error: error)
            }
            if reported != .some(holder) {
                reported = .some(holder)
                onWait(holder)
            }
            guard !deadline.hasPassed else { throw .locked(holder, waited: patience) }
            pause(for: .milliseconds(Int64.random(in: 50...150)))
        }
    }

    /// Gives the lock back. A connection that cannot be used loses it by being closed.
    static func release(on connection: inout Connection) {
        guard connection.isIdle else { return }
        _ = try? connection.execute(MigrationStatements.unlock, key: key, deadline: .after(Migrator.stepTimeout))
    }
}

extension MigrationLock.Holder {
    /// Decodes the columns of ``MigrationStatements/lockHolder``.
    fileprivate init(row: Row) throws(DatabaseError) {
        self.init(
            pid: try row.decode(0),
            applicationName: try row.decode(1),
            since: try row.decodeIfPresent(2)
        )
    }
}

extension Connection {
    fileprivate mutating func execute(
        _ statement: Statement,
        key: Int64,
        deadline: Deadline
    ) throws(DatabaseError) -> QueryResult {
        var parameters = Parameters()
        parameters.append(key)
        return try execute(statement, parameters, deadline: deadline)
    }
}
