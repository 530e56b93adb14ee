internal import ConvexAPI

extension ErrorResponse {
    /// Rows 1 to 4 of docs/errors.md.
    init(_ reason: AuthenticationFailure.Reason) {
        switch reason {
        case .noCredentials: self = .authenticationRequired
        case .invalidToken: self = .invalidToken
        case .expiredToken: self = .sessionExpired
        case .keysUnavailable: self = .unavailable
        }
    }
}
