internal import JOSE

/// Claims under a valid signature (RFC 7519, section 4; RFC 8725, section 3).
extension HostileCase {
    private static func claim(_ name: String, _ value: String?, _ cause: String) -> HostileCase {
        HostileCase(.claims, label("\(name) is \(value ?? "missing")"), .invalid(cause: cause)) {
            try $0.token(claims: [name: value])
        }
    }

    private static func accepted(_ name: String, _ value: String?) -> HostileCase {
        HostileCase(.claims, label("\(name) is \(value ?? "missing")"), .accepted) {
            try $0.token(claims: [name: value])
        }
    }

    private static func payload(
        _ name: String,
        _ cause: String,
        _ text: @escaping @Sendable (HostileFixture) -> String
    ) -> HostileCase {
        HostileCase(.claims, name, .invalid(cause: cause)) { try $0.token(payload: text($0)) }
    }

    private static func payload(_ text: String, _ cause: String) -> HostileCase {
        payload("a payload of \(label(text))", cause) { _ in text }
    }

    static let claimCases: [HostileCase] =
        dateCases + subjectCases + issuerCases + audienceCases + sessionCases + kindCases + syntaxCases

    /// Values that are not a NumericDate as the verifier requires it: an integer literal in 1…2^53.
    private static let noDates = [
        #""1700000000""#, #""""#, "1e3", "17e8", "1E9", "1.5", "1700000000.0", "true", "false", "null", "-1", "0", "-0",
        "9007199254740993", "-9007199254740993", "18446744073709551617", "99999999999999999999", "1e300", "[]",
        "[1700000000]", "{}", #"{"value":1700000000}"#,
    ]

    private static let dateCases: [HostileCase] =
        ["exp", "iat", "nbf"].flatMap { name in noDates.map { claim(name, $0, "\(name)_invalid") } }
        + ["exp", "iat"].map { claim($0, nil, "\($0)_missing") }
        + [
            claim("exp", "1e400", "payload_not_json"), claim("exp", "0x7fffffff", "payload_not_json"),
            claim("exp", "01700000000", "payload_not_json"), claim("exp", "+1700000000", "payload_not_json"),
            claim("exp", "1700000000.", "payload_not_json"), claim("exp", "NaN", "payload_not_json"),
            claim("exp", "Infinity", "payload_not_json"), claim("exp", "1_700_000_000", "payload_not_json"),
            claim("exp", "9007199254740992", "lifetime_too_long"), claim("iat", "1", "lifetime_too_long"),
            claim("nbf", "9007199254740992", "not_yet_valid"), accepted("nbf", "1"), accepted("nbf", nil),
            HostileCase(.claims, "iat is an hour ahead", .invalid(cause: "issued_in_future")) {
                try $0.token(claims: ["iat": "\($0.now + 3600)", "exp": "\($0.now + 7200)"])
            },
            HostileCase(.claims, "nbf is an hour ahead", .invalid(cause: "not_yet_valid")) {
                try $0.token(claims: ["nbf": "\($0.now + 3600)"])
            },
            HostileCase(.claims, "exp is before iat", .invalid(cause: "exp_before_iat")) {
                try $0.token(claims: ["iat": "\($0.now)", "exp": "\($0.now - 1)"])
            },
            HostileCase(.claims, "exp and iat exchanged", .invalid(cause: "exp_before_iat")) {
                try $0.token(claims: ["iat": "\($0.now + 3600)", "exp": "\($0.now)"])
            },
            HostileCase(.claims, "a life of a day", .accepted) {
                try $0.token(claims: ["iat": "\($0.now - 60)", "exp": "\($0.now - 60 + 86_400)"])
            },
            HostileCase(.claims, "a life of a day and a second", .invalid(cause: "lifetime_too_long")) {
                try $0.token(claims: ["iat": "\($0.now - 60)", "exp": "\($0.now - 60 + 86_401)"])
            },
            HostileCase(.claims, "an expiry in a name of another case", .invalid(cause: "exp_missing")) {
                try $0.token(claims: ["exp": nil, "EXP": "\($0.now + 60)"])
            },
        ]

