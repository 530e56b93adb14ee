internal import PostgreSQL

/// What makes seeds of one database take turns, and keeps other sessions from writing to the tables meanwhile. Ends with
/// the transaction.
package enum SeedLock {
    /// How long one attempt may queue for the tables. Longer than `deadlock_timeout` (1 s), after which autovacuum gives
    /// way; short, because other sessions that want to write queue behind it.
    private static let attempt = "2s"

    package typealias Holder = AdvisoryLock.Holder

    /// Takes the turn, then the tables. Both are asked for again and again, so that it can be reported who has them.
    ///
    /// - Parameter onWait: Called with the holder when waiting begins, and whenever the holder changes.
    /// - Throws: ``SeedFailure/busy(_:waited:)`` when `patience` is over.
    static func acquire(
        patience: Duration,
        on connection: inout Connection,
        onWait: (Holder?) -> Void
    ) throws(SeedFailure) {
        let turn: AdvisoryLock.Attempt
        do {
            turn = try AdvisoryLock.seed.acquire(patience: patience, on: &connection, onWait: onWait)
        } catch {
            throw .database(step: "taking turns with other seeds", error: error)
        }
        if case .held(let holder) = turn { throw .busy(holder, waited: patience) }

        let tables = try AdvisoryLock.Attempt.repeated(for: patience, onWait: onWait) { () throws(SeedFailure) in
            try takeTables(on: &connection) ? .acquired : .held(by: try tablesHolder(on: &connection))
        }
        if case .held(let holder) = tables { throw .busy(holder, waited: patience) }
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

    private static func tablesHolder(on connection: inout Connection) throws(SeedFailure) -> Holder? {
        do {
            let rows = try connection.execute(SeedStatements.tablesHolder, deadline: .after(.seconds(30))).rows
            return try rows.first.map { (row) throws(DatabaseError) in
                Holder(
                    pid: try row.decode(0),
                    applicationName: try row.decode(1),
                    since: try row.decodeIfPresent(2),
                    scope: .transaction
                )
            }
        } catch {
            throw .database(step: "asking whom to wait for", error: error)
        }
    }
}
