internal import PostgreSQL

/// The partitions of the record tables, as far as the program makes them: `connvo.ensure_partitions()`.
enum Partitions {
    /// Makes the partitions of this month and the coming ones that do not exist, and returns a row for each.
    static let ensure = Statement("migrations.ensure_partitions", "SELECT connvo.ensure_partitions()")

    /// Runs ``ensure``.
    ///
    /// - Returns: The names of the partitions that were made.
    static func ensure(deadline: Deadline, on connection: inout Connection) throws(DatabaseError) -> [String] {
        try connection.execute(ensure, deadline: deadline).rows.map { (row) throws(DatabaseError) in
            try row.decode(0)
        }
    }
}
