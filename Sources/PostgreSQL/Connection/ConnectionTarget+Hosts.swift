internal import CLibPQ

extension ConnectionTarget {
    /// One of several servers that a target names.
    struct Host: Sendable {
        /// Host or address, and port, for error messages.
        let name: String
        /// Parameters that select this server. They follow the target's parameters and override them.
        let parameters: [(keyword: String, value: String)]
    }

    /// The servers that the target names, in its order. Empty when there is only one, or when only libpq can separate
    /// them.
    ///
    /// libpq tries several hosts in turn, but `PQconnectPoll` has one time limit for all: a first host that accepts the
    /// connection and sends nothing would use up the time (PostgreSQL 15 manual, 34.1 "connect_timeout").
    var hosts: [Host] { hosts(defaults: Self.values(PQconndefaults())) }

    /// - Parameter defaults: libpq's values for keywords that `conninfo` omits, mostly from the environment.
    func hosts(defaults: [String: String]) -> [Host] {
        let given = conninfo.isEmpty ? [:] : Self.values(PQconninfoParse(conninfo, nil))
        // Only libpq reads the service file.
        guard given["service"] == nil else { return [] }
        let known = defaults.merging(given) { _, given in given }
        // prefer-standby tries the whole list twice, so the hosts cannot be tried one by one.
        guard known["target_session_attrs"] != "prefer-standby" else { return [] }

        let names = Self.list(known["host"])
        let addresses = Self.list(known["hostaddr"])
        let ports = Self.list(known["port"])
        let count = max(names.count, addresses.count)
        // libpq reports lists of different lengths. An empty element, which means a default, cannot be passed by
        // itself.
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

    /// The value of an empty element of `port`.
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
            // libpq treats an empty value as absent.
            if let value = option.pointee.val, value.pointee != 0 {
                values[String(cString: keyword)] = String(cString: value)
            }
            next = option + 1
        }
        return values
    }
}
