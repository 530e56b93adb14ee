/// The networks whose `X-Forwarded-For` entries are believed (`TRUSTED_PROXIES`).
///
/// The `Forwarded` header (RFC 7239) is not read.
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

    /// Whether any proxy is trusted.
    var areSome: Bool { !networks.isEmpty }

    /// The client's address: the rightmost entry of `X-Forwarded-For` that is not a trusted proxy, if the peer itself is
    /// one. An entry that is no address ends the search, because nothing left of it can be believed.
    func client(peer: String?, forwardedFor: [String]) -> String? {
        guard let peer, !networks.isEmpty, let address = IPAddress(peer), isTrusted(address) else { return peer }
        var client = address
        for entry in forwardedFor.flatMap({ $0.split(separator: ",") }).reversed() {
            guard let address = IPAddress(forwarded: entry) else { break }
            client = address
            if !isTrusted(address) { break }
        }
        return client.text
    }

    private func isTrusted(_ address: IPAddress) -> Bool {
        networks.contains { $0.contains(address) }
    }

    private struct Network: Sendable {
        let bytes: [UInt8]
        /// In bits.
        let prefixLength: Int

        init?(_ cidr: String) {
            let parts = cidr.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let address = IPAddress(parts[0]) else { return nil }
            bytes = address.bytes
            let isMapped = address.bytes.count == 4 && parts[0].contains(":")
            guard parts.count == 2 else {
                prefixLength = bytes.count * 8
                return
            }
            guard parts[1].allSatisfy({ $0.isASCII && $0.isNumber }), var length = Int(parts[1]) else { return nil }
            // The first 96 bits of a mapped address say that it is one.
            if isMapped { length -= 96 }
            guard (0...bytes.count * 8).contains(length) else { return nil }
            prefixLength = length
        }

        func contains(_ address: IPAddress) -> Bool {
            guard address.bytes.count == bytes.count else { return false }
            let whole = prefixLength / 8
            guard address.bytes.prefix(whole) == bytes.prefix(whole) else { return false }
            let rest = prefixLength % 8
            return rest == 0 || address.bytes[whole] >> (8 - rest) == bytes[whole] >> (8 - rest)
        }
    }
}
