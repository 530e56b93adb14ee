internal import Domain
package import PostgreSQL

/// Keeps partitions ahead of time, rollups up to date, and records no longer than they are to be kept.
///
/// Blocks its thread. Several at once take turns, and with migrators too. Each step is committed before the next, and
/// each can be found half done: where a run was interrupted, the next run continues. Nothing is ever deleted row by row.
package struct Maintainer {
    /// How long a statement waits for a lock before it is tried again: sessions that queue behind it wait too.
    private static let lockTimeout: Duration = .seconds(2)
    private static let attempts = 5
    /// For statements that are short; a rollup of a week and a detach may take as long as they do.
    private static let stepTimeout: Duration = .seconds(60)

    /// How many full months of records are kept beside the current one; nil keeps them all.
    private let keepMonths: Int?
    private let lockPatience: Duration
    private let report: (MaintenanceEvent) -> Void

    /// - Parameters:
    ///   - keepMonths: One or more; nil keeps all records.
    ///   - lockPatience: How long to wait for another maintainer or migrator.
    ///   - report: Told what happens, on the calling thread.
    package init(
        keepMonths: Int?,
        lockPatience: Duration = .seconds(600),
        report: @escaping (MaintenanceEvent) -> Void = { _ in }
    ) {
        self.keepMonths = keepMonths
        self.lockPatience = lockPatience
        self.report = report
    }

    /// Does all that is due. What a lock stood in the way of is reported as postponed and left for the next run.
    package func run(on connection: inout Connection) throws(MaintenanceFailure) {
        try beginSession(on: &connection)
        defer { AdministrativeSession.end(on: &connection) }
        let lock = AdvisoryLock.migration
        let attempt = try MaintenanceFailure.step("taking the migration lock") { () throws(DatabaseError) in
            try lock.acquire(patience: lockPatience, on: &connection) { report(.waitingForLock($0)) }
        }
        if case .held(let holder) = attempt { throw .locked(holder, waited: lockPatience) }
        defer { lock.release(on: &connection) }
        let becomesOwner = try becomesOwner(on: &connection)
        try SchemaOwner.run(if: becomesOwner, on: &connection) { (connection) throws(MaintenanceFailure) in
            try makePartitions(on: &connection)
            try refreshRollups(on: &connection)
            guard let keepMonths else { return }
            try detachExpired(keepMonths, on: &connection)
            try dropDetached(on: &connection)
        }
    }

    /// Says what ``run(on:)`` would do, and changes nothing: everything is read in a transaction that is rolled back.
    package func plan(on connection: inout Connection) throws(MaintenanceFailure) -> MaintenancePlan {
        try beginSession(on: &connection)
        defer { AdministrativeSession.end(on: &connection) }
        let becomesOwner = try becomesOwner(on: &connection)
        return try SchemaOwner.run(if: becomesOwner, on: &connection) { (connection) throws(MaintenanceFailure) in
            try step("looking at what is due", on: &connection) { (connection) throws(DatabaseError) in
                _ = try connection.execute(.begin, deadline: .after(Self.stepTimeout))
                defer { _ = try? connection.execute(.rollback, deadline: .after(Self.stepTimeout)) }
                let ask = { (statement: Statement, connection: inout Connection) throws(DatabaseError) -> QueryResult in
                    try connection.execute(statement, deadline: .after(Self.stepTimeout))
                }
                let missing = try ask(MaintenanceStatements.missingPartitions, &connection)
                let rollups = try ask(MaintenanceStatements.rollupsDue, &connection)
                var plan = MaintenancePlan(
                    partitions: try missing.rows.map { (row) throws(DatabaseError) in try row.decode(0) },
                    rollupsFrom: try rollups.rows.first?.decodeIfPresent(0)
                )
                guard let keepMonths else { return plan }
                plan.expired = try expired(keepMonths, on: &connection)
                plan.detached = try detached(on: &connection)
                return plan
            }
        }
    }
}

// MARK: - Steps

extension Maintainer {
    private func makePartitions(on connection: inout Connection) throws(MaintenanceFailure) {
        let made = try step("making partitions", on: &connection) { (connection) throws(DatabaseError) in
            try Partitions.ensure(deadline: .after(Self.stepTimeout), on: &connection)
        }
        if !made.isEmpty { report(.partitionsMade(made)) }
    }

    /// A part at a time, each in a transaction of its own, so that an interrupted run keeps what it has done.
    private func refreshRollups(on connection: inout Connection) throws(MaintenanceFailure) {
        while true {
            let refreshed: (from: Timestamp, until: Timestamp, isCurrent: Bool)?
            refreshed = try unlessLocked("refreshing rollups", on: &connection) { (connection) throws(DatabaseError) in
                let result = try connection.execute(MaintenanceStatements.refreshRollups, deadline: .never)
                guard let row = result.rows.first else {
                    throw DatabaseError(.decoding, "no row", statement: MaintenanceStatements.refreshRollups.name)
                }
                return (try row.decode(0), try row.decode(1), try row.decode(2))
            }
            guard let refreshed else { return report(.postponed("the rollups")) }
            if refreshed.until > refreshed.from { report(.rolledUp(until: refreshed.until)) }
            if refreshed.isCurrent { return }
        }
    }

