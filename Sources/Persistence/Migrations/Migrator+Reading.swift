internal import PostgreSQL

/// Reading what decides what there is to do.
extension Migrator {
    func readObjects(on connection: inout Connection) throws(MigrationFailure) -> MigratorObjects {
        try MigrationFailure.step("looking around") { () throws(DatabaseError) in
            try MigratorObjects.read(deadline: .after(Self.stepTimeout), on: &connection)
        }
    }

    /// Reads less than ``readState(_:on:)`` does, so that every login that may read `schema_migrations` can.
    func readStatus(
        _ objects: MigratorObjects,
        on connection: inout Connection
    ) throws(MigrationFailure) -> MigrationStatus {
        try MigrationFailure.step("reading which migrations are applied") { () throws(DatabaseError) in
            guard objects.migrationsTable else { return MigrationStatus(catalogue: catalogue, applied: []) }
            let rows = try connection.execute(AppliedMigration.all, deadline: .after(Self.stepTimeout)).rows
            let applied = try rows.map { (row) throws(DatabaseError) in try AppliedMigration(row: row) }
            return try status(of: applied, textsStored: objects.stateTables, on: &connection)
        }
    }

    /// Reads everything. A database that is up to date is asked once: all queries are one pipeline.
    func readState(
        _ objects: MigratorObjects,
        on connection: inout Connection
    ) throws(MigrationFailure) -> MigratorState {
        guard objects.migrationsTable, objects.stateTables else {
            var state = try readVisibleState(withoutStateTables: objects, on: &connection)
            state.withoutText = state.status.applied.compactMap { catalogue[version: $0.version] }
            return state
        }
        let queries = [Command(AppliedMigration.allWithTextStored), Command(InvalidIndex.exists)]
        return try MigrationFailure.step("reading which migrations are applied") { () throws(DatabaseError) in
            let results = try connection.executeTogether(
                queries + Convergence.queries(roles: catalogue.roles),
                deadline: .after(Self.stepTimeout)
            )
            let rows = try results[0].rows.map { (row) throws(DatabaseError) in
                (migration: try AppliedMigration(row: row), isTextStored: try row.decode(7, as: Bool.self))
            }
            var state = MigratorState(
                objects: objects,
                status: try status(of: rows.map(\.migration), textsStored: true, on: &connection)
            )
            state.withoutText = rows.filter { !$0.isTextStored }.compactMap { catalogue[version: $0.migration.version] }
            if try results[1].onlyRow.decode(0, as: Bool.self) {
                state.invalidIndexes = try InvalidIndex.readAll(deadline: .after(Self.stepTimeout), on: &connection)
            }
            state.concurrentIndexes = try readIndexes(of: state.status.pending, readsNote: true, on: &connection)
            state.convergence = try Convergence(results.dropFirst(queries.count))
            return state
        }
    }

    /// As ``readState(_:on:)``, and for a login that may not read the tables of the state what it may read: `plan` shows
    /// that, too.
    func readVisibleState(
        _ objects: MigratorObjects,
        on connection: inout Connection
    ) throws(MigrationFailure) -> MigratorState {
        do {
            return try readState(objects, on: &connection)
        } catch {
            guard error.isLackOfPrivilege else { throw error }
            try goOnReading(on: &connection)
            return try readVisibleState(withoutStateTables: objects, on: &connection)
        }
    }

    private func readVisibleState(
        withoutStateTables objects: MigratorObjects,
        on connection: inout Connection
    ) throws(MigrationFailure) -> MigratorState {
        let status = try readStatus(objects, on: &connection)
        let invalidIndexes = try readInvalidIndexes(on: &connection)
        let concurrentIndexes = try MigrationFailure.step("looking for indexes") { () throws(DatabaseError) in
            try readIndexes(of: status.pending, readsNote: false, on: &connection)
        }
        return MigratorState(
            objects: objects,
            status: status,
            invalidIndexes: invalidIndexes,
            concurrentIndexes: concurrentIndexes
        )
    }

    /// Fetches the texts that were applied only where a file has changed.
    private func status(
        of applied: [AppliedMigration],
        textsStored: Bool,
        on connection: inout Connection
    ) throws(DatabaseError) -> MigrationStatus {
        let status = MigrationStatus(catalogue: catalogue, applied: applied)
        guard textsStored, !status.changed.isEmpty else { return status }
        let rows: QueryResult
        do {
            rows = try connection.execute(AppliedMigration.texts, deadline: .after(Self.stepTimeout))
        } catch  where error.sqlState == .insufficientPrivilege {
            // A login that only looks may not see them; the checksums are enough to know.
            if !connection.isIdle {
                try connection.executeScript(MigrationStatements.goOnReading, deadline: .after(Self.stepTimeout))
            }
            return status
        }
        var texts: [Int: String] = [:]
        for row in rows.rows {
            texts[Int(try row.decode(0, as: Int32.self))] = try row.decode(1, as: String.self)
        }
        return MigrationStatus(catalogue: catalogue, applied: applied, contents: texts)
    }

    /// Reads what there is of the indexes that `migrations` build, by version.
    ///
    /// - Parameter readsNote: Whether to read which migration was begun last: the table exists, and this login may read it.
    func readIndexes(
        of migrations: [Migration],
        readsNote: Bool,
        on connection: inout Connection
    ) throws(DatabaseError) -> [Int: ConcurrentIndexState] {
        let built = migrations.compactMap { migration in
            migration.concurrentIndex.map { (migration: migration, index: $0) }
        }
        guard !built.isEmpty else { return [:] }
        let results = try connection.executeTogether(
            built.map(\.index.readState) + (readsNote ? [StoredState.unfinished.read] : []),
            deadline: .after(Self.stepTimeout)
        )
        let begun = readsNote ? try StoredState.decode(results[built.count]) : nil
        var states: [Int: ConcurrentIndexState] = [:]
        for (entry, result) in zip(built, results) {
            states[entry.migration.version] = try ConcurrentIndexState(result, wasBegun: entry.migration.note == begun)
        }
        return states
    }
}

extension MigrationFailure {
    /// Whether the server refused because this login may not do what was asked.
    var isLackOfPrivilege: Bool {
        if case .database(_, let error) = self { error.sqlState == .insufficientPrivilege } else { false }
    }
}
