package import PostgreSQL

/// What `migrate adopt` would record: a database whose schema the migrations have made, and which does not say so.
package struct SchemaAdoption: Equatable, Sendable {
    /// Those to be recorded as applied; empty when the schema is that of no level.
    package let migrations: [Migration]
    /// Against the level that was asked for, or the newest; what `migrate up` repairs is left out. Empty when there is
    /// something to record.
    package let differences: [SchemaDifference]
}

extension Migrator {
    /// Finds the level whose schema the database has. Changes nothing.
    ///
    /// - Parameter level: The only one to look at; nil for the newest that agrees.
    /// - Throws: ``MigrationFailure/notAdoptable(problem:)`` when migrations are recorded already, or no fingerprint is
    ///   known.
    package func adoption(
        at level: Int? = nil,
        on connection: inout Connection
    ) throws(MigrationFailure) -> SchemaAdoption {
        try reading(on: &connection) { (connection) throws(MigrationFailure) in
            try readAdoption(at: level, on: &connection)
        }
    }

    /// Records the migrations of an adoption as applied, in one transaction, while no other migrator is at work.
    ///
    /// - Throws: ``MigrationFailure/notAdoptable(problem:)`` when the database has changed since.
    package func adopt(
        _ adoption: SchemaAdoption,
        on connection: inout Connection
    ) throws(MigrationFailure) {
        guard let level = adoption.migrations.last?.version else { return }
        try inSession(on: &connection) { (connection, _) throws(MigrationFailure) in
            try inTurn(on: &connection) { (connection, _) throws(MigrationFailure) in
                let becomesOwner = try becomesOwner(on: &connection)
                try SchemaOwner.run(if: becomesOwner, on: &connection) { (connection) throws(MigrationFailure) in
                    guard try readAdoption(at: level, on: &connection) == adoption else {
                        throw .notAdoptable(problem: "it has changed since it was compared; run this again")
                    }
                    try record(adoption.migrations, on: &connection)
                }
            }
        }
    }

    private func readAdoption(
        at level: Int?,
        on connection: inout Connection
    ) throws(MigrationFailure) -> SchemaAdoption {
        if let level, catalogue[version: level] == nil {
            throw .unknownTarget(level, latest: catalogue.latestVersion)
        }
        guard let fingerprint = catalogue.fingerprint else {
            throw .notAdoptable(problem: "there is no fingerprint of these migrations")
        }
        let objects = try readObjects(on: &connection)
        guard try readStatus(objects, on: &connection).applied.isEmpty else {
            throw .notAdoptable(problem: "it says itself which migrations are applied")
        }
        let found = try readLines(on: &connection).filter { !$0.isOfMigrator }
        guard found.contains(where: { $0.object.hasPrefix("table connvo.") }) else {
            throw .notAdoptable(
                problem: "it has none of our tables and was never migrated. Run connvo-server migrate up"
            )
        }
        func differences(at level: Int) -> [SchemaDifference] {
            SchemaDifference.all(expected: fingerprint.lines(at: level).filter { !$0.isOfMigrator }, found: found)
                .filter { !$0.isRepairedByRoles }
        }
        let levels = level.map { [$0] } ?? Array((1...max(1, catalogue.latestVersion)).reversed())
        guard let agreeing = levels.first(where: { differences(at: $0).isEmpty }) else {
            return SchemaAdoption(migrations: [], differences: differences(at: levels[0]))
        }
        return SchemaAdoption(migrations: catalogue.migrations.filter { $0.version <= agreeing }, differences: [])
    }

    private func record(_ migrations: [Migration], on connection: inout Connection) throws(MigrationFailure) {
        let objects = try readObjects(on: &connection)
        let rows = migrations.map { Command(MigrationStatements.record, row(for: $0, took: .zero)) }
        let texts = migrations.map { storeText(of: $0) }
        defer { rollBack(on: &connection) }
        try MigrationFailure.step("recording what is applied") { () throws(DatabaseError) in
            _ = try connection.execute(MigrationStatements.begin, deadline: .after(Self.stepTimeout))
            for script in objects.creationScripts {
                try connection.executeScript(script, deadline: .after(Self.stepTimeout))
            }
            _ = try connection.executeTogether(rows + texts, deadline: .after(Self.stepTimeout))
            try connection.commit(deadline: .after(Self.stepTimeout))
        }
    }
}

extension SchemaLine {
    /// Whether it is about a table in which the migrator keeps its records.
    fileprivate var isOfMigrator: Bool { object.contains("connvo.schema_migration") }
}

extension SchemaDifference {
    /// Whether roles.sql makes it right.
    fileprivate var isRepairedByRoles: Bool { object.hasPrefix("owner of ") || object.hasPrefix("grant to ") }
}