    private static let subjectCases: [HostileCase] =
        [
            #""""#, #"" ""#, "7", "null", "true", "[]", #"["user_workos_123"]"#, "{}", #""a b""#, #""a\u0000""#,
            #""\u0000""#,
            #""user_workos_123\u0000""#, #""user_workos_123 ""#, #""a\n""#, #""a\r\nb""#, #""a:b""#, #""a/b""#,
            #""../a""#,
            #""a.b""#, #""a\"b""#, #""a'b""#, #""x'; DROP TABLE users""#, #""a;b""#, #""a,b""#, #""a|b""#, #""*""#,
            #""%00""#,
            #""é""#, #""ｕser""#, #""usеr""#, #""\ud83d\ude00""#, #""user\u200b""#, #""user\u202e""#, #""$(id)""#,
            "\"\(String(repeating: "x", count: 256))\"", "\"\(String(repeating: "x", count: 4096))\"",
        ].map { claim("sub", $0, "sub_invalid") }
        + [
            claim("sub", nil, "sub_missing"),
            claim("sub", "\"\(String(repeating: "x", count: 10_000))\"", "token_too_long"),
            // There is no rule for prefixes: only the database knows which users exist.
            accepted("sub", #""admin""#), accepted("sub", #""a@B-9_z""#), accepted("sub", #""\u0075ser_workos_123""#),
            accepted("sub", "\"\(String(repeating: "x", count: 255))\""),
        ]

    private static let issuerCases: [HostileCase] =
        [
            #""""#, #""https://api.workos.com/user_management/client_12""#,
            #""https://api.workos.com/user_management/client_1234""#,
            #""https://api.workos.com/user_management/client_123/""#,
            #""https://api.workos.com/user_management/""#, #""https://api.workos.com/user_management/CLIENT_123""#,
            #""https://api.workos.com//""#, #""https://API.workos.com""#, #""HTTPS://api.workos.com""#,
            #""http://api.workos.com""#, #""api.workos.com""#, #""https://api.workos.com.evil.invalid""#,
            #""https://api.workos.com@evil.invalid""#, #""https://evil.invalid/https://api.workos.com""#,
            #"" https://api.workos.com""#, #""https://api.workos.com ""#, #""https://api.workos.com\u0000""#,
            #""https://api.workos.com,https://evil.invalid""#, #""https://api.workos.com:443""#,
            #""https://workos.com""#,
            #""https://api.workos.com?""#, #""https://аpi.workos.com""#, #""https://api.workos.co""#, #""h""#,
        ].map { claim("iss", $0, "wrong_issuer") }
        + [
            "null", "7", "true", "{}", "[]", #"["https://api.workos.com"]"#, #"{"https://api.workos.com":1}"#,
        ].map { claim("iss", $0, "iss_invalid") }
        + [
            claim("iss", nil, "iss_missing"),
            claim("iss", #""https://connvo.invalid/development""#, "development_issuer_misused"),
            accepted("iss", #""https://api.workos.com""#), accepted("iss", #""https://api.workos.com/""#),
            accepted("iss", #""https:\/\/api.workos.com""#),
        ]

    private static func audience(_ value: String?, _ expected: ExpectedResponse) -> HostileCase {
        HostileCase(
            .claims,
            "aud is \(value ?? "missing"), where mine and also are accepted",
            expected,
            in: { _ in Circumstances { $0.policy.audiences = ["mine", "also"] } },
            { try $0.token(claims: ["aud": value]) }
        )
    }

    private static let audienceCases: [HostileCase] =
        ["null", "7", "true", "{}", "[]", "[7]", #"["x",null]"#, #"["x",7]"#, #"[["x"]]"#, #"[{}]"#].flatMap {
            [claim("aud", $0, "aud_invalid"), audience($0, .invalid(cause: "aud_invalid"))]
        }
        + [
            accepted("aud", #""x""#), accepted("aud", #"["x","y"]"#), accepted("aud", nil),
            audience(#""mine""#, .accepted), audience(#""also""#, .accepted), audience(#"["x","mine"]"#, .accepted),
            audience(nil, .invalid(cause: "aud_missing")), audience(#"["mine",7]"#, .invalid(cause: "aud_invalid")),
        ]
        + [
            #""""#, #""x""#, #""min""#, #""minee""#, #""MINE""#, #""mine ""#, #""mine also""#, #""mine,also""#,
            #"["x","y"]"#,
            #"["mi","ne"]"#, #""https://mine""#,
        ].map { audience($0, .invalid(cause: "wrong_audience")) }

    private static let sessionCases: [HostileCase] =
        [
            "null", "7", "true", "{}", #"["s"]"#, #""""#, #""a\u0000b""#, #""a\n""#, #""\u001f""#, #""\u007f""#,
            "\"\(String(repeating: "s", count: 256))\"",
        ].map { claim("sid", $0, "sid_invalid") } + [
            claim("sid", nil, "sid_missing"), accepted("sid", #""a b.c|d""#),
            claim("sid", #""app_consent_""#, "sid_of_application"),
            claim("sid", #""app_consent_01HXYZ""#, "sid_of_application"),
            claim("sid", #""app\u005fconsent_01HXYZ""#, "sid_of_application"),
            accepted("sid", #""app_consent""#), accepted("sid", #""session_app_consent_01""#),
        ]

    private static func impersonated(_ value: String, _ expected: ExpectedResponse) -> HostileCase {
        HostileCase(
            .claims,
            "act is \(label(value)), where impersonation is accepted",
            expected,
            in: { _ in Circumstances { $0.policy.allowsImpersonation = true } },
            { try $0.token(claims: ["act": value]) }
        )
    }

    private static let noActors = [
        "null", "true", "7", #""admin""#, "{}", "[]", #"[{"sub":"admin"}]"#, #"{"sub":7}"#, #"{"sub":null}"#,
        #"{"sub":""}"#,
        #"{"sub":["a"]}"#, #"{"Sub":"a"}"#, #"{"sub":"a\u0000"}"#,
        "{\"sub\":\"\(String(repeating: "a", count: 256))\"}",
    ]

    /// Whose session the token is: a user's, or one of a widget, an agent or an impersonator.
    private static let kindCases: [HostileCase] =
        [#""widget""#, #""agent""#, #""user""#, #""""#, "null", "false", "0", "{}", "[]"].map {
            claim("sub_type", $0, "sub_type_present")
        }
        + [#""agent""#, #""widget""#, #""User""#, #""user ""#, #""""#, "null", "true", #"["user"]"#, "{}"].map {
            claim("sub_profile", $0, "wrong_sub_profile")
        }
        + noActors.flatMap { [claim("act", $0, "act_invalid"), impersonated($0, .invalid(cause: "act_invalid"))] }
        + [
            accepted("sub_profile", #""user""#),
            claim("act", #"{"sub":"admin@example.com"}"#, "impersonation_not_allowed"),
            impersonated(#"{"sub":"admin@example.com"}"#, .accepted),
            impersonated(#"{"sub":"admin","act":{"sub":"root"}}"#, .accepted),
            accepted("org_id", "null"), accepted("permissions", "7"), accepted("jti", "null"),
            accepted("may_act", "{}"),
        ]

    private static func twice(_ text: String) -> HostileCase {
        payload("once more \(text)", "payload_not_json") { $0.claims(adding: text) }
    }

    private static let syntaxCases: [HostileCase] =
        ["[]", "null", "true", "7", #""x""#, #"[{"sub":"user_workos_123"}]"#].map { payload($0, "payload_not_object") }
        + [" ", "x", "{", "}", "{}{}", "{} x", "<xml/>", "a=b&c=d", "\0"].map { payload($0, "payload_not_json") }
        + [
            #","sub":"user_cohost""#, #","\u0073ub":"user_cohost""#, #","exp":4102444800"#, #","ex\u0070":4102444800"#,
            #","iss":"https://evil.invalid""#, #","sid":"s""#, #","jti":"k""#, #","x":1,"x":1"#, #","x":{"y":1,"y":1}"#,
            #","x":[{"y":1,"\u0079":1}]"#,
        ].map(twice)
        + [
            payload("a trailing comma", "payload_not_json") { $0.claims(adding: ",") },
            payload("a comment", "payload_not_json") { $0.claims(adding: "/* x */") },
            payload("a lone surrogate", "payload_not_json") { $0.claims(adding: #","x":"\udead""#) },
            payload("a lone surrogate in a name", "payload_not_json") { $0.claims(adding: #","\ud800":1"#) },
            payload("a control character", "payload_not_json") { $0.claims(adding: ",\"x\":\"a\tb\"") },
            payload("a byte order mark", "payload_not_json") { "\u{FEFF}" + $0.claims() },
            payload("something behind", "payload_not_json") { $0.claims() + "x" },
            payload("a NUL behind", "payload_not_json") { $0.claims() + "\0" },
            payload("another object behind", "payload_not_json") { $0.claims() + $0.claims() },
            payload("its end missing", "payload_not_json") { String($0.claims().dropLast()) },
            payload("an array 600 deep", "payload_not_json") {
                $0.claims(adding: ",\"x\":" + String(repeating: "[", count: 600) + String(repeating: "]", count: 600))
            },
            payload("objects 600 deep", "payload_not_json") {
                let open = String(repeating: #"{"a":"#, count: 600)
                return $0.claims(adding: ",\"x\":\(open)1\(String(repeating: "}", count: 600))")
            },
            payload("arrays 33 deep in all", "payload_not_json") {
                $0.claims(adding: ",\"x\":" + String(repeating: "[", count: 32) + String(repeating: "]", count: 32))
            },
            HostileCase(.claims, "arrays 32 deep in all", .accepted) {
                let deep = String(repeating: "[", count: 31) + String(repeating: "]", count: 31)
                return try $0.token(payload: $0.claims(adding: ",\"x\":\(deep)"))
            },
            HostileCase(.claims, "500 members more", .accepted) {
                try $0.token(payload: $0.claims(adding: (0..<500).map { ",\"x\($0)\":0" }.joined()))
            },
            payload("500 members more, the last twice", "payload_not_json") {
                $0.claims(adding: (0..<500).map { ",\"x\($0)\":0" }.joined() + ",\"x\\u003499\":0")
            },
            payload("100,000 members more", "token_too_long") {
                $0.claims(adding: (0..<100_000).map { ",\"\($0)\":0" }.joined())
            }.onlyWhereItFits,
            payload("another token", "payload_not_json") {
                (try? $0.token()).map { String(decoding: $0, as: UTF8.self) } ?? ""
            },
            HostileCase(.claims, "UTF-16", .invalid(cause: "payload_not_json")) {
                let payload = utf16($0.claims(), littleEndian: true)
                return try $0.token(header: Array(HostileFixture.header().utf8), payload: payload)
            },
            HostileCase(.claims, "a byte that is not UTF-8", .invalid(cause: "payload_not_json")) {
                let payload = $0.claims().dropLast().utf8 + [0x2C, 0x22, 0x78, 0x22, 0x3A, 0x22, 0xFF, 0x22, 0x7D]
                return try $0.token(header: Array(HostileFixture.header().utf8), payload: Array(payload))
            },
            HostileCase(.claims, "an overlong letter", .invalid(cause: "payload_not_json")) {
                let payload =
                    $0.claims().dropLast().utf8 + [0x2C, 0x22, 0x78, 0x22, 0x3A, 0x22, 0xC1, 0xA1, 0x22, 0x7D]
                return try $0.token(header: Array(HostileFixture.header().utf8), payload: Array(payload))
            },
        ]

    /// For tokens that are longer than the headers of a request may be.
    private var onlyWhereItFits: HostileCase {
        HostileCase(area, name, expected, in: circumstances) { fixture in
            guard case .token(let token) = try credentials(fixture) else { return [] }
            return token
        }
    }
}
