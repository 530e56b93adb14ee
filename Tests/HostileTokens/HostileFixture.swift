package import JOSE

/// The key set, the policy and the clock for which hostile tokens are made. A server with
/// `WORKOS_CLIENT_ID=client_123` and this key set gives the same outcomes as the verifier, with its own clock.
package struct HostileFixture: Sendable {
    package static let clientID = "client_123"
    package static let issuer = "https://api.workos.com/user_management/client_123"
    package static let policy = BearerTokenVerifier.Policy(
        issuers: ["https://api.workos.com", "https://api.workos.com/", issuer]
    )
    /// The `sub` of all tokens, unless a case differs.
    package static let subject = "user_workos_123"
    /// The `kid` of ``key``.
    package static let keyID = "key_1"

    private static let mainKey = Result { () throws(RSAKeyError) in try RSAPrivateKey.generate() }
    private static let secondKey = Result { () throws(RSAKeyError) in try RSAPrivateKey.generate() }
    private static let attackersKey = Result { () throws(RSAKeyError) in try RSAPrivateKey.generate() }

    /// When the tokens are made, in seconds since 1970.
    package let now: Int64
    /// The issuer's key.
    package let key: RSAPrivateKey
    /// The issuer's second key, `key_2`.
    package let second: RSAPrivateKey
    /// An attacker's key. The key set has its numbers only in entries that must not be used.
    package let attacker: RSAPrivateKey

    /// - Parameter now: Seconds since 1970.
    package init(now: Int64) throws {
        self.now = now
        key = try Self.mainKey.get()
        second = try Self.secondKey.get()
        attacker = try Self.attackersKey.get()
    }

    // MARK: - Tokens

    /// A token with any header and payload, signed RS256 even if the header has another `alg`.
    func token(header: String = header(), payload: String? = nil, key: RSAPrivateKey? = nil) throws -> [UInt8] {
        try token(header: Array(header.utf8), payload: Array((payload ?? claims()).utf8), key: key)
    }

    func token(header: [UInt8], payload: [UInt8]? = nil, key: RSAPrivateKey? = nil) throws -> [UInt8] {
        let input = Self.join(header, payload ?? Array(claims().utf8))
        return Self.join(input, signature: try (key ?? self.key).sign(input))
    }

    /// A valid token except for changed claims; see ``claims(_:)``.
    func token(claims changes: [String: String?]) throws -> [UInt8] { try token(payload: claims(changes)) }

    /// A valid token with a changed signature.
    func token(signature change: ([UInt8]) throws -> [UInt8]) throws -> [UInt8] {
        let input = Self.join(Array(Self.header().utf8), Array(claims().utf8))
        return Self.join(input, signature: try change(key.sign(input)))
    }

    /// The three segments of a valid token. The last digit of each has unused bits.
    func segments() throws -> [[UInt8]] {
        let header = Self.padded(Self.header(), remainder: 1)
        let payload = Self.padded(claims(), remainder: 1)
        return try token(header: header, payload: payload).split(separator: UInt8(ascii: ".")).map(Array.init)
    }

    /// A valid token with one changed segment.
    func token(segment index: Int, _ change: ([UInt8]) -> [UInt8]) throws -> [UInt8] {
        var segments = try segments()
        segments[index] = change(segments[index])
        return Array(segments.joined(separator: [UInt8(ascii: ".")]))
    }

    /// The text of a header. `more` is inserted as it is, so it begins with a comma.
    static func header(_ more: String = "", alg: String = #""RS256""#, kid: String = #""key_1""#) -> String {
        #"{"alg":\#(alg),"kid":\#(kid)\#(more)}"#
    }

    /// The text of a payload. A change to nil removes a claim; any other change is the JSON text of its value.
    func claims(_ changes: [String: String?] = [:]) -> String {
        var claims = [
            ("iss", "\"\(Self.issuer)\""), ("sub", "\"\(Self.subject)\""), ("sid", "\"session_1\""),
            ("iat", "\(now - 60)"), ("exp", "\(now + 3600)"), ("jti", "\"j\""),
        ]
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            claims.removeAll { $0.0 == name }
            if let value { claims.append((name, value)) }
        }
        return "{" + claims.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    /// A payload with text inserted before its closing brace.
    func claims(adding text: String) -> String { claims().dropLast() + text + "}" }

    /// A valid token of exactly `count` bytes.
    func token(byteCount count: Int) throws -> [UInt8] {
        let signature = Base64URL.encodedCount(of: key.publicKey.modulus.count)
        for spaces in 0..<3 {
            let header = Self.header() + String(repeating: " ", count: spaces)
            let left = count - signature - 2 - Base64URL.encodedCount(of: header.utf8.count)
            let payload = claims()
            let padding = left * 3 / 4 - payload.utf8.count
            guard padding >= 0, Base64URL.encodedCount(of: left * 3 / 4) == left else { continue }
            return try token(header: header, payload: payload + String(repeating: " ", count: padding))
        }
        throw Impossible()
    }

    private struct Impossible: Error {}

    /// `header.payload`, encoded.
    static func join(_ header: [UInt8], _ payload: [UInt8]) -> [UInt8] {
        Base64URL.encode(header) + [UInt8(ascii: ".")] + Base64URL.encode(payload)
    }

    static func join(_ input: [UInt8], signature: [UInt8]) -> [UInt8] {
        input + [UInt8(ascii: ".")] + Base64URL.encode(signature)
    }

    /// JSON followed by spaces, so that its length modulo 3 is `remainder`.
    private static func padded(_ text: String, remainder: Int) -> [UInt8] {
        var bytes = Array(text.utf8)
        while bytes.count % 3 != remainder { bytes.append(UInt8(ascii: " ")) }
        return bytes
    }
}

extension HostileFixture {
    /// A token that is accepted.
    package func goodToken() throws -> [UInt8] { try token() }
}
