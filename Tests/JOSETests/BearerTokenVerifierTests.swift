import Foundation
import HostileTokens
import JOSE
import Testing

@Suite struct BearerTokenVerifierTests {
    static let now: Int64 = 1_700_000_000
    static let issuer = "https://api.workos.com/user_management/client_1"

    private let key: RSAPrivateKey
    private let keys: JWKSet

    init() throws {
        key = try Keys.main.get()
        keys = try Self.set([
            ("k1", key.publicKey), ("k2", Keys.other.get().publicKey), ("development-1", key.publicKey),
        ])
    }

    private static func set(_ keys: [(kid: String, key: RSAPublicKey)]) throws -> JWKSet {
        try JWKSet(parsing: JWKSet.encode(keys))
    }

    private func policy(_ change: (inout BearerTokenVerifier.Policy) -> Void = { _ in }) -> BearerTokenVerifier.Policy {
        var policy = BearerTokenVerifier.Policy(issuers: ["https://api.workos.com", Self.issuer])
        change(&policy)
        return policy
    }

    /// The payload of a valid token. A change to `nil` removes a claim; any other change is the JSON text of its value.
    static func payload(_ changes: [String: String?] = [:]) -> String {
        var claims: [(String, String)] = [
            ("iss", "\"\(issuer)\""), ("sub", "\"user_01H\""), ("sid", "\"session_01H\""), ("iat", "\(now - 60)"),
            ("exp", "\(now + 240)"), ("jti", "\"j\""), ("org_id", "\"org_1\""), ("permissions", "[\"a\",\"b\"]"),
        ]
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            claims.removeAll { $0.0 == name }
            if let value { claims.append((name, value)) }
        }
        return "{" + claims.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    private func sign(_ payload: String, kid: String = "k1") throws -> [UInt8] {
        try token(header: #"{"alg":"RS256","kid":"\#(kid)","typ":"JWT"}"#, payload: payload, key: key)
    }

    private func verify(
        _ token: [UInt8],
        _ policy: BearerTokenVerifier.Policy? = nil,
        keys: JWKSet? = nil,
        lastFetchFailed: Bool = false,
        now: Int64 = now
    ) -> Result<BearerClaims, BearerTokenRejection> {
        Result { () throws(BearerTokenRejection) in
            try BearerTokenVerifier(policy: policy ?? self.policy())
                .verify(token, keys: keys ?? self.keys, lastFetchFailed: lastFetchFailed, now: now)
        }
    }

    /// Why the claims are rejected, or `nil`.
    private func rejection(
        _ changes: [String: String?],
        _ policy: BearerTokenVerifier.Policy? = nil,
        kid: String = "k1",
        now: Int64 = now
    ) throws -> BearerTokenRejection? {
        switch verify(try sign(Self.payload(changes), kid: kid), policy, now: now) {
        case .success: nil
        case .failure(let rejection): rejection
        }
    }

    // MARK: - What is accepted

    @Test func `a good token gives its claims`() throws {
        let claims = try verify(sign(Self.payload())).get()
        #expect(
            claims
                == BearerClaims(
                    subject: "user_01H",
                    sessionID: "session_01H",
                    expiresAt: Self.now + 240,
                    impersonator: nil
                )
        )
    }

    @Test func `a slice of a header is verified like a token`() throws {
        let line = Array("Bearer ".utf8) + (try sign(Self.payload()))
        let verifier = BearerTokenVerifier(policy: policy())
        let claims = try verifier.verify(line.dropFirst(7), keys: keys, lastFetchFailed: false, now: Self.now)
        #expect(claims.subject == "user_01H")
        let jws = try CompactJWS(parsing: line.dropFirst(7))
        #expect(try verifier.verify(jws, keys: keys, lastFetchFailed: false, now: Self.now) == claims)
    }

