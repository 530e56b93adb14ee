internal import CLibPQ

extension ConnectionTarget {
    /// One server of those that a target names.
    struct Host: Sendable {
        /// As errors call it: host or address, and port.
        let name: String
        /// Comes after the target's parameters, and narrows them down to this server.
        let parameters: [(keyword: String, value: String)]
    }

    /// The servers that the target names, in its order; empty when there are not several, or when only libpq can tell
    /// them apart.
    ///
    /// libpq tries several hosts in turn, but `PQconnectPoll` has one clock for all of them: a first host that takes the
    /// connection and stays silent would use up the time of the others (PostgreSQL 15 manual, 34.1 "connect_timeout").
    var hosts: [Host] { hosts(defaults: Self.values(PQconndefaults())) }

    /// - Parameter defaults: What libpq fills in for keywords that `conninfo` leaves out: the environment, mostly.
    func hosts(defaults: [String: String]) -> [Host] {
        let given = conninfo.isEmpty ? [:] : Self.values(PQconninfoParse(conninfo, nil))
        // What a service file says is known to libpq alone.
        guard given["service"] == nil else { return [] }
        let known = defaults.merging(given) { _, given in given }
        // It goes round twice, which is about all hosts together.
        guard known["target_session_attrs"] != "prefer-standby" else { return [] }

        let names = Self.list(known["host"])
        let addresses = Self.list(known["hostaddr"])
        let ports = Self.list(known["port"])
        let count = max(names.count, addresses.count)
        // A mistake in their numbers is libpq's to report; an empty element, its default, cannot be passed alone.
        guard count > 1,
            [0, count].contains(names.count), [0, count].contains(addresses.count),
            [0, 1, count].contains(ports.count),
            !names.contains(""), !addresses.contains("")
        else { return [] }

        return (0..<count).map { index in
            let port = ports.isEmpty ? "" : ports[ports.count == 1 ? 0 : index]
            var parameters = [(keyword: "port", value: port.isEmpty ? Self.defaultPort : port)]
            if !names.isEmpty { parameters.append(("host", names[index])) }
            if !addresses.isEmpty { parameters.append(("hostaddr", addresses[index])) }
            let name = names.isEmpty ? addresses[index] : names[index]
            return Host(name: "\(name) port \(parameters[0].value)", parameters: parameters)
        }
    }

    /// What an empty element of `port` stands for.
    private static let defaultPort = "5432"

    private static func list(_ value: String?) -> [String] {
        value.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
    }

    /// Takes ownership of `options` and returns those that have a value.
    private static func values(_ options: UnsafeMutablePointer<PQconninfoOption>?) -> [String: String] {
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var next = options
        while let option = next, let keyword = option.pointee.keyword {
            // libpq takes an empty value for none.
            if let value = option.pointee.val, value.pointee != 0 {
                values[String(cString: keyword)] = String(cString: value)
            }
            next = option + 1
        }
        return values
    }
}
