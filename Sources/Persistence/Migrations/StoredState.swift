internal import PostgreSQL

/// A row of `connvo.schema_migration_state`: what the migrator stores from one run to the next.
enum StoredState: String {
    /// ``Convergence/current``, as it was when a run last found nothing to do about it. The name in the table is data, and
    /// older than this one.
    case convergence = "settled"
    /// ``Migration/note`` of the migration without a transaction that was begun last, until it is recorded.
    case unfinished

    /// For the statements of this file, which are short.
    private static let timeout: Duration = .seconds(30)

    /// Reads the value; the result is for ``decode(_:)``.
    var read: Command { Command(Self.read, parameters()) }

    var delete: Command { Command(Self.delete, parameters()) }

    /// The value in the result of ``read``; nil when there is none.
    static func decode(_ result: QueryResult) throws(DatabaseError) -> String? {
        try result.rows.first?.decode(0)
    }

    func write(_ value: String, on connection: inout Connection) throws(DatabaseError) {
        _ = try connection.execute(Self.write, parameters(value), deadline: .after(Self.timeout))
    }

    func delete(on connection: inout Connection) throws(DatabaseError) {
        _ = try connection.execute(Self.delete, parameters(), deadline: .after(Self.timeout))
    }

    private func parameters(_ values: String...) -> Parameters {
        var parameters = Parameters()
        for value in [rawValue] + values { parameters.append(value) }
        return parameters
    }
}

// MARK: - SQL

extension StoredState {
    private static let read = Statement(
        "migrations.remembered",
        """
        SELECT value
        FROM connvo.schema_migration_state
        WHERE name = $1
        """,
        parameters: [.text]
    )

    private static let write = Statement(
        "migrations.remember",
        """
        INSERT INTO connvo.schema_migration_state
            (name, value, noted_at)
        VALUES
            ($1, $2, now())
        ON CONFLICT (name) DO UPDATE
        SET value = EXCLUDED.value,
            noted_at = EXCLUDED.noted_at
        """,
        parameters: [.text, .text]
    )

    private static let delete = Statement(
        "migrations.forget",
        """
        DELETE FROM connvo.schema_migration_state
        WHERE name = $1
        """,
        parameters: [.text]
    )
}
