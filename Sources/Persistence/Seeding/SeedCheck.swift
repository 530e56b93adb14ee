/// A question to the database about all staged rows of one kind, whose answer names the bad ones.
struct SeedCheck: Sendable {
    let kind: SeedKind
    /// The columns that are at fault.
    let columns: [String]
    /// Returns the number of a bad row, the number of the row it clashes with or NULL, and a detail or NULL.
    let statement: Statement
    /// Says what is wrong with `row`.
    let message: @Sendable (_ row: SeedRow, _ other: SeedRow?, _ detail: String?) -> String

    /// - Parameter rows: The rows of ``kind``, by number.
    func problems(
        among rows: [SeedRow],
        on connection: inout Connection,
        deadline: Deadline
    ) throws(DatabaseError) -> [SeedProblem] {
        try connection.execute(statement, deadline: deadline).rows.map { (result) throws(DatabaseError) in
            let row = rows[Int(try result.decode(0, as: Int32.self))]
            let other = try result.decodeIfPresent(1, as: Int32.self).map { rows[Int($0)] }
            let detail = try result.decodeIfPresent(2, as: String.self)
            let present =
                columns.first { row[$0] != .absent && row[$0] != .null } ?? columns.first { row[$0] != .absent }
            return SeedProblem(
                at: present.map { row.position(of: $0) } ?? row.position,
                field: columns.joined(separator: ", "),
                message(row, other, detail)
            )
        }
    }
}
