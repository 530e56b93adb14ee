internal import Domain
internal import JOSE

/// Turns an `Authorization` header into verified claims (docs/errors.md, rows 1 to 4).
struct CallerAuthentication: Sendable {
    let verifier: BearerTokenVerifier
    let keys: KeySetStore
    let cache: VerifiedTokenCache

    init(verifier: BearerTokenVerifier, keys: KeySetStore, cacheCapacity: Int = 10_000) {
        self.verifier = verifier
        self.keys = keys
        cache = VerifiedTokenCache(capacity: cacheCapacity)
    }

    /// - Parameters:
    ///   - address: Of the client, whose refused tokens are counted.
    ///   - throttle: Nil when no address is slowed.
    ///   - hasWaited: Whether this is the second try, after ``AuthenticationFailure/turn``.
    /// - Throws: ``AuthenticationFailure``. Nothing of the token is in it but the issuer, where that is the reason.
    func authenticate(
        _ authorization: AuthorizationHeader,
        address: String?,
        throttle: RefusedTokenThrottle? = nil,
        hasWaited: Bool = false,
        now: Timestamp
    ) throws(AuthenticationFailure) -> BearerClaims {
        let token = try bearerToken(in: authorization)
        let snapshot = keys.current
        let key = VerifiedTokenCache.Key(token)
        let seconds = now.secondsSinceEpoch
        if let claims = cache.claims(of: key, generation: snapshot.generation, now: seconds) { return claims }
        let client = throttle == nil ? nil : RefusedTokenThrottle.Client(address)
        if !hasWaited, let throttle, let client { try Self.check(throttle.turn(of: client, now: now)) }
        do {
            let claims = try verifier.verify(
                token,
                keys: snapshot.keys,
                lastFetchFailed: snapshot.lastReadFailed,
                now: seconds
            )
            cache.insert(claims, key: key, generation: snapshot.generation)
            if hasWaited, let throttle, let client { throttle.accepted(client) }
            return claims
        } catch {
            if !hasWaited, let throttle, let client { throttle.refused(client, now: now) }
            throw AuthenticationFailure(
                reason: AuthenticationFailure.Reason(error),
                cause: error.slug,
                issuer: error.foreignIssuer,
                unknownKeyGeneration: error.namesUnknownKey ? snapshot.generation : nil
            )
        }
    }

    private static func check(_ turn: RefusedTokenThrottle.Turn) throws(AuthenticationFailure) {
        switch turn {
        case .now:
            break
        case .after(let wait):
            throw AuthenticationFailure(
                reason: .tooManyRefused(retryAfter: wait),
                cause: "too_many_refused",
                turn: wait
            )
        case .never(let retryAfter):
            throw AuthenticationFailure(reason: .tooManyRefused(retryAfter: retryAfter), cause: "too_many_refused")
        }
    }

    /// The token behind `Bearer` and one or more spaces (RFC 6750, section 2.1; the scheme without regard to case).
    private func bearerToken(in authorization: AuthorizationHeader) throws(AuthenticationFailure) -> [UInt8] {
        switch authorization {
        case .absent: throw AuthenticationFailure(reason: .noCredentials, cause: "no_credentials")
        case .several: throw AuthenticationFailure(reason: .invalidToken, cause: "several_authorization_headers")
        case .one(var text): return try text.withUTF8 { Self.bearerToken(in: $0[...]) }.get()
        }
    }

    /// From borrowed bytes, so that the token is copied once.
    private static func bearerToken(
        in value: Slice<UnsafeBufferPointer<UInt8>>
    ) -> Result<[UInt8], AuthenticationFailure> {
        var value = value
        // White space at the end is no part of a value (RFC 9110, section 5.5); the parser leaves it there.
        while let last = value.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { value.removeLast() }
        let none = AuthenticationFailure(reason: .noCredentials, cause: "no_credentials")
        guard !value.isEmpty else { return .failure(none) }
        let otherScheme = AuthenticationFailure(reason: .invalidToken, cause: "other_scheme")
        let scheme: StaticString = "bearer"
        let length = scheme.utf8CodeUnitCount
        guard value.count >= length, (0..<length).allSatisfy({ value[$0] | 0x20 == scheme.utf8Start[$0] }) else {
            return .failure(otherScheme)
        }
        let rest = value.dropFirst(length)
        guard let separator = rest.first else { return .failure(none) }
        guard separator == UInt8(ascii: " ") else { return .failure(otherScheme) }
        return .success(Array(rest.drop { $0 == UInt8(ascii: " ") }))
    }
}

extension BearerTokenRejection {
    fileprivate var foreignIssuer: String? {
        if case .wrongIssuer(let issuer) = self { issuer } else { nil }
    }

    fileprivate var namesUnknownKey: Bool {
        switch self {
        case .refused(.unknownKey), .keysUnavailable(.unknownKeyAfterFailedFetch): true
        default: false
        }
    }
}
