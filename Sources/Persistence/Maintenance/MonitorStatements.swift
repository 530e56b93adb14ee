internal import PostgreSQL

/// What readiness asks the database.
enum MonitorStatements {
    static let isReadOnly = Statement(
        "monitor.is_read_only",
        "SELECT pg_catalog.current_setting('transaction_read_only')::boolean"
    )

    static func decodeIsReadOnly(_ result: QueryResult) throws(DatabaseError) -> Bool {
        guard let row = result.rows.first else { throw DatabaseError(.decoding, "no row", statement: isReadOnly.name) }
        return try row.decode(0)
    }

    static let missingPartitions = Statement(
        "monitor.missing_partitions",
        "SELECT record_table || ' ' || pg_catalog.to_char(month, 'YYYY-MM') FROM connvo.missing_partitions()"
    )

    static func decodeMissingPartitions(_ result: QueryResult) throws(DatabaseError) -> [String] {
        try result.rows.map { (row) throws(DatabaseError) in try row.decode(0) }
    }
}
