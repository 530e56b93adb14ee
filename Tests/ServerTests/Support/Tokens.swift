import Foundation
import JOSE

/// Valid and invalid bearer tokens. Keys are made once per run.
enum Tokens {
    static let key = Result { () throws(RSAKeyError) in try RSAPrivateKey.generate() }
    static let otherKey = Result { () throws(RSAKeyError) in try RSAPrivateKey.generate() }

    static var now: Int64 { Int64(Date().timeIntervalSince1970) }

    /// A key set with the development key.
    static func keySet() throws -> [UInt8] {
        let key = try key.get().publicKey
        return try JWKSet.encode([(kid: DevelopmentToken.keyID(for: key), key: key)])
    }

    /// A development token, as `token issue-bearer` makes them.
    static func bearer(_ user: String, session: String = "session_1") throws -> String {
        let issuer = try BearerTokenIssuer(key: key.get())
        return String(
            decoding: try issuer.issue(subject: user, sessionID: session, issuedAt: now, expiresAt: now + 3600),
            as: UTF8.self
        )
    }

    static func keyID() throws -> String { DevelopmentToken.keyID(for: try key.get().publicKey) }

    /// The claims of a valid development token, as JSON. A change to nil removes a claim.
    static func claims(_ user: String = "user_workos_123", _ changes: [String: String?] = [:]) -> String {
        var claims: [String: String?] = [
            "iss": "\"\(DevelopmentToken.issuer)\"", "sub": "\"\(user)\"", "sid": "\"session_1\"",
            "iat": "\(now)", "exp": "\(now + 3600)",
        ]
        claims.merge(changes) { $1 }
        return "{" + claims.compactMap { key, value in value.map { "\"\(key)\":\($0)" } }.joined(separator: ",") + "}"
    }

    /// A token with any header and payload, signed RS256 even if the header has another `alg`.
    static func forge(header: String? = nil, payload: String = claims(), key: RSAPrivateKey? = nil) throws -> String {
        let header = try header ?? #"{"alg":"RS256","typ":"JWT","kid":"\#(keyID())"}"#
        let input = "\(segment(header)).\(segment(payload))"
        let signature = try (key ?? self.key.get()).sign(Array(input.utf8))
        return "\(input).\(String(decoding: Base64URL.encode(signature), as: UTF8.self))"
    }

    /// A valid token of exactly `count` bytes, padded with members that the verifier ignores.
    static func bearer(_ user: String, byteCount count: Int) throws -> String? {
        for headerPadding in 0..<4 {
            let padding = String(repeating: "x", count: headerPadding)
            let header = #"{"alg":"RS256","kid":"\#(try keyID())","x":"\#(padding)"}"#
            let bare = try forge(header: header, payload: claims(user, ["x": "\"\""])).utf8.count
            for payloadPadding in max(0, (count - bare) * 3 / 4 - 4)...max(0, (count - bare) * 3 / 4 + 4) {
                let text = String(repeating: "x", count: payloadPadding)
                let token = try forge(header: header, payload: claims(user, ["x": "\"\(text)\""]))
                if token.utf8.count == count { return token }
            }
        }
        return nil
    }

    private static func segment(_ text: String) -> String {
        String(decoding: Base64URL.encode(Array(text.utf8)), as: UTF8.self)
    }
}
