internal import JSON
internal import Text

/// Makes bearer tokens for development, signed with a key of this project instead of WorkOS's.
///
/// ```swift
/// let issuer = try BearerTokenIssuer(key: RSAPrivateKey.generate())
/// let token = try issuer.issue(subject: "user_alice", sessionID: "session_1", issuedAt: now, expiresAt: now + 3600)
/// ```
package struct BearerTokenIssuer: Sendable {
    private let key: RSAPrivateKey

    /// The `kid` of every token. It begins with ``DevelopmentToken/keyIDPrefix``.
    package let keyID: String

    /// - Parameters:
    ///   - key: The verifier's key set must contain its public half; see ``JWKSet/encode(_:)``.
    ///   - keyID: `nil` selects ``DevelopmentToken/keyID(for:)``. Otherwise it begins with `development-` and has at
    ///     most 256 characters of `[A-Za-z0-9_-]`.
    /// - Throws: ``ParameterError/invalid(_:)`` with `kid` when `keyID` is not of this form.
    package init(key: RSAPrivateKey, keyID: String? = nil) throws(ParameterError) {
        let keyID = keyID ?? DevelopmentToken.keyID(for: key.publicKey)
        guard keyID.utf8.starts(with: DevelopmentToken.keyIDPrefix.utf8), keyID.utf8.count <= 256,
            keyID.utf8.allSatisfy(\.isIdentifierCharacter)
        else { throw .invalid("kid") }
        self.key = key
        self.keyID = keyID
    }

    /// Makes a compact RS256 token with `iss` ``DevelopmentToken/issuer``.
    ///
    /// - Parameters:
    ///   - subject: `sub`, 1…255 characters of `[A-Za-z0-9_@-]`.
    ///   - sessionID: `sid`, of the same form.
    ///   - issuedAt: `iat`, in seconds since 1970.
    ///   - expiresAt: `exp`, in seconds since 1970, after `issuedAt`.
    ///   - tokenID: `jti`, of the same form as `subject`; `nil` leaves the claim out.
    /// - Throws: ``ParameterError/invalid(_:)`` with the name of the claim. The lifetime is not limited here: the verifier
    ///   rejects a token that lives too long.
    package func issue(
        subject: String,
        sessionID: String,
        issuedAt: Int64,
        expiresAt: Int64,
        tokenID: String? = nil
    ) throws(ParameterError) -> [UInt8] {
        guard isPlain(subject) else { throw .invalid("sub") }
        guard isPlain(sessionID) else { throw .invalid("sid") }
        guard 1...(1 << 53) ~= issuedAt else { throw .invalid("iat") }
        guard 1...(1 << 53) ~= expiresAt, expiresAt > issuedAt else { throw .invalid("exp") }
        if let tokenID {
            guard isPlain(tokenID) else { throw .invalid("jti") }
        }
        var header = JSONWriter()
        header.object { json in
            json.member("alg", "RS256")
            json.member("typ", "JWT")
            json.member("kid", keyID)
        }
        var payload = JSONWriter()
        payload.object { json in
            json.member("iss", DevelopmentToken.issuer)
            json.member("sub", subject)
            json.member("sid", sessionID)
            json.member("iat", issuedAt)
            json.member("exp", expiresAt)
            if let tokenID { json.member("jti", tokenID) }
        }
        var token = Base64URL.encode(header.bytes)
        token.append(UInt8(ascii: "."))
        Base64URL.append(payload.bytes, to: &token)
        let signature: [UInt8]
        do {
            signature = try key.sign(token)
        } catch {
            throw .cannotSign(error)
        }
        token.append(UInt8(ascii: "."))
        Base64URL.append(signature, to: &token)
        return token
    }

    /// Why no token was made.
    package enum ParameterError: Error, Equatable, CustomStringConvertible {
        /// The named member has characters that would need escaping in JSON, or a length or value out of range.
        case invalid(String)
        case cannotSign(RSAKeyError)

        package var description: String {
            switch self {
            case .invalid(let name): "\(name) is not valid in a development token"
            case .cannotSign(let error): "cannot sign: \(error)"
            }
        }
    }

    private func isPlain(_ text: String) -> Bool {
        1...255 ~= text.utf8.count && text.utf8.allSatisfy(\.isUserIDCharacter)
    }
}
