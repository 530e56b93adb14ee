internal import PostgreSQL

/// A session that has a lock on something of ours, as `pg_stat_activity` shows it.
package struct LockHolder: Hashable, Sendable, CustomStringConvertible {
    package let pid: Int32
    package let applicationName: String
    /// `idle in transaction` and the like; nil when this login may not see it.
    package let state: String?
    /// When its transaction began.
    package let since: String?
    /// One of the tables it has locked.
    package let relation: String

    package var description: String {
        let details = [state, since.map { "since \($0)" }].compactMap { $0 }.joined(separator: " ")
        return "pid \(pid) \"\(applicationName)\"\(details.isEmpty ? "" : " (\(details))") on \(relation)"
    }
}

extension LockHolder {
    /// Decodes the columns of ``longest``.
    init(row: Row) throws(DatabaseError) {
        self.init(
            pid: try row.decode(0),
            applicationName: try row.decode(1),
            state: try row.decodeIfPresent(2),
            since: try row.decodeIfPresent(3),
            relation: try row.decode(4)
        )
    }
}

// MARK: - SQL

extension LockHolder {
    /// The sessions that have had tables of ours locked for longest.
    static let longest = Statement(
        "migrations.lock_holders",
        """
        SELECT session.pid,
            coalesce(session.application_name, ''),
            session.state,
            to_char(session.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            min(lock.relation::regclass::text)
        FROM pg_catalog.pg_locks AS lock
        JOIN pg_catalog.pg_class AS relation
            ON relation.oid = lock.relation
        JOIN pg_catalog.pg_stat_activity AS session
            ON session.pid = lock.pid
        WHERE lock.locktype = 'relation'
            AND lock.granted
            AND lock.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
            AND lock.pid <> pg_backend_pid()
            AND relation.relkind IN ('r', 'p')
            AND relation.relnamespace IN (to_regnamespace('connvo'), to_regnamespace('reporting'))
        GROUP BY session.pid, session.application_name, session.state, session.xact_start
        ORDER BY session.xact_start NULLS LAST
        LIMIT 3
        """
    )
}
