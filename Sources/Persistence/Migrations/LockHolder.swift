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
    /// Decodes the columns of ``MigrationStatements/lockHolders``.
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
