import JOSE
import Testing

/// docs/errors.md, rows 3 and 4, for a key set in a file: whether the server or the caller is at fault when a token
/// cannot be verified. Each test changes the file, so each has its own server.
@Suite struct KeySetFileTests {
    private static func set(_ keys: [(kid: String, key: RSAPrivateKey)]) throws -> [UInt8] {
        try JWKSet.encode(keys.map { (kid: $0.kid, key: $0.key.publicKey) })
    }

    private static func unknownKey() throws -> String {
        try Tokens.forge(header: #"{"alg":"RS256","kid":"development-unknown"}"#)
    }

    private func expectUnavailable(_ answer: ReceivedResponse) throws {
        #expect(answer.status == 503)
        #expect(answer["retry-after"].flatMap { Int($0) }.map { $0 > 0 } == true)
        #expect(answer["www-authenticate"] == nil)
        let body = try answer.decode(FailureBody.self)
        #expect(body.code == "SERVICE_UNAVAILABLE")
        #expect(body.errorData.statusCode == 503)
    }

    @Test func `a key removed from the set stops working, also for tokens accepted before`() async throws {
        try await ServerFixture.with { fixture in
            let token = try Tokens.bearer(SeedData.host)
            for _ in 0..<2 { #expect(try await fixture.send(.call(token)).status == 200) }
            let other = try Self.set([(kid: "development-next", key: Tokens.otherKey.get())])
            try fixture.server.folder.write(other, to: RunningServer.keySetFile)
            try await eventually { try await fixture.send(.call(token)).status != 200 }
            let refused = try await fixture.send(.call(token))
            #expect(refused.status == 401)
            #expect(try refused.decode(FailureBody.self).code == "INVALID_TOKEN")
            let next = try Tokens.forge(
                header: #"{"alg":"RS256","kid":"development-next"}"#,
                key: Tokens.otherKey.get()
            )
            #expect(try await fixture.send(.call(next)).status == 200)
        }
    }

    @Test func `without the file the set stays in use, and an unknown key is not the caller's fault`() async throws {
        try await ServerFixture.with { fixture in
            let token = try Tokens.bearer(SeedData.host)
            let unknown = try Self.unknownKey()
            let healthy = try await fixture.send(.call(unknown))
            #expect(healthy.status == 401)
            #expect(try healthy.decode(FailureBody.self).code == "INVALID_TOKEN")

            try fixture.server.folder.remove(RunningServer.keySetFile)
            try await eventually { try await fixture.send(.call(unknown)).status == 503 }
            try await expectUnavailable(fixture.send(.call(unknown)))
            #expect(try await fixture.send(.call(token)).status == 200)
            #expect(try await fixture.send(.call(Tokens.bearer("user_cohost"))).status == 200)
            #expect(try await fixture.send(WireRequest("GET", "/readyz")).status == 200)

            // An empty set, a set with a private key, and text that is not JSON: the last valid set stays in use.
            for contents in [
                #"{"keys":[]}"#, #"{"keys":[{"kty":"RSA","kid":"x","n":"AQAB","e":"AQAB","d":"AQAB"}]}"#, "x",
            ] {
                try fixture.server.folder.write(Array(contents.utf8), to: RunningServer.keySetFile)
                try await Task.sleep(for: .seconds(3))
                #expect(try await fixture.send(.call(token)).status == 200)
                try await expectUnavailable(fixture.send(.call(unknown)))
            }

            try fixture.server.folder.write(Tokens.keySet(), to: RunningServer.keySetFile)
            try await eventually { try await fixture.send(.call(unknown)).status == 401 }
            #expect(try await fixture.send(.call(token)).status == 200)
        }
    }

    @Test func `without a usable key every token is 503, and the server is not ready until there is one`() async throws
    {
        try await ServerFixture.with(["WORKOS_JWKS_URL": "file:///nonexistent/jwks.json"], waitsForReadiness: false) {
            fixture in
            try await expectUnavailable(fixture.send(.call(Tokens.bearer(SeedData.host))))
            try await expectUnavailable(fixture.send(.call(Self.unknownKey())))
            // Rows 1 and 2 are checked first.
            #expect(try await fixture.send(.call(nil)).status == 401)
            #expect(try await fixture.send(.call("not.a.token")).status == 401)
            #expect(try await fixture.send(WireRequest("GET", "/readyz")).status == 503)
            #expect(try await fixture.send(WireRequest("GET", "/livez")).status == 200)
        }
    }

    @Test func `a set that is written later makes the server ready`() async throws {
        try await ServerFixture.with(startsWithKeySet: false, waitsForReadiness: false) { fixture in
            #expect(try await fixture.send(WireRequest("GET", "/readyz")).status == 503)
            try fixture.server.folder.write(Tokens.keySet(), to: RunningServer.keySetFile)
            try await fixture.server.waitUntilReady()
            #expect(try await fixture.call().status == 200)
        }
    }
}
