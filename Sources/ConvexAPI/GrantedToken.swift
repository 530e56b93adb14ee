package import Domain

/// What both endpoints say of a token that was issued.
package struct GrantedToken: Sendable {
    /// Who may enter with it.
    package let caller: User
    /// The compact JWS, as ASCII.
    package let token: [UInt8]
    /// Seconds since the epoch, exactly as the token's `exp`.
    package let expiresAt: Int64

    /// Bytes of a response with it, roughly: more than nearly all have, and so few that malloc(3) has them at hand.
    static let responseCapacity = 900

    package init(caller: User, token: [UInt8], expiresAt: Int64) {
        self.caller = caller
        self.token = token
        self.expiresAt = expiresAt
    }
}
