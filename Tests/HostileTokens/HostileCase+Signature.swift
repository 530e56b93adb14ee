internal import JOSE
internal import Text

/// The signature, over a valid header and valid claims. The generated vectors contain variants of the padding.
extension HostileCase {
    /// A valid token with changed signature bytes.
    private static func changed(
        _ name: String,
        _ cause: String = "bad_signature",
        _ change: @escaping @Sendable ([UInt8]) throws -> [UInt8]
    ) -> HostileCase {
        HostileCase(.signature, name, .invalid(cause: cause)) { try $0.token(signature: change) }
    }

    /// The segments of a valid token with another signature.
    private static func forged(
        _ name: String,
        _ signature: @escaping @Sendable (HostileFixture, _ input: [UInt8]) throws -> [UInt8]
    ) -> HostileCase {
        HostileCase(.signature, name, .invalid(cause: "bad_signature")) {
            let input = HostileFixture.join(Array(HostileFixture.header().utf8), Array($0.claims().utf8))
            return HostileFixture.join(input, signature: try signature($0, input))
        }
    }

    static let signatureCases: [HostileCase] =
        [
            changed("empty", "empty_segment") { _ in [] },
            changed("without its last byte") { $0.dropLast() },
            changed("without its first byte") { Array($0.dropFirst()) },
            changed("half of it") { Array($0.prefix(128)) },
            changed("one byte") { Array($0.prefix(1)) },
            changed("a zero in front") { [0] + $0 },
            changed("a zero behind") { $0 + [0] },
            changed("a zero in front, and its last byte dropped") { [0] + $0.dropLast() },
            changed("twice") { $0 + $0 },
            changed("reversed") { $0.reversed() },
            changed("as hexadecimal text") { Array(Hexadecimal.encode($0).utf8) },
            changed("encoded twice") { Base64URL.encode($0) },
            changed("with all bits inverted") { $0.map { ~$0 } },
        ]
        + [0, 1, 127, 254, 255].map { index in
            changed("a bit of byte \(index) flipped") {
                var signature = $0
                signature[index] ^= 1 << (index % 8)
                return signature
            }
        }
        + [
            forged("256 zeros") { _, _ in [UInt8](repeating: 0, count: 256) },
            forged("the number 1") { _, _ in [UInt8](repeating: 0, count: 255) + [1] },
            forged("all bits set") { _, _ in [UInt8](repeating: 0xFF, count: 256) },
            forged("the modulus") { fixture, _ in fixture.key.publicKey.modulus },
            forged("the modulus less 1") { fixture, _ in
                fixture.key.publicKey.modulus.dropLast() + [fixture.key.publicKey.modulus[255] ^ 1]
            },
            forged("plus the modulus") { fixture, input in
                sum(try fixture.key.sign(input), fixture.key.publicKey.modulus)
            },
            forged("the padded digest, not raised to any power") { _, input in paddedDigest(of: input) },
            forged("the digest alone") { _, input in SHA256.hash(input) },
            forged("64 zeros, as for ES256") { _, _ in [UInt8](repeating: 0, count: 64) },
            forged("a DER sequence of two zeros, as for ECDSA") { _, _ in [0x30, 0x06, 2, 1, 0, 2, 1, 0] },
            HostileCase(.signature, "64 zeros under ES256", .invalid(cause: "alg_not_allowed")) {
                let header = Array(HostileFixture.header(alg: #""ES256""#).utf8)
                let input = HostileFixture.join(header, Array($0.claims().utf8))
                return HostileFixture.join(input, signature: [UInt8](repeating: 0, count: 64))
            },
            forged("an attacker's") { fixture, input in try fixture.attacker.sign(input) },
            forged("of another key of the set") { fixture, input in try fixture.second.sign(input) },
            HostileCase(.signature, "of this key, in the name of another", .invalid(cause: "bad_signature")) {
                try $0.token(header: HostileFixture.header(kid: #""key_2""#))
            },
            HostileCase(.signature, "of the second key, in its own name", .accepted) {
                try $0.token(header: HostileFixture.header(kid: #""key_2""#), key: $0.second)
            },
            forged("over nothing") { fixture, _ in try fixture.key.sign([]) },
            forged("over the header alone") { fixture, input in
                try fixture.key.sign(Array(input.prefix { $0 != UInt8(ascii: ".") }))
            },
            forged("over the payload alone") { fixture, input in
                try fixture.key.sign(Array(input.drop { $0 != UInt8(ascii: ".") }.dropFirst()))
            },
            forged("over the decoded payload") { fixture, _ in try fixture.key.sign(Array(fixture.claims().utf8)) },
            forged("over one dot more") { fixture, input in try fixture.key.sign(input + [UInt8(ascii: ".")]) },
            forged("over the digest") { fixture, input in try fixture.key.sign(SHA256.hash(input)) },
            HostileCase(.signature, "of another payload", .invalid(cause: "bad_signature")) {
                let other = try $0.token(claims: ["sub": "\"user_cohost\""]).split(separator: UInt8(ascii: "."))
                return try $0.token(segment: 1) { _ in Array(other[1]) }
            },
            HostileCase(.signature, "of another spelling of the header", .invalid(cause: "bad_signature")) {
                try $0.token(segment: 0) { _ in Base64URL.encode(Array(#"{"kid":"key_1","alg":"RS256"}"#.utf8)) }
            },
            HostileCase(.signature, "with header and payload exchanged", .invalid(cause: "alg_missing")) {
                let segments = try $0.segments()
                return Array([segments[1], segments[0], segments[2]].joined(separator: [UInt8(ascii: ".")]))
            },
        ]

    /// The sum of two numbers of 256 bytes, in 257 bytes when it overflows.
    private static func sum(_ one: [UInt8], _ other: [UInt8]) -> [UInt8] {
        var carry = 0
        var digits: [UInt8] = []
        for (a, b) in zip(one.reversed(), other.reversed()) {
            let value = Int(a) + Int(b) + carry
            digits.append(UInt8(value & 0xFF))
            carry = value >> 8
        }
        if carry > 0 { digits.append(1) }
        return digits.reversed()
    }

    /// EMSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 9.2), 256 bytes.
    static func paddedDigest(of message: [UInt8]) -> [UInt8] {
        let info: [UInt8] = [
            0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
            0x20,
        ]
        return [0, 1] + [UInt8](repeating: 0xFF, count: 202) + [0] + info + SHA256.hash(message)
    }
}
