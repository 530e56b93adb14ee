/// What a token says: which user may join which call in which role, and for how long. The signer is given this.
package struct TokenContents: Sendable {
    /// A token lives for one hour, by the specification. In seconds.
    package static let lifetime: Int64 = 3600
    /// `iat` lies this many seconds in the past, because Stream's clock may be behind ours.
    package static let backdating: Int64 = 5

    /// The token's `jti`.
    package let id: UUIDv7
    package let admission: Admission
    /// The token's `iat`, in whole seconds since the epoch.
    package let issuedAt: Int64
    /// The token's `exp`, in whole seconds since the epoch.
    package let expiresAt: Int64

    /// - Parameter now: When the request was received.
    package init(id: UUIDv7, admission: Admission, now: Timestamp) {
        self.id = id
        self.admission = admission
        issuedAt = now.secondsSinceEpoch - Self.backdating
        expiresAt = now.secondsSinceEpoch + Self.lifetime
    }

    package var userID: User.ID { admission.caller.id }
    /// The role at Stream.
    package var role: String { admission.streamRole }
    /// The one call that the token is for: `type:id`.
    package var callCID: String { admission.call.cid }
}
