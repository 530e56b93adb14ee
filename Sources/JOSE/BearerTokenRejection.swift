/// Why a bearer token was not accepted. The case decides the answer, the slug is for logs and metric labels.
package enum BearerTokenRejection: Error, Equatable, Sendable {
    /// Structure or header (row 2 of the contract).
    case malformed(CompactJWSError)
    /// Our own outage: the key may exist, we do not have it (row 3). Never the caller's fault.
    case keysUnavailable(MissingKeys)
    /// Signature or claims (row 4).
    case refused(Refusal)
    /// Everything holds but the time (row 4).
    case expired

    /// Stable, snake_case, unique over all cases.
    package var slug: String {
        switch self {
        case .malformed(let cause): cause.rawValue
        case .keysUnavailable(let cause): cause.rawValue
        case .refused(let cause): cause.rawValue
        case .expired: "expired"
        }
    }

    /// Why we lack the key.
    package enum MissingKeys: String, Sendable, CaseIterable {
        case noUsableKey = "no_usable_key"
        case unknownKeyAfterFailedFetch = "unknown_kid_after_failed_fetch"
    }

    /// What is wrong with a well-formed token.
    package enum Refusal: String, Sendable, CaseIterable {
        case unknownKey = "unknown_kid"
        case badSignature = "bad_signature"
        /// Not strict JSON; a repeated claim included.
        case payloadNotJSON = "payload_not_json"
        case payloadNotObject = "payload_not_object"
        case issuerMissing = "iss_missing"
        /// Not a string.
        case issuerInvalid = "iss_invalid"
        case wrongIssuer = "wrong_issuer"
        /// A development key signed for somebody else's issuer.
        case developmentKeyMisused = "development_key_misused"
        /// The development issuer with a key that is not a development key.
        case developmentIssuerMisused = "development_issuer_misused"
        /// A development token where those are not accepted.
        case developmentNotAllowed = "development_not_allowed"
        case audienceMissing = "aud_missing"
        /// Not a string, nor an array of at least one string and nothing else.
        case audienceInvalid = "aud_invalid"
        case wrongAudience = "wrong_audience"
        /// `sub_type` is there: a widget's or an agent's token.
        case subjectTypePresent = "sub_type_present"
        /// `sub_profile` is there and not `user`.
        case wrongSubjectProfile = "wrong_sub_profile"
        /// `act` is no object with a string `sub` of 1…255 bytes without control characters.
        case actorInvalid = "act_invalid"
        case impersonationNotAllowed = "impersonation_not_allowed"
        case subjectMissing = "sub_missing"
        /// Not a string of 1…255 characters of `[A-Za-z0-9_@-]`.
        case subjectInvalid = "sub_invalid"
        case sessionMissing = "sid_missing"
        /// Not a string of 1…255 bytes without control characters.
        case sessionInvalid = "sid_invalid"
        case expiryMissing = "exp_missing"
        /// Not an integer literal in 1…2^53, as for the next two.
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
