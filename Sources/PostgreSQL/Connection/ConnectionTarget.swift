/// The server, the database and the user to connect to.
///
/// ```swift
/// let target = try ConnectionTarget("postgresql://app@db.example/connvo", applicationName: "connvo-server/serve")
/// ```
package struct ConnectionTarget: Sendable {
    /// A libpq URI or keyword string. Empty selects libpq's defaults (`PGHOST` ...).
    let conninfo: String
    /// The name in `pg_stat_activity` and in the server's log.
    package var applicationName: String
    /// The property that one of several servers must have; nil accepts any.
    let sessionAttributes: SessionAttributes?
    /// Finds the addresses of the hosts.
    let resolver: NameResolver
    let silentHosts = SilentHosts()
    /// Whether connections prepare statements once and execute them by name; false for poolers in transaction mode.
    package var preparesStatements = true

    package enum SessionAttributes: String, Sendable {
        case readWrite = "read-write"
        /// No standby; a login whose transactions are read only by default will do.
        case primary
    }

    /// - Throws: ``DatabaseError`` when libpq cannot parse `conninfo`, or would take a piece of the password for something
    ///   else. The message does not quote it, because it may contain a password.
    package init(
        _ conninfo: String,
        applicationName: String,
        sessionAttributes: SessionAttributes? = nil,
        resolver: NameResolver = .system
    ) throws(DatabaseError) {
        self.conninfo = conninfo
        self.applicationName = applicationName
        self.sessionAttributes = sessionAttributes
        self.resolver = resolver
        if !conninfo.isEmpty { try Self.check(conninfo) }
    }

    /// Keywords and values for `PQconnectStartParams`. Values in `conninfo` override the defaults set here.
    var parameters: [(keyword: String, value: String)] {
        var parameters: [(String, String)] = [
            ("fallback_application_name", applicationName),
            // A peer that is no longer reachable is detected within seconds; TCP's default takes a quarter of an hour.
            ("tcp_user_timeout", "5000"),
            ("keepalives_idle", "10"),
            ("keepalives_interval", "10"),
            ("keepalives_count", "3"),
        ]
        if let sessionAttributes {
            parameters.append(("target_session_attrs", sessionAttributes.rawValue))
        }
        if !conninfo.isEmpty {
            parameters.append(("dbname", conninfo))
        }
        parameters.append(("client_encoding", "UTF8"))
        return parameters
    }
}
