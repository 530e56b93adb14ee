/// Why a text is not a compact JWS that we look at any further. The raw value is a stable slug.
package enum CompactJWSError: String, Error, Sendable, CaseIterable {
    /// No bytes at all.
    case empty = "token_empty"
    /// Over ``CompactJWS/maximumByteCount``.
    case tooLong = "token_too_long"
    /// Not exactly three segments (RFC 7515 §3.1); five would be an encrypted token.
    case notThreeSegments = "not_three_segments"
    case emptySegment = "empty_segment"
    /// A segment that is not canonical base64url.
    case headerNotBase64URL = "header_not_base64url"
    case payloadNotBase64URL = "payload_not_base64url"
    case signatureNotBase64URL = "signature_not_base64url"
    /// The header is not strict JSON; repeated keys and bad UTF-8 included.
    case headerNotJSON = "header_not_json"
    case headerNotObject = "header_not_object"
    case algorithmMissing = "alg_missing"
    /// Any `alg` but the string `RS256` (RFC 8725 §3.1).
    case algorithmNotAllowed = "alg_not_allowed"
    case keyIDMissing = "kid_missing"
    /// `kid` is not a string of 1…256 bytes.
    case keyIDInvalid = "kid_invalid"
    /// `typ` is there and neither `JWT` nor `at+jwt` (RFC 8725 §3.11).
    case typeNotAllowed = "typ_not_allowed"
    /// Extensions we would have to understand (RFC 7515 §4.1.11).
    case criticalPresent = "crit_present"
    case compressionPresent = "zip_present"
    case encryptionPresent = "enc_present"
    case unencodedPayloadPresent = "b64_present"
}
