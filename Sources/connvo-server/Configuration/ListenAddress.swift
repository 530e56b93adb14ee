internal import Glibc
internal import Text

/// What `HTTP_HOST` and `ADMIN_HOST` may say: where a listener takes connections.
enum ListenAddress: Hashable, Sendable {
    /// `*`: every address of this machine, of IPv6 and of IPv4.
    case every
    /// An IP address, without the brackets that may be around one of IPv6, or a name.
    case host(String)

    /// Reads the text of a setting.
    ///
    /// - Returns: Nil when it is neither an address nor a name: it has a blank, a port, a scheme or a path.
    init?(_ text: String) {
        if text == "*" {
            self = .every
            return
        }
        var host = text
        if text.hasPrefix("["), text.hasSuffix("]") {
            host = String(text.dropFirst().dropLast())
            guard Self.isIPv6(host) else { return nil }
        }
        guard 1...253 ~= host.utf8.count, Self.isPlain(host) || Self.isIPv6(host) else { return nil }
        self = .host(host)
    }

    /// Whether the text is an IPv6 address, with or without a zone (`fe80::1%eth0`).
    private static func isIPv6(_ text: String) -> Bool {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        var address = in6_addr()
        guard let first = parts.first, inet_pton(AF_INET6, String(first), &address) == 1 else { return false }
        return parts.count == 1 || (!parts[1].isEmpty && isPlain(String(parts[1])))
    }

    /// Whether the text has the characters of a name, or of an IPv4 address, alone.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0.isIdentifierCharacter || $0 == UInt8(ascii: ".") }
    }
}
