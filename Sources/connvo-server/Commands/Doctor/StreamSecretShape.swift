internal import JOSE

/// What may be said of a secret that signs tokens: none of it can be turned back into the secret.
struct StreamSecretShape: Hashable, Sendable {
    /// As in the column `signing_key_id` of records; nil when it is too short to be used.
    let keyID: String?
    /// In which of a few ranges its length is.
    let length: String
    /// Why it is probably not what Stream has given; nil when it may be.
    let doubt: String?

    init(_ secret: String) {
        let bytes = Array(secret.utf8)
        keyID = (try? StreamTokenSigner(secret: bytes))?.keyID
        length =
            switch bytes.count {
            case ..<32: "less than 32 bytes"
            case ..<64: "32 to 63 bytes"
            case ..<128: "64 to 127 bytes"
            default: "128 bytes or more"
            }
        doubt = Self.doubt(bytes, lowercased: secret.lowercased())
    }

    var summary: String { [keyID.map { "key id \($0)" }, length].compactMap(\.self).joined(separator: ", ") }

    /// Words of texts that stand in examples for a secret.
    private static let placeholders = [
        "changeme", "change-me", "change_me", "example", "placeholder", "your", "secret",
    ]
    /// A random text of 32 characters has more different ones with near certainty, also one of hexadecimal digits.
    private static let fewestDifferentBytes = 8

    private static func doubt(_ bytes: [UInt8], lowercased text: String) -> String? {
        if Set(bytes).count < fewestDifferentBytes { return "consists of very few different characters" }
        if let word = placeholders.first(where: text.contains) { return "has the word \"\(word)\" in it" }
        if text.hasPrefix("eyj") { return "looks like a token" }
        return nil
    }
}
