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
        try await Stage.with(Self.settings(publisher, certificate)) { stage in
            let old = try Tokens.bearer(World.host)
            let new = try RefreshedKeySet.nextToken()
            for _ in 0..<2 { #expect(try await stage.send(.call(old)).status == 200) }
            #expect(publisher.requestCount == 1)
            publisher.say(.answer(body: try RefreshedKeySet.set(current: false, next: true)))
            // Refused until the cooldown of the first read is over, and then accepted at once.
            try await eventually(within: .seconds(90)) { try await stage.send(.call(new)).status == 200 }
            #expect(publisher.requestCount == 2)
            let refused = try await stage.send(.call(old))
            #expect(refused.status == 401)
            #expect(try refused.decode(FailureBody.self).code == "INVALID_TOKEN")
        }
    }

    @Test func `without a usable key every token is 503, until the set has one`() async throws {
        let certificate = try await TestCertificate()
        let publisher = try await TLSServer.start(certificate, reply: .answer(body: Array(#"{"keys":[]}"#.utf8)))
        try await Stage.with(Self.settings(publisher, certificate), waitsForReadiness: false) { stage in
            let answer = try await stage.send(.call(Tokens.bearer(World.host)))
            #expect(answer.status == 503)
            #expect(try answer.decode(FailureBody.self).code == "SERVICE_UNAVAILABLE")
            #expect(answer["retry-after"] != nil)
            #expect(try await stage.send(WireRequest("GET", "/readyz")).status == 503)
            #expect(try await stage.send(WireRequest("GET", "/livez")).status == 200)
            publisher.say(.answer(body: try RefreshedKeySet.set()))
            try await stage.server.waitUntilReady()
            #expect(try await stage.call().status == 200)
        }
    }

    @Test func `a key set from a server with an untrusted certificate is not used`() async throws {
        let certificate = try await TestCertificate()
        let publisher = try await TLSServer.start(certificate, reply: .answer(body: RefreshedKeySet.set()))
        try await Stage.with(["WORKOS_JWKS_URL": publisher.url], waitsForReadiness: false) { stage in
            let answer = try await stage.send(.call(Tokens.bearer(World.host)))
            #expect(answer.status == 503)
            #expect(stage.server.log.contains("no TLS"))
            #expect(publisher.requestCount == 0)
        }
    }
}
