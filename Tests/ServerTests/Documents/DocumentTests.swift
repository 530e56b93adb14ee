import Domain
import JOSE
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import connvo_server

/// What a document's responses are made of.
@Suite struct DocumentTests {
    private static func document(_ text: String) -> Document {
        Document(text, contentType: "text/plain", contentSecurityPolicy: "default-src 'none'")
    }

    @Test func `the tag is of the text alone`() {
        #expect(Self.document("a").entityTag == Self.document("a").entityTag)
        #expect(Self.document("a").entityTag != Self.document("b").entityTag)
        #expect(Self.document("").entityTag == "\"e3b0c44298fc1c149afbf4c8996fb924\"")
    }

    @Test func `the policy of a page allows its own style sheets and scripts by their hashes`() {
        let page = "<style>a{}</style><b>c</b><script>\nd()</script><script>e</script>"
        let policy = APIDescription.contentSecurityPolicy(of: page)
        #expect(
            policy == """
                default-src 'none'; style-src 'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='; script-src \
                'sha256-S0QakN9qlJlhB3iTG6D5FQyir+SnmNQ1OsvSLbJwwHg=' 'sha256-P3m7e0NbBTIWUdrv03TNxoHcBvqmXjdOODN7iMoEbeo='; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'
                """
        )
        #expect(
            APIDescription.contentSecurityPolicy(of: "<p>style</p>") == """
                default-src 'none'; style-src 'none'; script-src 'none'; connect-src 'self'; form-action 'none'; \
                frame-ancestors 'none'; base-uri 'none'
                """
        )
    }

    /// The buffers that a handler writes to a connection of its own, for one request.
    private static func written(
        _ method: HTTPMethod,
        of document: Document,
        drain: ClientConnection.Drain = .init()
    ) throws -> [ByteBuffer] {
        let channel = EmbeddedChannel()
        let routes = Routes(
            pages: [.docs: .document(document)],
            observe: { _ in },
            now: { Timestamp(secondsSinceEpoch: 1_750_000_000) }
        )
        let handler = HTTPExchangeHandler(
            routes: routes,
            connection: ClientConnection(channel, limits: ConnectionLimits(), answering: .init(), drain: drain),
            completionQueue: EventLoopCompletionQueue.Directory().queue(on: channel.eventLoop),
            turns: TurnWatch.Directory().watch(on: channel.eventLoop)
        )
        try channel.pipeline.syncOperations.addHandler(handler)
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: "/docs", headers: ["Host": "localhost"])
        try channel.writeInbound(HTTPServerRequestPart.head(head))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        var buffers: [ByteBuffer] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { buffers.append(buffer) }
        return buffers
    }

    private static func address(_ buffer: ByteBuffer) -> UnsafeRawPointer? {
        buffer.withUnsafeReadableBytes { $0.baseAddress }
    }

    @Test func `connections share the bytes of a document: a slow reader costs no copy`() throws {
        let document = Self.document(String(repeating: "x", count: 1_000_000))
        for _ in 0..<3 {
            let buffers = try Self.written(.GET, of: document)
            try #require(buffers.count == 2)
            #expect(buffers[0].readableBytes < 1024)
            #expect(buffers[1].readableBytes == 1_000_000)
            #expect(Self.address(buffers[1]) == Self.address(document.body))
        }
        let head = try Self.written(.HEAD, of: document)
        #expect(head.count == 1)
        #expect(head.allSatisfy { $0.readableBytes < 1024 })
    }

    @Test func `while the server ends, a connection ends with the document, as with every response`() throws {
        let drain = ClientConnection.Drain()
        let head = { try String(buffer: #require(try Self.written(.GET, of: Self.document("a"), drain: drain).first)) }
        #expect(try !head().contains("\r\nConnection: close\r\n"))
        drain.begin()
        #expect(try head().contains("\r\nConnection: close\r\n"))
    }
}
