internal import JSON
internal import Text

/// The public keys of the issuer of bearer tokens (RFC 7517 §5), by `kid`.
///
/// ```swift
/// let keys = try JWKSet(parsing: body)
/// let key = keys["sso_oidc_key_pair_1"]
/// ```
package struct JWKSet: Sendable, Equatable {
    /// The longest text that is parsed, in bytes.
    package static let maximumByteCount = 64 * 1024

    /// The most keys that a set may list, usable or not.
    package static let maximumKeyCount = 50

    private let keys: [String: RSAPublicKey]

    /// The keys that were left out, in the order of the text.
    package let skipped: [SkippedKey]

    /// A key that cannot verify RS256, and why.
    package struct SkippedKey: Sendable, Equatable {
        /// The raw value is a stable slug for logs.
        package enum Reason: String, Sendable, CaseIterable {
            case notAnObject = "not_an_object"
            /// `kty` is not `RSA`.
            case notRSA = "not_rsa"
            /// `use` is present and not `sig`.
            case notForSigning = "not_for_signing"
            /// `key_ops` is present and not an array that contains `verify`.
            case notForVerifying = "not_for_verifying"
            /// `alg` is present and not `RS256`.
            case wrongAlgorithm = "wrong_algorithm"
            /// `kid` is missing, or not a string of 1…256 bytes.
            case noKeyID = "no_kid"
            /// `n` or `e` is missing or not canonical base64url.
            case numbersUnreadable = "numbers_unreadable"
            /// ``RSAPublicKey`` rejects `n` or `e`.
            case numbersRefused = "numbers_refused"
            /// Another usable key, with other numbers, has the same `kid`. All of them are left out.
            case duplicateKeyID = "duplicate_kid"
        }

        /// The position in `keys`, counted from 0.
        package let index: Int

        /// `kid` if it is a string, cut at 64 bytes, with `?` for every byte outside `[A-Za-z0-9._-]`.
        package let keyID: String?

        package let reason: Reason
    }

    /// An empty set, for the time before the first fetch.
    package init() {
        keys = [:]
        skipped = []
    }

    /// Reads a key set.
    ///
    /// - Throws: ``JWKSetError`` when the whole set is rejected. A set without a usable key is valid: see
    ///   ``isEmpty``.
    package init(parsing text: [UInt8]) throws(JWKSetError) {
        guard text.count <= Self.maximumByteCount else { throw .tooLong }
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: text)
        } catch {
            throw .notJSON(error)
        }
        guard let list = document.root["keys"], list.kind == .array else { throw .notAKeySet }
        guard list.count <= Self.maximumKeyCount else { throw .tooManyKeys }
        for (index, entry) in list.elements.enumerated() where Self.hasPrivateMember(entry) {
            throw .holdsPrivateKey(index: index)
        }

        var usable: [(index: Int, keyID: String, key: RSAPublicKey)] = []
        var skipped: [SkippedKey] = []
        for (index, entry) in list.elements.enumerated() {
            do {
                let (keyID, key) = try Self.readKey(entry)
                usable.append((index, keyID, key))
            } catch {
                skipped.append(SkippedKey(index, entry["kid"]?.string, error))
            }
        }
        let byKeyID = Dictionary(grouping: usable, by: \.keyID)
        var keys: [String: RSAPublicKey] = [:]
        for (keyID, candidates) in byKeyID {
            // A key that is listed twice is one key.
            if let first = candidates.first, candidates.allSatisfy({ $0.key == first.key }) {
                keys[keyID] = first.key
            } else {
                skipped += candidates.map { SkippedKey($0.index, $0.keyID, .duplicateKeyID) }
            }
        }
        self.keys = keys
        self.skipped = skipped.sorted { $0.index < $1.index }
    }

    /// Whether no key is usable.
    package var isEmpty: Bool { keys.isEmpty }

    /// The number of usable keys.
    package var count: Int { keys.count }

    /// The `kid` of every usable key, sorted.
    package var keyIDs: [String] { keys.keys.sorted() }

    /// The usable key with this `kid`, compared byte by byte.
    package subscript(keyID: String) -> RSAPublicKey? {
        // Swift compares strings by canonical equivalence; key ids are compared byte by byte.
        guard let entry = keys.index(forKey: keyID), keys[entry].key.hasSameBytes(as: keyID) else { return nil }
        return keys[entry].value
    }

    // MARK: - Reading one key

    private static func hasPrivateMember(_ entry: JSONValue) -> Bool {
        if entry["k"] != nil, entry["kty"]?.isString(equalTo: "oct") == true { return true }
        return ["d", "p", "q", "dp", "dq", "qi", "oth"].contains { entry[$0] != nil }
    }

    private static func readKey(_ entry: JSONValue) throws(SkippedKey.Reason) -> (String, RSAPublicKey) {
        guard entry.kind == .object else { throw .notAnObject }
        guard entry["kty"]?.isString(equalTo: "RSA") == true else { throw .notRSA }
        if let use = entry["use"] {
            guard use.isString(equalTo: "sig") else { throw .notForSigning }
        }
        if let operations = entry["key_ops"] {
            guard operations.elements.contains(where: { $0.isString(equalTo: "verify") }) else {
                throw .notForVerifying
            }
        }
        if let algorithm = entry["alg"] {
            guard algorithm.isString(equalTo: "RS256") else { throw .wrongAlgorithm }
        }
        guard let keyID = entry["kid"]?.string, 1...256 ~= keyID.utf8.count else { throw .noKeyID }
        guard let modulus = entry["n"]?.stringBytes.flatMap({ Base64URL.decode($0) }),
            let exponent = entry["e"]?.stringBytes.flatMap({ Base64URL.decode($0) })
        else { throw .numbersUnreadable }
        do {
            return (keyID, try RSAPublicKey(modulus: modulus, exponent: exponent))
        } catch {
            throw .numbersRefused
        }
    }

    // MARK: - Writing

    /// Writes a key set with these public keys, for the development issuer.
    ///
    /// - Throws: ``InvalidKeyID`` for a `kid` that is not 1…256 characters of `[A-Za-z0-9_-]`.
    package static func encode(_ keys: [(kid: String, key: RSAPublicKey)]) throws(InvalidKeyID) -> [UInt8] {
        for (kid, _) in keys {
            guard 1...256 ~= kid.utf8.count, kid.utf8.allSatisfy(\.isIdentifierCharacter) else {
                throw InvalidKeyID()
            }
        }
        var json = JSONWriter(capacity: 512 * keys.count)
        json.object { json in
            json.array("keys") { json in
                for (kid, key) in keys {
                    json.object { json in
                        json.member("kty", "RSA")
                        json.member("use", "sig")
                        json.member("alg", "RS256")
                        json.member("kid", kid)
                        json.key("n")
                        json.string(unescaped: Base64URL.encode(key.modulus))
                        json.key("e")
                        json.string(unescaped: Base64URL.encode(key.exponent))
                    }
                }
            }
        }
        return json.bytes
    }

    /// A `kid` that would need escaping in JSON.
    package struct InvalidKeyID: Error, Equatable, CustomStringConvertible {
        package var description: String { "a key id must be 1…256 characters of [A-Za-z0-9_-]" }
    }
}

extension JWKSet.SkippedKey.Reason: Error {}

extension JWKSet.SkippedKey {
    init(_ index: Int, _ keyID: String?, _ reason: Reason) {
        self.index = index
        self.keyID = keyID.map { String(sanitizing: $0.utf8, limit: 64) }
        self.reason = reason
    }
}
