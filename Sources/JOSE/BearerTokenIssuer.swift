internal import Text

/// Makes bearer tokens for development, signed with a key of our own.
package struct BearerTokenIssuer: Sendable {
    private let key: RSAPrivateKey

    /// The `kid` in every token. Begins with ``DevelopmentToken/keyIDPrefix``.
    package let keyID: String

    /// - Parameters:
    ///   - key: Its public half must be in the key set of whoever verifies; see ``JWKSet/encode(_:)``.
    ///   - keyID: `nil` for ``DevelopmentToken/keyID(for:)``. Otherwise `development-` and more, in all at most
    ///     256 characters of `[A-Za-z0-9_-]`.
    package init(key: RSAPrivateKey, keyID: String? = nil) throws(Failure) {
        let keyID = keyID ?? DevelopmentToken.keyID(for: key.publicKey)
        guard keyID.utf8.starts(with: DevelopmentToken.keyIDPrefix.utf8), keyID.utf8.count <= 256,
            keyID.utf8.allSatisfy(\.isIdentifierCharacter)
        else { throw .invalid("kid") }
        self.key = key
        self.keyID = keyID
    }

    /// A compact RS256 token with `iss` ``DevelopmentToken/issuer``.
    ///
    /// - Parameters:
    ///   - subject: `sub`, 1…255 characters of `[A-Za-z0-9_@-]`.
    ///   - sessionID: `sid`, the same.
    ///   - issuedAt: `iat`, in seconds since 1970.
    ///   - expiresAt: `exp`, likewise, after `issuedAt`.
    ///   - tokenID: `jti`, the same characters, or `nil` for none.
    /// - Throws: ``Failure/invalid(_:)`` naming the claim. A token that lives too long is signed all the same;
    ///   to refuse it is the verifier's part.
    package func issue(
        subject: String,
        sessionID: String,
        issuedAt: Int64,
        expiresAt: Int64,
        tokenID: String? = nil
    ) throws(Failure) -> [UInt8] {
        guard isPlain(subject) else { throw .invalid("sub") }
        guard isPlain(sessionID) else { throw .invalid("sid") }
        guard 1...(1 << 53) ~= issuedAt else { throw .invalid("iat") }
        guard 1...(1 << 53) ~= expiresAt, expiresAt > issuedAt else { throw .invalid("exp") }
        if let tokenID {
            guard isPlain(tokenID) else { throw .invalid("jti") }
        }
        let header = #"{"alg":"RS256","typ":"JWT","kid":"\#(keyID)"}"#
        let jti = tokenID.map { #","jti":"\#($0)""# } ?? ""
        let payload = """
            {"iss":"\(DevelopmentToken.issuer)","sub":"\(subject)","sid":"\(sessionID)",\
            "iat":\(issuedAt),"exp":\(expiresAt)\(jti)}
            """
        var token = Base64URL.encode(Array(header.utf8))
        token.append(UInt8(ascii: "."))
        Base64URL.append(Array(payload.utf8), to: &token)
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
    package enum Failure: Error, Equatable, CustomStringConvertible {
        /// This member is outside what we write without escaping.
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
