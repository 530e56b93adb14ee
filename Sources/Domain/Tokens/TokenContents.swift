/// The contents of a Stream token: which user may join which call in which role, and for how long. Input of the signer.
package struct TokenContents: Sendable {
    /// The lifetime of a token in seconds. The API specification requires one hour.
    package static let lifetime: Int64 = 3600
    /// `iat` is this many seconds before the request, because Stream's clock may be behind the server's.
    package static let backdating: Int64 = 5

    /// The token's `jti`.
    package let id: UUIDv7
    package let userID: User.ID
    /// The role at Stream.
    package let role: String
    /// The only call that the token is for: `type:id`.
    package let callCID: String
    /// The token's `iat`, in whole seconds since the epoch.
    package let issuedAt: Int64
    /// The token's `exp`, in whole seconds since the epoch.
    package let expiresAt: Int64

    /// - Parameter now: When the request was received.
    package init(id: UUIDv7, admission: borrowing Admission, now: Timestamp) {
        self.id = id
        userID = admission.caller.id
        role = admission.streamRole
        callCID = admission.call.cid
        issuedAt = now.secondsSinceEpoch - Self.backdating
        expiresAt = now.secondsSinceEpoch + Self.lifetime
    }
}
