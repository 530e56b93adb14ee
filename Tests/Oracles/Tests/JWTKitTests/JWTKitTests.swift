import Foundation
import JWTKit
import Testing

@testable import HostileTokens
@testable import JOSE
@testable import JSON

/// JWTKit, an independent implementation, must read what this project writes, and the reverse.
@Suite struct JWTKitTests {
    private static let secret = Array("0123456789abcdef0123456789abcdef-stream-secret".utf8)

    private struct StreamClaims: JWTPayload, Equatable {
        var user_id: String
        var iat: Int64
        var exp: Int64
        var role: String
        var call_cids: [String]
        var jti: String

        func verify(using algorithm: some JWTAlgorithm) {}
    }

    private struct UserClaims: JWTPayload, Equatable {
        var iss: String
        var sub: String
        var sid: String
        var iat: Int64
        var exp: Int64
        var jti: String?
        var name: String?

        func verify(using algorithm: some JWTAlgorithm) {}
    }

    @Test func `JWTKit verifies the server's Stream tokens, and refuses them with another secret`() async throws {
        let secret = Self.secret
        let signer = try StreamTokenSigner(secret: secret)
        let token = try signer.sign(
            userID: "user_01H",
            role: "host",
            callCID: "default:call_1",
            jti: "0190a6f0-0000-7000-8000-000000000001",
            issuedAt: 1_704_067_195,
            expiresAt: 1_704_070_800
        )
        let keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        let claims = try await keys.verify(token, as: StreamClaims.self)
        #expect(
            claims
                == StreamClaims(
                    user_id: "user_01H",
                    iat: 1_704_067_195,
                    exp: 1_704_070_800,
                    role: "host",
                    call_cids: ["default:call_1"],
                    jti: "0190a6f0-0000-7000-8000-000000000001"
                )
        )
        let others = JWTKeyCollection()
        await others.add(hmac: HMACKey(from: secret + [1]), digestAlgorithm: .sha256)
        await #expect(throws: (any Error).self) { try await others.verify(token, as: StreamClaims.self) }
    }

    @Test func `the server verifies JWTKit's Stream tokens`() async throws {
        let keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(from: Self.secret), digestAlgorithm: .sha256)
        let claims = StreamClaims(user_id: "u", iat: 1, exp: 2, role: "host", call_cids: ["a:b", "c:d"], jti: "j")
        let token = Array(try await keys.sign(claims).utf8)
        let read = try StreamToken.verify(token, with: StreamTokenSigner(secret: Self.secret))
        #expect(read.userID == "u")
        #expect(read.callCIDs == ["a:b", "c:d"])
    }

    @Test func `the server verifies JWTKit's bearer tokens with a key set of its numbers`() async throws {
        let key = try RSAPrivateKey.generate(bits: 3072)
        let keys = JWTKeyCollection()
        let theirs = try Insecure.RSA.PrivateKey(pem: String(decoding: key.pem(), as: UTF8.self))
        await keys.add(rsa: theirs, digestAlgorithm: .sha256, kid: "k1")
        let claims = UserClaims(
            iss: "https://api.workos.com",
            sub: "user_1",
            sid: "s",
            iat: 1000,
            exp: 1300,
            name: "Zoë 😀 \"/\n"
        )
        let token = Array(try await keys.sign(claims, kid: "k1").utf8)
        let set = try JWKSet(parsing: JWKSet.encode([("k1", key.publicKey)]))
        let verifier = BearerTokenVerifier(policy: .init(issuers: ["https://api.workos.com"]))
        let read = try verifier.verify(token, keys: set, lastFetchFailed: false, now: 1100)
        #expect(read.subject == "user_1")
        #expect(read.expiresAt == 1300)
    }

    @Test func `JWTKit verifies the server's development tokens with the server's key set`() async throws {
        let key = try RSAPrivateKey.generate(bits: 2048)
        let issuer = try BearerTokenIssuer(key: key)
        let token = try issuer.issue(subject: "user_1", sessionID: "s", issuedAt: 1000, expiresAt: 1300, tokenID: "t")
        let keys = JWTKeyCollection()
        let text = String(decoding: try JWKSet.encode([(issuer.keyID, key.publicKey)]), as: UTF8.self)
        try await keys.add(jwksJSON: text)
        let claims = try await keys.verify(token, as: UserClaims.self)
        #expect(
            claims
                == UserClaims(
                    iss: "https://connvo.invalid/development",
                    sub: "user_1",
                    sid: "s",
                    iat: 1000,
                    exp: 1300,
                    jti: "t"
                )
        )
    }
}

// MARK: - What must pass

/// JWTKit accepts every token that the server's verifier accepts. The server's verifier may be stricter, never laxer.
extension JWTKitTests {
    private struct AnyClaims: JWTPayload {
        func verify(using algorithm: some JWTAlgorithm) {}
    }

    /// A key set with only the usable keys: JWTKit rejects a whole set for one entry that it cannot parse.
    private static func keys(of set: JWKSet) async throws -> JWTKeyCollection {
        let text = try JWKSet.encode(set.keyIDs.compactMap { id in set[id].map { (kid: id, key: $0) } })
        return try await JWTKeyCollection().add(jwksJSON: String(decoding: text, as: UTF8.self))
    }

    @Test func `JWTKit accepts every acceptable token of the hostile table`() async throws {
        let fixture = try HostileFixture(now: 1_750_000_000)
        let set = try JWKSet(parsing: HostileKeySet.fixture(fixture))
        let keys = try await Self.keys(of: set)
        var count = 0
        for hostile in HostileCase.all where hostile.expected == .accepted {
            guard case .token(let token) = try hostile.credentials(fixture),
                try hostile.circumstances(fixture).keySet == nil
            else { continue }
            count += 1
            await #expect(throws: Never.self, "\(hostile)") { _ = try await keys.verify(token, as: AnyClaims.self) }
        }
        #expect(count >= 80)
    }

    @Test func `JWTKit accepts every valid vector whose payload is JSON`() async throws {
        var count = 0
        for group in try SignatureVectors.groups.get() {
            for vector in group.cases where vector.result == .valid {
                let token = Array(vector.jws.utf8)
                guard (try? JSONDocument(parsing: CompactJWS(parsing: token).payload))?.root.kind == .object else {
                    continue
                }
                count += 1
                let keys = try await Self.keys(of: JWKSet(parsing: Array(group.keys.utf8)))
                await #expect(throws: Never.self, "\(group.name): \(vector.comment)") {
                    _ = try await keys.verify(token, as: AnyClaims.self)
                }
            }
        }
        #expect(count >= 20)
    }
}
