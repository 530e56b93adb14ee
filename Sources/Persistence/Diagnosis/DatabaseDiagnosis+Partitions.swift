package import PostgreSQL

extension DatabaseDiagnosis {
    /// A month for which a record table has no partition, as `issued_tokens 2026-12`.
    package struct MissingPartition: Hashable, Sendable {
        package let name: String
        /// Whether `serve` needs it now: it is this month or the next.
        package let isDue: Bool
    }

    /// The partitions that should exist and do not: `maintain` and `serve` make those of this month and of two more.
    package static func missingPartitions(
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> [MissingPartition] {
        try connection.execute(missingPartitionsStatement, deadline: deadline).rows.map { (row) throws(DatabaseError) in
            MissingPartition(name: try row.decode(0), isDue: try row.decode(1))
        }
    }

    private static let missingPartitionsStatement = Statement(
        "diagnosis.missing_partitions",
        """
        SELECT missing.record_table || ' ' || pg_catalog.to_char(missing.month, 'YYYY-MM'),
            missing.month < pg_catalog.date_trunc('month', pg_catalog.now() AT TIME ZONE 'UTC') + interval '2 months'
        FROM connvo.missing_partitions(2) AS missing
        ORDER BY missing.month, missing.record_table
        """
    )

    /// Default partitions that hold rows, which no migration makes: a partition for a month of theirs cannot be made.
    package static func filledDefaultPartitions(
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> [String] {
        try texts(defaultPartitionsStatement, deadline: deadline, on: &connection)
    }

    /// Only the catalogues are read, because the login has no right on a partition: a relation of one page or more held
    /// rows, now or once.
    private static let defaultPartitionsStatement = Statement(
        "diagnosis.default_partitions",
        """
        SELECT class.relname::text
        FROM pg_catalog.pg_partitioned_table AS parent
        JOIN pg_catalog.pg_class AS class
            ON class.oid = parent.partdefid
        WHERE parent.partrelid IN (to_regclass('connvo.issued_tokens'), to_regclass('connvo.token_refusals'))
            AND pg_catalog.pg_relation_size(class.oid) > 0
        ORDER BY 1
        """
    )

    /// What the promise about records rests on and is not there, as `issued_tokens has no valid primary key`.
    package static func unprotectedRecords(
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> [String] {
        try texts(MonitorStatements.unprotectedRecords, deadline: deadline, on: &connection)
    }
}
