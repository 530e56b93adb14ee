internal import PostgreSQL

/// What the last look at the database saw.
package struct DatabaseHealth: Hashable, Sendable {
    package enum Condition: Hashable, Sendable {
        /// The monitor has not looked yet.
        case unknown
        /// No connection could be made, or it broke or did not answer in time; the message of libpq, in one line.
        case unreachable(String)
        /// The server reported an error to the monitor; its message and SQLSTATE, in one line.
        case failing(String)
        case readOnly
        /// Tables of which row-level security hides rows from the login that serves.
        case rowSecurity([String])
        /// What the login that serves may not do and issuance needs, as `SELECT on connvo.users`.
        case privilegesMissing([String])
        case schema(SchemaCompatibility)
        /// Partitions of this month or the next that do not exist, as `table YYYY-MM`.
        case partitionsMissing([String])
        case ready
    }

    package let condition: Condition
    /// The schema holds migrations that this binary does not know and can live with.
    package let newerMigrations: [String]

    package init(_ condition: Condition, newerMigrations: [String] = []) {
        self.condition = condition
        self.newerMigrations = newerMigrations
    }

    /// What an error of connecting or of a look says. No message of libpq or of the server quotes the connection string,
    /// and ``DatabaseError/description`` leaves out what may quote a row.
    init(_ error: DatabaseError) {
        switch error.kind {
        case .server, .rolledBack, .decoding, .rowsMissing, .commitUncertain: self.init(.failing("\(error)"))
        case .connect, .connectionLost, .timedOut, .unexpected: self.init(.unreachable("\(error)"))
        }
    }

    package var isReady: Bool { condition == .ready }
}

extension DatabaseHealth: CustomStringConvertible {
    package var description: String {
        switch condition {
        case .unknown: "the database has not been looked at yet"
        case .unreachable(let cause): "the database cannot be reached: \(cause)"
        case .failing(let cause): "the database cannot be looked at: \(cause)"
        case .readOnly: "the database is read-only"
        case .rowSecurity(let tables):
            "row-level security applies to the login on \(tables.joined(separator: ", "))"
        case .privilegesMissing(let privileges):
            "the login lacks \(privileges.joined(separator: ", ")); run connvo-server migrate up"
        case .schema(let compatibility): "\(compatibility)"
        case .partitionsMissing(let partitions): "partitions are missing: \(partitions.joined(separator: ", "))"
        case .ready: "ready"
        }
    }
}
