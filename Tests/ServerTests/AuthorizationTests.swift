import JOSE
import Testing

/// The `Authorization` header and the bearer token in HTTP requests.
@Suite(.serverFixture()) struct AuthorizationTests {
    private func answer(_ values: [String]) async throws -> ReceivedResponse {
        let request = values.reduce(WireRequest.call(nil)) { $0.adding("Authorization", $1) }
        return try await ServerFixture.current.sendAndGoOn(request)
    }

    @Test(arguments: ["Bearer ", "bearer ", "BEARER ", "bEaReR ", "Bearer  ", "Bearer      "])
    func `the scheme is case-insensitive, and spaces may follow`(scheme: String) async throws {
        let answer = try await answer([scheme + Tokens.bearer(SeedData.host)])
        #expect(answer.status == 200)
    }

    @Test(arguments: ["", " ", "\t"])
    func `an empty value counts as no credentials`(value: String) async throws {
        let answer = try await answer([value])
        #expect(answer.status == 401)
        #expect(answer["www-authenticate"] == #"Bearer realm="connvo""#)
        #expect(try answer.decode(FailureBody.self).code == "UNAUTHORIZED")
    }

    @Test(arguments: [
        "Bearer\tTOKEN", "Bearer \tTOKEN", "Basic dXNlcjpwYXNz", "Basic TOKEN", "TOKEN", "BearerTOKEN", "Bearer:TOKEN",
        "Bearer TOKEN TOKEN", "Bearer TOKEN,", "Bearer TOKEN, Bearer TOKEN", "Bearer \"TOKEN\"", "Bearer TOKEN=",
        "Bearer TOKEN.", "Bearer .TOKEN", "Bearer é", "Bearer x", "Bearer ..", "Bearer a.b.c", "Bearer a.b.c.d.e",
        "Bearer null", "Bearer undefined", "DPoP TOKEN", "Token TOKEN",
    ])
    func `any other form is an invalid token`(template: String) async throws {
        let value = template.replacing("TOKEN", with: try Tokens.bearer(SeedData.host))
        let answer = try await answer([value])
        #expect(answer.status == 401)
        #expect(answer["www-authenticate"]?.contains(#"error="invalid_token""#) == true)
        #expect(try answer.decode(FailureBody.self).code == "INVALID_TOKEN")
    }

    @Test func `two headers are an invalid token, even when both are good or one is empty`() async throws {
        let good = "Bearer " + (try Tokens.bearer(SeedData.host))
        for pair in [[good, good], [good, ""], ["", good], [good, "Basic x"]] {
            let answer = try await answer(pair)
            #expect(answer.status == 401)
            #expect(try answer.decode(FailureBody.self).code == "INVALID_TOKEN")
        }
    }

    @Test func `a token may have 8 KiB and no more`() async throws {
        let longest = try #require(try Tokens.bearer(SeedData.host, byteCount: 8192))
        #expect(try await answer(["Bearer " + longest]).status == 200)
        let longer = try #require(try Tokens.bearer(SeedData.host, byteCount: 8193))
        let refused = try await answer(["Bearer " + longer])
        #expect(refused.status == 401)
        #expect(try refused.decode(FailureBody.self).code == "INVALID_TOKEN")
        let endless = try await answer(["Bearer " + String(repeating: "x", count: 17_000)])
        #expect(endless.status == 431)
    }

    // MARK: Tokens

    static let headers = [
        #"{"alg":"none","kid":"KID"}"#, #"{"alg":"HS256","kid":"KID"}"#, #"{"alg":"RS384","kid":"KID"}"#,
        #"{"alg":"PS256","kid":"KID"}"#, #"{"alg":"rs256","kid":"KID"}"#, #"{"kid":"KID"}"#, #"{"alg":"RS256"}"#,
        #"{"alg":"RS256","kid":7}"#, #"{"alg":"RS256","kid":""}"#, #"{"alg":"RS256","kid":"development-other"}"#,
        #"{"alg":"RS256","kid":"../../etc/passwd"}"#, #"{"alg":"RS256","kid":"' OR 1=1"}"#,
        #"{"alg":"RS256","kid":"KID","crit":["x"]}"#, #"{"alg":"RS256","kid":"KID","crit":[]}"#,
        #"{"alg":"RS256","kid":"KID","b64":false}"#, #"{"alg":"RS256","kid":"KID","zip":"DEF"}"#,
        #"{"alg":"RS256","kid":"KID","enc":"A128GCM"}"#, #"{"alg":"RS256","alg":"RS256","kid":"KID"}"#,
        #"{"alg":"RS256","\u0061lg":"RS256","kid":"KID"}"#, #"["RS256"]"#, "x", "",
    ]

    @Test(arguments: headers) func `a token with another header is refused`(header: String) async throws {
        let token = try Tokens.forge(header: header.replacing("KID", with: Tokens.keyID()))
        let answer = try await answer(["Bearer \(token)"])
        #expect(answer.status == 401)
        #expect(try answer.decode(FailureBody.self).code == "INVALID_TOKEN")
    }

    @Test(arguments: ["jwk", "jku", "x5u", "x5c", "unknown"])
    func `an unknown header member is ignored`(name: String) async throws {
        let token = try Tokens.forge(header: #"{"alg":"RS256","kid":"\#(Tokens.keyID())","\#(name)":"https://x.test"}"#)
        #expect(try await answer(["Bearer \(token)"]).status == 200)
    }

    static let claims: [([String: String?], String)] = [
        (["iss": nil], "INVALID_TOKEN"), (["iss": "\"https://api.workos.com\""], "INVALID_TOKEN"),
        (["iss": "\"https://connvo.invalid/development/\""], "INVALID_TOKEN"), (["iss": "null"], "INVALID_TOKEN"),
        (["iss": "[\"https://connvo.invalid/development\"]"], "INVALID_TOKEN"),
        (["sub": nil], "INVALID_TOKEN"), (["sub": "\"\""], "INVALID_TOKEN"), (["sub": "7"], "INVALID_TOKEN"),
        (["sub": "null"], "INVALID_TOKEN"), (["sub": "\"a b\""], "INVALID_TOKEN"),
        (["sub": "\"a\\u0000\""], "INVALID_TOKEN"),
        (["sub": "\"x'; DROP TABLE users\""], "INVALID_TOKEN"), (["sid": nil], "INVALID_TOKEN"),
        (["sid": "7"], "INVALID_TOKEN"), (["exp": nil], "INVALID_TOKEN"), (["exp": "\"9999999999\""], "INVALID_TOKEN"),
        (["exp": "null"], "INVALID_TOKEN"), (["exp": "4102444800.0"], "INVALID_TOKEN"),
        (["exp": "1e12"], "INVALID_TOKEN"),
        (["exp": "1e400"], "INVALID_TOKEN"), (["exp": "-1"], "INVALID_TOKEN"), (["exp": "0"], "INVALID_TOKEN"),
        (["exp": "4102444800"], "INVALID_TOKEN"), (["iat": nil], "INVALID_TOKEN"), (["iat": "true"], "INVALID_TOKEN"),
        (["iat": "4102444800", "exp": "4102444900"], "INVALID_TOKEN"), (["nbf": "4102444800"], "INVALID_TOKEN"),
        (["nbf": "null"], "INVALID_TOKEN"), (["aud": "null"], "INVALID_TOKEN"), (["aud": "[]"], "INVALID_TOKEN"),
        (["aud": "7"], "INVALID_TOKEN"), (["sub_type": "\"widget\""], "INVALID_TOKEN"),
        (["sub_profile": "\"agent\""], "INVALID_TOKEN"), (["act": #"{"sub":"admin"}"#], "INVALID_TOKEN"),
        (["act": "null"], "INVALID_TOKEN"),
        // Expiry is reported only when nothing else is wrong.
        (["iat": "1700000000", "exp": "1700003600"], "SESSION_EXPIRED"),
        (["iat": "1700000000", "exp": "1700003600", "sub_type": "\"agent\""], "INVALID_TOKEN"),
        (["iat": "1700000000", "exp": "1700003600", "iss": "\"x\""], "INVALID_TOKEN"),
        (["iat": "1700003600", "exp": "1700000000"], "INVALID_TOKEN"),
    ]

    @Test(arguments: claims) func `a token with other claims is refused`(
        changes: [String: String?],
        code: String
    ) async throws {
        let token = try Tokens.forge(payload: Tokens.claims(SeedData.host, changes))
        let answer = try await answer(["Bearer \(token)"])
        #expect(answer.status == 401, "\(changes)")
        #expect(try answer.decode(FailureBody.self).code == code, "\(changes)")
    }

    @Test(arguments: [
        ["sub_profile": "\"user\""], ["aud": "\"anything\""], ["aud": "[\"a\",\"b\"]"], ["org_id": "null"],
        ["nbf": "1"],
        ["jti": "7"], ["permissions": "[]"],
    ])
    func `valid claims and ignored claims are accepted`(changes: [String: String]) async throws {
        let token = try Tokens.forge(payload: Tokens.claims(SeedData.host, changes))
        #expect(try await answer(["Bearer \(token)"]).status == 200)
    }

    @Test func `the leeway is 30 seconds`() async throws {
        let now = Tokens.now
        // Far enough from the limits for a slow machine. JOSETests test the exact second.
        let late = try Tokens.forge(
            payload: Tokens.claims(SeedData.host, ["iat": "\(now - 3600)", "exp": "\(now - 5)"])
        )
        #expect(try await answer(["Bearer \(late)"]).status == 200)
        let tooLate = try Tokens.forge(
            payload: Tokens.claims(SeedData.host, ["iat": "\(now - 3600)", "exp": "\(now - 31)"])
        )
        #expect(try await answer(["Bearer \(tooLate)"]).status == 401)
    }

    @Test func `another key's signature, a truncated one and a changed payload are refused`() async throws {
        let other = try Tokens.forge(key: Tokens.otherKey.get())
        let good = try Tokens.bearer(SeedData.host)
        let parts = good.split(separator: ".").map(String.init)
        let foreign = try Tokens.bearer("user_cohost").split(separator: ".").map(String.init)
        for token in [
            other, String(good.dropLast()), "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1]).AAAA",
            "\(parts[0]).\(foreign[1]).\(parts[2])", good + "A", "\(parts[1]).\(parts[1]).\(parts[2])",
        ] {
            // Sent twice, because the first refusal must not put the token into the cache.
            for _ in 0..<2 {
                let answer = try await answer(["Bearer \(token)"])
                #expect(answer.status == 401)
                #expect(try answer.decode(FailureBody.self).code == "INVALID_TOKEN")
            }
        }
    }
}

/// A server with settings for production tokens: issuers, audiences, impersonation.
@Suite(
    .serverFixture([
        "ALLOW_DEVELOPMENT_TOKENS": "", "WORKOS_CLIENT_ID": "client_123", "WORKOS_AUDIENCES": "mine,also",
        "ALLOW_IMPERSONATION": "true",
    ])
)
struct WorkOSTests {
    private func answer(_ changes: [String: String?]) async throws -> ReceivedResponse {
        let fixture = try ServerFixture.current
        let claims = Tokens.claims(
            SeedData.host,
            ["iss": "\"https://api.workos.com\"", "aud": "\"mine\""].merging(changes) { $1 }
        )
        let token = try Tokens.forge(header: #"{"alg":"RS256","kid":"\#(WorkOSTests.keyID)"}"#, payload: claims)
        return try await fixture.send(.call(token).adding("X-Request-Id", ServerFixture.makeRequestID()))
    }

    static let keyID = "sso_oidc_key_pair_01"

    /// Makes the key set of this suite the current one, once.
    private func prepare() async throws {
        let fixture = try ServerFixture.current
        let set = try JWKSet.encode([
            (kid: Self.keyID, key: Tokens.key.get().publicKey),
            (kid: Tokens.keyID(), key: Tokens.otherKey.get().publicKey),
        ])
        try fixture.server.folder.write(set, to: RunningServer.keySetFile)
        try await eventually { try await answer([:]).status == 200 }
    }

    @Test func `the client id sets five issuers, and no other is accepted`() async throws {
        try await prepare()
        for issuer in [
            "https://api.workos.com", "https://api.workos.com/", "https://api.workos.com/user_management/client_123",
            "https://api.workos.com/convex/client_123", "https://api.workos.com/sso/client_123",
        ] {
            #expect(try await answer(["iss": "\"\(issuer)\""]).status == 200, "\(issuer)")
        }
        for issuer in [
            "https://api.workos.com/user_management/client_12", "https://api.workos.com/user_management/client_1234",
            "https://api.workos.com/convex/client_12", "https://api.workos.com/other/client_123",
            "https://api.workos.com//", "http://api.workos.com", "HTTPS://api.workos.com",
            "https://api.workos.com.evil.test",
            "https://connvo.invalid/development",
        ] {
            #expect(try await answer(["iss": "\"\(issuer)\""]).status == 401, "\(issuer)")
            // The development issuer has a cause of its own.
            guard !issuer.hasSuffix("/development") else { continue }
            try await eventually { try ServerFixture.current.server.log.contains(#""issuer":"\#(issuer)""#) }
        }
        #expect(try await answer(["iss": nil]).status == 401)
    }

    @Test func `a development token is refused`() async throws {
        try await prepare()
        let fixture = try ServerFixture.current
        let token = try Tokens.forge(
            payload: Tokens.claims(SeedData.host, ["aud": "\"mine\""]),
            key: Tokens.otherKey.get()
        )
        #expect(try await fixture.send(.call(token)).status == 401)
    }

    @Test func `a token must contain a configured audience`() async throws {
        try await prepare()
        for good in ["\"mine\"", "\"also\"", "[\"x\",\"also\"]"] {
            #expect(try await answer(["aud": good]).status == 200)
        }
        for bad in [nil, "\"other\"", "[]", "null", "\"min\"", "[\"x\"]"] {
            #expect(try await answer(["aud": bad]).status == 401)
        }
    }

    @Test func `the impersonator is recorded`() async throws {
        try await prepare()
        let fixture = try ServerFixture.current
        let answer = try await answer(["act": #"{"sub":"admin@connvo.test"}"#])
        try #require(answer.status == 200)
        let id = try #require(answer["x-request-id"])
        let impersonator = try await fixture.scalar(
            "SELECT impersonator FROM connvo.issued_tokens WHERE request_id = '\(id)'"
        )
        #expect(impersonator == "admin@connvo.test")
    }
}
