internal import CLibPQ

extension ConnectionTarget {
    /// One of the servers that a target names.
    struct Host: Hashable, Sendable {
        /// A name, an address, or the directory of a Unix socket; empty for libpq's default, and when only an address
        /// is given.
        let name: String
        /// The address to connect to; empty when `name` says where that is.
        var address: String
        let port: String

        /// Host or address, and port, for error messages.
        var label: String { "\(name.isEmpty ? address : name) port \(port)" }

        /// ``label`` with the address that `name` was resolved to.
        var labelWithAddress: String { "\(name) (\(address)) port \(port)" }

        /// Whether ``name`` is one that a resolver must look up.
        var needsResolving: Bool {
            let isSocket = name.hasPrefix("/") || name.hasPrefix("@")
            return address.isEmpty && !name.isEmpty && !isSocket && !NameResolver.isAddress(name)
        }
    }

    /// How the servers of a target are to be tried.
    enum Hosts: Equatable, Sendable {
        /// One after the other, in this order.
        case separate([Host])
        /// By libpq, which is given the whole list.
        case together([Host])
        /// By libpq, which alone knows them, or will refuse them.
        case unknown
    }

    /// The servers that the target names, in its order.
    ///
    /// libpq tries several hosts in turn, and several addresses of a host, but `PQconnectPoll` has one time limit for
    /// all: a first one that accepts the connection and sends nothing would use up the time (PostgreSQL 15 manual, 34.1
    /// "connect_timeout").
    var hosts: Hosts { hosts(defaults: Self.values(PQconndefaults())) }

    /// - Parameter defaults: libpq's values for keywords that `conninfo` omits, mostly from the environment.
    func hosts(defaults: [String: String]) -> Hosts {
        let given = conninfo.isEmpty ? [:] : Self.values(PQconninfoParse(conninfo, nil))
        let known = given["service"] == nil ? defaults.merging(given) { _, given in given } : optionsWithService
        let names = Self.list(known["host"])
        let addresses = Self.list(known["hostaddr"])
        let ports = Self.list(known["port"])
        let count = max(names.count, addresses.count)
        // libpq reports lists of different lengths.
        guard count > 0,
            [0, count].contains(names.count), [0, count].contains(addresses.count),
            [0, 1, count].contains(ports.count)
        else { return .unknown }

        let hosts = (0..<count).map { index in
            let port = ports.isEmpty ? "" : ports[ports.count == 1 ? 0 : index]
            return Host(
                name: names.isEmpty ? "" : names[index],
                address: addresses.isEmpty ? "" : addresses[index],
                port: port.isEmpty ? Self.defaultPort : port
            )
        }
        // prefer-standby tries the whole list twice. An empty element, which means a default, cannot be passed by
        // itself.
        let isPlain = !names.contains("") && !addresses.contains("")
        return isPlain && known["target_session_attrs"] != "prefer-standby" ? .separate(hosts) : .together(hosts)
    }

    /// Parameters that select these servers. They follow the target's parameters and override them. The name stays
    /// beside the address, because it is the one that `sslmode=verify-full` and the password file look for (manual,
    /// 34.1.2 "hostaddr").
    static func parameters(selecting hosts: [Host]) -> [(keyword: String, value: String)] {
        var parameters = [(keyword: "port", value: hosts.map(\.port).joined(separator: ","))]
        for (keyword, values) in [("host", hosts.map(\.name)), ("hostaddr", hosts.map(\.address))]
        where values.contains(where: { !$0.isEmpty }) {
            parameters.append((keyword, values.joined(separator: ",")))
        }
        return parameters
    }

    /// All options, those of the service file that `conninfo` names included; empty when there is no such service.
    ///
    /// libpq reads the file only when it is to connect (manual, 34.17). An `sslmode` that does not exist makes it stop
    /// after that, before it looks up a name or connects.
    private var optionsWithService: [String: String] {
        let parameters = parameters + [("sslmode", "only-parse")]
        let raw = withCStrings(parameters.map(\.keyword)) { keywords in
            withCStrings(parameters.map(\.value)) { PQconnectStartParams(keywords, $0, 1) }
        }
        defer { PQfinish(raw) }
        return Self.values(PQconninfo(raw))
    }

    /// The value of an empty element of `port`.
    private static let defaultPort = "5432"

    private static func list(_ value: String?) -> [String] {
        value.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
    }

    /// Takes ownership of `options` and returns those that have a value.
    static func values(_ options: UnsafeMutablePointer<PQconninfoOption>?) -> [String: String] {
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
