internal import PostgreSQL

/// A session that has a lock for which a migration waits, and that waits for no lock itself. The sessions that queue behind
/// the migration, and those between it and this one, are not among them: ending those would end nothing.
package struct LockHolder: Hashable, Sendable, CustomStringConvertible {
    /// 0 for a prepared transaction, which has no session.
    package let pid: Int32
    package let applicationName: String
    /// The role that it logged in as; nil when it has none.
    package let login: String?
    /// `idle in transaction` and the like; nil when this login may not see it.
    package let state: String?
    /// When its transaction began.
    package let since: String?
    /// The table that the migration waits for; nil when it waits for something else.
    package let relation: String?

    package var description: String {
        guard pid != 0 else {
            return "a prepared transaction (pg_prepared_xacts lists them; ROLLBACK PREPARED ends one)\(place)"
        }
        let details = [state, since.map { "since \($0)" }].compactMap { $0 }.joined(separator: " ")
        let seen = details.isEmpty ? "its state is hidden: pg_read_all_stats shows it" : details
        return "pid \(pid) \"\(applicationName)\"\(login.map { " of \($0)" } ?? "") (\(seen))\(place)"
    }

    private var place: String { relation.map { " on \($0)" } ?? "" }
}

extension LockHolder {
    /// Reads those for which a session waits at this moment; none when it does not wait.
    static func readAll(blocking pid: Int32, on connection: inout Connection) throws(DatabaseError) -> [LockHolder] {
        var parameters = Parameters()
        parameters.append(pid)
        let result = try connection.execute(blocking, parameters, deadline: .after(.seconds(5)))
        return try result.rows.map { (row) throws(DatabaseError) in
            LockHolder(
                pid: try row.decode(0),
                applicationName: try row.decode(1),
                login: try row.decodeIfPresent(2),
                state: try row.decodeIfPresent(3),
                since: try row.decodeIfPresent(4),
                relation: try row.decodeIfPresent(5)
            )
        }
    }
}

// MARK: - SQL

extension LockHolder {
    /// Those at the end of every chain that begins at the session $1: what blocks it, what blocks that, and so on.
    ///
    /// `pg_blocking_pids` keeps the lock manager busy, so it is asked only about a session that waits for a lock (manual,
    /// 9.26). Every login may ask it; name and login of a session are visible to all, its state to its own role, to
    /// members of `pg_read_all_stats` and to superusers.
    private static let blocking = Statement(
        "migrations.blocking",
        """
        WITH RECURSIVE chain (pid) AS (
            SELECT blocker.pid
            FROM pg_catalog.pg_stat_get_activity($1) AS waiting
            CROSS JOIN LATERAL unnest(pg_catalog.pg_blocking_pids(waiting.pid)) AS blocker (pid)
            WHERE waiting.wait_event_type = 'Lock'
            UNION
            SELECT blocker.pid
            FROM chain
            CROSS JOIN LATERAL unnest(pg_catalog.pg_blocking_pids(chain.pid)) AS blocker (pid)
            WHERE chain.pid NOT IN (0, $1)
        )
        SELECT chain.pid,
            CASE session.backend_type
                WHEN 'client backend' THEN session.application_name
                ELSE coalesce(nullif(session.application_name, ''), session.backend_type, '')
            END,
            session.usename::text,
            session.state,
            to_char(session.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            (
                SELECT lock.relation::regclass::text
                FROM pg_catalog.pg_locks AS lock
                WHERE lock.pid = $1
                    AND NOT lock.granted
                    AND lock.relation IS NOT NULL
                    AND lock.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
                LIMIT 1
            )
        FROM chain
        LEFT JOIN pg_catalog.pg_stat_activity AS session
            ON session.pid = chain.pid
        WHERE chain.pid <> $1
            AND (chain.pid = 0 OR cardinality(pg_catalog.pg_blocking_pids(chain.pid)) = 0)
        ORDER BY session.xact_start NULLS LAST, chain.pid
        LIMIT 5
        """,
        parameters: [.int4]
    )
}
