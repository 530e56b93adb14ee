package import JSON

/// Why a whole key set is rejected. A fault in a single key only leaves that key out, see ``JWKSet/SkippedKey``.
package enum JWKSetError: Error, Equatable, CustomStringConvertible {
    /// Over ``JWKSet/maximumByteCount``.
    case tooLong
    /// Not strict JSON.
    case notJSON(JSONSyntaxError)
    /// Not an object with an array `keys` (RFC 7517 §5).
    case notAKeySet
    /// Over ``JWKSet/maximumKeyCount``.
    case tooManyKeys
    /// The key at this index (from 0) has a private or symmetric member. The issuer has published its secret, so
    /// signatures by that key prove nothing.
    case holdsPrivateKey(index: Int)

    /// A stable name for logs and metric labels.
    package var slug: String {
        switch self {
        case .tooLong: "too_long"
        case .notJSON: "not_json"
        case .notAKeySet: "not_a_key_set"
        case .tooManyKeys: "too_many_keys"
        case .holdsPrivateKey: "holds_private_key"
        }
    }

    package var description: String {
        switch self {
        case .tooLong: "the key set is longer than \(JWKSet.maximumByteCount) bytes"
        case .notJSON(let error): "the key set is not JSON: \(error)"
        case .notAKeySet: "the key set is not an object with an array \"keys\""
        case .tooManyKeys: "the key set holds more than \(JWKSet.maximumKeyCount) keys"
        case .holdsPrivateKey(let index): "key \(index) of the key set has private members"
        }
    }
}
