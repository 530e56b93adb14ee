internal import JOSE

/// The secret of the Stream app that signs, and the one before it, whose tokens are still valid.
struct StreamSecrets: Sendable {
    let signer: StreamTokenSigner
    /// Nil when there is none, or when it is the one that signs.
    let previous: StreamTokenVerifier?

    /// Which of the two a key id names.
    enum Use: String, Sendable {
        case current, previous
        /// Neither: retired.
        case retired
    }

    /// - Returns: Nil, and problems noted, when one of them is missing or wrong.
    init?(_ settings: inout SettingsReader) {
        let secret = settings.secret(.streamAPISecret)
        let previousSecret = settings.secret(.streamAPISecretPrevious)
        if secret == nil, !settings.isGiven(.streamAPISecret) {
            settings.note(
                .streamAPISecret,
                "is not set",
                "give the API secret of the Stream app, or STREAM_API_SECRET_FILE"
            )
        }
        let signer = Self.checked(secret, .streamAPISecret, &settings) { (bytes) throws(StreamTokenError) in
            try StreamTokenSigner(secret: bytes)
        }
        let previous = Self.checked(previousSecret, .streamAPISecretPrevious, &settings) {
            (bytes) throws(StreamTokenError) in try StreamTokenVerifier(secret: bytes)
        }
        guard let signer, !settings.isFaulty(.streamAPISecretPrevious) else { return nil }
        self.signer = signer
        // The same secret twice is a step of a rotation, in which the file of the new one is written last.
        self.previous = previous?.keyID == signer.keyID ? nil : previous
    }

    private static func checked<Key>(
        _ secret: String?,
        _ setting: Setting,
        _ settings: inout SettingsReader,
        _ make: ([UInt8]) throws(StreamTokenError) -> Key
    ) -> Key? {
        guard let secret else { return nil }
        do {
            return try make(Array(secret.utf8))
        } catch {
            settings.refuse(setting, "is shorter than 32 bytes", "give the API secret of the Stream app")
            return nil
        }
    }

    func use(of keyID: String) -> Use {
        if keyID == signer.keyID { return .current }
        return keyID == previous?.keyID ? .previous : .retired
    }
}
