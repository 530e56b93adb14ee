/// Why a text is rejected before its signature is checked. The raw value is a stable slug.
package enum CompactJWSError: String, Error, Sendable, CaseIterable {
    /// No bytes at all.
    case empty = "token_empty"
    /// Over ``CompactJWS/maximumByteCount``.
    case tooLong = "token_too_long"
    /// Not exactly three segments (RFC 7515 §3.1). An encrypted token has five.
    case notThreeSegments = "not_three_segments"
    case emptySegment = "empty_segment"
    /// A segment that is not canonical base64url.
    case headerNotBase64URL = "header_not_base64url"
    case payloadNotBase64URL = "payload_not_base64url"
    case signatureNotBase64URL = "signature_not_base64url"
    /// The header is not strict JSON. Repeated keys and invalid UTF-8 count as this too.
    case headerNotJSON = "header_not_json"
    case headerNotObject = "header_not_object"
    case algorithmMissing = "alg_missing"
    /// `alg` is anything except the string `RS256` (RFC 8725 §3.1).
    case algorithmNotAllowed = "alg_not_allowed"
    case keyIDMissing = "kid_missing"
    /// `kid` is not a string of 1…256 bytes.
    case keyIDInvalid = "kid_invalid"
    /// `typ` is present and neither `JWT` nor `at+jwt` (RFC 8725 §3.11).
    case typeNotAllowed = "typ_not_allowed"
    /// `crit` is present: it lists extensions that a recipient must understand (RFC 7515 §4.1.11).
    case criticalPresent = "crit_present"
    case compressionPresent = "zip_present"
    case encryptionPresent = "enc_present"
    case unencodedPayloadPresent = "b64_present"
}
