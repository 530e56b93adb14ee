internal import ConvexAPI
internal import Domain
internal import NIOCore
internal import NIOHTTP1

/// Writes whole HTTP/1.1 responses, head and body. One for each connection.
struct ResponseEncoder {
    private var date = HTTPDate()

    /// - Parameters:
    ///   - exchange: The request that is answered.
    ///   - serverTiming: The value of `Server-Timing`; nil for none.
    ///   - keepsConnection: Whether the connection is kept after this response.
    mutating func encode(
        _ response: EndpointResponse,
        to exchange: HTTPExchange,
        serverTiming: String? = nil,
        keepsConnection: Bool,
        now: Timestamp
    ) -> ByteBuffer {
        // 256 bytes are enough for the head of nearly all.
        var bytes = ByteBufferAllocator().buffer(capacity: 256 + response.body.count)
        bytes.writeStatusLine(response.status, version: exchange.version)
        // 204 has neither a body nor a length (RFC 9110, section 8.6).
        if !response.body.isEmpty {
            let length = String(response.body.count)
            bytes.writeTexts("Content-Type: ", response.contentType, "\r\nContent-Length: ", length, "\r\n")
        }
        bytes.writeTexts(
            "Cache-Control: no-store\r\nX-Request-Id: ",
            exchange.requestID,
            "\r\n",
            date.field(at: now)
        )
        for (name, value) in response.headers { bytes.writeField(name, value) }
        writeEnd(of: exchange, serverTiming, keepsConnection, to: &bytes)
        if !exchange.isHead { bytes.writeBytes(response.body) }
        return bytes
    }

    /// The head of a response whose body is the document's, or none.
    ///
    /// - Parameter status: 200 or 304.
    mutating func encodeHead(
        of document: Document,
        status: Int,
        to exchange: HTTPExchange,
        serverTiming: String? = nil,
        keepsConnection: Bool,
        now: Timestamp
    ) -> ByteBuffer {
        var bytes = ByteBufferAllocator().buffer(capacity: 1024)
        bytes.writeStatusLine(status, version: exchange.version)
        bytes.writeImmutableBuffer(status == 304 ? document.validators : document.fields)
        bytes.writeField("X-Request-Id", exchange.requestID)
        bytes.writeString(date.field(at: now))
        writeEnd(of: exchange, serverTiming, keepsConnection, to: &bytes)
        return bytes
    }

    /// The last fields of a head, and the empty line.
    private func writeEnd(
        of exchange: HTTPExchange,
        _ serverTiming: String?,
        _ keepsConnection: Bool,
        to bytes: inout ByteBuffer
    ) {
        for (name, value) in exchange.crossOriginHeaders { bytes.writeField(name, value) }
        if let serverTiming { bytes.writeField("Server-Timing", serverTiming) }
        if !keepsConnection {
            bytes.writeStaticString("Connection: close\r\n")
        } else if exchange.version == .http1_0 {
            bytes.writeStaticString("Connection: keep-alive\r\n")
        }
        bytes.writeStaticString("\r\n")
    }
}
