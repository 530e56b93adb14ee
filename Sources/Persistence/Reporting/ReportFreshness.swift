package import Domain
internal import PostgreSQL

/// What a report is as of, and how far what it was made from reaches.
package struct ReportFreshness: Hashable, Sendable {
    /// When the database was asked: the time of the transaction.
    package let readAt: Timestamp
    /// The last token on record; nil when there is none.
    package let lastIssuedAt: Timestamp?
    package let lastRefusedAt: Timestamp?
    /// From when on records are kept; nil when there are none.
    package let recordsFrom: Timestamp?
    /// The rollups hold everything before; what came later is read from the records.
    package let rolledUpUntil: Timestamp?

    static let statement = Statement(
        "report.as_of",
        """
        SELECT read_at, last_issued_at, last_refused_at, records_from, rolled_up_until
        FROM reporting.freshness_v1
        """
    )
}

extension ReportFreshness {
    /// Decodes the row of ``statement``.
    init(_ result: QueryResult) throws(DatabaseError) {
        guard let row = result.rows.first else {
            throw DatabaseError(.decoding, "no row", statement: Self.statement.name)
        }
        readAt = try row.decode(0)
        lastIssuedAt = try row.decodeIfPresent(1)
        lastRefusedAt = try row.decodeIfPresent(2)
        recordsFrom = try row.decodeIfPresent(3)
        rolledUpUntil = try row.decodeIfPresent(4)
    }
}
