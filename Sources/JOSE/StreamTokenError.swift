/// Why a Stream token could not be made or parsed. The raw value is a stable slug.
package enum StreamTokenError: String, Error, Sendable, CaseIterable, CustomStringConvertible {
    /// The API secret has fewer than 32 bytes (RFC 7518 §3.2: the key must be as long as the hash output).
    case secretTooShort = "secret_too_short"
    /// Not 1…255 characters of `[A-Za-z0-9_@-]`.
    case invalidUserID = "invalid_user_id"
    /// Not 1…64 characters of `[A-Za-z0-9_-]`.
    case invalidRole = "invalid_role"
    /// Not `type:id`, each 1…64 characters of `[A-Za-z0-9_-]`.
    case invalidCallCID = "invalid_call_cid"
    /// Not a UUID in its text form.
    case invalidTokenID = "invalid_jti"
    /// `iat` or `exp` is outside 1…2^53, or `exp` is not after `iat`.
    case invalidTimes = "invalid_times"
    /// Not a compact HS256 token with the claims of a Stream token.
    case notAStreamToken = "not_a_stream_token"
    /// The token was signed with another secret, or changed after signing.
    case badSignature = "bad_signature"

    package var description: String {
        switch self {
        case .secretTooShort: "the Stream API secret is shorter than 32 bytes"
        case .invalidUserID: "the user id is not 1…255 characters of [A-Za-z0-9_@-]"
        case .invalidRole: "the role is not 1…64 characters of [A-Za-z0-9_-]"
        case .invalidCallCID: "the call is not type:id, each 1…64 characters of [A-Za-z0-9_-]"
        case .invalidTokenID: "the token id is not a UUID"
        case .invalidTimes: "the token's times are out of order or out of range"
        case .notAStreamToken: "not a Stream token"
        case .badSignature: "the signature does not match"
        }
    }
}
