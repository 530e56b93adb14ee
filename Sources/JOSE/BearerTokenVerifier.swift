internal import JSON
internal import Text

/// Decides whether a bearer token belongs to a current session of the user that it names.
///
/// A pure function: the caller passes the keys and the time. What the verifier remembers (``JudgedHeaders``) saves work
/// and changes no decision. Checks run in the order of docs/errors.md, rows 2 to 4:
/// structure and header, keys, signature and claims, and at last the expiry.
///
/// ```swift
/// let verifier = BearerTokenVerifier(policy: .init(issuers: ["https://api.workos.com/"]))
/// let claims = try verifier.verify(token, keys: keys, lastFetchFailed: false, now: secondsSince1970)
/// ```
package struct BearerTokenVerifier: Sendable {
    /// Which tokens this server accepts.
    package struct Policy: Sendable, Equatable {
        /// Accepted values of `iss`, compared byte by byte.
        package var issuers: [String]
        /// `aud` must contain one of these. When the list is empty, `aud` may be missing.
        package var audiences: [String]
        /// Tolerated clock difference in seconds; values outside 0…60 are clamped.
        package var leeway: Int64
        /// The longest `exp - iat` in seconds.
        package var maximumLifetime: Int64
        /// Whether a session in which another person acts as the user (`act`) is accepted.
        package var allowsImpersonation: Bool
        /// ``DevelopmentToken/issuer`` accepts development tokens; `nil` and any other value reject them.
        package var developmentIssuer: String?

        package init(
            issuers: [String],
            audiences: [String] = [],
            leeway: Int64 = 30,
            maximumLifetime: Int64 = 86400,
            allowsImpersonation: Bool = false,
            developmentIssuer: String? = nil
        ) {
            self.issuers = issuers
            self.audiences = audiences
            self.leeway = leeway
            self.maximumLifetime = maximumLifetime
            self.allowsImpersonation = allowsImpersonation
            self.developmentIssuer = developmentIssuer
        }
    }

    package let policy: Policy

    private let issuers: [[UInt8]]
    private let audiences: [[UInt8]]
    private let developmentIssuer = Array(DevelopmentToken.issuer.utf8)
    private let leeway: Int64
    let headers = JudgedHeaders()

    package init(policy: Policy) {
        self.policy = policy
        issuers = policy.issuers.map { Array($0.utf8) }
        audiences = policy.audiences.map { Array($0.utf8) }
        leeway = min(max(policy.leeway, 0), 60)
    }

    /// Verifies a token.
    ///
    /// - Parameters:
    ///   - token: The text after `Bearer `, as the client sent it.
    ///   - keys: The newest key set that the server has.
    ///   - lastFetchFailed: Whether the last attempt to read the key set failed. If so, an unknown `kid` may be a
    ///     new key, and the token is rejected as ``BearerTokenRejection/keysUnavailable(_:)``.
    ///   - now: Seconds since 1970.
    /// - Throws: ``BearerTokenRejection`` for the first check that fails.
    package func verify(
        _ token: ArraySlice<UInt8>,
        keys: JWKSet,
        lastFetchFailed: Bool,
        now: Int64
    ) throws(BearerTokenRejection) -> BearerClaims {
        let jws: CompactJWS
        do {
            jws = try CompactJWS(parsing: token, knownHeaders: headers)
        } catch {
            throw .malformed(error)
        }
        let claims = try verify(jws, keys: keys, lastFetchFailed: lastFetchFailed, now: now)
        if let header = jws.newHeader { headers.remember(header, keyID: jws.keyID) }
        return claims
    }

    /// Verifies a whole array; see the variant that takes a slice.
    package func verify(
        _ token: [UInt8],
        keys: JWKSet,
        lastFetchFailed: Bool,
        now: Int64
    ) throws(BearerTokenRejection) -> BearerClaims {
        try verify(token[...], keys: keys, lastFetchFailed: lastFetchFailed, now: now)
    }

    /// Verifies a token that is already parsed, for callers that need its `kid` first.
    package func verify(
        _ jws: CompactJWS,
        keys: JWKSet,
        lastFetchFailed: Bool,
        now: Int64
    ) throws(BearerTokenRejection) -> BearerClaims {
        guard !keys.isEmpty else { throw .keysUnavailable(.noUsableKey) }
        guard let key = keys[jws.keyID] else {
            throw lastFetchFailed ? .keysUnavailable(.unknownKeyAfterFailedFetch) : .refused(.unknownKey)
        }
        guard key.verify(signature: jws.signature, message: jws.signingInput) else {
            throw .refused(.badSignature)
        }
        let claims = try judgeClaims(of: jws, now: now)
        // No overflow: `exp` is at most 2^53.
        guard now < claims.expiresAt + leeway else { throw .expired }
        return claims
    }

    // MARK: - Claims

    /// Applies every rule except expiry, and does not check the signature. Only
    /// ``verify(_:keys:lastFetchFailed:now:)`` and the fuzz targets call this.
    func judgeClaims(of jws: CompactJWS, now: Int64) throws(BearerTokenRejection) -> BearerClaims {
        guard let document = try? JSONDocument(parsing: jws.payload) else { throw .refused(.payloadNotJSON) }
        let payload = document.root
        guard payload.kind == .object else { throw .refused(.payloadNotObject) }

        try judgeIssuer(payload["iss"], keyID: jws.keyID)
        do {
            return try judgeOtherClaims(payload, now: now)
        } catch {
            throw .refused(error)
        }
    }

    /// Development keys sign for the development issuer only, and all other keys for the configured issuers only.
    private func judgeIssuer(_ iss: JSONValue?, keyID: String) throws(BearerTokenRejection) {
        guard let iss else { throw .refused(.issuerMissing) }
        guard iss.kind == .string else { throw .refused(.issuerInvalid) }
        let isDevelopmentIssuer = iss.isString(equalTo: developmentIssuer)
        let isDevelopmentKey = keyID.utf8.starts(with: DevelopmentToken.keyIDPrefix.utf8)
        switch (isDevelopmentKey, isDevelopmentIssuer) {
        case (true, true):
            guard policy.developmentIssuer == DevelopmentToken.issuer else { throw .refused(.developmentNotAllowed) }
        case (true, false):
            throw .refused(.developmentKeyMisused)
        case (false, true):
            throw .refused(.developmentIssuerMisused)
        case (false, false):
            guard issuers.contains(where: { iss.isString(equalTo: $0) }) else {
                throw .wrongIssuer(iss.string ?? "")
            }
        }
    }

    private func judgeOtherClaims(
        _ payload: JSONValue,
        now: Int64
    ) throws(BearerTokenRejection.InvalidTokenCause) -> BearerClaims {
        try judgeAudience(payload["aud"])
        guard payload["sub_type"] == nil else { throw .subjectTypePresent }
        if let profile = payload["sub_profile"] {
            guard profile.isString(equalTo: "user") else { throw .wrongSubjectProfile }
        }
        let impersonator = try judgeActor(payload["act"])

        guard let sub = payload["sub"] else { throw .subjectMissing }
        guard let subject = sub.string, 1...255 ~= subject.utf8.count, subject.utf8.areAll(\.isUserIDCharacter)
        else { throw .subjectInvalid }
        guard let sid = payload["sid"] else { throw .sessionMissing }
        guard let sessionID = shortText(sid) else { throw .sessionInvalid }
        // WorkOS signs the tokens of third-party applications with the same keys; their sessions have this prefix.
        guard !sessionID.utf8.starts(with: "app_consent_".utf8) else { throw .sessionOfApplication }

        guard let exp = payload["exp"] else { throw .expiryMissing }
        guard let expiresAt = numericDate(exp) else { throw .expiryInvalid }
        guard let iat = payload["iat"] else { throw .issuedAtMissing }
        guard let issuedAt = numericDate(iat) else { throw .issuedAtInvalid }
        guard expiresAt >= issuedAt else { throw .expiresBeforeIssued }
        guard expiresAt - issuedAt <= policy.maximumLifetime else { throw .lifetimeTooLong }
        guard issuedAt - leeway <= now else { throw .issuedInFuture }
        if let nbf = payload["nbf"] {
            guard let notBefore = numericDate(nbf) else { throw .notBeforeInvalid }
            guard notBefore - leeway <= now else { throw .notYetValid }
        }

        return BearerClaims(
            subject: subject,
            sessionID: sessionID,
            expiresAt: expiresAt,
            impersonator: impersonator
        )
    }

    private func judgeAudience(_ aud: JSONValue?) throws(BearerTokenRejection.InvalidTokenCause) {
        guard let aud else {
            guard audiences.isEmpty else { throw .audienceMissing }
            return
        }
        switch aud.kind {
        case .string:
            guard audiences.isEmpty || isConfigured(aud) else { throw .wrongAudience }
        case .array:
            guard aud.count > 0, aud.elements.allSatisfy({ $0.kind == .string }) else { throw .audienceInvalid }
            guard audiences.isEmpty || aud.elements.contains(where: isConfigured) else { throw .wrongAudience }
        default:
            throw .audienceInvalid
        }
    }

    private func isConfigured(_ audience: JSONValue) -> Bool {
        audiences.contains { audience.isString(equalTo: $0) }
    }

    /// The impersonator, or `nil` when there is none (RFC 8693 §4.1).
    private func judgeActor(_ act: JSONValue?) throws(BearerTokenRejection.InvalidTokenCause) -> String? {
        guard let act else { return nil }
        guard act.kind == .object, let sub = act["sub"], let impersonator = shortText(sub) else {
            throw .actorInvalid
        }
        guard policy.allowsImpersonation else { throw .impersonationNotAllowed }
        return impersonator
    }

    /// A string of 1…255 bytes without control characters, because it is stored and logged.
    private func shortText(_ value: JSONValue) -> String? {
        guard let text = value.string, 1...255 ~= text.utf8.count,
            text.utf8.areAll({ $0 >= 0x20 && $0 != 0x7F })
        else { return nil }
        return text
    }

    /// A NumericDate (RFC 7519 §2), narrowed to integer literals in 1…2^53.
    private func numericDate(_ value: JSONValue) -> Int64? {
        value.integer.flatMap { 1...(1 << 53) ~= $0 ? $0 : nil }
    }
}

extension BearerTokenRejection.InvalidTokenCause: Error {}
