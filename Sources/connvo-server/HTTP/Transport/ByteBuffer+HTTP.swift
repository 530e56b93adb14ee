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
    mutating func writeField(_ name: StaticString, _ value: String) {
        writeStaticString(name)
        writeStaticString(": ")
        writeString(value)
        writeStaticString("\r\n")
    }

    /// As above, for a name that is not known beforehand.
    mutating func writeField(_ name: String, _ value: String) {
        writeString(name)
        writeStaticString(": ")
        writeString(value)
        writeStaticString("\r\n")
    }
}
