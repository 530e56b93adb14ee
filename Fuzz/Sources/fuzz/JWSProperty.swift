@testable internal import JOSE
@testable internal import JSON

/// No token is accepted without a signature of the key, and accepted claims are within their documented limits.
///
/// An input is a token. If its first byte is a line feed, it is instead the text of a header and the text of a payload,
/// separated by a line feed, which are made into a token with a wrong signature.
enum JWSProperty {
    private static let now: Int64 = 1_700_000_000
    private static let policy = BearerTokenVerifier.Policy(
        issuers: ["https://api.workos.com"],
        allowsImpersonation: true,
        developmentIssuer: DevelopmentToken.issuer
    )
    private static let verifier = BearerTokenVerifier(policy: policy)
    private static let keys: JWKSet = {
        // An odd number of 2048 bits with unknown factors, so that no input has a valid signature.
        let modulus = [UInt8](repeating: 0xC5, count: 256)
        guard let key = try? RSAPublicKey(modulus: modulus, exponent: [1, 0, 1]),
            let text = try? JWKSet.encode([("k", key), ("development-k", key)]),
            let keys = try? JWKSet(parsing: text)
        else { fatalError("the key of the target is not usable") }
        return keys
    }()

    static func check(_ input: [UInt8]) {
        let token = token(from: input)
        let jws: CompactJWS
        do {
            jws = try CompactJWS(parsing: token)
        } catch {
            do {
                _ = try verifier.verify(token, keys: keys, lastFetchFailed: false, now: now)
                hold(false, "a malformed token is not accepted")
            } catch let rejection {
                hold(rejection == .malformed(error), "a malformed token is docs/errors.md, row 2")
            }
            return
        }
        hold(token.count <= CompactJWS.maximumByteCount, "no token is longer than the limit")
        hold(
            token == Array(jws.signingInput) + [UInt8(ascii: ".")] + Base64URL.encode(jws.signature),
            "a token has only one form"
        )
        hold(1...256 ~= jws.keyID.utf8.count, "a key id has 1 to 256 bytes")
        do {
            _ = try verifier.verify(jws, keys: keys, lastFetchFailed: false, now: now)
            hold(false, "an unsigned token is not accepted")
        } catch {
            hold(error == .refused(.badSignature) || error == .refused(.unknownKey), "an unsigned token is row 4")
        }
        judgeClaims(of: jws)
    }

    private static func token(from input: [UInt8]) -> [UInt8] {
        guard input.first == UInt8(ascii: "\n") else { return input }
        let parts = input.dropFirst().split(
            separator: UInt8(ascii: "\n"),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard parts.count == 2 else { return input }
        let dot = [UInt8(ascii: ".")]
        let signature = Base64URL.encode([UInt8](repeating: 0x5A, count: 256))
        return Base64URL.encode(Array(parts[0])) + dot + Base64URL.encode(Array(parts[1])) + dot + signature
    }

    private static func judgeClaims(of jws: CompactJWS) {
        guard let claims = try? verifier.judgeClaims(of: jws, now: now) else { return }
        guard let payload = try? JSONDocument(parsing: jws.payload).root else {
            return hold(false, "claims are strict JSON")
        }
        let isIdentifier = { (byte: UInt8) in
            byte.isASCIILetterOrDigit || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "@")
                || byte == UInt8(ascii: "-")
        }
        hold(1...255 ~= claims.subject.utf8.count && claims.subject.utf8.allSatisfy(isIdentifier), "sub")
        hold(payload["sub"]?.isString(equalTo: Array(claims.subject.utf8)) == true, "sub is the token's")
        hold(1...255 ~= claims.sessionID.utf8.count, "sid")
        let hasDevelopmentIssuer = payload["iss"]?.isString(equalTo: Array(DevelopmentToken.issuer.utf8)) == true
        hold(
            hasDevelopmentIssuer == jws.keyID.hasPrefix(DevelopmentToken.keyIDPrefix),
            "development keys are valid for the development issuer only"
        )
        hold(payload["exp"]?.integer == claims.expiresAt, "exp is the token's")
        let issuedAt = payload["iat"]?.integer ?? 0
        hold(1...(1 << 53) ~= issuedAt && issuedAt <= now + 30, "iat")
        hold(issuedAt...(issuedAt + 86400) ~= claims.expiresAt, "exp lies within a day of iat")
        hold(payload["sub_type"] == nil, "sub_type is never accepted")
        hold((payload["act"] != nil) == (claims.impersonator != nil), "the impersonator is returned")
    }
}

extension UInt8 {
    fileprivate var isASCIILetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
