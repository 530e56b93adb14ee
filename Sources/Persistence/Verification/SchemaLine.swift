internal import PostgreSQL

/// A property of an object in our schemas, in words: `trigger issued_tokens_append_only on connvo.issued_tokens` and
/// `BEFORE DELETE OR UPDATE ..., enabled`.
package struct SchemaLine: Hashable, Sendable {
    package let object: String
    package let value: String
    /// The partitioned table, where the line is about one of its partitions; ``object`` then calls it
    /// `a partition of` that table. Nil for all others.
    package let partitionedTable: String?
    /// The name of the partition in the database; nil where there is none, and in a fingerprint.
    package let partition: String?

    package init(_ object: String, _ value: String, partitionedTable: String? = nil, partition: String? = nil) {
        self.object = object
        self.value = value
        self.partitionedTable = partitionedTable
        self.partition = partition
    }
}

extension SchemaLine {
    /// Reads those of a database, in an ``AdministrativeSession``.
    static func readAll(deadline: Deadline, on connection: inout Connection) throws(DatabaseError) -> [SchemaLine] {
        try connection.execute(all, deadline: deadline).rows.map { (row) throws(DatabaseError) in
            SchemaLine(
                try row.decode(0),
                try row.decode(1),
                partitionedTable: try row.decodeIfPresent(2),
                partition: try row.decodeIfPresent(3)
            )
        }
    }
}
