internal import JSON
internal import Text

/// The `iss` and `kid` by which development tokens differ from tokens of the real issuer.
package enum DevelopmentToken {
    /// The `iss` of every development token. The domain `.invalid` cannot be registered (RFC 2606 §2).
    package static let issuer = "https://connvo.invalid/development"

    /// The prefix of the `kid` of every development key.
    package static let keyIDPrefix = "development-"

    /// The `kid` of a key: the prefix and the first 16 hex digits of its SHA-256 thumbprint (RFC 7638).
    package static func keyID(for key: RSAPublicKey) -> String {
        var json = JSONWriter(capacity: 512)
        json.object { json in
            json.key("e")
            json.string(unescaped: Base64URL.encode(key.exponent))
            json.member("kty", "RSA")
            json.key("n")
            json.string(unescaped: Base64URL.encode(key.modulus))
        }
        return keyIDPrefix + Hexadecimal.encode(SHA256.hash(json.bytes).prefix(8))
    }
}
