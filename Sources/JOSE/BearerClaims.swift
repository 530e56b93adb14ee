/// What a verified bearer token says: every value was checked, none is taken on trust.
package struct BearerClaims: Sendable, Equatable {
    /// `sub`: who is calling. 1…255 characters of `[A-Za-z0-9_@-]`.
    package let subject: String

    /// `sid`: the session. 1…255 bytes without control characters.
    package let sessionID: String

    /// `iss`: one of the configured issuers, or the development issuer.
    package let issuer: String

    /// `iat`, in seconds since 1970.
    package let issuedAt: Int64

    /// `exp`, in seconds since 1970. The token is accepted until the leeway after it.
    package let expiresAt: Int64

    /// `act.sub`: who is acting as `subject`, or `nil` for a session of one's own. 1…255 bytes without control
    /// characters.
    package let impersonator: String?

    /// `kid`: the name of the key that signed it.
    package let keyID: String

    package init(
        subject: String,
        sessionID: String,
        issuer: String,
        issuedAt: Int64,
        expiresAt: Int64,
        impersonator: String?,
        keyID: String
    ) {
        self.subject = subject
        self.sessionID = sessionID
        self.issuer = issuer
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.impersonator = impersonator
        self.keyID = keyID
    }
}
