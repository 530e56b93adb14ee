internal import JOSE

/// Times. The verifier's clock is a parameter. Over HTTP there are only cases that do not depend on a second.
extension HostileCase {
    /// - Parameters:
    ///   - clock: Seconds by which the verifier's clock is ahead of the fixture's.
    private static func time(
        _ name: String,
        _ expected: ExpectedResponse,
        clock: Int64 = 0,
        leeway: Int64 = 30,
        _ claims: @escaping @Sendable (HostileFixture) -> [String: String?] = { _ in [:] }
    ) -> HostileCase {
        HostileCase(
            .time,
            name,
            expected,
            in: { _ in
                Circumstances {
                    $0.clock = clock
                    $0.policy.leeway = leeway
                }
            },
            { try $0.token(claims: claims($0)) }
        )
    }

    static let timeCases: [HostileCase] =
        [
            HostileCase(.time, "expired an hour ago", .expired) {
                try $0.token(claims: ["iat": "\($0.now - 7200)", "exp": "\($0.now - 3600)"])
            },
            HostileCase(.time, "expired in 2023", .expired) {
                try $0.token(claims: ["iat": "1699990000", "exp": "1699993600"])
            },
            HostileCase(.time, "expired in 1970", .expired) { try $0.token(claims: ["iat": "1", "exp": "1"]) },
            HostileCase(.time, "expired, and issued at that second", .expired) {
                try $0.token(claims: ["iat": "\($0.now - 3600)", "exp": "\($0.now - 3600)"])
            },
        ]
        // Expiry is reported only when nothing else is wrong, because it would tell a forger that the rest is right.
        + [
            ("sub", nil, "sub_missing"), ("sub", "7", "sub_invalid"), ("sid", nil, "sid_missing"),
            ("iss", #""https://evil.invalid""#, "wrong_issuer"), ("aud", "[]", "aud_invalid"),
            ("sub_type", #""agent""#, "sub_type_present"), ("sub_profile", #""agent""#, "wrong_sub_profile"),
            ("act", #"{"sub":"a"}"#, "impersonation_not_allowed"), ("nbf", "null", "nbf_invalid"),
            ("nbf", "9007199254740992", "not_yet_valid"),
        ].map { (name: String, value: String?, cause: String) in
            HostileCase(.time, "expired, and \(name) is \(value ?? "missing")", .invalid(cause: cause)) {
                try $0.token(claims: ["iat": "\($0.now - 7200)", "exp": "\($0.now - 3600)", name: value])
            }
        }
        + [
            HostileCase(.time, "expired, and signed by an attacker", .invalid(cause: "bad_signature")) {
                let claims = $0.claims(["iat": "\($0.now - 7200)", "exp": "\($0.now - 3600)"])
                return try $0.token(payload: claims, key: $0.attacker)
            },
            HostileCase(.time, "expired, and of an unknown key", .invalid(cause: "unknown_kid")) {
                let claims = $0.claims(["iat": "\($0.now - 7200)", "exp": "\($0.now - 3600)"])
                return try $0.token(header: HostileFixture.header(kid: #""key_9""#), payload: claims)
            },
            HostileCase(.time, "expired, and alg is none", .invalid(cause: "alg_not_allowed")) {
                let claims = $0.claims(["iat": "\($0.now - 7200)", "exp": "\($0.now - 3600)"])
                return try $0.token(header: HostileFixture.header(alg: #""none""#), payload: claims)
            },
        ]
        + boundaries

    private static let boundaries: [HostileCase] =
        // (leeway as configured, as it holds)
        [(0, 0), (1, 1), (5, 5), (30, 30), (60, 60), (61, 60), (300, 60), (.max, 60), (-1, 0), (.min, 0)].flatMap {
            (configured: Int64, leeway: Int64) in
            [
                time("exp a second before its end, leeway \(configured)", .accepted, leeway: configured) {
                    ["exp": "\($0.now - leeway + 1)", "iat": "\($0.now - 600)"]
                },
                time("exp at its end, leeway \(configured)", .expired, leeway: configured) {
                    ["exp": "\($0.now - leeway)", "iat": "\($0.now - 600)"]
                },
                time("nbf at its start, leeway \(configured)", .accepted, leeway: configured) {
                    ["nbf": "\($0.now + leeway)"]
                },
                time("nbf a second ahead, leeway \(configured)", .invalid(cause: "not_yet_valid"), leeway: configured) {
                    ["nbf": "\($0.now + leeway + 1)"]
                },
                time("iat at its start, leeway \(configured)", .accepted, leeway: configured) {
                    ["iat": "\($0.now + leeway)"]
                },
                time(
                    "iat a second ahead, leeway \(configured)",
                    .invalid(cause: "issued_in_future"),
                    leeway: configured
                ) {
                    ["iat": "\($0.now + leeway + 1)"]
                },
            ]
        }
        + [
            time("the clock stepped back an hour", .invalid(cause: "issued_in_future"), clock: -3600),
            time("the clock stepped back within the leeway", .accepted, clock: -90),
            time("the clock stepped forward two hours", .expired, clock: 7200),
            time("the clock stepped forward half an hour", .accepted, clock: 1800),
            time("the clock at the end of time", .expired, clock: 1 << 61),
            time("the clock before 1970", .invalid(cause: "issued_in_future"), clock: -(1 << 61)),
        ]
}
