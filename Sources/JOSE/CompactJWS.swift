internal import Glibc
internal import JSON

/// A parsed compact JWS (RFC 7515 §3.1) whose header has been checked and whose signature has not.
package struct CompactJWS: Sendable {
    /// The longest token that is parsed, in bytes.
    package static let maximumByteCount = 8 * 1024

    /// `kid`: a name to look a key up by. It is not trusted for anything else. 1…256 bytes of any value.
    package let keyID: String

    /// The bytes that the signature covers: header and payload as sent, with the dot between them.
    package let signingInput: ArraySlice<UInt8>

    /// The decoded payload. It must not be trusted before the signature is verified.
    package let payload: [UInt8]

    /// The decoded signature.
    package let signature: [UInt8]

    /// The first segment, as sent, when this parse has checked it; `nil` when ``JudgedHeaders`` knew it.
    let newHeader: ArraySlice<UInt8>?

    /// Parses a token.
    ///
    /// - Throws: ``CompactJWSError`` for the first fault, checked in this order: size, segments, base64url, header.
    package init(parsing token: [UInt8]) throws(CompactJWSError) {
        try self.init(parsing: token[...])
    }

    /// Parses a slice; see ``init(parsing:)-([UInt8])``.
    package init(parsing token: ArraySlice<UInt8>) throws(CompactJWSError) {
        try self.init(parsing: token, knownHeaders: nil)
    }

    /// Parses a slice. The result is the same with and without known headers.
    init(parsing token: ArraySlice<UInt8>, knownHeaders: JudgedHeaders?) throws(CompactJWSError) {
        guard !token.isEmpty else { throw .empty }
        guard token.count <= Self.maximumByteCount else { throw .tooLong }
        guard let (firstDot, lastDot) = Self.dots(in: token) else { throw .notThreeSegments }
        let headerSegment = token[..<firstDot]
        let payloadSegment = token[(firstDot + 1)..<lastDot]
        let signatureSegment = token[(lastDot + 1)...]
        guard !headerSegment.isEmpty, !payloadSegment.isEmpty, !signatureSegment.isEmpty else {
            throw .emptySegment
        }
        let knownKeyID = knownHeaders?.keyID(of: headerSegment)
        guard let header = knownKeyID == nil ? Base64URL.decode(headerSegment) : [] else { throw .headerNotBase64URL }
        guard let payload = Base64URL.decode(payloadSegment) else { throw .payloadNotBase64URL }
        guard let signature = Base64URL.decode(signatureSegment) else { throw .signatureNotBase64URL }

        if let knownKeyID {
            keyID = knownKeyID
            newHeader = nil
        } else {
            keyID = try Self.judge(header)
            newHeader = headerSegment
        }
        signingInput = token[..<lastDot]
        self.payload = payload
        self.signature = signature
    }

    /// The indices of the dots, when there are two.
    private static func dots(in token: ArraySlice<UInt8>) -> (Int, Int)? {
        token.withUnsafeBytes { bytes in
            func dot(from start: Int) -> Int? {
                guard let base = bytes.baseAddress,
                    let found = memchr(base + start, Int32(UInt8(ascii: ".")), bytes.count - start)
                else { return nil }
                return base.distance(to: UnsafeRawPointer(found))
            }
            guard let first = dot(from: 0), let second = dot(from: first + 1), dot(from: second + 1) == nil else {
                return nil
            }
            return (token.startIndex + first, token.startIndex + second)
        }
    }

    /// Checks every header member that matters, and returns `kid`. `jwk`, `jku`, `x5u`, `x5c` and unknown members are
    /// ignored, because keys come only from the configured key set.
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

    /// Media types are compared case-insensitively, and `application/` may be omitted (RFC 7515 §4.1.9).
    private static func isAllowed(type: String) -> Bool {
        guard type.utf8.count <= 32 else { return false }
        return switch type.lowercased() {
        case "jwt", "at+jwt", "application/jwt", "application/at+jwt": true
        default: false
        }
    }
}
