/// What the server uses of the claims of a verified bearer token. Every value has passed the verifier's checks.
package struct BearerClaims: Sendable, Equatable {
    /// `sub`: the user id of the caller. 1…255 characters of `[A-Za-z0-9_@-]`.
    package let subject: String

    /// `sid`: the session id. 1…255 bytes without control characters.
    package let sessionID: String

    /// `exp`, in seconds since 1970. The verifier accepts the token until `exp` plus its leeway.
    package let expiresAt: Int64

    /// `act.sub`: the id of the person who impersonates `subject`, or `nil` when the user acts in person. 1…255 bytes
    /// without control characters.
    package let impersonator: String?

    package init(
        subject: String,
        sessionID: String,
        expiresAt: Int64,
        impersonator: String?
    ) {
        self.subject = subject
        self.sessionID = sessionID
        self.expiresAt = expiresAt
        self.impersonator = impersonator
    }
}
