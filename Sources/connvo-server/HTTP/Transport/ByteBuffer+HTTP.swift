internal import NIOCore
internal import NIOHTTP1

extension ByteBuffer {
    /// Writes a status line (RFC 9112, section 4).
    mutating func writeStatusLine(_ status: Int, version: HTTPVersion) {
        switch (status, version.minor) {
        case (200, 1): writeStaticString("HTTP/1.1 200 OK\r\n")
        default:
            let reason = HTTPResponseStatus(statusCode: status).reasonPhrase
            writeString("HTTP/1.\(version.minor) \(status) \(reason)\r\n")
        }
    }

    /// Writes a header field. Neither part is looked at: they must be free of line breaks.
    mutating func writeField(_ name: String, _ value: String) {
        writeTexts(name, ": ", value, "\r\n")
    }

    /// Writes texts one behind the other. Room is made once for all: each write to a buffer has a cost of its own.
    mutating func writeTexts(_ texts: String...) {
        let count = texts.reduce(0) { $0 + $1.utf8.count }
        writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            var rest = space[...]
            for var text in texts {
                text.withUTF8 { text in
                    UnsafeMutableRawBufferPointer(rebasing: rest).copyMemory(from: UnsafeRawBufferPointer(text))
                    rest = rest.dropFirst(text.count)
                }
            }
            return count
        }
    }
}
