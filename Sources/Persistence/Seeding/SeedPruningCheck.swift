internal import PostgreSQL

/// A question about the rows that pruning would remove: which must stay, and why.
struct SeedPruningCheck: Sendable {
    let kind: SeedKind
    /// Returns the key of a row to remove, how many rows stand in the way, one of them or NULL, and how many such rows to
    /// remove there are; the first ones by key, as many as its parameter says, or all for NULL.
    let statement: Statement
    let message: @Sendable (_ count: Int64, _ example: String?) -> String

    /// - Parameter query: Returns the first three columns of ``statement`` for every row that must stay.
    init(
        _ name: String,
        kind: SeedKind,
        query: String,
        message: @escaping @Sendable (_ count: Int64, _ example: String?) -> String
    ) {
        self.kind = kind
        self.statement = Statement(
            name,
            """
            SELECT kept.key, kept.referring, kept.example, count(*) OVER ()
            FROM (
            \(query)
            ) AS kept (key, referring, example)
            ORDER BY kept.key
            LIMIT $1
            """,
            parameters: [.int8]
        )
        self.message = message
    }

    /// Adds what the database answers.
    func ask(
        deadline: Deadline,
        on connection: inout Connection,
        adding problems: inout SeedProblems
    ) throws(DatabaseError) {
        let rows = try connection.execute(statement, .limit(problems.limit), deadline: deadline).rows
        var total = 0
        for row in rows {
            total = Int(try row.decode(3, as: Int64.self))
            problems.append(
                SeedProblem(
                    pruning: kind,
                    key: try row.decode(0),
                    message(try row.decode(1), try row.decodeIfPresent(2))
                )
            )
        }
        problems.count(total - rows.count)
    }
}
