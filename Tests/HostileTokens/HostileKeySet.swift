package import JOSE

/// Texts of key sets, valid and invalid.
package enum HostileKeySet {
    /// An entry of the fixture's key set that must be left out, and the reason.
    package struct Unusable: Sendable {
        package let keyID: String
        package let reason: JWKSet.SkippedKey.Reason
        let text: @Sendable (HostileFixture) -> String

        init(
            _ keyID: String,
            _ reason: JWKSet.SkippedKey.Reason,
            _ text: @escaping @Sendable (HostileFixture, _ keyID: String) -> String
        ) {
            self.keyID = keyID
            self.reason = reason
            self.text = { text($0, keyID) }
        }
    }

    /// A set that is rejected as a whole: its text, and the slug of the error.
    package struct Refused: Sendable, CustomStringConvertible {
        package let description: String
        package let slug: String
        package let text: @Sendable (HostileFixture) -> [UInt8]
    }

    // MARK: - Text

    package static func text(_ entries: [String]) -> String { #"{"keys":[\#(entries.joined(separator: ","))]}"# }

    static func entry(_ keyID: String, _ key: RSAPrivateKey, _ more: String = "") -> String {
        entry(keyID, n: base64URL(key.publicKey.modulus), more)
    }

    private static func entry(
        _ keyID: String,
        n: String,
        e: String = "AQAB",
        kty: String = #""RSA""#,
        _ more: String = ""
    ) -> String {
        #"{"kty":\#(kty),"kid":"\#(keyID)","n":"\#(n)","e":"\#(e)"\#(more)}"#
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        String(decoding: Base64URL.encode(bytes), as: UTF8.self)
    }

    // MARK: - The fixture's

    /// Two valid keys, two that share their name with an unusable key, and all entries that must be left out.
    package static func fixture(_ fixture: HostileFixture) -> [UInt8] {
        var entries = [
            entry(HostileFixture.keyID, fixture.key, #","use":"sig","alg":"RS256","x5c":["MII"],"x5t":"x""#),
            entry("key_2", fixture.second, #","key_ops":["verify"]"#), entry("two-kinds", fixture.key),
            #"{"kty":"EC","crv":"P-256","kid":"two-kinds","x":"\#(coordinate)","y":"\#(coordinate)"}"#,
            entry("two-uses", fixture.attacker, #","use":"enc""#), entry("two-uses", fixture.key, #","use":"sig""#),
            // Without a `kid` that a token could contain.
            #"{"kty":"RSA","n":"\#(base64URL(fixture.attacker.publicKey.modulus))","e":"AQAB"}"#,
            #"{"kty":"RSA","kid":7,"n":"\#(base64URL(fixture.attacker.publicKey.modulus))","e":"AQAB"}"#,
        ]
        entries += unusable.map { $0.text(fixture) }
        return Array(text(entries).utf8)
    }

    private static let coordinate = String(repeating: "A", count: 43)

    private static func with(
        _ keyID: String,
        _ reason: JWKSet.SkippedKey.Reason,
        _ more: String
    ) -> Unusable {
        Unusable(keyID, reason) { entry($1, $0.attacker, more) }
    }

    private static func numbers(
        _ keyID: String,
        _ reason: JWKSet.SkippedKey.Reason = .numbersRefused,
        e: String = "AQAB",
        _ n: @escaping @Sendable (HostileFixture) -> String = { base64URL($0.attacker.publicKey.modulus) }
    ) -> Unusable {
        Unusable(keyID, reason) { entry($1, n: n($0), e: e) }
    }

    package static let unusable: [Unusable] = [
        with("use-enc", .notForSigning, #","use":"enc""#), with("use-null", .notForSigning, #","use":null"#),
        with("use-case", .notForSigning, #","use":"SIG""#),
        with("ops-encrypt", .notForVerifying, #","key_ops":["encrypt"]"#),
        with("ops-sign", .notForVerifying, #","key_ops":["sign"]"#),
        with("ops-empty", .notForVerifying, #","key_ops":[]"#),
        with("ops-text", .notForVerifying, #","key_ops":"verify""#),
        with("use-and-ops", .notForVerifying, #","use":"sig","key_ops":["encrypt"]"#),
        with("alg-rs512", .wrongAlgorithm, #","alg":"RS512""#), with("alg-ps256", .wrongAlgorithm, #","alg":"PS256""#),
        with("alg-hs256", .wrongAlgorithm, #","alg":"HS256""#), with("alg-none", .wrongAlgorithm, #","alg":"none""#),
        with("alg-case", .wrongAlgorithm, #","alg":"rs256""#), with("alg-null", .wrongAlgorithm, #","alg":null"#),
        Unusable("kty-case", .notRSA) { entry($1, n: base64URL($0.attacker.publicKey.modulus), kty: #""rsa""#) },
        Unusable("kty-oct", .notRSA) { entry($1, n: base64URL($0.attacker.publicKey.modulus), kty: #""oct""#) },
        Unusable("kty-null", .notRSA) { entry($1, n: base64URL($0.attacker.publicKey.modulus), kty: "null") },
        Unusable("elliptic", .notRSA) {
            #"{"kty":"EC","crv":"P-256","kid":"\#($1)","use":"sig","alg":"ES256","x":"\#(coordinate)","y":"\#(coordinate)"}"#
        },
        Unusable("edwards", .notRSA) { #"{"kty":"OKP","crv":"Ed25519","kid":"\#($1)","x":"\#(coordinate)"}"# },
        numbers("short-1024") { base64URL(Array($0.attacker.publicKey.modulus.suffix(128))) },
        numbers("short-2040") { base64URL(Array($0.attacker.publicKey.modulus.suffix(255))) },
        numbers("long-8200") { _ in base64URL([UInt8](repeating: 0xC5, count: 1025)) },
        numbers("long-16384") { _ in base64URL([UInt8](repeating: 0xC5, count: 2048)) },
        numbers("modulus-even") { base64URL($0.attacker.publicKey.modulus.dropLast() + [0x22]) },
        numbers("modulus-empty") { _ in "" },
        numbers("modulus-zero") { _ in base64URL([UInt8](repeating: 0, count: 256)) },
        numbers("modulus-padded", .numbersUnreadable) { base64URL($0.attacker.publicKey.modulus) + "==" },
        numbers("modulus-standard", .numbersUnreadable) {
            "+/" + base64URL($0.attacker.publicKey.modulus).dropFirst(2)
        },
        numbers("exponent-1", e: "AQ"), numbers("exponent-1-with-zeros", e: "AAAB"), numbers("exponent-0", e: "AA"),
        numbers("exponent-empty", e: ""), numbers("exponent-2", e: "Ag"), numbers("exponent-even", e: "AQAC"),
        numbers("exponent-65-bits", e: "AQAAAAAAAAAB"),
        numbers("exponent-text", .numbersUnreadable, e: "65537="),
        Unusable("modulus-missing", .numbersUnreadable) { #"{"kty":"RSA","kid":"\#($1)","e":"AQAB"}"# },
        Unusable("exponent-number", .numbersUnreadable) {
            #"{"kty":"RSA","kid":"\#($1)","n":"\#(base64URL($0.attacker.publicKey.modulus))","e":65537}"#
        },
        Unusable("twice-different", .duplicateKeyID) {
            [entry($1, $0.attacker), entry($1, $0.second)].joined(separator: ",")
        },
    ]

    // MARK: - Refused whole

    private static func refused(
        _ description: String,
        _ slug: String,
        _ text: @escaping @Sendable (HostileFixture) -> String
    ) -> Refused {
        Refused(description: description, slug: slug) { Array(text($0).utf8) }
    }

    /// Two entries, of which the second has additional members.
    private static func privately(_ member: String) -> Refused {
        refused("a key with the private member \(member)", "holds_private_key") {
            text([entry("key_1", $0.key), entry("key_2", $0.second, #","\#(member)":"AQAB""#)])
        }
    }

    package static let refused: [Refused] =
        ["d", "p", "q", "dp", "dq", "qi", "oth", #"\u0064"#].map(privately)
        + [
            refused("an elliptic key with its private part", "holds_private_key") {
                text([entry("key_1", $0.key), #"{"kty":"EC","crv":"P-256","kid":"e","d":"AQ"}"#])
            },
            refused("a symmetric key", "holds_private_key") {
                text([entry("key_1", $0.key), #"{"kty":"oct","kid":"o","k":"AQ"}"#])
            },
            refused("a private member that is null", "holds_private_key") {
                text([entry("key_1", $0.key, #","d":null"#)])
            },
            refused("nothing", "not_json") { _ in "" },
            refused("a page of HTML", "not_json") { _ in "<!DOCTYPE html><html><body>Sign in</body></html>" },
            refused("a set cut off", "not_json") { String(text([entry("key_1", $0.key)]).dropLast()) },
            refused("keys twice", "not_json") { #"{"keys":[],"keys":[\#(entry("key_1", $0.key))]}"# },
            refused("a key with n twice", "not_json") { text([entry("key_1", $0.key, #","n":"AQAB""#)]) },
            refused("a key with kid twice, once escaped", "not_json") {
                text([entry("key_1", $0.key, #","k\u0069d":"key_2""#)])
            },
            refused("a trailing comma", "not_json") { #"{"keys":[\#(entry("key_1", $0.key)),]}"# },
            refused("a byte order mark", "not_json") { "\u{FEFF}" + text([entry("key_1", $0.key)]) },
            refused("something behind", "not_json") { text([entry("key_1", $0.key)]) + "x" },
            refused("a depth of 600", "not_json") {
                let deep = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)
                return text([entry("key_1", $0.key, ",\"x\":\(deep)")])
            },
            refused("an array", "not_a_key_set") { "[\(entry("key_1", $0.key))]" },
            refused("a key alone", "not_a_key_set") { entry("key_1", $0.key) },
            refused("no keys", "not_a_key_set") { _ in "{}" },
            refused("keys that are an object", "not_a_key_set") { #"{"keys":{"key_1":\#(entry("key_1", $0.key))}}"# },
            refused("keys of another case", "not_a_key_set") { #"{"Keys":[\#(entry("key_1", $0.key))]}"# },
            refused("an error of the issuer", "not_a_key_set") { _ in #"{"error":"not_found"}"# },
            refused("null", "not_a_key_set") { _ in "null" },
            refused("51 keys", "too_many_keys") { text([String](repeating: entry("key_1", $0.key), count: 51)) },
            refused("64 KiB and a byte", "too_long") {
                let set = text([entry("key_1", $0.key)])
                return set + String(repeating: " ", count: 65_537 - set.utf8.count)
            },
            Refused(description: "UTF-16", slug: "not_json") {
                HostileCase.utf16(text([entry("key_1", $0.key)]), littleEndian: true)
            },
            Refused(description: "a byte that is not UTF-8", slug: "not_json") {
                Array(text([entry("key_1", $0.key, #","x":""#)]).utf8.dropLast(3)) + [0xFF, 0x22, 0x7D, 0x5D, 0x7D]
            },
        ]
}
