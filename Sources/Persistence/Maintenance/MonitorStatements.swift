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

    /// What the promise about records rests on and is not there, on the record tables and each of their partitions: the
    /// triggers that refuse UPDATE and DELETE, and TRUNCATE, enabled, and a valid primary key.
    ///
    /// `tgtype`: row 1, delete 8, update 16, truncate 32 (`catalog/pg_trigger.h`).
    static let unprotectedRecords = Statement(
        "monitor.unprotected_records",
        """
        WITH record (oid) AS (
            SELECT parent.oid
            FROM (VALUES (to_regclass('connvo.issued_tokens')), (to_regclass('connvo.token_refusals'))) AS parent (oid)
            UNION ALL
            SELECT attached.inhrelid
            FROM pg_catalog.pg_inherits AS attached
            WHERE attached.inhparent IN (to_regclass('connvo.issued_tokens'), to_regclass('connvo.token_refusals'))
        ),
        refused (oid, changes, truncation) AS (
            SELECT trigger.tgrelid,
                bit_or(CASE WHEN trigger.tgtype & 1 = 1 THEN trigger.tgtype::integer & 24 ELSE 0 END),
                bit_or(trigger.tgtype::integer & 32)
            FROM pg_catalog.pg_trigger AS trigger
            WHERE trigger.tgfoid = to_regprocedure('connvo.refuse_record_change()')
                AND trigger.tgenabled IN ('O', 'A')
                AND trigger.tgqual IS NULL
            GROUP BY trigger.tgrelid
        )
        SELECT class.relname || ' ' || lack.name
        FROM record
        JOIN pg_catalog.pg_class AS class
            ON class.oid = record.oid
        LEFT JOIN refused
            ON refused.oid = record.oid
        CROSS JOIN LATERAL (
            VALUES
                (coalesce(refused.changes, 0) <> 24, 'has no enabled trigger against UPDATE and DELETE'),
                (coalesce(refused.truncation, 0) <> 32, 'has no enabled trigger against TRUNCATE'),
                (
                    NOT EXISTS (
                        SELECT 1
                        FROM pg_catalog.pg_index AS index
                        WHERE index.indrelid = record.oid
                            AND index.indisprimary
                            AND index.indisvalid
                    ),
                    'has no valid primary key'
                )
        ) AS lack (is_true, name)
        WHERE lack.is_true
        ORDER BY 1
        """
    )

    static func decodeNames(_ result: QueryResult) throws(DatabaseError) -> [String] {
        try result.rows.map { (row) throws(DatabaseError) in try row.decode(0) }
    }
}
