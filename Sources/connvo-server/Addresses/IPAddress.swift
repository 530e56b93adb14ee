internal import Glibc

/// The address of an IPv4 or IPv6 host. An IPv4 address that is mapped into IPv6 (`::ffff:10.0.0.1`, as a listener for
/// both sees it) is the IPv4 address (RFC 4291, section 2.5.5.2).
struct IPAddress: Hashable {
    /// 4 or 16.
    let bytes: [UInt8]

    /// Reads an address as inet_pton(3) does; a zone behind it (`fe80::1%eth0`, RFC 4007) is left out.
    init?(_ text: some StringProtocol) {
        let address = text.firstIndex(of: "%").map { String(text[..<$0]) } ?? String(text)
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, address, &bytes) == 1 {
            guard address.count == text.count else { return nil }
            self.bytes = Array(bytes.prefix(4))
        } else if inet_pton(AF_INET6, address, &bytes) == 1 {
            self.bytes = bytes.starts(with: Self.mappedPrefix) ? Array(bytes.suffix(4)) : bytes
        } else {
            return nil
        }
    }

    private static let mappedPrefix = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]

    /// Reads an address as proxies write it into `X-Forwarded-For`: with a port (`203.0.113.9:4711`), in brackets
    /// (`[2001:db8::9]`), or both.
    init?(forwarded entry: some StringProtocol) {
        let blanks: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = entry.drop(while: blanks)
        while let last = text.last, blanks(last) { text.removeLast() }
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]"), Self.isPort(text[text.index(after: end)...]) else { return nil }
            self.init(text[text.index(after: text.startIndex)..<end])
        } else if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
            // With one colon it is no IPv6 address.
            guard Self.isPort(text[colon...]) else { return nil }
            self.init(text[..<colon])
        } else {
            self.init(text)
        }
    }

    /// Whether the text is empty or a colon and digits.
    private static func isPort(_ text: some StringProtocol) -> Bool {
        guard let first = text.first else { return true }
        let digits = text.dropFirst()
        return first == ":" && !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isNumber }
    }

    /// As inet_ntop(3) writes it.
    var text: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// An address as the system writes it, with a mapped one written as the IPv4 address, and without a zone.
    static func unmapped(_ text: String) -> String {
        text.utf8.contains(UInt8(ascii: ":")) ? IPAddress(text)?.text ?? text : text
    }
}
