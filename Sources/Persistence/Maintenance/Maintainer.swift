internal import Domain
package import PostgreSQL

/// Keeps partitions ahead of time, rollups up to date, and records no longer than they are to be kept.
///
/// Blocks its thread. Several at once take turns, and with migrators too. Each step is one function in the database and
/// one transaction: it is done or not, and where a run was interrupted, the next run continues. Nothing is ever deleted
/// row by row. A login that is a member of connvo_maintainer is enough.
package struct Maintainer {
    static let attempts = 5
    /// For statements that are short; a rollup of a week and a detach, which reads the month, may take as long as they do.
    static let stepTimeout: Duration = .seconds(60)

    /// How many full months of records are kept beside the current one; nil keeps them all.
    private let keepMonths: Int?
    /// Whether rollups are compared with all records; otherwise with those of this month and the one before.
    private let comparesAll: Bool
    let lockPatience: Duration
    let report: (MaintenanceEvent) -> Void
    var scope = Scope.session

    /// - Parameters:
    ///   - keepMonths: One or more; nil keeps all records.
    ///   - comparesAll: Whether rollups are compared with all records that are attached, and not only with those of this
    ///     month (UTC) and the one before.
    ///   - lockPatience: How long to wait for another maintainer or migrator.
    ///   - report: Told what happens, on the calling thread.
    package init(
        keepMonths: Int?,
        comparesAll: Bool = false,
        lockPatience: Duration = .seconds(600),
        report: @escaping (MaintenanceEvent) -> Void = { _ in }
    ) {
        self.keepMonths = keepMonths
        self.comparesAll = comparesAll
        self.lockPatience = lockPatience
        self.report = report
    }

    /// Does all that is due. What a lock stood in the way of is reported as postponed and left for the next run.
    ///
    /// Behind a pooler in transaction mode each step states its settings, takes its turn and becomes the owner by itself.
    package func run(on connection: inout Connection) throws(MaintenanceFailure) {
        guard try beginSession(on: &connection) else {
            return try inTransactions(on: &connection).performAll(on: &connection)
        }
        defer { AdministrativeSession.end(on: &connection) }
        let hasTurn = try takeTurn(on: &connection)
        defer { if hasTurn { AdvisoryLock.migration.release(on: &connection) } }
        let becomesOwner = try becomesOwner(on: &connection)
        try SchemaOwner.run(if: becomesOwner, on: &connection) { (connection) throws(MaintenanceFailure) in
            try performAll(on: &connection)
        }
    }

    private func performAll(on connection: inout Connection) throws(MaintenanceFailure) {
        try makePartitions(on: &connection)
        try refreshRollups(on: &connection)
        try recomputeRollups(on: &connection)
        try noteAttachments(on: &connection)
        guard let keepMonths else { return }
        try detachExpired(keepMonths, on: &connection)
        try dropDetached(keepMonths, on: &connection)
    }

    /// Says what ``run(on:)`` would do, and changes nothing: everything is read in a transaction that is rolled back.
    package func plan(on connection: inout Connection) throws(MaintenanceFailure) -> MaintenancePlan {
        guard try beginSession(on: &connection) else {
            var maintainer = self
            maintainer.scope = .transaction(becomesOwner: try becomesOwner(on: &connection), ignoresLock: true)
            return try maintainer.readPlan(on: &connection)
        }
        defer { AdministrativeSession.end(on: &connection) }
        let becomesOwner = try becomesOwner(on: &connection)
        return try SchemaOwner.run(if: becomesOwner, on: &connection) { (connection) throws(MaintenanceFailure) in
            try readPlan(on: &connection)
        }
    }

    private func readPlan(on connection: inout Connection) throws(MaintenanceFailure) -> MaintenancePlan {
        let what = "looking at what is due"
        let plan = try retryingLocks(what, on: &connection) { (connection) throws(DatabaseError) in
            let begin = beginScript ?? Statement.begin.sql
            try connection.executeScript(begin, deadline: .after(Self.stepTimeout))
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
            plan.differingMonths = try differingMonths(on: &connection).map(\.month)
            guard let keepMonths else { return plan }
            plan.expired = try expired(keepMonths, on: &connection)
            plan.detached = try detached(keepMonths, on: &connection)
            return plan
        }
        guard let plan else { throw .lockKept(from: what) }
        return plan
    }
}

// MARK: - Steps

