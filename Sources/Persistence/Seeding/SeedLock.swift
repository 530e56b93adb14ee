internal import PostgreSQL

/// What makes seeds of one database take turns, and keeps others from writing to the tables meanwhile. Ends with the
/// transaction.
package enum SeedLock {
    /// "connvo" in ASCII and the number of this lock, so that no other program's lock is met by accident.
    private static let key: Int64 = 0x636F_6E6E_766F_0002
    /// How long one attempt may queue for the tables. Longer than `deadlock_timeout` (1 s), after which autovacuum gives
    /// way; short, because others who want to write queue behind it.
    private static let attempt = "2s"

    /// Who has what is waited for.
    package struct Holder: Hashable, Sendable, CustomStringConvertible {
        package let pid: Int32
        package let applicationName: String
        /// When its transaction began; nil when this login may not see it.
        package let since: String?

        package var description: String {
            "pid \(pid), \"\(applicationName)\"\(since.map { ", in a transaction since \($0)" } ?? "")"
        }
    }

    /// Takes the turn, then the tables. Both are asked for again and again, so that it can be said who has them.
    ///
    /// - Parameter onWait: Told who has what is waited for, when waiting begins and whenever that changes.
    /// - Throws: ``SeedFailure/busy(_:waited:)`` when `patience` is over.
    static func acquire(
        patience: Duration,
        on connection: inout Connection,
        onWait: (Holder?) -> Void
    ) throws(SeedFailure) {
        var turns = Turns(patience: patience)
        while try !takeTurn(on: &connection) {
            try turns.wait(for: try holder(SeedStatements.turnHolder, key: key, on: &connection), onWait: onWait)
        }
        turns = Turns(patience: patience)
        while try !takeTables(on: &connection) {
            try turns.wait(for: try holder(SeedStatements.tablesHolder, on: &connection), onWait: onWait)
        }
    }

    private struct Turns {
        let patience: Duration
        let deadline: Deadline
        var reported: Holder??

        init(patience: Duration) {
            self.patience = patience
            self.deadline = .after(patience)
        }

        mutating func wait(for holder: Holder?, onWait: (Holder?) -> Void) throws(SeedFailure) {
            if reported != .some(holder) {
                reported = .some(holder)
                onWait(holder)
            }
            guard !deadline.hasPassed else { throw .busy(holder, waited: patience) }
            pause(for: .milliseconds(Int64.random(in: 50...150)))
        }
    }

    private static func takeTurn(on connection: inout Connection) throws(SeedFailure) -> Bool {
        do {
            var parameters = Parameters()
            parameters.append(key)
            let rows = try connection.execute(SeedStatements.tryTurn, parameters, deadline: .after(.seconds(30))).rows
            return try rows.first?.decode(0) ?? false
        } catch {
            throw .database(step: "taking turns with other seeds", error: error)
        }
    }

    private static func takeTables(on connection: inout Connection) throws(SeedFailure) -> Bool {
        do {
            try connection.executeScript(SeedStatements.lockTables(timeout: attempt), deadline: .after(.seconds(60)))
            return true
        } catch {
            guard error.sqlState == .lockNotAvailable else { throw .database(step: "locking the tables", error: error) }
        }
        do {
            try connection.executeScript(SeedStatements.giveUpTables, deadline: .after(.seconds(30)))
            return false
        } catch {
            throw .database(step: "locking the tables", error: error)
        }
    }

    private static func holder(
        _ statement: Statement,
        key: Int64? = nil,
        on connection: inout Connection
    ) throws(SeedFailure) -> Holder? {
        do {
            var parameters = Parameters()
            if let key { parameters.append(key) }
            let rows = try connection.execute(statement, parameters, deadline: .after(.seconds(30))).rows
            return try rows.first.map { (row) throws(DatabaseError) in
                Holder(pid: try row.decode(0), applicationName: try row.decode(1), since: try row.decodeIfPresent(2))
            }
        } catch {
            throw .database(step: "asking whom to wait for", error: error)
        }
    }
}
