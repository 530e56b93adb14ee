package import Domain
internal import PostgreSQL

/// What the monitor has measured of the database, for metrics. Nil where it was not seen yet, or may not be seen.
package struct DatabaseFigures: Hashable, Sendable {
    /// This process's clock less the database's.
    package var clockOffset: Duration?
    /// The first instant for which a partition of the record tables is missing; more than a year away where none is.
    package var partitionsUntil: Timestamp?
    /// The border of the rollups: reports count what was recorded later from the records.
    package var rolledUpUntil: Timestamp?

    static let partitionsUntilStatement = Statement(
        "monitor.partitions_until",
        """
        SELECT coalesce(
            CAST(min(missing.month) AS timestamp),
            pg_catalog.date_trunc('month', pg_catalog.now() AT TIME ZONE 'UTC') + interval '13 months'
        ) AT TIME ZONE 'UTC'
        FROM connvo.missing_partitions(12) AS missing
        """
    )

    static let rolledUpUntilStatement = Statement(
        "monitor.rolled_up_until",
        "SELECT state.rolled_up_until FROM connvo.rollup_state AS state"
    )

    static func decode(_ result: QueryResult) throws(DatabaseError) -> Timestamp {
        try result.onlyRow.decode(0)
    }
}
