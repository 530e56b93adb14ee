import Foundation
import JOSE
import TestSupport
import Testing
import Text

@Suite struct StreamTokenTests {
    static let secret = Array("0123456789abcdef0123456789abcdef-stream-secret".utf8)
    private let signer: StreamTokenSigner

    init() throws {
        signer = try StreamTokenSigner(secret: Self.secret)
    }

    private func sign(
        userID: String = "user_01H",
        role: String = "call_member",
        callCID: String = "default:call_1",
        jti: String = "0190a6f0-0000-7000-8000-000000000001",
        issuedAt: Int64 = 1_704_067_195,
        expiresAt: Int64 = 1_704_070_800
    ) throws(StreamTokenError) -> [UInt8] {
        try signer.sign(
            userID: userID,
            role: role,
            callCID: callCID,
            jti: jti,
            issuedAt: issuedAt,
            expiresAt: expiresAt
        )
    }

    private func segments(_ token: [UInt8]) -> [String] {
        String(decoding: token, as: UTF8.self).split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }

    @Test func `header and claims are exactly these bytes`() throws {
        let segments = segments(try sign())
        #expect(segments.count == 3)
        #expect(Base64URL.decode(Array(segments[0].utf8)) == Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8))
        let payload = """
            {"user_id":"user_01H","iat":1704067195,"exp":1704070800,"role":"call_member",\
            "call_cids":["default:call_1"],"jti":"0190a6f0-0000-7000-8000-000000000001"}
            """
        #expect(Base64URL.decode(Array(segments[1].utf8)) == Array(payload.utf8))
    }

    @Test func `the signature is the one that openssl computes`() throws {
        let token = try sign()
        let segments = segments(token)
        let folder = FileManager.default.temporaryDirectory.appending(path: "connvo-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (input, output) = (folder.appending(path: "input"), folder.appending(path: "output"))
        try Data("\(segments[0]).\(segments[1])".utf8).write(to: input)
        let process = try ChildProcess(
            "/usr/bin/openssl",
            ["dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:\(Hexadecimal.encode(Self.secret))", "-r"],
            streams: .init(input: .file(input.path), output: output.path)
        )
        #expect(process.exitStatus(within: .seconds(60)) == 0)
        let answer = try String(contentsOf: output, encoding: .utf8)
        let code = try #require(Base64URL.decode(Array(segments[2].utf8)))
        #expect(answer.hasPrefix(Hexadecimal.encode(code) + " "))
    }

    @Test func `the key id identifies the secret without revealing it`() throws {
        // printf 'connvo key id' | openssl dgst -sha256 -hmac '<secret>' | cut -c1-16
        #expect(signer.keyID == "c098fef7b1e35b80")
        #expect(try StreamTokenSigner(secret: Self.secret + [1]).keyID != signer.keyID)
    }

    @Test func `a secret has at least 32 bytes`() throws {
        _ = try StreamTokenSigner(secret: [UInt8](repeating: 1, count: 32))
        for count in [0, 1, 31] {
            #expect(throws: StreamTokenError.secretTooShort) {
                try StreamTokenSigner(secret: [UInt8](repeating: 1, count: count))
            }
        }
    }

    @Test func `the payload segment never contains a minus or an underscore`() throws {
        let idCharacters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
        let userCharacters = idCharacters + ["@"]
        func random(_ characters: [Character], upTo count: Int) -> String {
            String((0..<Int.random(in: 1...count)).compactMap { _ in characters.randomElement() })
        }
        for _ in 0..<5_000 {
            let userID = random(userCharacters, upTo: 255)
            let role = random(idCharacters, upTo: 64)
            let callCID = "\(random(idCharacters, upTo: 64)):\(random(idCharacters, upTo: 64))"
            let jti = Bool.random() ? UUID().uuidString : UUID().uuidString.lowercased()
            let issuedAt = Int64.random(in: 1...(1 << 53) - 1)
            let expiresAt = Int64.random(in: issuedAt + 1...1 << 53)
            let token = try sign(
                userID: userID,
                role: role,
                callCID: callCID,
                jti: jti,
                issuedAt: issuedAt,
                expiresAt: expiresAt
            )
            let payload = segments(token)[1]
            #expect(!payload.utf8.contains(UInt8(ascii: "-")) && !payload.utf8.contains(UInt8(ascii: "_")))
            // With padding and the standard alphabet, as Stream's client decodes it, it is the same JSON.
            let padded = payload + String(repeating: "=", count: (4 - payload.count % 4) % 4)
            let decoded = try #require(Data(base64Encoded: padded))
            let claims = try #require(try JSONSerialization.jsonObject(with: decoded) as? [String: Any])
            #expect(claims["user_id"] as? String == userID)
            #expect(claims.count == 6)
            let read = try StreamToken.verify(token, with: signer)
            #expect(read.userID == userID)
            #expect(read.role == role)
            #expect(read.callCIDs == [callCID])
            #expect(read.tokenID == jti)
            #expect(read.issuedAt == issuedAt)
            #expect(read.expiresAt == expiresAt)
        }
    }

