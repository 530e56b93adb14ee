internal import Domain
package import PostgreSQL

/// Brings a database to the schema of a catalogue. Blocks its thread; several at once take turns.
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
    ///   - report: Told what happens, on the calling thread.
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
    package func status(_ connection: inout Connection) throws(MigrationFailure) -> MigrationStatus {
        let exists = try whatExists(&connection)
        return try readPlan(&connection, exists)
    }

    /// INVALID indexes that somebody has left in our schemas.
    package func invalidIndexes(_ connection: inout Connection) throws(MigrationFailure) -> [InvalidIndex] {
        try step("looking for INVALID indexes") { () throws(DatabaseError) in
            let result = try connection.execute(MigrationStatements.invalidIndexes, deadline: .after(Self.stepTimeout))
            return try result.rows.map { (row) throws(DatabaseError) in try InvalidIndex(row: row) }
        }
    }

    /// Applies what is pending, in order, repairs INVALID indexes, and sees to partitions, roles and grants.
    ///
    /// With nothing to do it asks a few short questions, takes no lock, and changes nothing.
    ///
    /// - Parameter target: The last version to apply; nil for all.
    /// - Returns: What was applied now.
    package func up(_ connection: inout Connection, to target: Int? = nil) throws(MigrationFailure) -> [Migration] {
        try checkTarget(target)
        if try isUpToDate(to: target, &connection) { return [] }
        try MigrationLock.acquire(on: &connection, patience: lockPatience) { report(.waitingForLock($0)) }
        defer { MigrationLock.release(on: &connection) }
        let exists = try whatExists(&connection)
        let becomesOwner = try shouldBecomeOwner(&connection)

        var applied: [Migration] = []
        var unrepaired: [MigrationFailure.UnrepairedIndex] = []
        try asOwner(becomesOwner, &connection) { (connection) throws(MigrationFailure) in
            try prepareTables(&connection, exists)
            let before = try readState(&connection)
            try before.plan.check()
            let pending = before.plan.pending.filter { $0.version <= target ?? .max }
            let broken = before.invalidIndexes.filter { !$0.isBuilt(byOneOf: pending) }
            if !pending.isEmpty || !broken.isEmpty { try prepareSession(&connection) }
            unrepaired = try repair(broken, on: &connection)
            for migration in pending {
                try apply(migration, on: &connection)
                applied.append(migration)
            }
            try keepContents(of: before.withoutContent.union(pending.map(\.version)), on: &connection)
        }
        try converge(becomesOwner, &connection)
        if !applied.isEmpty || !unrepaired.isEmpty {
            for index in try invalidIndexes(&connection) { report(.invalidIndex(index)) }
        }
        guard unrepaired.isEmpty else { throw .unrepairedIndexes(unrepaired) }
        return applied
    }

    func checkTarget(_ target: Int?) throws(MigrationFailure) {
        if let target, catalogue[version: target] == nil {
            throw .unknownTarget(target, latest: catalogue.latestVersion)
        }
    }
}

// MARK: - What there is

extension Migrator {
    /// Which objects of ours the database has.
    struct Existing {
        let schema: Bool
        let migrationsTable: Bool
        /// `schema_migration_state` and `schema_migration_files`, which come and go together.
        let stateTables: Bool
        let partitionFunction: Bool
    }

    /// What decides what there is to do.
    struct State {
        let plan: MigrationStatus
        /// Applied versions whose text is not kept.
        let withoutContent: Set<Int>
        let invalidIndexes: [InvalidIndex]

        static var questions: [Command] {
            [Command(MigrationStatements.appliedAndKept), Command(MigrationStatements.someIndexIsInvalid)]
        }
    }

    func whatExists(_ connection: inout Connection) throws(MigrationFailure) -> Existing {
        try step("looking around") { () throws(DatabaseError) in
            let result = try connection.execute(MigrationStatements.whatExists, deadline: .after(Self.stepTimeout))
            let row = try result.onlyRow
            return Existing(
                schema: try row.decode(0),
                migrationsTable: try row.decode(1),
                stateTables: try row.decode(2),
                partitionFunction: try row.decode(3)
            )
        }
    }

    /// Whether new objects are to belong to connvo_owner; see ``MigrationStatements/shouldBecomeOwner``.
    func shouldBecomeOwner(_ connection: inout Connection) throws(MigrationFailure) -> Bool {
        try step("looking for the owner of the schema") { () throws(DatabaseError) in
            let result = try connection.execute(
                MigrationStatements.shouldBecomeOwner,
                deadline: .after(Self.stepTimeout)
            )
            return try result.onlyRow.decode(0)
        }
    }

    func readPlan(_ connection: inout Connection, _ exists: Existing) throws(MigrationFailure) -> MigrationStatus {
        try step("reading which migrations are applied") { () throws(DatabaseError) in
            guard exists.migrationsTable else { return MigrationStatus(catalogue: catalogue, applied: []) }
            let rows = try connection.execute(MigrationStatements.applied, deadline: .after(Self.stepTimeout)).rows
            let applied = try rows.map { (row) throws(DatabaseError) in try AppliedMigration(row: row) }
            return try plan(for: applied, contentsKept: exists.stateTables, &connection)
        }
    }

    func readState(_ connection: inout Connection) throws(MigrationFailure) -> State {
        let results: [QueryResult] = try step("reading which migrations are applied") { () throws(DatabaseError) in
            try connection.executeTogether(State.questions, deadline: .after(Self.stepTimeout))
        }
        return try state(results, &connection)
    }

