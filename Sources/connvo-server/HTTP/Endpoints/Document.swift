internal import JOSE
internal import NIOCore
internal import NIOHTTP1
internal import Text

/// A text that is the same in every response, with the header fields that belong to it. Made once, at start.
///
/// All connections share its bytes: a client that reads slowly holds a reference to them and no copy.
final class Document: Sendable {
    let body: ByteBuffer
    /// Names the text in `ETag` (RFC 9110, section 8.8.3): another text has another one.
    let entityTag: String
    /// Of a 200, as they are sent.
    let fields: ByteBuffer
    /// Of a 304, as they are sent (RFC 9110, section 15.4.5).
    let validators: ByteBuffer

    /// - Parameters:
    ///   - contentType: As in `Content-Type`.
    ///   - contentSecurityPolicy: What a browser that shows the text may load and do (CSP3).
    init(_ text: String, contentType: String, contentSecurityPolicy: String) {
        body = ByteBuffer(string: text)
        entityTag = "\"\(Hexadecimal.encode(SHA256.hash(Array(text.utf8)).prefix(16)))\""
        var validators = ByteBuffer()
        // Asked for again each time, with the tag: a new release has a new text, and servers may be of two releases.
        validators.writeField("Cache-Control", "no-cache")
        validators.writeField("ETag", entityTag)
        var fields = ByteBuffer()
        fields.writeField("Content-Type", contentType)
        fields.writeField("Content-Length", String(body.readableBytes))
        fields.writeImmutableBuffer(validators)
        fields.writeField("Content-Security-Policy", contentSecurityPolicy)
        fields.writeField("Cross-Origin-Opener-Policy", "same-origin")
        fields.writeField("Referrer-Policy", "no-referrer")
        fields.writeField("X-Content-Type-Options", "nosniff")
        self.fields = fields
        self.validators = validators
    }

    /// Whether the client says that it has this text (RFC 9110, section 13.1.2). Tags are compared weakly, as for GET.
    func isHeld(by headers: HTTPHeaders) -> Bool {
        headers["If-None-Match"].contains { list in
            if list == "*" { return true }
            return list.split(separator: ",").contains { part in
                var tag = part.drop { $0 == " " || $0 == "\t" }
                while let last = tag.last, last == " " || last == "\t" { tag.removeLast() }
                return tag == entityTag || tag.hasPrefix("W/") && tag.dropFirst(2) == entityTag
            }
        }
    }
}
