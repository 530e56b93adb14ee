internal import JOSE

/// Why a caller could not be authenticated.
struct AuthenticationFailure: Error {
    /// What the caller is told.
    enum Reason: Equatable {
        /// No bearer token was sent.
        case noCredentials
        /// The header or the token is malformed, or the token is not one that this server accepts.
        case invalidToken
        /// The token was valid and has expired.
        case expiredToken
        /// There is no key to verify with: an outage, not a fault of the caller.
        case keysUnavailable
        /// Too many tokens from this address were refused, and this one was not looked at.
        case tooManyRefused(retryAfter: Duration)

        init(_ rejection: BearerTokenRejection) {
            switch rejection {
            case .malformed, .refused, .wrongIssuer: self = .invalidToken
            case .expired: self = .expiredToken
            case .keysUnavailable: self = .keysUnavailable
            }
        }
    }

    let reason: Reason
    /// A slug from a closed list, for the log and a metric label.
    let cause: String
    /// The `iss` of a token with a valid signature that is refused for it, for the log. It can hold any text.
    var issuer: String?
    /// When the token names a key that the key set does not have: the generation of that set. A newer one may have the
    /// key (``KeySetRefresher/whenRead(since:_:)``).
    var unknownKeyGeneration: UInt64?
    /// When the token was not looked at, because its address has to wait: how long. It may be tried again then.
    var turn: Duration?
}