    @Test(arguments: [
        "", "a b", "a\"b", "a\\b", "é", "a|b", "a:b", "a/b", "a?b", "a>b", "a~b", "a\0", "a\n", "ＡＢ",
        String(repeating: "a", count: 256),
    ])
    func `a user id outside its characters is refused`(userID: String) {
        #expect(throws: StreamTokenError.invalidUserID) { try sign(userID: userID) }
    }

    @Test(arguments: ["", "a b", "a\"b", "call member", "a@b", "a:b", "é", "a?", String(repeating: "a", count: 65)])
    func `a role outside its characters is refused`(role: String) {
        #expect(throws: StreamTokenError.invalidRole) { try sign(role: role) }
    }

    @Test(arguments: [
        "", ":", "a", "a:", ":a", "a:b:c", "a::b", "a:b ", "a b:c", "a@:b", "a:é", "a:\"", "a:b\n",
        String(repeating: "a", count: 65) + ":b", "a:" + String(repeating: "b", count: 65),
    ])
    func `a call id outside its characters is refused`(callCID: String) {
        #expect(throws: StreamTokenError.invalidCallCID) { try sign(callCID: callCID) }
    }

    @Test(arguments: [
        "", "x", "0190a6f0000070008000000000000001", "0190a6f0-0000-7000-8000-00000000000",
        "{0190a6f0-0000-7000-8000-000000000001}",
        "0190a6f0-0000-7000-8000-00000000000g", "0190a6f0-0000-7000-80000-00000000001",
        "0190a6f0_0000-7000-8000-000000000001",
        "0190a6f0-0000-7000-8000-0000000000é",
    ])
    func `a token id that is not a UUID is refused`(jti: String) {
        #expect(throws: StreamTokenError.invalidTokenID) { try sign(jti: jti) }
    }

    @Test(
        arguments: [(0, 1), (-1, 1), (5, 5), (6, 5), (1, 0), (1, 1 << 53 + 1), (.min, .max), (.max, .max)]
            as [(Int64, Int64)]
    )
    func `times out of order or range are refused`(issuedAt: Int64, expiresAt: Int64) {
        #expect(throws: StreamTokenError.invalidTimes) { try sign(issuedAt: issuedAt, expiresAt: expiresAt) }
    }

    @Test func `the longest valid ids are accepted`() throws {
        let id = String(repeating: "-", count: 64)
        let token = try sign(userID: String(repeating: "_", count: 255), role: id, callCID: "\(id):\(id)")
        #expect(try StreamToken.verify(token, with: signer).callCIDs == ["\(id):\(id)"])
    }

    @Test func `a token with any changed byte does not verify`() throws {
        let token = try sign()
        for index in token.indices {
            var changed = token
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(throws: StreamTokenError.self) { try StreamToken.verify(changed, with: signer) }
        }
        let other = try StreamTokenSigner(secret: Self.secret + [1])
        #expect(throws: StreamTokenError.badSignature) { try StreamToken.verify(token, with: other) }
        #expect(try StreamToken.inspect(token) == StreamToken.verify(token, with: signer))
    }

    @Test(arguments: [
        "", ".", "..", "a.b.c", "e30.e30.AA", "\(segment(#"{"alg":"none"}"#)).\(segment(#"{"user_id":"a"}"#)).",
        "\(segment(#"{"alg":"RS256"}"#)).\(segment(#"{"user_id":"a"}"#)).AA",
        "\(segment(#"{"alg":"HS256"}"#)).\(segment(#"{"server":true}"#)).AA",
        "\(segment(#"{"alg":"HS256"}"#)).\(segment(#"{"user_id":7}"#)).AA",
        "\(segment(#"{"alg":"HS256"}"#)).\(segment("[]")).AA",
    ])
    func `a text that is not a Stream token cannot be inspected`(text: String) {
        #expect(throws: StreamTokenError.notAStreamToken) { try StreamToken.inspect(Array(text.utf8)) }
    }

    @Test func `a token by another SDK can be inspected`() throws {
        let text =
            "\(segment(#"{"typ":"JWT","alg":"HS256"}"#)).\(segment(#"{"user_id":"a","validity_in_seconds":1}"#)).AA"
        let token = try StreamToken.inspect(Array(text.utf8))
        #expect(token.userID == "a")
        #expect(token.issuedAt == nil && token.expiresAt == nil && token.role == nil && token.callCIDs == [])
    }
}