    private func detachExpired(
        _ keepMonths: Int,
        on connection: inout Connection
    ) throws(MaintenanceFailure) {
        try step("setting the lock timeout", on: &connection) { (connection) throws(DatabaseError) in
            // Outside transactions, so for the session: there is no other way to bound a DETACH CONCURRENTLY.
            try connection.executeScript(
                "SET lock_timeout = '\(Self.lockTimeout.components.seconds)s'; SET statement_timeout = 0",
                deadline: .after(Self.stepTimeout)
            )
        }
        // One at a time, oldest first: PostgreSQL allows one unfinished detach for each table.
        var postponed: Set<String> = []
        while true {
            let expired = try step("looking for expired partitions", on: &connection) {
                (connection) throws(DatabaseError) in
                try self.expired(keepMonths, on: &connection)
            }
            guard let partition = expired.first(where: { !postponed.contains($0.name) }) else { return }
            // A detach that was begun by hand is finished, but what is not noted here is never dropped.
            if !partition.isDetachPending {
                try step("noting the detach of \(partition.name)", on: &connection) {
                    (connection) throws(DatabaseError) in
                    _ = try connection.execute(
                        MaintenanceStatements.noteDetach,
                        Self.name(partition.name),
                        deadline: .after(Self.stepTimeout)
                    )
                }
            }
            if try detach(partition, keepMonths, on: &connection) {
                report(.detached(partition.name))
            } else {
                postponed.insert(partition.name)
                report(.postponed("detaching \(partition.name)"))
            }
        }
    }

    /// - Returns: False when a lock stood in the way. No session queues behind it: the new state is visible from the start.
    private func detach(
        _ partition: MaintenancePlan.Expired,
        _ keepMonths: Int,
        on connection: inout Connection
    ) throws(MaintenanceFailure) -> Bool {
        let detached: Void? = try unlessLocked("detaching \(partition.name)", on: &connection) {
            (connection) throws(DatabaseError) in
            // An attempt that was cut short has left it half detached, so each looks anew at what is to be done.
            guard let now = try expired(keepMonths, on: &connection).first(where: { $0.name == partition.name }) else {
                return
            }
            _ = try connection.execute(now.detach, deadline: .never)
        }
        return detached != nil
    }

    private func dropDetached(on connection: inout Connection) throws(MaintenanceFailure) {
        let detached = try step("looking for detached partitions", on: &connection) {
            (connection) throws(DatabaseError) in
            try self.detached(on: &connection)
        }
        for partition in detached {
            guard partition.isDue else {
                report(.kept(partition.name, until: partition.dropAfter))
                continue
            }
            let dropped: Void? = try unlessLocked("dropping \(partition.name)", on: &connection) {
                (connection) throws(DatabaseError) in
                _ = try connection.execute(
                    MaintenanceStatements.dropDetached,
                    Self.name(partition.name),
                    deadline: .never
                )
            }
            report(dropped == nil ? .postponed("dropping \(partition.name)") : .dropped(partition.name))
        }
    }

    private func expired(
        _ keepMonths: Int,
        on connection: inout Connection
    ) throws(DatabaseError) -> [MaintenancePlan.Expired] {
        var parameters = Parameters()
        parameters.append(Int32(clamping: keepMonths))
        let result = try connection.execute(
            MaintenanceStatements.expired,
            parameters,
            deadline: .after(Self.stepTimeout)
        )
        return try result.rows.map { (row) throws(DatabaseError) in try MaintenancePlan.Expired(row) }
    }

    private func detached(on connection: inout Connection) throws(DatabaseError) -> [MaintenancePlan.Detached] {
        let result = try connection.execute(MaintenanceStatements.detached, deadline: .after(Self.stepTimeout))
        return try result.rows.map { (row) throws(DatabaseError) in try MaintenancePlan.Detached(row) }
    }

    private static func name(_ name: String) -> Parameters {
        var parameters = Parameters()
        parameters.append(name)
        return parameters
    }
}

// MARK: - Around each step

extension Maintainer {
    /// States what a database or a login may have set otherwise.
    private func beginSession(on connection: inout Connection) throws(MaintenanceFailure) {
        try MaintenanceFailure.step("preparing the session") { () throws(DatabaseError) in
            guard try AdministrativeSession.begin(on: &connection) != nil else { throw AdministrativeSession.pooled }
        }
    }

    private func becomesOwner(on connection: inout Connection) throws(MaintenanceFailure) -> Bool {
        try step("looking at roles", on: &connection) { (connection) throws(DatabaseError) in
            try SchemaOwner.shouldBecome(on: &connection)
        }
    }

    /// Runs one step, a few times where a lock is not to be had. The error says which step it was.
    private func step<Value>(
        _ name: String,
        on connection: inout Connection,
        _ body: (inout Connection) throws(DatabaseError) -> Value
    ) throws(MaintenanceFailure) -> Value {
        guard let value = try unlessLocked(name, on: &connection, body) else {
            let error = DatabaseError(.server, "another session kept a lock that it needs", sqlState: .lockNotAvailable)
            throw .database(step: name, error: error)
        }
        return value
    }

    /// Tries a few times where a lock is not to be had.
    ///
    /// - Returns: Nil when it was not to be had at all.
    private func unlessLocked<Value>(
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
}
