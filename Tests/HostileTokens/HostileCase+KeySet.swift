internal import JOSE

/// The text of the key set (RFC 7517). Entries that must not be used hold the attacker's numbers, so that a verifier
/// that uses one accepts the attacker's token.
extension HostileCase {
    /// A token by the attacker's key with the `kid` of an entry of the scene's key set.
    private static func entry(_ keyID: String) -> HostileCase {
        HostileCase(.keySet, "signed by the entry \(keyID)", .invalid(cause: "unknown_kid")) {
            try $0.token(header: HostileScene.header(kid: "\"\(keyID)\""), key: $0.stranger)
        }
    }

    /// A token with the `kid` of an entry for whose exponent the padded digest itself, or zeros, is a signature.
    private static func trivial(_ keyID: String, _ signature: @escaping @Sendable ([UInt8]) -> [UInt8]) -> HostileCase {
        HostileCase(.keySet, "signed for the entry \(keyID)", .invalid(cause: "unknown_kid")) {
            let header = Array(HostileScene.header(kid: "\"\(keyID)\"").utf8)
            let input = HostileScene.join(header, Array($0.claims().utf8))
            return HostileScene.join(input, signature: signature(input))
        }
    }

    private static func set(
        _ name: String,
        _ expected: ExpectedAnswer,
        lastFetchFailed: Bool = false,
        _ keySet: @escaping @Sendable (HostileScene) throws -> String
    ) -> HostileCase {
        HostileCase(
            .keySet,
            name,
            expected,
            in: { scene in
                try Circumstances {
                    $0.keySet = Array(try keySet(scene).utf8)
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
                try $0.token(header: HostileScene.header(kid: #""two-kinds""#))
            },
            HostileCase(.keySet, "an RSA key that shares its kid with an unusable one", .accepted) {
                try $0.token(header: HostileScene.header(kid: #""two-uses""#))
            },
            set("no keys at all", .unavailable(cause: "no_usable_key")) { _ in HostileKeySet.text([]) },
            set("no usable key", .unavailable(cause: "no_usable_key")) { scene in
                HostileKeySet.text([HostileKeySet.entry("key_1", scene.key, #","use":"enc""#)])
            },
            set("the same key twice", .unavailable(cause: "no_usable_key")) { scene in
                let entry = HostileKeySet.entry("key_1", scene.key)
                return HostileKeySet.text([entry, entry])
            },
            set("the key removed", .invalid(cause: "unknown_kid")) { scene in
                HostileKeySet.text([HostileKeySet.entry("key_2", scene.second)])
            },
            set(
                "the key removed, as far as we know",
                .unavailable(cause: "unknown_kid_after_failed_fetch"),
                lastFetchFailed: true
            ) { scene in HostileKeySet.text([HostileKeySet.entry("key_2", scene.second)]) },
            set("the key replaced under its name", .invalid(cause: "bad_signature")) { scene in
                HostileKeySet.text([HostileKeySet.entry("key_1", scene.second)])
            },
            set("the key replaced, as far as we know", .invalid(cause: "bad_signature"), lastFetchFailed: true) {
                scene in
                HostileKeySet.text([HostileKeySet.entry("key_1", scene.second)])
            },
            set("the key there, and the last fetch failed", .accepted, lastFetchFailed: true) { scene in
                HostileKeySet.text([HostileKeySet.entry("key_1", scene.key)])
            },
            set("the key under two names", .accepted) { scene in
                HostileKeySet.text([HostileKeySet.entry("key_1", scene.key), HostileKeySet.entry("key_2", scene.key)])
            },
        ]
}
