internal import Text

/// The `iss` and `kid` by which development tokens differ from tokens of the real issuer.
package enum DevelopmentToken {
    /// The `iss` of every development token. The domain `.invalid` cannot be registered (RFC 2606 §2).
    package static let issuer = "https://connvo.invalid/development"

    /// The prefix of the `kid` of every development key.
    package static let keyIDPrefix = "development-"

    /// The `kid` of a key: the prefix and the first 16 hex digits of its SHA-256 thumbprint (RFC 7638).
    package static func keyID(for key: RSAPublicKey) -> String {
        var text = Array(#"{"e":""#.utf8)
        Base64URL.append(key.exponent, to: &text)
        text += #"","kty":"RSA","n":""#.utf8
        Base64URL.append(key.modulus, to: &text)
        text += #""}"#.utf8
        return keyIDPrefix + Hexadecimal.encode(SHA256.hash(text).prefix(8))
    }
}
