internal import Glibc

extension NameResolver {
    /// Asks the system: /etc/hosts, the name servers, and what else nsswitch.conf names.
    package static let system = NameResolver { (name) throws(DatabaseError) in try addresses(of: name, flags: 0) }

    /// Whether `host` is an address in digits, which needs no look-up.
    static func isAddress(_ host: String) -> Bool {
        (try? addresses(of: host, flags: AI_NUMERICHOST)) != nil
    }

    /// With the hints that libpq gives, so that the order of the addresses is the one of psql (RFC 6724).
    private static func addresses(of name: String, flags: Int32) throws(DatabaseError) -> [String] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &first)
        guard code == 0 else {
            let reason = String(cString: gai_strerror(code))
            throw DatabaseError(.connect, "could not translate host name \"\(name)\" to address: \(reason)")
        }
        defer { freeaddrinfo(first) }
        var addresses: [String] = []
        var next = first
        while let entry = next {
            if let address = digits(of: entry.pointee), !addresses.contains(address) { addresses.append(address) }
            next = entry.pointee.ai_next
        }
        return addresses
    }

    /// The address in digits, an IPv6 one with its zone.
    private static func digits(of entry: addrinfo) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer in
            let length = socklen_t(buffer.count)
            let code = getnameinfo(
                entry.ai_addr,
                entry.ai_addrlen,
                buffer.baseAddress,
                length,
                nil,
                0,
                NI_NUMERICHOST
            )
            return code == 0 ? buffer.baseAddress.map { String(cString: $0) } : nil
        }
    }
}
