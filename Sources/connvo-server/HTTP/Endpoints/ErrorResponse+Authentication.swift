internal import ConvexAPI
internal import Domain

extension ErrorResponse {
    /// Rows 1 to 4 of docs/errors.md.
    init(_ reason: AuthenticationFailure.Reason) {
        switch reason {
        case .noCredentials: self = .authenticationRequired
        case .invalidToken: self = .invalidToken
        case .expiredToken: self = .sessionExpired
        case .keysUnavailable: self = .unavailable
        case .tooManyRefused(let retryAfter):
            self = .tooManyInvalidTokens(retryAfter: max(1, (retryAfter.milliseconds + 999) / 1000))
        }
    }
}