extension Maintainer {
    private func makePartitions(on connection: inout Connection) throws(MaintenanceFailure) {
        let made = try step("making partitions", on: &connection) { (connection) throws(DatabaseError) in
            try Partitions.ensure(deadline: .after(Self.stepTimeout), on: &connection)
        }
        if !made.isEmpty { report(.partitionsMade(made)) }
        // One of other bounds holds a part of the month. An administrator has to look at it.
        let missing = try step("looking for missing partitions", on: &connection) {
            (connection) throws(DatabaseError) in
            try connection.execute(MaintenanceStatements.missingPartitions, deadline: .after(Self.stepTimeout)).rows
                .map { (row) throws(DatabaseError) in try row.decode(0, as: String.self) }
        }
        for partition in missing { report(.postponed("making \(partition)", heldBy: nil)) }
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
            guard let refreshed else { return report(.postponed("the rollups", heldBy: nil)) }
            if refreshed.until > refreshed.from {
                report(.rolledUp(until: refreshed.until))
                try lookForRecordFaults(from: refreshed.from, until: refreshed.until, on: &connection)
            }
            if refreshed.isCurrent { return }
        }
    }

    /// Each record is looked at once: when it is rolled up.
    private func lookForRecordFaults(
        from: Timestamp,
        until: Timestamp,
        on connection: inout Connection
    ) throws(MaintenanceFailure) {
        let count = try step("looking for faults of records", on: &connection) { (connection) throws(DatabaseError) in
            var parameters = Parameters()
            parameters.append(from)
            parameters.append(until)
            return try connection.execute(MaintenanceStatements.countRecordFaults, parameters, deadline: .never).onlyRow
                .decode(0, as: Int64.self)
        }
        if count > 0 { report(.recordFaults(count, from: from, until: until)) }
    }

    /// A month at a time, each in a transaction of its own. Only hourly refreshes wait for it, no issuance and no report.
    private func recomputeRollups(on connection: inout Connection) throws(MaintenanceFailure) {
        let months = try step("comparing rollups with records", on: &connection) {
            (connection) throws(DatabaseError) in
            try differingMonths(on: &connection)
        }
        for (month, differences) in months {
            let what = "counting the rollups of \(month.date) again"
            let recomputed = try unlessLocked(what, on: &connection) { (connection) throws(DatabaseError) in
                var parameters = Parameters()
                parameters.append(month)
                return try connection.execute(MaintenanceStatements.recompute, parameters, deadline: .never).onlyRow
                    .decode(0, as: Bool.self)
            }
            let isDone = recomputed ?? false
            report(isDone ? .recomputed(month: month, differences: differences) : .postponed(what, heldBy: nil))
        }
    }

    private func differingMonths(
        on connection: inout Connection
    ) throws(DatabaseError) -> [(month: Timestamp, differences: Int64)] {
        var parameters = Parameters()
        parameters.append(comparesAll)
        let result = try connection.execute(MaintenanceStatements.differingMonths, parameters, deadline: .never)
        return try result.rows.map { (row) throws(DatabaseError) in (try row.decode(0), try row.decode(1)) }
    }

    private func noteAttachments(on connection: inout Connection) throws(MaintenanceFailure) {
        let released = try step("noting what was attached by hand", on: &connection) {
            (connection) throws(DatabaseError) in
            try connection.execute(MaintenanceStatements.noteAttachments, deadline: .never).rows.map {
                (row) throws(DatabaseError) in
                MaintenanceEvent.released(try row.decode(0), isAltered: try row.decodeIfPresent(1))
            }
        }
        for event in released { report(event) }
    }

    private func detachExpired(
        _ keepMonths: Int,
        on connection: inout Connection
    ) throws(MaintenanceFailure) {
        // One at a time, oldest first, and each looked for anew: another maintainer may have been faster.
        var seen: Set<String> = []
        while true {
            let expired = try step("looking for expired partitions", on: &connection) {
                (connection) throws(DatabaseError) in
                try self.expired(keepMonths, on: &connection)
            }
            guard let partition = expired.first(where: { !seen.contains($0.name) }) else { return }
            seen.insert(partition.name)
            let what = "detaching \(partition.name)"
            let row = try step(what, on: &connection) { (connection) throws(DatabaseError) in
                var parameters = Parameters()
                parameters.append(partition.name)
                guard !partition.isDetachPending else {
                    return try connection.execute(MaintenanceStatements.finishDetach, parameters, deadline: .never).rows
                        .first
                }
                parameters.append(Int32(clamping: keepMonths))
                return try connection.execute(MaintenanceStatements.detach, parameters, deadline: .never).rows.first
            }
            guard let row else { continue }
            let outcome = try MaintenanceFailure.step(what) { () throws(DatabaseError) in
                guard try row.decode(0, as: Bool.self) else {
                    return MaintenanceEvent.postponed(what, heldBy: try row.decodeIfPresent(1))
                }
                guard !partition.isDetachPending else { return .detached(partition.name, nil) }
                return .detached(
                    partition.name,
                    DetachedRecords(count: try row.decode(2), checksum: try row.decode(3))
                )
            }
            report(outcome)
        }
    }

    private func dropDetached(_ keepMonths: Int, on connection: inout Connection) throws(MaintenanceFailure) {
        let detached = try step("looking for detached partitions", on: &connection) {
            (connection) throws(DatabaseError) in
            try self.detached(keepMonths, on: &connection)
        }
        for partition in detached {
            guard partition.isDue else {
                report(partition.isKept ? .spared(partition.name) : .kept(partition.name, until: partition.dropAfter))
                continue
            }
            let what = "dropping \(partition.name)"
            let outcome = try step(what, on: &connection) { (connection) throws(DatabaseError) in
                var parameters = Parameters()
                parameters.append(partition.name)
                parameters.append(Int32(clamping: keepMonths))
                let row = try connection.execute(MaintenanceStatements.dropDetached, parameters, deadline: .never)
                    .onlyRow
                guard try row.decode(0, as: Bool.self) else {
                    return MaintenanceEvent.postponed(what, heldBy: try row.decodeIfPresent(1))
                }
                return .dropped(partition.name)
            }
            report(outcome)
        }
    }

    private func expired(
        _ keepMonths: Int,
        on connection: inout Connection
    ) throws(DatabaseError) -> [MaintenancePlan.Expired] {
        try ask(MaintenanceStatements.expired, keepMonths, on: &connection)
            .map { (row) throws(DatabaseError) in try MaintenancePlan.Expired(row) }
    }

    private func detached(
        _ keepMonths: Int,
        on connection: inout Connection
    ) throws(DatabaseError) -> [MaintenancePlan.Detached] {
        try ask(MaintenanceStatements.detached, keepMonths, on: &connection)
            .map { (row) throws(DatabaseError) in try MaintenancePlan.Detached(row) }
    }

    private func ask(
        _ statement: Statement,
        _ keepMonths: Int,
        on connection: inout Connection
    ) throws(DatabaseError) -> [Row] {
        var parameters = Parameters()
        parameters.append(Int32(clamping: keepMonths))
        return Array(try connection.execute(statement, parameters, deadline: .after(Self.stepTimeout)).rows)
    }
}
