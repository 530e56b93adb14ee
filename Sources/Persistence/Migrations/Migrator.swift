package import PostgreSQL

/// Brings a database to the schema of a catalogue. Blocks its thread; several at once take turns.
///
///     let migrator = Migrator(try .embedded(sha256: hash)) { event in log(event) }
///     let applied = try migrator.up(on: &connection)
///
/// It reads a ``MigratorState``, which says which steps there are: `up` executes them, and `plan` prints them.
package struct Migrator {
    /// For the migrator's own statements, which are all short.
    static let stepTimeout: Duration = .seconds(30)

    let catalogue: MigrationCatalogue
    let lockPatience: Duration
    let lockRetry: LockRetry
    let report: (MigrationEvent) -> Void

    /// - Parameters:
    ///   - lockPatience: How long to wait for another migrator.
    ///   - lockRetry: How files ask for the locks they need.
    ///   - report: Called with what happens, on the calling thread.
    package init(
        _ catalogue: MigrationCatalogue,
        lockPatience: Duration = .seconds(600),
        lockRetry: LockRetry = LockRetry(),
        report: @escaping (MigrationEvent) -> Void = { _ in }
    ) {
        self.catalogue = catalogue
        self.lockPatience = lockPatience
        self.lockRetry = lockRetry
        self.report = report
    }

    /// Compares the database with the catalogue, without changing or locking anything.
    package func status(on connection: inout Connection) throws(MigrationFailure) -> MigrationStatus {
        try reading(on: &connection) { (connection) throws(MigrationFailure) in
            let objects = try readObjects(on: &connection)
            return try readStatus(objects, on: &connection)
        }
    }

    /// INVALID indexes in our schemas.
    package func invalidIndexes(on connection: inout Connection) throws(MigrationFailure) -> [InvalidIndex] {
        try reading(on: &connection) { (connection) throws(MigrationFailure) in
            try readInvalidIndexes(on: &connection)
        }
    }

    func readInvalidIndexes(on connection: inout Connection) throws(MigrationFailure) -> [InvalidIndex] {
        try MigrationFailure.step("looking for INVALID indexes") { () throws(DatabaseError) in
            try InvalidIndex.readAll(deadline: .after(Self.stepTimeout), on: &connection)
        }
    }

    /// Says what ``up(to:on:)`` would do, and changes nothing.
    ///
    /// - Parameter target: The last version to apply; nil for all.
    /// - Throws: What `up` would throw before it changes anything.
    package func plan(
        to target: Int? = nil,
        on connection: inout Connection
    ) throws(MigrationFailure) -> MigrationPlan {
        try checkTarget(target)
        return try reading(on: &connection) { (connection) throws(MigrationFailure) in
            let objects = try readObjects(on: &connection)
            let becomesOwner = try becomesOwner(on: &connection)
            let state = try readVisibleState(objects, on: &connection)
            return MigrationPlan(
                of: try steps(of: state, to: target),
                becomesOwner: becomesOwner,
                lockRetry: lockRetry,
                roles: catalogue.roles
            )
        }
    }

    /// Applies what is pending, in order, repairs INVALID indexes, and brings partitions, roles and grants up to date.
    ///
    /// With nothing to do it asks a few short questions, takes no lock, and changes nothing.
    ///
    /// - Parameter target: The last version to apply; nil for all.
    /// - Returns: What was applied now.
    package func up(
        to target: Int? = nil,
        on connection: inout Connection
    ) throws(MigrationFailure) -> [Migration] {
        try checkTarget(target)
        return try inSession(on: &connection) { (connection, session) throws(MigrationFailure) in
            if try isUpToDate(to: target, on: &connection) { return [] }
            return try inTurn(on: &connection) { (connection, holdsLock) throws(MigrationFailure) in
                try upInTurn(to: target, in: session, holdsLock: holdsLock, on: &connection)
            }
        }
    }

    private func upInTurn(
        to target: Int?,
        in session: AdministrativeSession,
        holdsLock: Bool,
        on connection: inout Connection
    ) throws(MigrationFailure) -> [Migration] {
        let objects = try readObjects(on: &connection)
        let becomesOwner = try becomesOwner(on: &connection)
        var run = MigrationRun(
            session: session,
            holdsLock: holdsLock,
            becomesOwner: becomesOwner,
            watchesClient: try canWatchClient(on: &connection)
        )

        var steps: [MigrationStep] = []
        var failures: [MigrationFailure.UnrepairedIndex] = []
        try SchemaOwner.run(if: becomesOwner, on: &connection) { (connection) throws(MigrationFailure) in
            steps = try self.steps(of: readState(objects, on: &connection), to: target)
            if steps.contains(where: { $0.migration != nil }) { run.watch = makeWatch(of: connection) }
            for step in steps {
                let failure = try execute(step, in: run, on: &connection)
                if let failure { failures.append(failure) }
            }
        }

        let applied = steps.compactMap(\.migration)
        if !applied.isEmpty || !failures.isEmpty {
            for index in try readInvalidIndexes(on: &connection) { report(.invalidIndex(index)) }
        }
        guard failures.isEmpty else { throw .unrepairedIndexes(failures) }
        return applied
    }

    /// Nil when there can be none: migrating does not depend on it.
    private func makeWatch(of connection: borrowing Connection) -> BlockerWatch? {
        guard let origin = try? connection.sessionOrigin() else { return nil }
        let interval = min(max(lockRetry.lockTimeout / 4, .milliseconds(10)), .milliseconds(250))
        return try? BlockerWatch(every: interval, blocking: connection.backendPID, origin: origin)
    }

    /// Runs `body` in a session whose settings are stated, and gives the session back as it was.
    ///
    /// - Throws: ``MigrationFailure/pooled`` behind a pooler that gives each transaction another session.
    func inSession<Value>(
        on connection: inout Connection,
        _ body: (inout Connection, AdministrativeSession) throws(MigrationFailure) -> Value
    ) throws(MigrationFailure) -> Value {
        let session = try MigrationFailure.step("preparing the session") { () throws(DatabaseError) in
            try AdministrativeSession.begin(on: &connection)
        }
        guard let session else { throw .pooled }
        defer { AdministrativeSession.end(on: &connection) }
        return try body(&connection, session)
    }

    /// Runs `body`, which only reads, in a session as ``inSession(on:_:)`` does; behind a pooler that gives each transaction
    /// another session, in one transaction that states the settings and ends without a trace.
    ///
    /// - Throws: ``MigrationFailure/pooled`` there when the connection prepares statements.
    func reading<Value>(
        on connection: inout Connection,
        _ body: (inout Connection) throws(MigrationFailure) -> Value
    ) throws(MigrationFailure) -> Value {
        let session = try MigrationFailure.step("preparing the session") { () throws(DatabaseError) in
            try AdministrativeSession.begin(on: &connection)
        }
        if session != nil {
            defer { AdministrativeSession.end(on: &connection) }
            return try body(&connection)
        }
        guard !connection.preparesStatements else { throw .pooled }
        try MigrationFailure.step("preparing the transaction") { () throws(DatabaseError) in
            try connection.executeScript(MigrationStatements.beginReading, deadline: .after(Self.stepTimeout))
        }
        defer { rollBack(on: &connection) }
        return try body(&connection)
    }

    /// After a statement that this login may not run: in a transaction, the next one would fail without it.
    func goOnReading(on connection: inout Connection) throws(MigrationFailure) {
        guard !connection.isIdle else { return }
        try MigrationFailure.step("going on") { () throws(DatabaseError) in
            try connection.executeScript(MigrationStatements.goOnReading, deadline: .after(Self.stepTimeout))
        }
    }

    /// What there is to do. All files that would be run are looked at before the first is.
    private func steps(of state: MigratorState, to target: Int?) throws(MigrationFailure) -> [MigrationStep] {
        let steps = try state.steps(to: target)
        for step in steps { try step.checkTexts(roles: catalogue.roles) }
        return steps
    }

    private func checkTarget(_ target: Int?) throws(MigrationFailure) {
        if let target, catalogue[version: target] == nil {
            throw .unknownTarget(target, latest: catalogue.latestVersion)
        }
    }

    /// Whether all migrations up to `target` are applied, unchanged and with their text stored, no index is INVALID, and
    /// partitions, roles and grants have converged. Most runs find that: every start of a service may begin with one.
    ///
    /// It takes no lock, because it only reads: while another migrator is at work, there is something to do (decision 0012).
    /// What is wrong is read again, and reported, under the lock.
    ///
    /// - Returns: False also when this login may not see what decides.
    private func isUpToDate(to target: Int?, on connection: inout Connection) throws(MigrationFailure) -> Bool {
        let objects = try readObjects(on: &connection)
        guard objects.creationScripts.isEmpty else { return false }
        let state: MigratorState
        do {
            state = try readState(objects, on: &connection)
        } catch {
            guard error.isLackOfPrivilege else { throw error }
            return false
        }
        return (try? state.steps(to: target))?.isEmpty == true
    }

    func becomesOwner(on connection: inout Connection) throws(MigrationFailure) -> Bool {
        try MigrationFailure.step("looking for the owner of the schema") { () throws(DatabaseError) in
            try SchemaOwner.shouldBecome(on: &connection)
        }
    }
}
