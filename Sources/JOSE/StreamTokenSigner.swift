internal import Text

/// Signs the tokens that Stream accepts: compact JWS, HS256 (RFC 7515, RFC 7518 §3.2). Safe to use from any thread.
///
/// ```swift
/// let signer = try StreamTokenSigner(secret: Array(apiSecret.utf8))
/// let token = try signer.sign(
///     userID: "user_alice",
///     role: "call_member",
///     callCID: "default:meeting_1",
///     jti: "0192f3a0-0000-7000-8000-000000000000",
///     issuedAt: now,
///     expiresAt: now + 3600
/// )
/// ```
package struct StreamTokenSigner: Sendable {
    /// The first segment of every token, `{"alg":"HS256","typ":"JWT"}`, and the dot after it.
    private static let header = Array("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.".utf8)

    /// Verifies what this signer signs.
    package let verifier: StreamTokenVerifier

    /// Identifies the secret; see ``StreamTokenVerifier/keyID``.
    package var keyID: String { verifier.keyID }

    /// - Parameter secret: The UTF-8 bytes of the Stream API secret.
    /// - Throws: ``StreamTokenError/secretTooShort`` when it has fewer than 32 bytes.
    package init(secret: [UInt8]) throws(StreamTokenError) {
        verifier = try StreamTokenVerifier(secret: secret)
    }

    /// What stands for a user where the id must not be read: the first 32 hex digits of
    /// HMAC-SHA256(secret, "connvo log user " and the id).
    ///
    /// Only who has the secret can compute it, and so find out of which user a text is by trying ids. No token's
    /// signature is one: what a token signs begins with ``header``.
    package func pseudonym(of userID: String) -> String {
        Hexadecimal.encode(verifier.mac.authenticate(Array("connvo log user \(userID)".utf8)).prefix(16))
    }

    /// Makes a token and returns its text as ASCII bytes.
    ///
    /// The ids are written unchanged. Their permitted characters never encode to `-` or `_`, so the payload segment
    /// contains neither: Stream's JavaScript client decodes it with the standard base64 alphabet, which lacks both.
    ///
    /// - Parameters:
    ///   - userID: `user_id`, 1…255 characters of `[A-Za-z0-9_@-]`.
    ///   - role: `role`, 1…64 characters of `[A-Za-z0-9_-]`.
    ///   - callCID: The only entry of `call_cids`, `type:id`.
    ///   - jti: The UUID of the token's row in the database.
    ///   - issuedAt: `iat`, in seconds since 1970.
    ///   - expiresAt: `exp`, in seconds since 1970, after `issuedAt`.
    /// - Throws: ``StreamTokenError`` for the first parameter that is not of its form.
    package func sign(
        userID: String,
        role: String,
        callCID: String,
        jti: String,
        issuedAt: Int64,
        expiresAt: Int64
    ) throws(StreamTokenError) -> [UInt8] {
        guard 1...255 ~= userID.utf8.count, userID.utf8.areAll(\.isUserIDCharacter) else {
            throw .invalidUserID
        }
        guard isIdentifier(role.utf8) else { throw .invalidRole }
        guard isCallCID(callCID) else { throw .invalidCallCID }
        guard isUUID(jti) else { throw .invalidTokenID }
        guard 1...(1 << 53) ~= issuedAt, 1...(1 << 53) ~= expiresAt, issuedAt < expiresAt else {
            throw .invalidTimes
        }

        var payload: [UInt8] = []
        payload.reserveCapacity(160 + userID.utf8.count + role.utf8.count + callCID.utf8.count)
        payload += #"{"user_id":""#.utf8
        payload += userID.utf8
        payload += #"","iat":"#.utf8
        payload.append(decimal: issuedAt)
        payload += #","exp":"#.utf8
        payload.append(decimal: expiresAt)
        payload += #","role":""#.utf8
        payload += role.utf8
        payload += #"","call_cids":[""#.utf8
        payload += callCID.utf8
        payload += #""],"jti":""#.utf8
        payload += jti.utf8
        payload += #""}"#.utf8

        var token: [UInt8] = []
        token.reserveCapacity(
            Self.header.count + Base64URL.encodedCount(of: payload.count) + 1
                + Base64URL.encodedCount(of: HMACSHA256.byteCount)
        )
        token += Self.header
        Base64URL.append(payload, to: &token)
        let code = verifier.mac.authenticate(token)
        token.append(UInt8(ascii: "."))
        Base64URL.append(code, to: &token)
        return token
    }

    private func isIdentifier(_ text: some Collection<UInt8>) -> Bool {
        1...64 ~= text.count && text.areAll(\.isIdentifierCharacter)
    }

    private func isCallCID(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { text in
            guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return false }
            return isIdentifier(text[..<colon]) && isIdentifier(text[(colon + 1)...])
        }
    }

    /// 8-4-4-4-12 hexadecimal digits (RFC 9562 §4), upper or lower case.
    private func isUUID(_ text: String) -> Bool {
        guard text.utf8.count == 36 else { return false }
        var index = -1
        return text.utf8.areAll { byte in
            index += 1
            return switch index {
            case 8, 13, 18, 23: byte == UInt8(ascii: "-")
            default: byte.hexadecimalValue != nil
            }
        }
    }
}
