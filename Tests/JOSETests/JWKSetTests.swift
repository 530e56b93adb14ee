import JOSE
import Testing

@Suite struct JWKSetTests {
    private let n: String
    private let n2: String

    init() throws {
        n = String(decoding: Base64URL.encode(try Keys.main.get().publicKey.modulus), as: UTF8.self)
        n2 = String(decoding: Base64URL.encode(try Keys.other.get().publicKey.modulus), as: UTF8.self)
    }

    private func set(_ keys: String...) throws -> JWKSet {
        try JWKSet(parsing: Array(#"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8))
    }

    /// A valid key with additional members. A repeated member would not be JSON, so `without` removes the original.
    private func key(
        _ more: String = "",
        kid: String = "k",
        without: String = "",
        n: String? = nil,
        e: String = "AQAB"
    ) -> String {
        let members = [
            "kty": #""kty":"RSA""#, "kid": #""kid":"\#(kid)""#, "n": #""n":"\#(n ?? self.n)""#, "e": #""e":"\#(e)""#,
        ].filter { $0.key != without }.map(\.value)
        return "{" + (members + (more.isEmpty ? [] : [more])).joined(separator: ",") + "}"
    }

    @Test(arguments: [
        "", #""use":"sig""#, #""alg":"RS256""#, #""key_ops":["verify"]"#, #""key_ops":["encrypt","verify"]"#,
        #""use":"sig","alg":"RS256","x5c":["MII"],"x5t":"x","unknown":{}"#,
    ])
    func `a usable key is found by its kid`(more: String) throws {
        let set = try set(key(more))
        #expect(set["k"] == (try Keys.main.get().publicKey))
        #expect(set["K"] == nil)
        #expect(set[""] == nil)
        #expect(!set.isEmpty)
        #expect(set.keyIDs == ["k"])
        #expect(set.skipped.isEmpty)
    }

    @Test(
        arguments: [
            (#""use":"enc""#, .notForSigning), (#""use":null"#, .notForSigning), (#""use":["sig"]"#, .notForSigning),
            (#""key_ops":["encrypt"]"#, .notForVerifying), (#""key_ops":[]"#, .notForVerifying),
            (#""key_ops":"verify""#, .notForVerifying), (#""key_ops":null"#, .notForVerifying),
            (#""alg":"RS512""#, .wrongAlgorithm), (#""alg":"PS256""#, .wrongAlgorithm),
            (#""alg":"rs256""#, .wrongAlgorithm),
            (#""alg":null"#, .wrongAlgorithm),
        ] as [(String, JWKSet.SkippedKey.Reason)]
    )
    func `a key for another use is left out`(more: String, reason: JWKSet.SkippedKey.Reason) throws {
        let set = try set(key(kid: "good"), key(more))
        #expect(set.skipped.map(\.reason) == [reason])
        #expect(set.skipped.map(\.index) == [1])
        #expect(set.skipped.map(\.keyID) == ["k"])
        #expect(set["k"] == nil)
        #expect(set["good"] != nil)
    }

    @Test func `an incomplete key is left out`() throws {
        let short = String(n.prefix(168))
        let even = String(n.dropLast(1)) + "A"
        let cases: [(String, JWKSet.SkippedKey.Reason)] = [
            (key(without: "kty"), .notRSA), (key(#""kty":"EC","crv":"P-256","x":"","y":"""#, without: "kty"), .notRSA),
            (key(#""kty":"rsa""#, without: "kty"), .notRSA), (#"{"kty":"oct","kid":"k"}"#, .notRSA),
            (key(without: "kid"), .noKeyID), (key(kid: ""), .noKeyID), (key(#""kid":7"#, without: "kid"), .noKeyID),
            (key(kid: String(repeating: "k", count: 257)), .noKeyID),
            (key(without: "n"), .numbersUnreadable), (key(without: "e"), .numbersUnreadable),
            (key(n: n + "=="), .numbersUnreadable), (key(n: "+" + n.dropFirst()), .numbersUnreadable),
            (key(#""n":5"#, without: "n"), .numbersUnreadable), (key(#""e":65537"#, without: "e"), .numbersUnreadable),
            (key(n: short), .numbersRefused), (key(n: ""), .numbersRefused), (key(n: even), .numbersRefused),
            (key(n: String(repeating: "_", count: 2732)), .numbersRefused),
            (key(e: "AQ"), .numbersRefused), (key(e: "Ag"), .numbersRefused), (key(e: ""), .numbersRefused),
            ("7", .notAnObject), ("null", .notAnObject), ("[]", .notAnObject),
        ]
        for (text, reason) in cases {
            let set = try set(text, key(kid: "good"))
            #expect(set.skipped.map(\.reason) == [reason], "\(text)")
            #expect(set.count == 1)
        }
    }

    @Test func `a key that is listed twice is one key`() throws {
        let twice = try set(key(), key(kid: "good"), key(#""use":"sig","alg":"RS256""#), key())
        #expect(twice["k"] == (try Keys.main.get().publicKey))
        #expect(twice.count == 2)
        #expect(twice.skipped.isEmpty)
        #expect(try twice == set(key(kid: "good"), key()))
    }

    @Test func `a kid held by two different usable keys is unusable`() throws {
        let different = try set(key(), key(kid: "good"), key(n: n2))
        #expect(different["k"] == nil)
        #expect(different["good"] != nil)
        #expect(different.skipped.map(\.index) == [0, 2])
        #expect(different.skipped.allSatisfy { $0.reason == .duplicateKeyID })
        #expect(try set(key(), key(), key(n: n2)).isEmpty, "the number of repetitions decides nothing")
        #expect(try set(key(), key(e: "Aw")).isEmpty, "the exponent is a part of the key")
        let other = try set(key(), key(#""use":"enc""#, n: n2), #"{"kty":"EC","kid":"k"}"#)
        #expect(other["k"] != nil, "an unusable key takes nothing away")
    }

    @Test(arguments: ["d", "p", "q", "dp", "dq", "qi", "oth"])
    func `a private member anywhere refuses the whole set`(member: String) {
        #expect(throws: JWKSetError.holdsPrivateKey(index: 1)) { try set(key(kid: "good"), key(#""\#(member)":"AQ""#)) }
        #expect(throws: JWKSetError.holdsPrivateKey(index: 0)) { try set(#"{"kty":"EC","\#(member)":null}"#) }
    }

    @Test func `a symmetric key refuses the whole set`() throws {
        #expect(throws: JWKSetError.holdsPrivateKey(index: 0)) { try set(#"{"kty":"oct","k":"AQ"}"#, key()) }
        #expect(try set(#"{"kty":"oct"}"#, key()).count == 1)
    }

    @Test(arguments: [
        "[]", "{}", "null", "7", #"{"keys":{}}"#, #"{"keys":null}"#, #"{"keys":"x"}"#, #"{"Keys":[]}"#,
    ])
    func `JSON that is not a key set is refused`(text: String) {
        #expect(throws: JWKSetError.notAKeySet) { try JWKSet(parsing: Array(text.utf8)) }
    }

    @Test(arguments: ["", "<html></html>", #"{"keys":[]"#, #"{"keys":[],"keys":[]}"#, #"{"keys":[,]}"#])
    func `a text that is not JSON is refused`(text: String) {
        let error = #expect(throws: JWKSetError.self) { try JWKSet(parsing: Array(text.utf8)) }
        #expect(error?.slug == "not_json")
    }

    @Test func `limits hold on both sides`() throws {
        let empty = Array(repeating: "{}", count: 50).joined(separator: ",")
        #expect(try set(empty).skipped.count == 50)
        #expect(throws: JWKSetError.tooManyKeys) { try set(empty, "{}") }
        let text = Array(#"{"keys":[]}"#.utf8)
        let padding = { (count: Int) in text + [UInt8](repeating: 0x20, count: count - text.count) }
        #expect(try JWKSet(parsing: padding(65536)).isEmpty)
        #expect(throws: JWKSetError.tooLong) { try JWKSet(parsing: padding(65537)) }
    }

    @Test func `an empty list is a valid set without keys`() throws {
        #expect(try set().isEmpty)
        #expect(try set() == JWKSet())
    }

    @Test func `a hostile kid is sanitized for the log`() throws {
        let set = try set(
            key(#""use":"enc""#, kid: #"<a>\r\n é"#),
            key(#""use":"enc""#, kid: String(repeating: "x", count: 200))
        )
        #expect(set.skipped.map(\.keyID) == ["?a??????", String(repeating: "x", count: 64)])
    }

    @Test func `a kid is compared byte by byte`() throws {
        let set = try set(key(kid: "é"))
        #expect(set["\u{E9}"] != nil)
        #expect(set["e\u{301}"] == nil)
    }

    @Test func `an encoded set can be parsed`() throws {
        let keys = [
            (kid: "development-1", key: try Keys.main.get().publicKey), (kid: "b", key: try Keys.large.get().publicKey),
        ]
        let set = try JWKSet(parsing: try JWKSet.encode(keys))
        #expect(set.skipped.isEmpty)
        #expect(set["development-1"] == keys[0].key)
        #expect(set["b"] == keys[1].key)
        #expect(try JWKSet.encode([]) == Array(#"{"keys":[]}"#.utf8))
        for kid in ["", "a\"b", "a b", "é", String(repeating: "k", count: 257)] {
            #expect(throws: JWKSet.InvalidKeyID.self) { try JWKSet.encode([(kid, keys[0].key)]) }
        }
    }

    @Test func `sets are equal when their keys are`() throws {
        #expect(try set(key()) == set(key(#""use":"sig""#)))
        #expect(try set(key()) != set(key(kid: "l")))
        #expect(try set(key()) != set(key(n: n2)))
    }
}
