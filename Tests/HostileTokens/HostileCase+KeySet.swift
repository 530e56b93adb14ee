internal import JOSE

/// The text of the key set (RFC 7517). Entries that must not be used hold the attacker's numbers, so that a verifier
/// that uses one accepts the attacker's token.
extension HostileCase {
    /// A token by the attacker's key with the `kid` of an entry of the fixture's key set.
    private static func entry(_ keyID: String) -> HostileCase {
        HostileCase(.keySet, "signed by the entry \(keyID)", .invalid(cause: "unknown_kid")) {
            try $0.token(header: HostileFixture.header(kid: "\"\(keyID)\""), key: $0.attacker)
        }
    }

    /// A token with the `kid` of an entry for whose exponent the padded digest itself, or zeros, is a signature.
    private static func trivial(_ keyID: String, _ signature: @escaping @Sendable ([UInt8]) -> [UInt8]) -> HostileCase {
        HostileCase(.keySet, "signed for the entry \(keyID)", .invalid(cause: "unknown_kid")) {
            let header = Array(HostileFixture.header(kid: "\"\(keyID)\"").utf8)
            let input = HostileFixture.join(header, Array($0.claims().utf8))
            return HostileFixture.join(input, signature: signature(input))
        }
    }

    private static func set(
        _ name: String,
        _ expected: ExpectedResponse,
        lastFetchFailed: Bool = false,
        _ keySet: @escaping @Sendable (HostileFixture) throws -> String
    ) -> HostileCase {
        HostileCase(
            .keySet,
            name,
            expected,
            in: { fixture in
                try Circumstances {
                    $0.keySet = Array(try keySet(fixture).utf8)
                    $0.lastFetchFailed = lastFetchFailed
                }
            },
            { try $0.token() }
        )
    }

    static let keySetCases: [HostileCase] =
        HostileKeySet.unusable.map(\.keyID).filter { !$0.hasPrefix("exponent-1") }.map(entry)
        + [
            trivial("exponent-1", paddedDigest(of:)), trivial("exponent-1-with-zeros", paddedDigest(of:)),
            trivial("exponent-0") { _ in [UInt8](repeating: 0, count: 255) + [1] },
            entry("undefined"), entry("null"), entry("7"),
            HostileCase(.keySet, "an RSA key that shares its kid with an elliptic one", .accepted) {
                try $0.token(header: HostileFixture.header(kid: #""two-kinds""#))
            },
            HostileCase(.keySet, "an RSA key that shares its kid with an unusable one", .accepted) {
                try $0.token(header: HostileFixture.header(kid: #""two-uses""#))
            },
            set("no keys at all", .unavailable(cause: "no_usable_key")) { _ in HostileKeySet.text([]) },
            set("no usable key", .unavailable(cause: "no_usable_key")) { fixture in
                HostileKeySet.text([HostileKeySet.entry("key_1", fixture.key, #","use":"enc""#)])
            },
            set("the same key twice", .accepted) { fixture in
                let entry = HostileKeySet.entry("key_1", fixture.key)
                return HostileKeySet.text([entry, entry])
            },
            set("another key under the same name", .unavailable(cause: "no_usable_key")) { fixture in
                HostileKeySet.text([
                    HostileKeySet.entry("key_1", fixture.key), HostileKeySet.entry("key_1", fixture.attacker),
                ])
            },
            set("the key removed", .invalid(cause: "unknown_kid")) { fixture in
                HostileKeySet.text([HostileKeySet.entry("key_2", fixture.second)])
            },
            set(
                "the key removed, as far as we know",
                .unavailable(cause: "unknown_kid_after_failed_fetch"),
                lastFetchFailed: true
            ) { fixture in HostileKeySet.text([HostileKeySet.entry("key_2", fixture.second)]) },
            set("the key replaced under its name", .invalid(cause: "bad_signature")) { fixture in
                HostileKeySet.text([HostileKeySet.entry("key_1", fixture.second)])
            },
            set("the key replaced, as far as we know", .invalid(cause: "bad_signature"), lastFetchFailed: true) {
                fixture in
                HostileKeySet.text([HostileKeySet.entry("key_1", fixture.second)])
            },
            set("the key there, and the last fetch failed", .accepted, lastFetchFailed: true) { fixture in
                HostileKeySet.text([HostileKeySet.entry("key_1", fixture.key)])
            },
            set("the key under two names", .accepted) { fixture in
                HostileKeySet.text([
                    HostileKeySet.entry("key_1", fixture.key), HostileKeySet.entry("key_2", fixture.key),
                ])
            },
        ]
}
