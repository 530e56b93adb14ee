import Testing

@testable import JOSE

@Suite struct JudgedHeadersTests {
    private func segment(_ number: Int) -> ArraySlice<UInt8> { Array("header-\(number)".utf8)[...] }

    @Test func `only the same bytes are known`() {
        let headers = JudgedHeaders()
        #expect(headers.keyID(of: segment(1)) == nil)
        #expect(headers.keyID(of: []) == nil)
        headers.remember(segment(1), keyID: "k1")
        headers.remember(segment(2), keyID: "k2")
        #expect(headers.keyID(of: segment(1)) == "k1")
        #expect(headers.keyID(of: segment(2)) == "k2")
        #expect(headers.keyID(of: segment(3)) == nil)
        #expect(headers.keyID(of: segment(1).dropLast()) == nil)
        #expect(headers.keyID(of: segment(1) + [0x41]) == nil)
        #expect(headers.keyID(of: (Array("xx".utf8) + segment(1)).dropFirst(2)) == "k1")
    }

    @Test func `four are remembered, each once`() {
        let headers = JudgedHeaders()
        for number in [1, 2, 3, 4, 4, 4] { headers.remember(segment(number), keyID: "k\(number)") }
        #expect((1...4).allSatisfy { headers.keyID(of: segment($0)) == "k\($0)" })
        headers.remember(segment(5), keyID: "k5")
        #expect((1...5).map { headers.keyID(of: segment($0)) } == [nil, "k2", "k3", "k4", "k5"])
    }

    @Test func `a header is known after a token with it was accepted, and only then`() throws {
        let key = try Keys.main.get()
        let other = try Keys.other.get()
        let keys = try JWKSet(parsing: JWKSet.encode([("k1", key.publicKey), ("k2", other.publicKey)]))
        let now = BearerTokenVerifierTests.now
        let verifier = BearerTokenVerifier(policy: .init(issuers: [BearerTokenVerifierTests.issuer]))
        func verify(_ kid: String, _ payload: String, _ key: RSAPrivateKey) throws -> BearerTokenRejection? {
            let signed = try token(header: #"{"alg":"RS256","kid":"\#(kid)"}"#, payload: payload, key: key)
            do throws(BearerTokenRejection) {
                _ = try verifier.verify(signed, keys: keys, lastFetchFailed: false, now: now)
                return nil
            } catch {
                return error
            }
        }
        func isKnown(_ kid: String) -> Bool {
            verifier.headers.keyID(of: Array(JOSETests.segment(#"{"alg":"RS256","kid":"\#(kid)"}"#).utf8)[...]) == kid
        }
        let good = BearerTokenVerifierTests.payload()
        #expect(try verify("k1", good, other) == .refused(.badSignature))
        #expect(!isKnown("k1"))
        #expect(try verify("k1", "{}", key) == .refused(.issuerMissing))
        #expect(!isKnown("k1"))
        #expect(try verify("k1", good, key) == nil)
        #expect(isKnown("k1"))
        #expect(try verify("k1", good, other) == .refused(.badSignature), "the signature is verified all the same")
        #expect(try verify("k2", good, key) == .refused(.badSignature))
        #expect(!isKnown("k2"))
        #expect(try verify("k1", good, key) == nil)
        #expect(try verify("k3", good, key) == .refused(.unknownKey))
        #expect(!isKnown("k3"))
    }
}
