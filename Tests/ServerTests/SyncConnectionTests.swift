import Foundation
import TestSupport
import Testing

/// WebSockets at `/api/<version>/sync`, frame by frame (RFC 6455). `Tests/Interop` has a real client.
@Suite(.serverFixture()) struct SyncConnectionTests {
    private static let offer = WireRequest("GET", "/api/1.29.0/sync")
        .adding("Connection", "Upgrade").adding("Upgrade", "websocket")
        .adding("Sec-WebSocket-Version", "13").adding("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")

    private func open() async throws -> HTTPConnection {
        let connection = try await ServerFixture.current.server.connect()
        try await connection.send(Self.offer.bytes)
        let answer = try await connection.answer()
        #expect(answer.status == 101)
        #expect(answer["upgrade"] == "websocket")
        // The value of RFC 6455, section 1.3.
        #expect(answer["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        return connection
    }

    /// A frame of a client, whose mask changes nothing.
    private static func frame(_ opcode: UInt8, _ payload: [UInt8], isLast: Bool = true) -> [UInt8] {
        var bytes: [UInt8] = [(isLast ? 0x80 : 0) | opcode]
        if payload.count < 126 {
            bytes.append(0x80 | UInt8(payload.count))
        } else {
            bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        }
        return bytes + [0, 0, 0, 0] + payload
    }

    private static func text(_ text: String) -> [UInt8] { frame(1, Array(text.utf8)) }

    /// All that the server sends until it closes.
    private func rest(of connection: HTTPConnection) async throws -> [UInt8] {
        let rest = try await connection.rest(within: .seconds(20))
        #expect(rest.closed)
        return rest.bytes
    }

    private static let action = #"{"type":"Action","requestId":3,"udfPath":"a:b","args":[{}]}"#

    @Test func `a call fails at once, other messages are taken, and Close is answered`() async throws {
        let connection = try await open()
        try await connection.send(Self.text(#"{"type":"Connect","connectionCount":0}"#))
        try await connection.send(Self.frame(9, [1, 2]))
        try await connection.send(Self.text(Self.action) + Self.frame(8, [0x03, 0xE8]))
        let bytes = try await rest(of: connection)
        #expect(bytes.starts(with: [0x8A, 2, 1, 2]), "a pong")
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains(#""type":"ActionResponse","requestId":3,"success":false"#))
        #expect(bytes.suffix(4).elementsEqual([0x88, 2, 0x03, 0xE8]))
    }

    @Test func `a message may come in pieces of any size`() async throws {
        let connection = try await open()
        let bytes = Array(Self.action.utf8)
        try await connection.send(
            Self.frame(1, Array(bytes.prefix(5)), isLast: false)
                + Self.frame(0, Array(bytes.dropFirst(5).prefix(5)), isLast: false)
                + Self.frame(0, Array(bytes.dropFirst(10))) + Self.frame(8, []),
            pieces: 1
        )
        #expect(String(decoding: try await rest(of: connection), as: UTF8.self).contains("ActionResponse"))
    }

    @Test(arguments: [
        (text("not JSON"), 1007), (frame(2, [1]), 1003), (frame(0, [1]), 1002),
        (frame(1, [0x7B], isLast: false) + frame(1, [0x7D]), 1002),
        (
            frame(1, [UInt8](repeating: 0x20, count: 40_000), isLast: false)
                + frame(0, [UInt8](repeating: 0x20, count: 40_000)), 1009
        ),
    ])
    func `a message that breaks the rules closes the connection with a code`(bytes: [UInt8], code: Int) async throws {
        let connection = try await open()
        try await connection.send(bytes)
        #expect(
            try await rest(of: connection).suffix(4).elementsEqual([0x88, 2, UInt8(code >> 8), UInt8(code & 0xFF)])
        )
    }

    @Test func `what is no offer of a WebSocket is refused`() async throws {
        let fixture = try ServerFixture.current
        #expect(try await fixture.send(WireRequest("GET", "/api/sync")).status == 404)
        var post = Self.offer
        post.method = "POST"
        #expect(try await fixture.send(post).status == 404)
        for name in ["Sec-WebSocket-Key", "Sec-WebSocket-Version"] {
            let answer = try await fixture.send(Self.offer.removing(name))
            #expect(answer.status == 400)
            #expect(answer.closes)
        }
    }
}
