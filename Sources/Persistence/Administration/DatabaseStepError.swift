internal import PostgreSQL

/// An error of a command that says in which of the command's steps the database failed.
///
///     let rows = try MigrationFailure.step("reading which migrations are applied") { () throws(DatabaseError) in
///         try connection.execute(AppliedMigration.all, deadline: deadline).rows
///     }
protocol DatabaseStepError: Error {
    static func database(step: String, error: DatabaseError) -> Self
}

extension DatabaseStepError {
    /// Runs `body`, and adds the name of the step to the error that it throws.
    static func step<Value>(
        _ name: String,
        _ body: () throws(DatabaseError) -> Value
    ) throws(Self) -> Value {
        do {
            return try body()
        } catch {
            throw .database(step: name, error: error)
        }
    }
}

extension QueryResult {
    /// The row of a query that always returns one.
    ///
    /// - Throws: ``DatabaseError/Kind/unexpected`` when there is no row.
    var onlyRow: Row {
        get throws(DatabaseError) {
            guard let row = rows.first else { throw DatabaseError(.unexpected, "no row", statement: statement) }
            return row
        }
    }
}
