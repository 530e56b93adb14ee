internal import JSON

/// A signed token taken apart (RFC 7515 §3.1), its header judged, its signature not yet.
package struct CompactJWS: Sendable {
    /// The longest token looked at.
    package static let maximumByteCount = 8 * 1024

    /// `kid`: the name of a key, to look it up by and nothing else. 1…256 bytes of any characters.
    package let keyID: String

    /// What the signature covers: header and payload as sent, with the dot between them.
    package let signingInput: ArraySlice<UInt8>

    /// The decoded payload. Believe nothing in it before the signature was verified.
    package let payload: [UInt8]

    /// The decoded signature.
    package let signature: [UInt8]

    /// Takes a whole array apart.
    ///
    /// - Throws: ``CompactJWSError`` naming the first fault, from the outside in: size, segments, base64url,
    ///   header.
    package init(parsing token: [UInt8]) throws(CompactJWSError) {
        try self.init(parsing: token[...])
    }

    /// Takes a slice apart; see ``init(parsing:)-([UInt8])``.
    package init(parsing token: ArraySlice<UInt8>) throws(CompactJWSError) {
        guard !token.isEmpty else { throw .empty }
        guard token.count <= Self.maximumByteCount else { throw .tooLong }
        guard let firstDot = token.firstIndex(of: UInt8(ascii: ".")),
            let lastDot = token.lastIndex(of: UInt8(ascii: ".")),
            firstDot < lastDot
        else { throw .notThreeSegments }
        let headerSegment = token[..<firstDot]
        let payloadSegment = token[(firstDot + 1)..<lastDot]
        let signatureSegment = token[(lastDot + 1)...]
        guard !payloadSegment.contains(UInt8(ascii: ".")) else { throw .notThreeSegments }
        guard !headerSegment.isEmpty, !payloadSegment.isEmpty, !signatureSegment.isEmpty else {
            throw .emptySegment
        }
        guard let header = Base64URL.decode(headerSegment) else { throw .headerNotBase64URL }
        guard let payload = Base64URL.decode(payloadSegment) else { throw .payloadNotBase64URL }
        guard let signature = Base64URL.decode(signatureSegment) else { throw .signatureNotBase64URL }

        keyID = try Self.judge(header)
        signingInput = token[..<lastDot]
        self.payload = payload
        self.signature = signature
    }

    /// Checks everything a header may say, and returns its `kid`. `jwk`, `jku`, `x5u`, `x5c` and members we do
    /// not know are ignored: keys come from our own key set alone.
    private static func judge(_ header: [UInt8]) throws(CompactJWSError) -> String {
        guard let document = try? JSONDocument(parsing: header) else { throw .headerNotJSON }
        let header = document.root
        guard header.kind == .object else { throw .headerNotObject }
        guard let algorithm = header["alg"] else { throw .algorithmMissing }
        guard algorithm.isString(equalTo: "RS256") else { throw .algorithmNotAllowed }
        guard header["crit"] == nil else { throw .criticalPresent }
        guard header["zip"] == nil else { throw .compressionPresent }
        guard header["enc"] == nil else { throw .encryptionPresent }
        guard header["b64"] == nil else { throw .unencodedPayloadPresent }
        if let type = header["typ"] {
            guard let name = type.string, isAllowed(type: name) else { throw .typeNotAllowed }
        }
        guard let keyID = header["kid"] else { throw .keyIDMissing }
        guard let name = keyID.string, 1...256 ~= name.utf8.count else { throw .keyIDInvalid }
        return name
    }

    /// Media types are compared without case, and `application/` may be left out (RFC 7515 §4.1.9).
    private static func isAllowed(type: String) -> Bool {
        guard type.utf8.count <= 32 else { return false }
        return switch type.lowercased() {
        case "jwt", "at+jwt", "application/jwt", "application/at+jwt": true
        default: false
        }
    }
}
