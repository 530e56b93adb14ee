internal import PostgreSQL

/// Executing the steps of the list, one at a time.
extension Migrator {
    /// Executes one step, in a session that is as it was for the first.
    ///
    /// - Returns: Why an index could not be repaired, which does not keep later steps from being executed; nil after every
    ///   other step.
    func execute(
        _ step: MigrationStep,
        in run: MigrationRun,
        on connection: inout Connection
    ) throws(MigrationFailure) -> MigrationFailure.UnrepairedIndex? {
        if step.migration == nil { try resetSession(for: "the next step", in: run, on: &connection) }
        switch step {
        case .prepare(let scripts):
            try prepare(creating: scripts, on: &connection)
        case .repair(let index):
            return try repair(index, on: &connection)
        case .apply(let migration, _):
            try apply(migration, in: run, on: &connection)
        case .storeTexts(let migrations):
            try storeTexts(of: migrations, on: &connection)
        case .converge(let known, let makesPartitions):
            try converge(
                since: known,
                makesPartitions: makesPartitions,
                becomesOwner: run.becomesOwner,
                on: &connection
            )
        }
        return nil
    }

    private func prepare(creating scripts: [String], on connection: inout Connection) throws(MigrationFailure) {
        try MigrationFailure.step("making connvo.schema_migrations") { () throws(DatabaseError) in
            for script in scripts {
                try connection.executeScript(script, deadline: .after(Self.stepTimeout))
            }
        }
        if !scripts.isEmpty { report(.recordsMade) }
    }

    /// Whether a migrator that dies does not keep others waiting: a server on a system that cannot watch its clients
    /// refuses to.
    func canWatchClient(on connection: inout Connection) throws(MigrationFailure) -> Bool {
        do {
            _ = try connection.execute(MigrationStatements.watchClient, deadline: .after(Self.stepTimeout))
            return true
        } catch {
            guard error.kind == .server else { throw .database(step: "preparing the session", error: error) }
            return false
        }
    }

    private func repair(
        _ index: InvalidIndex,
        on connection: inout Connection
    ) throws(MigrationFailure) -> MigrationFailure.UnrepairedIndex? {
        report(.repairing(index, statement: index.remedy))
        do {
            _ = try connection.execute(Statement("migrations.repair.\(index.name)", index.remedy), deadline: .never)
            return nil
        } catch {
            // The connection's own failure is the end; the server's refusal concerns this index.
            guard error.kind == .server, connection.isIdle else {
                throw .database(step: index.remedy, error: error)
            }
            return MigrationFailure.UnrepairedIndex(index: index, error: error)
        }
    }

    private func storeTexts(
        of migrations: [Migration],
        on connection: inout Connection
    ) throws(MigrationFailure) {
        try MigrationFailure.step("storing the text of the migrations") { () throws(DatabaseError) in
            _ = try connection.executeTogether(migrations.map { storeText(of: $0) }, deadline: .after(Self.stepTimeout))
        }
    }

    func storeText(of migration: Migration) -> Command {
        var parameters = Parameters()
        parameters.append(Int32(clamping: migration.version))
        parameters.append(migration.checksum)
        parameters.append(migration.content)
        return Command(MigrationStatements.storeText, parameters)
    }

    /// Best effort: a connection that is still in a transaction afterwards is closed by its owner.
    func rollBack(on connection: inout Connection) {
        guard connection.isOpen, !connection.isIdle else { return }
        _ = try? connection.execute(.rollback, deadline: .after(Self.stepTimeout))
    }
}
