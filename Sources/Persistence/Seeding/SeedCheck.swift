internal import PostgreSQL

/// A question to the database about all staged rows of one kind, whose answer names the bad ones.
struct SeedCheck: Sendable {
    let kind: SeedKind
    /// The columns that are at fault.
    let columns: [String]
    /// Returns the number of a bad row, the number of the row it clashes with or NULL, and a detail or NULL.
    let statement: Statement
    /// Says what is wrong, given where the row it clashes with begins, and the detail.
    let message: @Sendable (_ other: SeedPosition?, _ detail: String?) -> String

    func problems(
        in batch: SeedBatch,
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> [SeedProblem] {
        try connection.execute(statement, deadline: deadline).rows.map { (result) throws(DatabaseError) in
            let row = Int(try result.decode(0, as: Int32.self))
            let other = try result.decodeIfPresent(1, as: Int32.self).map { Int($0) }
            let detail = try result.decodeIfPresent(2, as: String.self)
            return SeedProblem(
                at: batch.position(of: columns, inRow: row, of: kind),
                field: columns.joined(separator: ", "),
                message(other.map { batch.position(ofRow: $0, of: kind) }, detail)
            )
        }
    }
}
