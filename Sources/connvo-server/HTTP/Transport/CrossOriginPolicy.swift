internal import NIOHTTP1

/// Which pages may read the responses (`CORS_ORIGINS`), as the CORS protocol of the Fetch standard defines it.
///
/// Never with credentials: the bearer token is sent by the page itself, no cookie is.
struct CrossOriginPolicy: Sendable {
    private let origins: Set<String>
    private let allowsAny: Bool
    private let exposesTiming: Bool

    /// - Parameters:
    ///   - origins: Each as ``isOrigin(_:)`` wants it, or `*` alone for any.
    ///   - exposesTiming: Whether pages of these may read `Server-Timing`: as a header of the response (Fetch, section
    ///     3.3.3), and as an entry of the browser's resource timing (Resource Timing, section 4.5).
    /// - Returns: Nil when one of the origins is neither.
    init?(_ origins: [String], exposesTiming: Bool = false) {
        self.exposesTiming = exposesTiming
        allowsAny = origins == ["*"]
        guard allowsAny || origins.allSatisfy(Self.isOrigin) else { return nil }
        self.origins = Set(origins)
    }

    /// Whether `text` is an origin as browsers send it: `scheme://host`, `:port` if it is not the scheme's own, lower
    /// case, nothing behind it. Anything else would never be equal to what they send.
    static func isOrigin(_ text: String) -> Bool {
        let form =
            #/
            (?<scheme> [a-z] [a-z0-9+.\-]* ) ://
            (?: [a-z0-9._\-]+ | \[ [0-9a-f:.]+ \] )
            (?: : (?<port> [1-9] [0-9]{0,4} ) )?
            /#
        guard let match = text.wholeMatch(of: form) else { return false }
        guard let port = match.port else { return true }
        guard UInt16(port) != nil else { return false }
        return !(match.scheme == "https" && port == "443") && !(match.scheme == "http" && port == "80")
    }

    /// What the response to this request says about who may read it.
    func headers(for request: HTTPHeaders) -> [(String, String)] {
        guard let origin = request.first(name: "Origin"), allows(origin) else { return Self.vary }
        let allowed = allowsAny ? "*" : origin
        guard exposesTiming else {
            return [("Access-Control-Allow-Origin", allowed), ("Access-Control-Expose-Headers", Self.exposed)]
                + Self.vary
        }
        return [
            ("Access-Control-Allow-Origin", allowed),
            ("Access-Control-Expose-Headers", "\(Self.exposed), Server-Timing"),
            ("Timing-Allow-Origin", allowed),
        ] + Self.vary
    }

    private static let exposed = "Retry-After, WWW-Authenticate, X-Request-Id"

    /// Whether a browser asks if a page of an allowed origin may send a request.
    func isPreflight(_ head: HTTPRequestHead) -> Bool {
        guard head.method == .OPTIONS, let origin = head.headers.first(name: "Origin") else { return false }
        return allows(origin) && head.headers.contains(name: "Access-Control-Request-Method")
    }

    /// The response to a preflight, on top of ``headers(for:)``. Browsers remember it for two hours at most.
    static let preflight = [
        ("Access-Control-Allow-Methods", "POST"),
        (
            "Access-Control-Allow-Headers",
            """
            Authorization, Content-Type, Convex-Client, X-Request-Id, X-Requested-With, \
            traceparent, tracestate, baggage, sentry-trace
            """
        ),
        ("Access-Control-Max-Age", "7200"),
    ]

    /// On every response, so that a cache does not give one page what was meant for another.
    private static let vary = [("Vary", "Origin")]

    private func allows(_ origin: String) -> Bool {
        allowsAny || origins.contains(origin)
    }
}
