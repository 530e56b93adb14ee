package import Domain

/// A token, to be handed out once its record is committed.
///
/// A class, because record, outcome and response share it, and an admission holds many strings: each copy of a struct
/// would count up every one.
package final class IssuedToken: Sendable {
    package let id: UUIDv7
    package let admission: Admission
    /// The compact JWS, as ASCII.
    package let token: [UInt8]
    /// Seconds since the epoch, exactly as the token's `exp`.
    package let expiresAt: Int64

    init(id: UUIDv7, admission: Admission, token: [UInt8], expiresAt: Int64) {
        self.id = id
        self.admission = admission
        self.token = token
        self.expiresAt = expiresAt
    }
}
