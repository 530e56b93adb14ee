/// The outcome that docs/errors.md gives for a request with some credentials, and the cause, which only the log and a
/// metric label show.
package enum ExpectedResponse: Sendable, Equatable {
    /// The token is accepted; row 5 and later rows decide.
    case accepted
    /// Row 1: no credentials.
    case unauthenticated
    /// Rows 2 and 4: one response for every cause.
    case invalid(cause: String)
    /// Row 4, when nothing else is wrong.
    case expired
    /// Row 3: a fault of the server.
    case unavailable(cause: String)

    /// The HTTP status; nil for ``accepted``.
    package var status: Int? {
        switch self {
        case .accepted: nil
        case .unauthenticated, .invalid, .expired: 401
        case .unavailable: 503
        }
    }

    /// `errorData.code`.
    package var code: String? {
        switch self {
        case .accepted: nil
        case .unauthenticated: "UNAUTHORIZED"
        case .invalid: "INVALID_TOKEN"
        case .expired: "SESSION_EXPIRED"
        case .unavailable: "SERVICE_UNAVAILABLE"
        }
    }

    /// The header `WWW-Authenticate`, which only responses with 401 have.
    package var challenge: String? {
        switch self {
        case .accepted, .unavailable: nil
        case .unauthenticated: #"Bearer realm="connvo""#
        case .invalid, .expired: #"Bearer realm="connvo", error="invalid_token""#
        }
    }

    /// The slug in the log and in the label `cause`.
    package var cause: String? {
        switch self {
        case .accepted: nil
        case .unauthenticated: "no_credentials"
        case .invalid(let cause), .unavailable(let cause): cause
        case .expired: "expired"
        }
    }
}
