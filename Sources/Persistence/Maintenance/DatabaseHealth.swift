internal import PostgreSQL

/// What the last look at the database saw.
package struct DatabaseHealth: Hashable, Sendable {
    package enum Condition: Hashable, Sendable {
        /// The monitor has not looked yet.
        case unknown
        /// No connection could be made, or it broke or did not answer in time; the message of libpq, in one line.
        case unreachable(String)
        /// The server lives and has no connection left for the monitor; its message, in one line.
        case full(String)
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
        /// This process's clock is a minute or more from the database's (``ClockDifference``).
        case clock(ClockDifference.Direction)
        /// What keeps records from being altered or recorded twice and is not there, as `issued_tokens has no ...`.
        case recordsUnprotected([String])
        case ready
    }

    package let condition: Condition
    /// The schema holds migrations that this binary does not know and can live with.
    package let newerMigrations: [String]
    /// This process's clock is five seconds or more from the database's, and less than a minute.
    package let clockWarning: ClockDifference.Direction?
    /// Why the login that serves can change what was recorded, as `is a superuser`; nil when it cannot.
    package let excessiveRights: String?

    package init(
        _ condition: Condition,
        newerMigrations: [String] = [],
        clockWarning: ClockDifference.Direction? = nil,
        excessiveRights: String? = nil
    ) {
        self.condition = condition
        self.newerMigrations = newerMigrations
        self.clockWarning = clockWarning
        self.excessiveRights = excessiveRights
    }

    /// What an error of connecting or of a look says. No message of libpq or of the server quotes the connection string,
    /// and ``DatabaseError/description`` leaves out what may quote a row.
    init(_ error: DatabaseError) {
        switch error.kind {
        case .connect where error.isServerFull: self.init(.full("\(error)"))
        case .server, .rolledBack, .decoding, .rowsMissing, .commitUncertain: self.init(.failing("\(error)"))
        case .connect, .connectionLost, .timedOut, .unexpected: self.init(.unreachable("\(error)"))
        }
    }

    package var isReady: Bool { condition == .ready }

    /// What an operator should correct while the database can be used.
    package var warnings: [String] {
        let clock = clockWarning.map { "this process's clock is 5 s or more \($0.rawValue) the database's" }
        let rights = excessiveRights.map {
            "the login of serve \($0), so it can change what was recorded: serve as a member of connvo_app alone"
        }
        return [clock, rights].compactMap(\.self)
    }
}

extension DatabaseHealth: CustomStringConvertible {
    package var description: String {
        switch condition {
        case .unknown: "the database has not been looked at yet"
        case .unreachable(let cause): "the database cannot be reached: \(cause)"
        case .full(let cause): "the database has no connection left to look at it: \(cause)"
        case .failing(let cause): "the database cannot be looked at: \(cause)"
        case .readOnly: "the database is read-only"
        case .rowSecurity(let tables):
            "row-level security applies to the login on \(tables.joined(separator: ", "))"
        case .privilegesMissing(let privileges):
            "the login lacks \(privileges.joined(separator: ", ")); run connvo-server migrate up"
        case .schema(let compatibility): "\(compatibility)"
        case .partitionsMissing(let partitions): "partitions are missing: \(partitions.joined(separator: ", "))"
        case .clock(let direction): "this process's clock is 60 s or more \(direction.rawValue) the database's"
        case .recordsUnprotected(let lacks):
            "records are not protected: \(lacks.joined(separator: ", ")); connvo-server migrate verify shows all differences"
        case .ready: "ready"
        }
    }
}
