internal import PostgreSQL

/// An index that an interrupted `CREATE INDEX CONCURRENTLY` or `REINDEX CONCURRENTLY` has left: it costs every write and
/// serves no query.
package struct InvalidIndex: Hashable, Sendable {
    /// Schema and name, quoted where that is needed.
    package let name: String
    package let table: String
    /// Whether it is what `REINDEX CONCURRENTLY` works with: to be dropped, not rebuilt (manual, REINDEX).
    let isTransient: Bool

    /// What repairs it.
    var remedy: String {
        isTransient ? "DROP INDEX CONCURRENTLY \(name)" : "REINDEX INDEX CONCURRENTLY \(name)"
    }
}

extension InvalidIndex {
    /// Decodes the columns of ``MigrationStatements/invalidIndexes``.
    init(row: Row) throws(DatabaseError) {
        self.init(name: try row.decode(0), table: try row.decode(1), isTransient: try row.decode(2))
    }
}
