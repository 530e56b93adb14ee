internal import Text

/// The target of a request (RFC 9112, section 3.2).
enum RequestTarget {
    /// The path and the query of a target. The query is what follows the question mark, empty where there is none.
    ///
    /// - A target in absolute form, as clients send to a proxy, counts as its path; its scheme and authority do not
    ///   matter, because the server has one site.
    /// - One slash too many at the beginning is taken away: it comes from a Convex address that ends in a slash.
    static func split(_ target: String) -> (path: Substring, query: Substring) {
        var rest = target[...]
        if let authority = rest.withoutScheme {
            rest =
                authority.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
                .map { authority[$0...] } ?? ""
            if rest.utf8.first != UInt8(ascii: "/") { rest = "/" + rest }
        }
        if rest.utf8.starts(with: "//".utf8) { rest = rest.dropFirst() }
        guard let mark = rest.utf8.offset(of: UInt8(ascii: "?")) else { return (rest, "") }
        let end = rest.utf8.index(rest.startIndex, offsetBy: mark)
        return (rest[..<end], rest[rest.utf8.index(after: end)...])
    }
}

extension Substring {
    /// What follows `http://` or `https://`, in any case; nil for another text.
    fileprivate var withoutScheme: Substring? {
        guard let first = utf8.first, first | 0x20 == UInt8(ascii: "h") else { return nil }
        for scheme in ["http://", "https://"] where utf8.count >= scheme.utf8.count {
            if zip(utf8, scheme.utf8).allSatisfy({ byte, other in
                byte == other || byte | 0x20 == other && (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(other)
            }) {
                return self[utf8.index(startIndex, offsetBy: scheme.utf8.count)...]
            }
        }
        return nil
    }
}
