import Foundation
import TestSupport
import Testing

/// Clients that ask for more than they read, for another protocol, or for nothing at all. `Tests/Interop` has the same
/// with many connections at once, and with proxies in between.
@Suite(.serverFixture()) struct HostileConnectionTests {
    private func connect() async throws -> HTTPConnection { try await ServerFixture.current.server.connect() }

    // MARK: Other protocols

    @Test(arguments: [
        [("Connection", "Upgrade"), ("Upgrade", "websocket")],
        [("Connection", "upgrade, HTTP2-Settings"), ("Upgrade", "h2c")],
        [("Upgrade", "anything")],
    ])
    func `an offer of another protocol is answered at once, and the connection closes`(
        headers: [(String, String)]
    ) async throws {
        for request in [WireRequest.call(try Tokens.bearer(SeedData.host)), WireRequest("GET", "/livez")] {
            let connection = try await connect()
            let offer = headers.reduce(request) { $0.adding($1.0, $1.1) }
            try await connection.send(offer.bytes + WireRequest("GET", "/livez").bytes)
            let answer = try await connection.answer()
            #expect(answer.status == 200)
            #expect(answer.closes)
            let rest = try await connection.rest()
            #expect(rest.closed && rest.bytes.isEmpty)
        }
    }

    @Test func `CONNECT is refused, and the connection closes`() async throws {
        let connection = try await connect()
        try await connection.send("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n")
        let answer = try await connection.answer()
        #expect(answer.status == 404)
        #expect(answer.closes)
        #expect(try await connection.rest().closed)
    }

    // MARK: Early answers

    /// A socket that is closed while bytes are unread sends a reset, and the client loses what it has not read yet.
    @Test func `the client reads the answer to a body that is too large, however much more it sends`() async throws {
        for _ in 0..<20 {
            let connection = try await connect()
            let request = WireRequest.call(try Tokens.bearer(SeedData.host)).removing("Content-Length")
            let body = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
            var large = request
            large.body = nil
            try await connection.send(large.adding("Content-Length", "\(body.count)").bytes)
            try await connection.send(body)
            #expect(try await connection.answer().status == 413)
            #expect(try await connection.rest().closed)
        }
    }

    // MARK: Host

    @Test func `a request of HTTP 1.1 names one host`() async throws {
        let fixture = try ServerFixture.current
        for request in [WireRequest.call(nil), WireRequest("GET", "/livez"), WireRequest("GET", "/nope")] {
            for wrong in [request.removing("Host"), request.adding("Host", "localhost"), request.adding("host", "b")] {
                let answer = try await fixture.send(wrong)
                #expect(answer.status == 400)
                #expect(try answer.decode(FailureBody.self).code == "VALIDATION_ERROR")
            }
        }
    }

    // MARK: Unread answers

    @Test func `a client that reads late gets every answer, in order`() async throws {
        let connection = try await connect()
        let ids = (0..<2000).map { "late-\($0)" }
        let requests = ids.map { WireRequest.call(nil).adding("X-Request-Id", $0).bytes }
        // Sent by another task, because the server reads no more while the answers are unread.
        async let sending: Void = connection.send(requests.flatMap { $0 })
        for id in ids {
            let answer = try await connection.answer()
            #expect(answer.status == 401)
            #expect(answer["x-request-id"] == id)
        }
        try await sending
    }

    @Test func `a client that sends many requests at once is answered up to the limit, and told of the end`()
        async throws
    {
        let connection = try await connect()
        let request = Array("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        try await connection.send((0..<500).flatMap { _ in request })
        let rest = try await connection.rest()
        let text = String(decoding: rest.bytes, as: UTF8.self)
        let answers = text.components(separatedBy: "HTTP/1.1 200 OK").count - 1
        #expect(rest.closed)
        #expect((24..<500).contains(answers), "\(answers)")
        #expect(text.components(separatedBy: "Connection: close").count == 2)
        #expect(text.hasSuffix(#"{"status":"ok"}"#))
    }

    // MARK: Silence

    @Test func `between two requests a connection is kept as long as the setting says`() async throws {
        try await ServerFixture.with(["HTTP_IDLE_TIMEOUT": "7s"]) { fixture in
            let connection = try await fixture.server.connect()
            try await connection.send(WireRequest("GET", "/livez").bytes)
            #expect(try await connection.answer().status == 200)
            // Longer than the first request of a connection may take.
            #expect(try await !connection.rest(within: .seconds(5)).closed)
            #expect(try await connection.rest().closed)
        }
    }

    @Test func `a connection on which nothing is asked is closed after five seconds`() async throws {
        let connection = try await connect()
        let rest = try await connection.rest(within: .seconds(20))
        #expect(rest.closed && rest.bytes.isEmpty)
    }
}
