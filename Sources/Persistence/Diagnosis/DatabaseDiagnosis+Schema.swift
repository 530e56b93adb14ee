package import PostgreSQL

extension DatabaseDiagnosis {
    /// The files of applied migrations that are no longer what was applied, and those that were applied in part. Needs
    /// SELECT on `connvo.schema_migrations`.
    package static func drift(
        from catalogue: MigrationCatalogue,
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> [String] {
        let rows = try connection.execute(AppliedMigration.all, deadline: deadline).rows
        let applied = try rows.map { (row) throws(DatabaseError) in try AppliedMigration(row: row) }
        let status = MigrationStatus(catalogue: catalogue, applied: applied)
        return status.incomplete.map { "\($0.label) is applied in part" }
            + status.changed.map { "\($0.migration.file) is not what was applied" }
            + status.gaps.map { "\($0.file) is not applied, though a later one is" }
    }

    /// Whether the tables of records are there, whatever the migrations say. Needs no right on the schema.
    package static func hasRecordTables(
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> Bool {
        try connection.execute(recordTablesStatement, deadline: deadline).onlyRow.decode(0)
    }

    private static let recordTablesStatement = Statement(
        "diagnosis.record_tables",
        """
        SELECT count(*) = 2
        FROM pg_catalog.pg_class AS class
        JOIN pg_catalog.pg_namespace AS namespace
            ON namespace.oid = class.relnamespace
        WHERE namespace.nspname = 'connvo'
            AND class.relname IN ('issued_tokens', 'token_refusals')
        """
    )
}
