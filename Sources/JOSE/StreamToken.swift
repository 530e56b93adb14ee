internal import JSON

/// The claims of a Stream token that was parsed.
///
/// ```swift
/// let token = try StreamToken.verify(bytes, with: StreamTokenSigner(secret: secret))
/// print(token.userID, token.callCIDs)
/// ```
package struct StreamToken: Sendable, Equatable {
    /// `user_id`.
    package let userID: String
    /// `iat`, in seconds since 1970; `nil` when missing.
    package let issuedAt: Int64?
    /// `exp`, in seconds since 1970; `nil` when missing.
    package let expiresAt: Int64?
    /// `role`; `nil` when missing.
    package let role: String?
    /// `call_cids`; empty when missing.
    package let callCIDs: [String]
    /// `jti`; `nil` when missing.
    package let tokenID: String?

    /// Parses a token and checks its signature with the signer's secret. Does not check `iat` and `exp`.
    ///
    /// - Throws: ``StreamTokenError/notAStreamToken``, ``StreamTokenError/badSignature``.
    package static func verify(
        _ token: [UInt8],
        with signer: StreamTokenSigner
    ) throws(StreamTokenError) -> StreamToken {
        try verify(token, with: signer.verifier)
    }

    /// The same with the secret of a verifier.
    package static func verify(
        _ token: [UInt8],
        with verifier: StreamTokenVerifier
    ) throws(StreamTokenError) -> StreamToken {
        let parts = try split(token)
        guard verifier.isValid(parts.signature, for: parts.signingInput) else { throw .badSignature }
        return try StreamToken(payload: parts.payload)
    }

    /// Parses a token **without** checking its signature, to display it.
    ///
    /// - Throws: ``StreamTokenError/notAStreamToken``.
    package static func inspect(_ token: [UInt8]) throws(StreamTokenError) -> StreamToken {
        try StreamToken(payload: try split(token).payload)
    }

    private struct Parts {
        let signingInput: ArraySlice<UInt8>
        let payload: [UInt8]
        let signature: [UInt8]
    }

    private static func split(_ token: [UInt8]) throws(StreamTokenError) -> Parts {
        guard token.count <= CompactJWS.maximumByteCount else { throw .notAStreamToken }
        let segments = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard segments.count == 3,
            let header = Base64URL.decode(segments[0]),
            let payload = Base64URL.decode(segments[1]),
            let signature = Base64URL.decode(segments[2]),
            let document = try? JSONDocument(parsing: header),
            document.root["alg"]?.isString(equalTo: "HS256") == true
        else { throw .notAStreamToken }
        return Parts(signingInput: token[..<segments[1].endIndex], payload: payload, signature: signature)
    }

    private init(payload: [UInt8]) throws(StreamTokenError) {
        guard let document = try? JSONDocument(parsing: payload),
            let userID = document.root["user_id"]?.string
        else { throw .notAStreamToken }
        self.userID = userID
        issuedAt = document.root["iat"]?.integer
        expiresAt = document.root["exp"]?.integer
        role = document.root["role"]?.string
        callCIDs = document.root["call_cids"]?.elements.compactMap(\.string) ?? []
        tokenID = document.root["jti"]?.string
    }
}
