internal import PostgreSQL

/// A question about the rows that pruning would remove: which must stay, and why.
struct SeedPruningCheck: Sendable {
    let kind: SeedKind
    /// Returns the key of a row to remove, how many rows stand in the way, and one of them or NULL.
    let statement: Statement
    let message: @Sendable (_ count: Int64, _ example: String?) -> String

    func problems(deadline: Deadline, on connection: inout Connection) throws(DatabaseError) -> [SeedProblem] {
        try connection.execute(statement, deadline: deadline).rows.map { (row) throws(DatabaseError) in
            SeedProblem(
                pruning: kind,
                key: try row.decode(0),
                message(try row.decode(1), try row.decodeIfPresent(2))
            )
        }
    }
}
