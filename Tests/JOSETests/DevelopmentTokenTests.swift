import JOSE
import Testing
import Text

@Suite struct DevelopmentTokenTests {
    private let now: Int64 = 1_700_000_000

    @Test func `the verifier accepts development tokens where its policy allows them`() throws {
        let key = try Keys.main.get()
        let issuer = try BearerTokenIssuer(key: key)
        #expect(issuer.keyID.hasPrefix("development-"))
        #expect(issuer.keyID == DevelopmentToken.keyID(for: key.publicKey))
        let token = try issuer.issue(
            subject: "user_01H",
            sessionID: "session_1",
            issuedAt: now,
            expiresAt: now + 3600,
            tokenID: "t-1"
        )
        let keys = try JWKSet(parsing: JWKSet.encode([(issuer.keyID, key.publicKey)]))
        let policy = BearerTokenVerifier.Policy(issuers: [], developmentIssuer: DevelopmentToken.issuer)
        let claims = try BearerTokenVerifier(policy: policy).verify(token, keys: keys, lastFetchFailed: false, now: now)
        #expect(
            claims
                == BearerClaims(
                    subject: "user_01H",
                    sessionID: "session_1",
                    expiresAt: now + 3600,
                    impersonator: nil
                )
        )
        #expect(throws: BearerTokenRejection.refused(.developmentNotAllowed)) {
            try BearerTokenVerifier(policy: .init(issuers: [DevelopmentToken.issuer]))
                .verify(token, keys: keys, lastFetchFailed: false, now: now)
        }
    }

    @Test func `the payload is written in a fixed order`() throws {
        let issuer = try BearerTokenIssuer(key: Keys.main.get(), keyID: "development-x")
        let token = try issuer.issue(subject: "u", sessionID: "s", issuedAt: 1, expiresAt: 2)
        let jws = try CompactJWS(parsing: token)
        #expect(jws.keyID == "development-x")
        #expect(
            jws.payload
                == Array(#"{"iss":"https://connvo.invalid/development","sub":"u","sid":"s","iat":1,"exp":2}"#.utf8)
        )
    }

    @Test func `the key id is the start of the RFC 7638 thumbprint`() throws {
        // The key and its thumbprint are those of RFC 7638 §3.1.
        let n = """
            0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi\
            FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnY\
            b9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0\
            Ls1jF44-csFCur-kEgU8awapJzKnqDKgw
            """
        let modulus = try #require(Base64URL.decode(Array(n.utf8)))
        let thumbprint = try #require(Base64URL.decode(Array("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs".utf8)))
        let key = try RSAPublicKey(modulus: modulus, exponent: [1, 0, 1])
        #expect(DevelopmentToken.keyID(for: key) == "development-" + Hexadecimal.encode(thumbprint.prefix(8)))
    }

    @Test func `a kid without the development prefix is refused`() throws {
        let key = try Keys.main.get()
        for keyID in [
            "", "k1", "Development-1", "xdevelopment-1", "development-a b", "development-\"",
            "development-" + String(repeating: "x", count: 245),
        ] {
            #expect(throws: BearerTokenIssuer.ParameterError.invalid("kid")) {
                try BearerTokenIssuer(key: key, keyID: keyID)
            }
        }
    }

    @Test func `claims that would need escaping are refused`() throws {
        let issuer = try BearerTokenIssuer(key: Keys.main.get())
        func issue(
            _ sub: String = "u",
            _ sid: String = "s",
            _ iat: Int64 = 1,
            _ exp: Int64 = 2,
            _ jti: String? = nil
        ) -> String? {
            do throws(BearerTokenIssuer.ParameterError) {
                _ = try issuer.issue(subject: sub, sessionID: sid, issuedAt: iat, expiresAt: exp, tokenID: jti)
                return nil
            } catch {
                if case .invalid(let name) = error { return name }
                return "\(error)"
            }
        }
        #expect(issue() == nil)
        for bad in ["", "a\"", "a\\", "é", "a b", String(repeating: "x", count: 256)] {
            #expect(issue(bad) == "sub")
            #expect(issue("u", bad) == "sid")
            #expect(issue("u", "s", 1, 2, bad) == "jti")
        }
        #expect(issue("u", "s", 0, 2) == "iat")
        #expect(issue("u", "s", 2, 2) == "exp")
        #expect(issue("u", "s", 1, .max) == "exp")
    }
}
