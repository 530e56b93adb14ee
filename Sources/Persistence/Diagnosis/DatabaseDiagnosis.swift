internal import PostgreSQL

/// What an operator asks of a database before trusting it with `serve`. Every question only reads, needs no right beyond
/// those of the login that serves, and fails by the deadline.
///
/// ```swift
/// let lacks = try DatabaseDiagnosis.missingPrivileges(deadline: .after(.seconds(2)), on: &connection)
/// ```
package enum DatabaseDiagnosis {
    /// Runs a statement whose rows have one text each.
    static func texts(
        _ statement: Statement,
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> [String] {
        try connection.execute(statement, deadline: deadline).rows.map { (row) throws(DatabaseError) in
            try row.decode(0)
        }
    }
}
