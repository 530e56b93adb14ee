internal import PostgreSQL

/// A question to the database about all staged rows of one kind, whose answer names the bad ones.
struct SeedCheck: Sendable {
    let kind: SeedKind
    /// The columns that are at fault.
    let columns: [String]
    /// Returns the number of a bad row, the number of the row it clashes with or NULL, a detail or NULL, and how many bad
    /// rows there are; the first ones in the order of the files, as many as its parameter says, or all for NULL.
    let statement: Statement
    /// Says what is wrong, given where the row it clashes with begins, and the detail.
    let message: @Sendable (_ other: SeedPosition?, _ detail: String?) -> String

    /// - Parameter query: Returns the first three columns of ``statement`` for every bad row.
    init(
        _ name: String,
        kind: SeedKind,
        columns: [String],
        query: String,
        message: @escaping @Sendable (_ other: SeedPosition?, _ detail: String?) -> String
    ) {
        self.kind = kind
        self.columns = columns
        self.statement = Statement(
            name,
            """
            SELECT bad.seed_row, bad.other_row, bad.detail, count(*) OVER ()
            FROM (
            \(query)
            ) AS bad (seed_row, other_row, detail)
            ORDER BY bad.seed_row, bad.other_row, bad.detail
            LIMIT $1
            """,
            parameters: [.int8]
        )
        self.message = message
    }

    /// Adds what the database answers.
    func ask(
        about batch: SeedBatch,
        deadline: Deadline,
        on connection: inout Connection,
        adding problems: inout SeedProblems
    ) throws(DatabaseError) {
        let rows = try connection.execute(statement, .limit(problems.limit), deadline: deadline).rows
        var total = 0
        for result in rows {
            let row = Int(try result.decode(0, as: Int32.self))
            let other = try result.decodeIfPresent(1, as: Int32.self).map { Int($0) }
            let detail = try result.decodeIfPresent(2, as: String.self)
            total = Int(try result.decode(3, as: Int64.self))
            problems.append(
                SeedProblem(
                    at: batch.position(of: columns, inRow: row, of: kind),
                    field: columns.joined(separator: ", "),
                    message(other.map { batch.position(ofRow: $0, of: kind) }, detail)
                )
            )
        }
        problems.count(total - rows.count)
    }
}

extension Parameters {
    /// How many rows the database returns; nil is all of them.
    static func limit(_ count: Int?) -> Parameters {
        var parameters = Parameters()
        parameters.append(count.map { Int64($0) })
        return parameters
    }
}