    /// Makes sense of the answers to ``State/questions``.
    func state(_ results: [QueryResult], _ connection: inout Connection) throws(MigrationFailure) -> State {
        let someIndexIsInvalid = try step("looking for INVALID indexes") { () throws(DatabaseError) in
            try results[1].onlyRow.decode(0, as: Bool.self)
        }
        let invalid = someIndexIsInvalid ? try invalidIndexes(&connection) : []
        return try step("reading which migrations are applied") { () throws(DatabaseError) in
            var applied: [AppliedMigration] = []
            var withoutContent: Set<Int> = []
            for row in results[0].rows {
                let migration = try AppliedMigration(row: row)
                applied.append(migration)
                if try !row.decode(7, as: Bool.self) { withoutContent.insert(migration.version) }
            }
            return State(
                plan: try plan(for: applied, contentsKept: true, &connection),
                withoutContent: withoutContent,
                invalidIndexes: invalid
            )
        }
    }

    /// Fetches what was applied only where a file has changed.
    private func plan(
        for applied: [AppliedMigration],
        contentsKept: Bool,
        _ connection: inout Connection
    ) throws(DatabaseError) -> MigrationStatus {
        let plan = MigrationStatus(catalogue: catalogue, applied: applied)
        guard contentsKept, !plan.changed.isEmpty else { return plan }
        let rows: QueryResult
        do {
            rows = try connection.execute(MigrationStatements.contents, deadline: .after(Self.stepTimeout))
        } catch  where error.sqlState == .insufficientPrivilege {
            // A login that only looks may not see them; the checksums are enough to know.
            return plan
        }
        var contents: [Int: String] = [:]
        for row in rows.rows {
            contents[Int(try row.decode(0, as: Int32.self))] = try row.decode(1, as: String.self)
        }
        return MigrationStatus(catalogue: catalogue, applied: applied, contents: contents)
    }
}

// MARK: - Steps

extension Migrator {
    /// Runs `body` as connvo_owner if so wanted.
    func asOwner(
        _ becomesOwner: Bool,
        _ connection: inout Connection,
        _ body: (inout Connection) throws(MigrationFailure) -> Void
    ) throws(MigrationFailure) {
        guard becomesOwner else { return try body(&connection) }
        try step("becoming connvo_owner") { () throws(DatabaseError) in
            _ = try connection.execute(MigrationStatements.becomeOwner, deadline: .after(Self.stepTimeout))
        }
        defer {
            // A connection that is not idle is about to be closed.
            if connection.isIdle {
                _ = try? connection.execute(MigrationStatements.becomeLogin, deadline: .after(Self.stepTimeout))
            }
        }
        try body(&connection)
    }

    private func prepareTables(_ connection: inout Connection, _ exists: Existing) throws(MigrationFailure) {
        try step("making connvo.schema_migrations") { () throws(DatabaseError) in
            // A script is one implicit transaction.
            for script in Self.preparations(exists) {
                try connection.executeScript(script, deadline: .after(Self.stepTimeout))
            }
        }
    }

    /// Scripts that make the migrator's own tables, as far as they are missing.
    static func preparations(_ exists: Existing) -> [String] {
        var scripts: [String] = []
        if !exists.schema { scripts.append(MigrationStatements.createSchema) }
        if !exists.migrationsTable { scripts.append(MigrationStatements.createTable) }
        if !exists.stateTables { scripts.append(MigrationStatements.createState) }
        return scripts
    }

    /// Makes sure that the lock is real, and that a migrator which dies does not keep others waiting.
    private func prepareSession(_ connection: inout Connection) throws(MigrationFailure) {
        let holdsLock = try step("looking for the migration lock") { () throws(DatabaseError) in
            var key = Parameters()
            key.append(MigrationLock.key)
            let result = try connection.execute(
                MigrationStatements.holdsLock,
                key,
                deadline: .after(Self.stepTimeout)
            )
            return try result.onlyRow.decode(0, as: Bool.self)
        }
        guard holdsLock else { throw .lockNotHeld }
        do {
            _ = try connection.execute(MigrationStatements.watchClient, deadline: .after(Self.stepTimeout))
        } catch {
            // A server on a system that cannot watch refuses to, and finds out later.
            guard error.kind == .server else { throw .database(step: "preparing the session", error: error) }
        }
    }

    /// Stores the text of applied files that are still what was applied.
    private func keepContents(of versions: Set<Int>, on connection: inout Connection) throws(MigrationFailure) {
        let files = versions.sorted().compactMap { catalogue[version: $0] }
        guard !files.isEmpty else { return }
        try step("storing the text of the migrations") { () throws(DatabaseError) in
            let commands = files.map { file in
                var parameters = Parameters()
                parameters.append(Int32(clamping: file.version))
                parameters.append(file.checksum)
                parameters.append(file.content)
                return Command(MigrationStatements.keepContent, parameters)
            }
            _ = try connection.executeTogether(commands, deadline: .after(Self.stepTimeout))
        }
    }

    /// Says in which step of ours the database failed.
    func step<Value>(
        _ name: String,
        _ body: () throws(DatabaseError) -> Value
    ) throws(MigrationFailure) -> Value {
        do {
            return try body()
        } catch {
            throw .database(step: name, error: error)
        }
    }

    /// Tries again, a few times, what failed because somebody else was at the same.
    func retrying<Value>(
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
                guard attempt < 5, connection.isIdle, error.sqlState.map(states.contains) == true else { throw error }
                attempt += 1
                pause(for: .milliseconds(Int64.random(in: 50...250)))
            }
        }
    }

    /// Best effort: a connection that is still in a transaction afterwards is closed by its owner.
    func rollBack(_ connection: inout Connection) {
        guard connection.isOpen, !connection.isIdle else { return }
        _ = try? connection.execute(.rollback, deadline: .after(Self.stepTimeout))
    }
}
