import JOSE
import TestSupport
import Testing

/// `serve` with a key set that is downloaded over HTTPS.
@Suite struct KeySetServeTests {
    private static func settings(_ server: TLSServer, _ certificate: TestCertificate) -> [String: String] {
        ["WORKOS_JWKS_URL": server.url, "WORKOS_CA_FILE": certificate.path]
    }

    @Test func `the first token of a new key causes a read, and the old key stops working`() async throws {
        let certificate = try await TestCertificate()
        let publisher = try await TLSServer.start(certificate, reply: .answer(body: RefreshedKeySet.set()))
        try await ServerFixture.with(Self.settings(publisher, certificate)) { fixture in
            let old = try Tokens.bearer(SeedData.host)
            let new = try RefreshedKeySet.nextToken()
            for _ in 0..<2 { #expect(try await fixture.send(.call(old)).status == 200) }
            #expect(publisher.requestCount == 1)
            publisher.say(.answer(body: try RefreshedKeySet.set(current: false, next: true)))
            // Refused until the cooldown of the first read is over, and then accepted at once.
            try await eventually(within: .seconds(90)) { try await fixture.send(.call(new)).status == 200 }
            #expect(publisher.requestCount == 2)
            let refused = try await fixture.send(.call(old))
            #expect(refused.status == 401)
            #expect(try refused.decode(FailureBody.self).code == "INVALID_TOKEN")
        }
    }

    @Test func `without a usable key every token is 503, until the set has one`() async throws {
        let certificate = try await TestCertificate()
        let publisher = try await TLSServer.start(certificate, reply: .answer(body: Array(#"{"keys":[]}"#.utf8)))
        try await ServerFixture.with(Self.settings(publisher, certificate), waitsForReadiness: false) { fixture in
            let answer = try await fixture.send(.call(Tokens.bearer(SeedData.host)))
            #expect(answer.status == 503)
            #expect(try answer.decode(FailureBody.self).code == "SERVICE_UNAVAILABLE")
            #expect(answer["retry-after"] != nil)
            #expect(try await fixture.send(WireRequest("GET", "/readyz")).status == 503)
            #expect(try await fixture.send(WireRequest("GET", "/livez")).status == 200)
            publisher.say(.answer(body: try RefreshedKeySet.set()))
            try await fixture.server.waitUntilReady()
            #expect(try await fixture.call().status == 200)
        }
    }

    @Test func `a key set from a server with an untrusted certificate is not used`() async throws {
        let certificate = try await TestCertificate()
        let publisher = try await TLSServer.start(certificate, reply: .answer(body: RefreshedKeySet.set()))
        try await ServerFixture.with(["WORKOS_JWKS_URL": publisher.url], waitsForReadiness: false) { fixture in
            let answer = try await fixture.send(.call(Tokens.bearer(SeedData.host)))
            #expect(answer.status == 503)
            #expect(fixture.server.log.contains("no TLS"))
            #expect(publisher.requestCount == 0)
        }
    }
}
