/// What the contract says becomes of a request with some credentials, and the cause that is told to nobody but the log
/// and a metric label.
package enum ExpectedAnswer: Sendable, Equatable {
    /// Let in: rows 5 and later decide.
    case accepted
    /// Row 1: no credentials.
    case unauthenticated
    /// Rows 2 and 4: one answer for every cause.
    case invalid(cause: String)
    /// Row 4, when nothing else is wrong.
    case expired
    /// Row 3: our own fault.
    case unavailable(cause: String)

    /// The status of the HTTP answer; nil for ``accepted``.
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

    /// The header `WWW-Authenticate`, which only a 401 has.
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
