/// Why a bearer token was rejected. The case decides the response; ``slug`` is for logs and metric labels.
package enum BearerTokenRejection: Error, Equatable, Sendable {
    /// The structure or the header is wrong (docs/errors.md, row 2).
    case malformed(CompactJWSError)
    /// The key is not available here, which is a fault of the server and never of the caller (docs/errors.md, row 3).
    case keysUnavailable(MissingKeys)
    /// The signature or a claim is wrong (docs/errors.md, row 4).
    case refused(InvalidTokenCause)
    /// `iss` is this text, which is not one of the accepted issuers (docs/errors.md, row 4). The signature is valid, so
    /// an operator may be told; the text can still hold anything, at any length.
    case wrongIssuer(String)
    /// Everything is valid except that the token has expired (docs/errors.md, row 4).
    case expired

    /// A stable name in snake_case, unique over all cases.
    package var slug: String {
        switch self {
        case .malformed(let cause): cause.rawValue
        case .keysUnavailable(let cause): cause.rawValue
        case .refused(let cause): cause.rawValue
        case .wrongIssuer: "wrong_issuer"
        case .expired: "expired"
        }
    }

    /// Why the server does not have the key.
    package enum MissingKeys: String, Sendable, CaseIterable {
        case noUsableKey = "no_usable_key"
        case unknownKeyAfterFailedFetch = "unknown_kid_after_failed_fetch"
    }

    /// What is wrong with a well-formed token.
    package enum InvalidTokenCause: String, Sendable, CaseIterable {
        case unknownKey = "unknown_kid"
        case badSignature = "bad_signature"
        /// Not strict JSON. A repeated claim counts as this too.
        case payloadNotJSON = "payload_not_json"
        case payloadNotObject = "payload_not_object"
        case issuerMissing = "iss_missing"
        /// Not a string.
        case issuerInvalid = "iss_invalid"
        /// A development key signed a token with the `iss` of a configured issuer.
        case developmentKeyMisused = "development_key_misused"
        /// The token has the development issuer, but its key is not a development key.
        case developmentIssuerMisused = "development_issuer_misused"
        /// A development token, on a server that does not accept them.
        case developmentNotAllowed = "development_not_allowed"
        case audienceMissing = "aud_missing"
        /// Neither a string nor a non-empty array of strings.
        case audienceInvalid = "aud_invalid"
        case wrongAudience = "wrong_audience"
        /// `sub_type` is present: the token belongs to a widget or an agent.
        case subjectTypePresent = "sub_type_present"
        /// `sub_profile` is present and not `user`.
        case wrongSubjectProfile = "wrong_sub_profile"
        /// `act` is not an object with a string `sub` of 1…255 bytes without control characters.
        case actorInvalid = "act_invalid"
        case impersonationNotAllowed = "impersonation_not_allowed"
        case subjectMissing = "sub_missing"
        /// Not a string of 1…255 characters of `[A-Za-z0-9_@-]`.
        case subjectInvalid = "sub_invalid"
        case sessionMissing = "sid_missing"
        /// Not a string of 1…255 bytes without control characters.
        case sessionInvalid = "sid_invalid"
        /// `sid` begins with `app_consent_`: the user gave a third-party application access, and it calls.
        case sessionOfApplication = "sid_of_application"
        case expiryMissing = "exp_missing"
        /// Not an integer literal in 1…2^53. The next two cases have the same rule.
        case expiryInvalid = "exp_invalid"
        case issuedAtMissing = "iat_missing"
        case issuedAtInvalid = "iat_invalid"
        case notBeforeInvalid = "nbf_invalid"
        case expiresBeforeIssued = "exp_before_iat"
        case lifetimeTooLong = "lifetime_too_long"
        case issuedInFuture = "issued_in_future"
        case notYetValid = "not_yet_valid"
    }
}