    static let acceptedClaims: [[String: String?]] = [
        ["sub": "\"a\""], ["sub": "\"a@B-9_z\""], ["sub": "\"\(String(repeating: "x", count: 255))\""],
        ["sub": #""\u0061""#],
        ["sid": "\"s\""], ["sid": "\"\(String(repeating: "x", count: 255))\""], ["sid": "\"é \\\" \""],
        ["iss": "\"https://api.workos.com\""], ["iss": #""https:\/\/api.workos.com""#],
        ["aud": "\"x\""], ["aud": "[\"x\"]"], ["aud": "[\"x\",\"y\"]"], ["aud": "\"\""],
        ["sub_profile": "\"user\""], ["nbf": "\(now)"], ["nbf": "\(now + 30)"], ["nbf": "1"], ["iat": "\(now + 30)"],
        ["exp": "\(now - 29)"], ["iat": "\(now + 10)", "exp": "\(now + 10)"], ["iat": "\(now - 86160)"],
        ["iat": "\(now)", "exp": "\(now + 86400)"],
        ["jti": "null"], ["jti": nil], ["org_id": "7"], ["auth_time": "\"x\""], ["exp ": "\"x\""], ["azp": "[]"],
    ]

    @Test(arguments: acceptedClaims) func `claims within the rules are accepted`(changes: [String: String?]) throws {
        #expect(try rejection(changes) == nil)
    }

    // MARK: - Row 4: claims

    static let refusedClaims: [([String: String?], BearerTokenRejection.InvalidTokenCause)] = [
        (["iss": nil], .issuerMissing), (["iss": "null"], .issuerInvalid), (["iss": "7"], .issuerInvalid),
        (["iss": "[\"\(issuer)\"]"], .issuerInvalid), (["iss": "{}"], .issuerInvalid),
        (["aud": "null"], .audienceInvalid), (["aud": "7"], .audienceInvalid), (["aud": "{}"], .audienceInvalid),
        (["aud": "true"], .audienceInvalid), (["aud": "[]"], .audienceInvalid), (["aud": "[7]"], .audienceInvalid),
        (["aud": "[\"x\",null]"], .audienceInvalid), (["aud": "[[\"x\"]]"], .audienceInvalid),
        (["sub_type": "\"widget\""], .subjectTypePresent), (["sub_type": "\"user\""], .subjectTypePresent),
        (["sub_type": "null"], .subjectTypePresent), (["sub_type": "\"\""], .subjectTypePresent),
        (["sub_profile": "\"agent\""], .wrongSubjectProfile), (["sub_profile": "null"], .wrongSubjectProfile),
        (["sub_profile": "\"User\""], .wrongSubjectProfile), (["sub_profile": "[\"user\"]"], .wrongSubjectProfile),
        (["sub_profile": "\"\""], .wrongSubjectProfile),
        (["act": "{\"sub\":\"admin@x.y\"}"], .impersonationNotAllowed), (["act": "null"], .actorInvalid),
        (["act": "\"admin\""], .actorInvalid), (["act": "{}"], .actorInvalid), (["act": "[]"], .actorInvalid),
        (["sub": nil], .subjectMissing), (["sub": "null"], .subjectInvalid), (["sub": "7"], .subjectInvalid),
        (["sub": "[\"user_1\"]"], .subjectInvalid), (["sub": "\"\""], .subjectInvalid),
        (["sub": "\"\(String(repeating: "x", count: 256))\""], .subjectInvalid),
        (["sub": "\"\(String(repeating: "x", count: 7000).prefix(4000))\""], .subjectInvalid),
        (["sub": "\"a b\""], .subjectInvalid), (["sub": "\"a\\u0000\""], .subjectInvalid),
        (["sub": "\"auth0|x\""], .subjectInvalid),
        (["sub": "\"a:b\""], .subjectInvalid), (["sub": "\"a/b\""], .subjectInvalid),
        (["sub": "\"a.b\""], .subjectInvalid),
        (["sub": "\"é\""], .subjectInvalid), (["sub": "\"a\\n\""], .subjectInvalid),
        (["sub": "\"ſ\""], .subjectInvalid),
        (["sid": nil], .sessionMissing), (["sid": "null"], .sessionInvalid), (["sid": "7"], .sessionInvalid),
        (["sid": "\"\""], .sessionInvalid), (["sid": "\"\(String(repeating: "x", count: 256))\""], .sessionInvalid),
        (["sid": "\"a\\u0000b\""], .sessionInvalid), (["sid": "\"a\\n\""], .sessionInvalid),
        (["sid": "\"\\u007F\""], .sessionInvalid),
        (["exp": nil], .expiryMissing), (["iat": nil], .issuedAtMissing),
        (["iat": "\(now + 31)"], .issuedInFuture), (["iat": "\(now + 200)"], .issuedInFuture),
        (["nbf": "\(now + 31)"], .notYetValid), (["nbf": "9007199254740992"], .notYetValid),
        (["iat": "\(now)", "exp": "\(now - 1)"], .expiresBeforeIssued),
        (["iat": "\(now)", "exp": "\(now + 86401)"], .lifetimeTooLong), (["iat": "1"], .lifetimeTooLong),
        (["exp": "9007199254740992"], .lifetimeTooLong),
    ]

    @Test(arguments: refusedClaims)
    func `claims outside the rules are refused`(
        changes: [String: String?],
        cause: BearerTokenRejection.InvalidTokenCause
    ) throws {
        #expect(try rejection(changes) == .refused(cause))
    }

    @Test(arguments: [
        "", "\(issuer)/", "\(issuer.dropLast())", "https://api.workos.com/", "https://API.workos.com",
        "https://api.workos.com.evil.invalid", "api.workos.com", " https://api.workos.com", "http://api.workos.com",
        "https://api.workos.com/user_management/client_other",
    ])
    func `another issuer is refused by its name`(other: String) throws {
        #expect(try rejection(["iss": "\"\(other)\""]) == .wrongIssuer(other))
    }

    @Test func `the issuer of a token with a bad signature is not looked at`() throws {
        var token = try sign(Self.payload(["iss": "\"https://evil.invalid\""]))
        token[token.count - 10] = token[token.count - 10] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        #expect(verify(token) == .failure(.refused(.badSignature)))
    }

    static let badDates = [
        "null", "true", "\"1700000000\"", "[1700000000]", "{}", "1.5", "1700000000.0", "1e3", "17e8", "-1", "0", "-0",
        "9007199254740993", "18446744073709551617", "99999999999999999999", "1e300",
    ]

    @Test(arguments: badDates) func `a date must be an integer literal from 1 to 2^53`(value: String) throws {
        #expect(try rejection(["exp": value]) == .refused(.expiryInvalid))
        #expect(try rejection(["iat": value]) == .refused(.issuedAtInvalid))
        #expect(try rejection(["nbf": value]) == .refused(.notBeforeInvalid))
    }

    @Test func `the dates 1 and 2^53 are accepted`() throws {
        let dates: [String: String?] = ["iat": "1", "exp": "9007199254740992"]
        let eternal = policy { $0.maximumLifetime = .max }
        #expect(try rejection(dates, eternal) == nil)
        #expect(try rejection(["iat": "1", "exp": "1"], now: 30) == nil)
        #expect(try rejection(["iat": "1", "exp": "1"], now: 31) == .expired)
    }

    @Test func `no clock reading makes the arithmetic overflow`() throws {
        #expect(try rejection([:], now: .max) == .expired)
        #expect(try rejection([:], now: .min) == .refused(.issuedInFuture))
        #expect(try rejection([:], now: 0) == .refused(.issuedInFuture))
        let greedy = policy {
            $0.leeway = .max
            $0.maximumLifetime = .min
        }
        #expect(try rejection([:], greedy) == .refused(.lifetimeTooLong))
    }

    static let badPayloads: [(String, BearerTokenRejection.InvalidTokenCause)] = [
        ("[]", .payloadNotObject), ("null", .payloadNotObject), ("\"x\"", .payloadNotObject), ("1", .payloadNotObject),
        ("x", .payloadNotJSON), ("{", .payloadNotJSON), ("\u{FEFF}{}", .payloadNotJSON), ("{} {}", .payloadNotJSON),
        (payload() + "x", .payloadNotJSON), (payload().dropLast() + ",\"sub\":\"user_2\"}", .payloadNotJSON),
        (payload().dropLast() + ",\"\\u0073ub\":\"user_2\"}", .payloadNotJSON),
        (payload().dropLast() + ",\"exp\":\(now + 1)}", .payloadNotJSON),
        (payload().dropLast() + ",}", .payloadNotJSON),
        (payload(["x": "\"\\ud800\""]), .payloadNotJSON), (payload(["x": "1e400"]), .payloadNotJSON),
        (payload(["x": String(repeating: "[", count: 600) + String(repeating: "]", count: 600)]), .payloadNotJSON),
        (payload(["exp": "1e400"]), .payloadNotJSON), (payload(["exp": "NaN"]), .payloadNotJSON),
    ]

    @Test(arguments: badPayloads)
    func `a payload that is not a strict JSON object is refused`(
        payload: String,
        cause: BearerTokenRejection.InvalidTokenCause
    ) throws {
        let result = verify(try sign(payload))
        #expect(result == .failure(.refused(cause)))
    }

    // MARK: - Audience

    @Test(
        arguments: [
            ("\"mine\"", nil), ("\"also\"", nil), ("[\"x\",\"mine\"]", nil), ("[\"mine\"]", nil),
            (nil, .audienceMissing), ("\"x\"", .wrongAudience), ("[\"x\",\"y\"]", .wrongAudience),
            ("\"min\"", .wrongAudience),
            ("\"mine \"", .wrongAudience), ("\"mine also\"", .wrongAudience), ("[]", .audienceInvalid),
            ("[\"mine\",7]", .audienceInvalid), ("null", .audienceInvalid),
        ] as [(String?, BearerTokenRejection.InvalidTokenCause?)]
    )
    func `a token must contain a configured audience`(
        aud: String?,
        cause: BearerTokenRejection.InvalidTokenCause?
    ) throws {
        let configured = policy { $0.audiences = ["mine", "also"] }
        #expect(try rejection(["aud": aud], configured) == cause.map { .refused($0) })
    }

    // MARK: - Impersonation

    @Test func `an impersonator is returned where impersonation is allowed`() throws {
        let open = policy { $0.allowsImpersonation = true }
        let claims = try verify(sign(Self.payload(["act": #"{"sub":"admin@example.com"}"#])), open).get()
        #expect(claims.impersonator == "admin@example.com")
        #expect(try verify(sign(Self.payload()), open).get().impersonator == nil)
        let longest = String(repeating: "x", count: 255)
        #expect(try verify(sign(Self.payload(["act": #"{"sub":"\#(longest)"}"#])), open).get().impersonator == longest)
        for act in [
            "null", "{}", "[]", "true", "\"admin\"", #"{"sub":7}"#, #"{"sub":null}"#, #"{"sub":""}"#,
            #"{"sub":["a"]}"#, #"{"sub":"\#(longest)x"}"#, #"{"sub":"a\u0000"}"#, #"{"Sub":"a"}"#, #"[{"sub":"a"}]"#,
        ] {
            #expect(try rejection(["act": act], open) == .refused(.actorInvalid), "\(act)")
        }
    }

    // MARK: - Development

    @Test func `development keys are valid for the development issuer only`() throws {
        let development: [String: String?] = ["iss": "\"https://connvo.invalid/development\""]
        let open = policy { $0.developmentIssuer = DevelopmentToken.issuer }
        #expect(try rejection(development, open, kid: "development-1") == nil)
        #expect(try rejection(development, kid: "development-1") == .refused(.developmentNotAllowed))
        #expect(try rejection(development, open, kid: "k1") == .refused(.developmentIssuerMisused))
        #expect(try rejection(development, kid: "k1") == .refused(.developmentIssuerMisused))
        #expect(try rejection([:], open, kid: "development-1") == .refused(.developmentKeyMisused))
        #expect(try rejection([:], kid: "development-1") == .refused(.developmentKeyMisused))
        #expect(try rejection([:], open) == nil)
        let confused = policy { $0.issuers.append(DevelopmentToken.issuer) }
        #expect(try rejection(development, confused, kid: "k1") == .refused(.developmentIssuerMisused))
        #expect(try rejection(development, confused, kid: "development-1") == .refused(.developmentNotAllowed))
        let other = policy { $0.developmentIssuer = Self.issuer }
        #expect(try rejection([:], other, kid: "development-1") == .refused(.developmentKeyMisused))
        #expect(try rejection(development, other, kid: "development-1") == .refused(.developmentNotAllowed))
    }

    // MARK: - Time

    @Test(arguments: [(0, 0), (30, 30), (60, 60), (61, 60), (-1, 0), (.max, 60), (.min, 0)] as [(Int64, Int64)])
    func `the leeway is exact to the second, and at most a minute`(configured: Int64, effective: Int64) throws {
        let policy = policy { $0.leeway = configured }
        let exp = Self.now + 240
        #expect(try rejection([:], policy, now: exp - 1) == nil)
        #expect(try rejection([:], policy, now: exp + effective - 1) == nil)
        #expect(try rejection([:], policy, now: exp + effective) == .expired)
        let iat = Self.now - 60
        #expect(try rejection([:], policy, now: iat - effective) == nil)
        #expect(try rejection([:], policy, now: iat - effective - 1) == .refused(.issuedInFuture))
        #expect(try rejection(["iat": "1000", "nbf": "5000", "exp": "6000"], policy, now: 5000 - effective) == nil)
        #expect(
            try rejection(["iat": "1000", "nbf": "5000", "exp": "6000"], policy, now: 5000 - effective - 1)
                == .refused(.notYetValid)
        )
    }

    // MARK: - The order of outcomes

    @Test func `expiry is checked last`() throws {
        let late = Self.now + 100_000
        #expect(try rejection([:], now: late) == .expired)
        for (changes, cause) in Self.refusedClaims where cause != .issuedInFuture && cause != .notYetValid {
            let changes = changes["exp"] == nil ? changes.merging(["exp": "\(Self.now)"]) { one, _ in one } : changes
            let result = try rejection(changes, now: late)
            #expect(result != .expired && result != nil, "\(changes)")
        }
        let configured = policy { $0.audiences = ["mine"] }
        #expect(try rejection(["aud": "\"x\""], configured, now: late) == .refused(.wrongAudience))
        var changed = try sign(Self.payload())
        changed[changed.count - 1] =
            changed[changed.count - 1] == UInt8(ascii: "A") ? UInt8(ascii: "Q") : UInt8(ascii: "A")
        #expect(verify(changed, now: late) == .failure(.refused(.badSignature)))
    }

    @Test func `structure, keys, kid, signature and payload are checked in this order`() throws {
        let none = JWKSet()
        let unsigned = Array("\(segment(#"{"alg":"none","kid":"zz"}"#)).\(segment("x")).AA".utf8)
        #expect(verify(unsigned, keys: none) == .failure(.malformed(.algorithmNotAllowed)))
        #expect(verify(unsigned, lastFetchFailed: true) == .failure(.malformed(.algorithmNotAllowed)))
        #expect(verify([], keys: none) == .failure(.malformed(.empty)))

        let unknown = Array("\(segment(#"{"alg":"RS256","kid":"zz"}"#)).\(segment("x")).AA".utf8)
        #expect(verify(unknown, keys: none) == .failure(.keysUnavailable(.noUsableKey)))
        #expect(verify(unknown, keys: none, lastFetchFailed: true) == .failure(.keysUnavailable(.noUsableKey)))
        #expect(verify(unknown, lastFetchFailed: true) == .failure(.keysUnavailable(.unknownKeyAfterFailedFetch)))
        #expect(verify(unknown) == .failure(.refused(.unknownKey)))

        let known = Array("\(segment(#"{"alg":"RS256","kid":"k1"}"#)).\(segment("x")).AA".utf8)
        #expect(verify(known, keys: none) == .failure(.keysUnavailable(.noUsableKey)))
        #expect(verify(known, lastFetchFailed: true) == .failure(.refused(.badSignature)))
        #expect(verify(try sign("x")) == .failure(.refused(.payloadNotJSON)))
        #expect(verify(try sign(Self.payload()), lastFetchFailed: true).map(\.subject) == .success("user_01H"))
    }

    @Test func `a key that left the set stops verifying`() throws {
        let token = try sign(Self.payload())
        let rotated = try Self.set([("k2", Keys.other.get().publicKey)])
        #expect(verify(token, keys: rotated) == .failure(.refused(.unknownKey)))
        let replaced = try Self.set([("k1", Keys.other.get().publicKey)])
        #expect(verify(token, keys: replaced) == .failure(.refused(.badSignature)))
    }

    // MARK: - Attacks on the signature

    @Test func `a changed token is refused at every byte`() throws {
        let token = try sign(Self.payload())
        for index in token.indices {
            var changed = token
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            guard case .failure(let rejection) = verify(changed) else {
                Issue.record("byte \(index) can be changed without a rejection")
                continue
            }
            #expect(rejection != .expired)
        }
    }

    @Test func `a token by another key or with another kid is refused`() throws {
        let other = try token(header: #"{"alg":"RS256","kid":"k1"}"#, payload: Self.payload(), key: Keys.other.get())
        #expect(verify(other) == .failure(.refused(.badSignature)))
        #expect(verify(try sign(Self.payload(), kid: "k2")) == .failure(.refused(.badSignature)))
        let large = try token(header: #"{"alg":"RS256","kid":"k1"}"#, payload: Self.payload(), key: Keys.large.get())
        #expect(verify(large) == .failure(.refused(.badSignature)))
    }

    @Test func `parts of two valid tokens do not form a valid token`() throws {
        let one = try sign(Self.payload()).split(separator: UInt8(ascii: "."))
        let two = try sign(Self.payload(["sub": "\"user_2\""])).split(separator: UInt8(ascii: "."))
        let mixed = Array([one[0], two[1], one[2]].joined(separator: [UInt8(ascii: ".")]))
        #expect(verify(mixed) == .failure(.refused(.badSignature)))
    }

    @Test func `an embedded key is not used`() throws {
        let attacker = try Keys.other.get()
        let n = String(decoding: Base64URL.encode(attacker.publicKey.modulus), as: UTF8.self)
        let header = """
            {"alg":"RS256","kid":"k1","jwk":{"kty":"RSA","kid":"k1","n":"\(n)","e":"AQAB"},\
            "jku":"https://evil.invalid/jwks","x5u":"https://evil.invalid/x5u","x5c":["AA"]}
            """
        #expect(
            verify(try token(header: header, payload: Self.payload(), key: attacker))
                == .failure(.refused(.badSignature))
        )
        #expect(try verify(token(header: header, payload: Self.payload(), key: key)).get().subject == "user_01H")
    }

    @Test func `HS256 with a public value as its secret is refused`() throws {
        let secrets = try PublicForms.of(key)
        #expect(secrets.count == 8)
        for secret in secrets {
            for algorithm in ["HS256", "hs256", "HS384", "HS512"] {
                let input = Array("\(segment(#"{"alg":"\#(algorithm)","kid":"k1"}"#)).\(segment(Self.payload()))".utf8)
                let token = input + [UInt8(ascii: ".")] + Base64URL.encode(HMACSHA256(key: secret).authenticate(input))
                #expect(verify(token) == .failure(.malformed(.algorithmNotAllowed)))
            }
            // The same HMAC under a header with RS256 is too short for a signature.
            let input = Array("\(segment(#"{"alg":"RS256","kid":"k1"}"#)).\(segment(Self.payload()))".utf8)
            let token = input + [UInt8(ascii: ".")] + Base64URL.encode(HMACSHA256(key: secret).authenticate(input))
            #expect(verify(token) == .failure(.refused(.badSignature)))
        }
    }

    @Test(arguments: ["none", "None", "NONE", "nOnE", "none ", " none", "", "nul\\u006c", "\\u006eone"])
    func `an unsigned token is refused`(algorithm: String) throws {
        let input = "\(segment(#"{"alg":"\#(algorithm)","kid":"k1"}"#)).\(segment(Self.payload()))"
        #expect(verify(Array("\(input).".utf8)) == .failure(.malformed(.emptySegment)))
        #expect(verify(Array("\(input)".utf8)) == .failure(.malformed(.notThreeSegments)))
        #expect(verify(Array("\(input).AA".utf8)) == .failure(.malformed(.algorithmNotAllowed)))
        let signed = Array("\(input).".utf8) + Base64URL.encode(try key.sign(Array(input.utf8)))
        #expect(verify(signed) == .failure(.malformed(.algorithmNotAllowed)))
    }

    @Test func `an empty or zero signature under an RS256 header is refused`() throws {
        let input = "\(segment(#"{"alg":"RS256","kid":"k1"}"#)).\(segment(Self.payload()))"
        for signature in [
            [0], [UInt8](repeating: 0, count: 256), [UInt8](repeating: 0xFF, count: 256), key.publicKey.modulus,
        ] {
            let token = Array("\(input).".utf8) + Base64URL.encode(signature)
            #expect(verify(token) == .failure(.refused(.badSignature)))
        }
    }

    @Test func `every cause has its own slug in snake case`() {
        var slugs = CompactJWSError.allCases.map { BearerTokenRejection.malformed($0).slug }
        slugs += BearerTokenRejection.MissingKeys.allCases.map { BearerTokenRejection.keysUnavailable($0).slug }
        slugs += BearerTokenRejection.InvalidTokenCause.allCases.map { BearerTokenRejection.refused($0).slug }
        slugs.append(BearerTokenRejection.expired.slug)
        #expect(Set(slugs).count == slugs.count)
        #expect(slugs.allSatisfy { $0.allSatisfy { $0 == "_" || $0.isNumber || ($0.isASCII && $0.isLowercase) } })
    }
}
