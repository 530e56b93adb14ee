internal import CLibPQ

/// Where to connect, and as what.
package struct ConnectionTarget: Sendable {
    /// A libpq URI or keyword string, or empty for libpq's own defaults (`PGHOST` ...).
    let conninfo: String
    /// Shown in `pg_stat_activity` and in the server's log.
    package let applicationName: String
    /// What has to be true of a server among several; `nil` takes any.
    let sessionAttributes: SessionAttributes?

    package enum SessionAttributes: String, Sendable {
        case readWrite = "read-write"
    }

    /// - Throws: ``DatabaseError`` when libpq cannot read `conninfo`. The message never quotes it, because it may
    ///   hold a password.
    package init(
        _ conninfo: String,
        applicationName: String,
        sessionAttributes: SessionAttributes? = nil
    ) throws(DatabaseError) {
        self.conninfo = conninfo
        self.applicationName = applicationName
        self.sessionAttributes = sessionAttributes
        if !conninfo.isEmpty {
            guard let options = PQconninfoParse(conninfo, nil) else {
                throw DatabaseError(.connect, "not a connection URI or keyword string that libpq can read")
            }
            PQconninfoFree(options)
        }
    }

    /// Keywords and values for `PQconnectStartParams`. What stands in `conninfo` comes after our defaults and wins.
    var parameters: [(keyword: String, value: String)] {
        var parameters: [(String, String)] = [
            ("fallback_application_name", applicationName),
            // A peer that vanished without a word is noticed within seconds, not within TCP's quarter of an hour.
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
