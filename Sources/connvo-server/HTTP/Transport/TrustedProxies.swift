internal import Glibc

/// The networks whose `X-Forwarded-For` entries are believed (`TRUSTED_PROXIES`).
struct TrustedProxies: Sendable {
    private let networks: [Network]

    static let none = TrustedProxies(networks: [])

    private init(networks: [Network]) {
        self.networks = networks
    }

    /// Reads CIDRs such as `10.0.0.0/8` and `fd00::/8`; a bare address is a network of one.
    ///
    /// Nil when one of them is neither.
    init?(_ cidrs: [String]) {
        var networks: [Network] = []
        for cidr in cidrs {
            guard let network = Network(cidr) else { return nil }
            networks.append(network)
        }
        self.networks = networks
    }

    /// The client's address: the rightmost entry of `X-Forwarded-For` that is not a trusted proxy, if the peer itself is
    /// one. An entry that is no address ends the search, because nothing left of it can be believed.
    func client(peer: String?, forwardedFor: [String]) -> String? {
        guard let peer, !networks.isEmpty, isTrusted(peer) else { return peer }
        var client = peer
        for entry in forwardedFor.flatMap({ $0.split(separator: ",") }).reversed() {
            let address = String(entry.filter { $0 != " " && $0 != "\t" })
            guard Network.bytes(of: address) != nil else { break }
            client = address
            if !isTrusted(address) { break }
        }
        return client
    }

    private func isTrusted(_ address: String) -> Bool {
        guard let bytes = Network.bytes(of: address) else { return false }
        return networks.contains { $0.contains(bytes) }
    }

    private struct Network: Sendable {
        let bytes: [UInt8]
        let prefixLength: Int

        init?(_ cidr: String) {
            let parts = cidr.split(separator: "/", omittingEmptySubsequences: false)
            guard let bytes = Self.bytes(of: String(parts[0])), parts.count <= 2 else { return nil }
            guard let length = parts.count == 2 ? Int(parts[1]) : bytes.count * 8 else { return nil }
            guard (0...bytes.count * 8).contains(length) else { return nil }
            self.bytes = bytes
            prefixLength = length
        }

        func contains(_ address: [UInt8]) -> Bool {
            guard address.count == bytes.count else { return false }
            let whole = prefixLength / 8
            guard address.prefix(whole) == bytes.prefix(whole) else { return false }
            let rest = prefixLength % 8
            return rest == 0 || address[whole] >> (8 - rest) == bytes[whole] >> (8 - rest)
        }

        /// The 4 or 16 bytes of an IP address in text form, as inet_pton(3) reads it.
        static func bytes(of address: String) -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: 16)
            if inet_pton(AF_INET, address, &bytes) == 1 { return Array(bytes.prefix(4)) }
            if inet_pton(AF_INET6, address, &bytes) == 1 { return bytes }
            return nil
        }
    }
}
