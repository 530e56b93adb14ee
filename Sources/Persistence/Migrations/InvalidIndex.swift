internal import PostgreSQL

/// An index that an interrupted `CREATE INDEX CONCURRENTLY` or `REINDEX CONCURRENTLY` has left: it costs every write and
/// serves no query.
package struct InvalidIndex: Hashable, Sendable {
    /// Schema and name, quoted where that is needed.
    package let name: String
    package let table: String
    /// Whether it is what `REINDEX CONCURRENTLY` works with: to be dropped, not rebuilt (manual, REINDEX).
    let isTransient: Bool

    /// The statement that repairs it.
    var remedy: String {
        isTransient ? "DROP INDEX CONCURRENTLY \(name)" : "REINDEX INDEX CONCURRENTLY \(name)"
    }

    /// Whether one of `migrations`, which are pending, builds it anew.
    func isBuilt(byOneOf migrations: [Migration]) -> Bool {
        migrations.contains { migration in
            guard let built = migration.concurrentIndex?.qualifiedName else { return false }
            return built == name || built.lowercased() == name
        }
    }
}

extension InvalidIndex {
    /// Reads those of our schemas.
    static func readAll(deadline: Deadline, on connection: inout Connection) throws(DatabaseError) -> [InvalidIndex] {
        try connection.execute(all, deadline: deadline).rows.map { (row) throws(DatabaseError) in
            InvalidIndex(name: try row.decode(0), table: try row.decode(1), isTransient: try row.decode(2))
        }
    }
}

// MARK: - SQL

extension InvalidIndex {
    /// Whether any index of the database is INVALID: cheaper than ``all``, and most of the time enough.
    static let exists = Statement(
        "migrations.some_index_is_invalid",
        "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_index WHERE NOT indisvalid)"
    )

    /// INVALID indexes in our schemas that no session is building at this moment. An index of a partitioned table is left
    /// out: it may be incomplete on purpose.
    ///
    /// The names of what REINDEX CONCURRENTLY works with: PostgreSQL 15 manual, REINDEX, "Rebuilding Indexes Concurrently".
    static let all = Statement(
        "migrations.invalid_indexes",
        """
        SELECT format('%I.%I', schema.nspname, relation.relname),
            index.indrelid::regclass::text,
            relation.relname ~ '_cc(new|old)[0-9]*$'
        FROM pg_catalog.pg_index AS index
        JOIN pg_catalog.pg_class AS relation
            ON relation.oid = index.indexrelid
        JOIN pg_catalog.pg_namespace AS schema
            ON schema.oid = relation.relnamespace
        WHERE NOT index.indisvalid
            AND relation.relkind = 'i'
            AND schema.nspname IN ('connvo', 'reporting')
            AND NOT EXISTS (
                SELECT 1
                FROM pg_catalog.pg_stat_progress_create_index AS progress
                WHERE progress.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
                    AND progress.relid = index.indrelid
            )
        ORDER BY 3 DESC, 1
        """
    )
}
