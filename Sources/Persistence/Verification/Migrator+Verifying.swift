package import PostgreSQL

/// What `migrate verify` found out.
package struct SchemaVerification: Sendable {
    /// The version of the last migration that is applied, with whose schema the database was compared.
    package let level: Int
    package let differences: [SchemaDifference]
}

extension Migrator {
    /// Compares the schemas of a database with what the migrations make that are applied to it. Changes nothing.
    ///
    /// - Returns: Nil when no migration is applied, or the catalogue has no fingerprint.
    /// - Throws: ``MigrationStatus/refusal`` when it is not certain what is applied.
    package func verify(on connection: inout Connection) throws(MigrationFailure) -> SchemaVerification? {
        try reading(on: &connection) { (connection) throws(MigrationFailure) in
            let objects = try readObjects(on: &connection)
            let status = try readStatus(objects, on: &connection)
            try status.check()
            guard let fingerprint = catalogue.fingerprint, let level = status.applied.last?.version else { return nil }
            let expected = fingerprint.lines(at: level)
            var differences = SchemaDifference.all(expected: expected, found: try readLines(on: &connection))
            if !differences.isEmpty {
                // Another session may have been making or dropping a partition at that moment.
                let second = Set(SchemaDifference.all(expected: expected, found: try readLines(on: &connection)))
                differences.removeAll { !second.contains($0) }
            }
            return SchemaVerification(level: level, differences: differences)
        }
    }

    /// The lines of a database, of which scripts/schema makes the fingerprint.
    package func schemaLines(on connection: inout Connection) throws(MigrationFailure) -> [SchemaLine] {
        try reading(on: &connection) { (connection) throws(MigrationFailure) in
            try readLines(on: &connection)
        }
    }

    func readLines(on connection: inout Connection) throws(MigrationFailure) -> [SchemaLine] {
        try MigrationFailure.step("reading the schema") { () throws(DatabaseError) in
            try SchemaLine.readAll(deadline: .after(Self.stepTimeout), on: &connection)
        }
    }
}
