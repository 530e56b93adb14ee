import Foundation
import PostgreSQL
import Testing

/// HTTP/1.1 at its edges: what a connection carries, and what ends it.
@Suite(.serverFixture()) struct ConnectionTests {
    private func connect() async throws -> HTTPConnection { try await ServerFixture.current.server.connect() }

    private func call(_ id: String) throws -> WireRequest {
        .call(try Tokens.bearer(SeedData.host)).adding("X-Request-Id", id)
    }

    private func expectEnd(of connection: HTTPConnection) async throws {
        let rest = try await connection.rest()
        #expect(rest.closed)
        #expect(rest.bytes.isEmpty)
    }

    // MARK: Several requests on one connection

    @Test func `a connection is kept for the next request`() async throws {
        let connection = try await connect()
        for number in 0..<5 {
            try await connection.send(call("kept-\(number)").bytes)
            let answer = try await connection.answer()
            #expect(answer.status == 200)
            #expect(answer["x-request-id"] == "kept-\(number)")
            #expect(answer["connection"] == nil)
            try await connection.send(WireRequest("GET", "/livez").adding("X-Request-Id", "live-\(number)").bytes)
            #expect(try await connection.answer()["x-request-id"] == "live-\(number)")
        }
    }

    @Test func `requests sent together are answered in order`() async throws {
        let connection = try await connect()
        let health = WireRequest("GET", "/livez").adding("X-Request-Id", "2")
        let refused = WireRequest.call(nil).adding("X-Request-Id", "4")
        let unknown = WireRequest("GET", "/nope").adding("X-Request-Id", "5")
        let requests = try [call("1"), health, call("3"), refused, unknown, call("6"), call("7")]
        try await connection.send(requests.flatMap(\.bytes))
        for (id, status) in [("1", 200), ("2", 200), ("3", 200), ("4", 401), ("5", 404), ("6", 200), ("7", 200)] {
            let answer = try await connection.answer()
            #expect(answer["x-request-id"] == id)
            #expect(answer.status == status)
        }
    }

    @Test func `many requests sent together are all answered`() async throws {
        let connection = try await connect()
        let ids = (0..<100).map { "many-\($0)" }
        try await connection.send(ids.flatMap { try call($0).bytes })
        for id in ids {
            let answer = try await connection.answer()
            #expect(answer.status == 200)
            #expect(answer["x-request-id"] == id)
        }
    }

    @Test func `what follows a request that asked to close is not answered, and the request itself is`() async throws {
        for last in try [call("last"), WireRequest("GET", "/livez").adding("X-Request-Id", "last")] {
            let connection = try await connect()
            try await connection.send(last.adding("Connection", "close").bytes + call("never").bytes)
            let rest = try await connection.rest()
            #expect(rest.closed)
            let text = String(decoding: rest.bytes, as: UTF8.self)
            #expect(text.components(separatedBy: "HTTP/1.1 ").count == 2)
            #expect(
                text.contains("HTTP/1.1 200 ") && text.contains("last") && !text.contains("never"),
                "\(last.target)"
            )
        }
    }

    @Test func `a request before bytes that are not HTTP is answered`() async throws {
        let connection = try await connect()
        try await connection.send(call("first").bytes + Array("not HTTP\r\n\r\n".utf8))
        let first = try await connection.answer()
        #expect(first.status == 200)
        #expect(first["x-request-id"] == "first")
        #expect(try await connection.answer().status == 400)
        try await expectEnd(of: connection)
    }

    @Test func `a peer that has gone does no harm`() async throws {
        let fixture = try ServerFixture.current
        for bytes in try [
            call("gone").bytes, Array(call("gone").bytes.prefix(100)), Array(call("gone").bytes.dropLast()),
        ] {
            let connection = try await connect()
            try await connection.send(bytes)
        }
        #expect(try await fixture.call().status == 200)
    }

    @Test func `a peer that only stops sending is answered`() async throws {
        let connection = try await connect()
        try await connection.send(call("half").adding("Connection", "close").bytes)
        connection.finishSending()
        let answer = try await connection.answer()
        #expect(answer.status == 200)
        #expect(try await connection.rest().closed)
    }

    // MARK: Versions and closing

    @Test func `Connection close is honoured on every route`() async throws {
        for request in try [
            call("close"), WireRequest.call(nil), WireRequest("GET", "/livez"), WireRequest("GET", "/nope"),
            WireRequest("PUT"),
        ] {
            let connection = try await connect()
            try await connection.send(request.adding("Connection", "close").bytes)
            let answer = try await connection.answer(to: request.method)
            #expect(answer.closes, "\(request.target)")
            try await expectEnd(of: connection)
        }
    }

    @Test func `HTTP 1.0 is answered and closed`() async throws {
        for var request in try [call("old"), WireRequest("GET", "/livez"), WireRequest.call(nil)] {
            request.version = "HTTP/1.0"
            let connection = try await connect()
            try await connection.send(request.removing("Host").bytes)
            let answer = try await connection.answer()
            #expect(
                answer.status
                    == (request.headers.contains { $0.0 == "Authorization" } || request.method == "GET" ? 200 : 401)
            )
            #expect(answer["transfer-encoding"] == nil)
            try await expectEnd(of: connection)
        }
    }

    @Test func `HTTP 1.0 that asks to keep the connection keeps it, and is told`() async throws {
        var request = try call("old").adding("Connection", "keep-alive")
        request.version = "HTTP/1.0"
        let connection = try await connect()
        for _ in 0..<2 {
            try await connection.send(request.bytes)
            let answer = try await connection.answer()
            #expect(answer.status == 200)
            #expect(answer["connection"]?.lowercased() == "keep-alive")
        }
    }

    // MARK: Expect

    @Test func `who expects to be asked for the body is asked`() async throws {
        let connection = try await connect()
        let request = try call("expect").adding("Expect", "100-continue")
        try await connection.send(request.head)
        let interim = try await connection.answer()
        #expect(interim.status == 100)
        #expect(interim.body.isEmpty)
        try await connection.send(request.body ?? [])
        #expect(try await connection.answer().status == 200)
    }

    @Test func `nobody is asked for a body that will not be read`() async throws {
        let expecting = try call("expect").adding("Expect", "100-continue")
        var method = expecting
        method.method = "PUT"
        for (request, status) in [
            (expecting.adding("Content-Length", "1000000"), 413), (method.adding("Content-Length", "10"), 405),
        ] {
            let connection = try await connect()
            try await connection.send(request.head)
            let answer = try await connection.answer()
            #expect(answer.status == status)
            if answer.closes { #expect(try await connection.rest().closed) }
        }
    }

    /// RFC 9110, section 10.1.1: "MUST ignore that expectation".
    @Test func `HTTP 1.0 is never asked for a body`() async throws {
        var request = try call("old").adding("Expect", "100-continue")
        request.version = "HTTP/1.0"
        let connection = try await connect()
        try await connection.send(request.bytes)
        #expect(try await connection.answer().status == 200)
    }

    // MARK: Methods

    @Test(arguments: ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
    func `the function is called by POST`(method: String) async throws {
        let answer = try await ServerFixture.current.sendAndGoOn(WireRequest(method))
        #expect(answer.status == 405)
        #expect(answer["allow"] == "POST")
        #expect(answer["access-control-allow-origin"] == nil)
        #expect(try answer.decode(FailureBody.self).code == "METHOD_NOT_ALLOWED")
    }

    private static let probes = ["/livez", "/readyz", "/healthz", "/version"]

    @Test(arguments: probes, ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
    func `probes are asked by GET`(path: String, method: String) async throws {
        let answer = try await ServerFixture.current.sendAndGoOn(WireRequest(method, path))
        #expect(answer.status == 405)
        #expect(answer["allow"]?.contains("GET") == true)
        #expect(answer["cache-control"] == "no-store")
        #expect(try answer.decode(FailureBody.self).code == "METHOD_NOT_ALLOWED")
    }

    /// An answer to HEAD has no body: whoever reads one takes it for the next answer (RFC 9110, section 9.3.2).
    @Test(arguments: probes + ["/nope", "/api/run/other", WireRequest.function])
    func `an answer to HEAD is a head alone`(path: String) async throws {
        let connection = try await connect()
        let next = WireRequest("GET", "/livez").adding("X-Request-Id", "after-head")
        try await connection.send(WireRequest("HEAD", path).bytes)
        let answer = try await connection.answer(to: "HEAD")
        #expect([200, 404, 405].contains(answer.status))
        try await connection.send(next.bytes)
        let nextAnswer = try await connection.answer(to: "GET")
        #expect(nextAnswer.status == 200)
        #expect(nextAnswer["x-request-id"] == "after-head")
    }

    // MARK: Other routes

    @Test func `probes answer`() async throws {
        let fixture = try ServerFixture.current
        for (path, body) in [
            ("/livez", #"{"status":"ok"}"#), ("/healthz", #"{"status":"ok"}"#), ("/readyz", #"{"status":"ready"}"#),
            ("/readyz?verbose", #"{"status":"ready"}"#),
        ] {
            let answer = try await fixture.send(WireRequest("GET", path))
            #expect(answer.status == 200)
            // Reasons are for the admin port.
            #expect(answer.text == body)
            #expect(answer["content-type"] == "application/json; charset=utf-8")
            #expect(answer["cache-control"] == "no-store")
            #expect(answer["x-request-id"] != nil)
        }
    }

    @Test(arguments: [
        "/", "/nope", "/api", "/api/", "/api/ru", "/livezz", "/livez/x", "/metrics", "/../etc/passwd", "/%2e%2e/x",
    ])
    func `an unknown route is 404 with the envelope`(path: String) async throws {
        let fixture = try ServerFixture.current
        for method in ["GET", "POST", "DELETE"] {
            let answer = try await fixture.sendAndGoOn(WireRequest(method, path).adding("X-Request-Id", "lost"))
            #expect(answer.status == 404)
            let body = try answer.decode(FailureBody.self)
            #expect(body.code == "NOT_FOUND")
            #expect(body.errorData.statusCode == 404)
            #expect(body.requestId == "lost")
            #expect(answer["cache-control"] == "no-store")
            #expect(answer["content-type"] == "application/json; charset=utf-8")
        }
    }

    // MARK: Headers

    @Test func `64 headers are read and 65 are not`() async throws {
        let fixture = try ServerFixture.current
        var request = try call("many-headers")
        // One is the length, which comes with the body.
        while request.headers.count < 63 { request = request.adding("X-Filler-\(request.headers.count)", "x") }
        #expect(try await fixture.sendAndGoOn(request).status == 200)
        let answer = try await fixture.sendAndGoOn(request.adding("X-One-More", "x"))
        try expectHeadersTooLarge(answer)
    }

    @Test func `headers of 15 KiB are read and of 17 KiB are not`() async throws {
        let fixture = try ServerFixture.current
        let kibibyte = String(repeating: "x", count: 1000)
        var request = try call("long-headers")
        for number in 0..<13 { request = request.adding("X-Filler-\(number)", kibibyte) }
        #expect(try await fixture.sendAndGoOn(request).status == 200)
        for number in 13..<17 { request = request.adding("X-Filler-\(number)", kibibyte) }
        try await expectHeadersTooLarge(fixture.sendAndGoOn(request))
        let single = try call("long-header").adding("X-Filler", String(repeating: "x", count: 17 * 1024))
        try await expectHeadersTooLarge(fixture.sendAndGoOn(single))
    }

    private func expectHeadersTooLarge(_ answer: ReceivedResponse) throws {
        #expect(answer.status == 431)
        #expect(answer.closes)
        let body = try answer.decode(FailureBody.self)
        #expect(body.code == "HEADERS_TOO_LARGE")
        #expect(body.errorData.statusCode == 431)
        #expect(answer["cache-control"] == "no-store")
        #expect(answer["x-request-id"] == body.requestId)
    }

    // MARK: What is not HTTP

    struct Bytes: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]

        init(_ name: String, _ text: String) {
            testDescription = name
            bytes = Array(text.utf8)
        }

        init(_ name: String, bytes: [UInt8]) {
            testDescription = name
            self.bytes = bytes
        }
    }

    static let malformed: [Bytes] = [
        Bytes("a method alone", "GET\r\n\r\n"), Bytes("no version", "GET /livez\r\nHost: x\r\n\r\n"),
        Bytes("an unknown method", "BREW /livez HTTP/1.1\r\nHost: x\r\n\r\n"),
        Bytes("a lower-case method", "get /livez HTTP/1.1\r\nHost: x\r\n\r\n"),
        Bytes("three words", "FOO BAR BAZ\r\n\r\n"), Bytes("another protocol", "GET /livez FTP/1.1\r\nHost: x\r\n\r\n"),
        Bytes("another version", "GET /livez HTTP/9.9\r\nHost: x\r\n\r\n"),
        Bytes("HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Bytes("a blank in the path", "GET /li vez HTTP/1.1\r\nHost: x\r\n\r\n"),
        Bytes("a NUL in the path", "GET /livez\u{0} HTTP/1.1\r\nHost: x\r\n\r\n"),
        Bytes("a NUL in a header", "GET /livez HTTP/1.1\r\nHost: x\r\nX: a\u{0}b\r\n\r\n"),
        Bytes("a header without a colon", "GET /livez HTTP/1.1\r\nHost x\r\n\r\n"),
        Bytes("a header without a name", "GET /livez HTTP/1.1\r\n: x\r\n\r\n"),
        Bytes("a blank before the colon", "GET /livez HTTP/1.1\r\nHost : x\r\n\r\n"),
        Bytes("NULs", bytes: [UInt8](repeating: 0, count: 100)),
        Bytes("noise", bytes: (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 131) }),
        Bytes(
            "a TLS greeting",
            bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03] + [UInt8](repeating: 7, count: 50)
        ),
        Bytes("a length that is none", "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"),
        Bytes("a negative length", "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
        Bytes(
            "a length that overflows",
            "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n"
        ),
        Bytes(
            "a chunk size that is none",
            "POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"
        ),
        Bytes(
            "a chunk size that overflows",
            "POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"
        ),
    ]

    @Test(arguments: malformed) func `what is not HTTP is 400 or nothing, and the connection closes`(
        input: Bytes
    ) async throws {
        let fixture = try ServerFixture.current
        let connection = try await connect()
        let good = WireRequest("GET", "/livez").adding("X-Request-Id", "smuggled")
        try await connection.send(input.bytes + good.bytes)
        let rest = try await connection.rest(within: .seconds(20))
        #expect(rest.closed)
        let text = String(decoding: rest.bytes, as: UTF8.self)
        #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 400 ") || text.hasPrefix("HTTP/1.0 400 "), "\(text)")
        #expect(text.components(separatedBy: "HTTP/1.").count <= 2)
        #expect(!text.contains("smuggled"))
        #expect(try await fixture.call().status == 200)
    }

    /// A second request in the body of the first: whoever stands in front of this server may have seen only one.
    static let smuggling: [Bytes] = {
        let hidden = "GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: smuggled\r\n\r\n"
        let path = WireRequest.function
        func post(_ headers: String, _ body: String) -> String {
            "POST \(path) HTTP/1.1\r\nHost: x\r\n\(headers)\r\n\r\n\(body)"
        }
        return [
            Bytes("CL.TE", post("Content-Length: 6\r\nTransfer-Encoding: chunked", "0\r\n\r\n" + hidden)),
            Bytes("TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4", "0\r\n\r\n" + hidden)),
            Bytes(
                "CL.TE, the length covers all",
                post("Content-Length: \(hidden.utf8.count + 5)\r\nTransfer-Encoding: chunked", "0\r\n\r\n" + hidden)
            ),
            Bytes("two lengths", post("Content-Length: 0\r\nContent-Length: \(hidden.utf8.count)", hidden)),
            Bytes(
                "two lengths, the other way",
                post("Content-Length: \(hidden.utf8.count)\r\nContent-Length: 0", hidden)
            ),
            Bytes("a list of lengths", post("Content-Length: 0, \(hidden.utf8.count)", hidden)),
            Bytes("a length with a sign", post("Content-Length: +0", hidden)),
            Bytes("a hexadecimal length", post("Content-Length: 0x0", hidden)),
            Bytes("a folded length", post("Content-Length:\r\n 0", hidden)),
            Bytes(
                "TE, then another",
                post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n" + hidden)
            ),
            Bytes("chunked is not last", post("Transfer-Encoding: chunked, identity", "0\r\n\r\n" + hidden)),
            Bytes("almost chunked", post("Transfer-Encoding: xchunked", "0\r\n\r\n" + hidden)),
            Bytes(
                "chunked and a length under another name",
                post("Transfer-Encoding : chunked\r\nContent-Length: 0", hidden)
            ),
            Bytes("a tab before the value", post("Transfer-Encoding:\u{B}chunked\r\nContent-Length: 0", hidden)),
            Bytes(
                "HTTP/1.0 with chunks",
                "POST \(path) HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden
            ),
            Bytes("a bare CR in a header", post("Content-Length: 0\rX: y", hidden)),
        ]
    }()

    @Test(arguments: smuggling) func `no framing makes one request two`(input: Bytes) async throws {
        let fixture = try ServerFixture.current
        let connection = try await connect()
        try await connection.send(input.bytes)
        let rest = try await connection.rest(within: .seconds(2))
        let text = String(decoding: rest.bytes, as: UTF8.self)
        #expect(text.components(separatedBy: "HTTP/1.").count <= 2, "\(text)")
        #expect(!text.contains("smuggled"), "\(text)")
        #expect(!text.contains("HTTP/1.1 200"))
        #expect(rest.closed)
        #expect(try await fixture.call().status == 200)
    }

    // MARK: Slow peers

    @Test func `a body that never comes is 408, and the connection closes`() async throws {
        let fixture = try ServerFixture.current
        let connection = try await connect()
        let request = try call("slow").adding("Content-Length", "100")
        try await connection.send(request.head + "{")
        let answer = try await connection.answer(within: .seconds(20))
        #expect(answer.status == 408)
        let body = try answer.decode(FailureBody.self)
        #expect(body.code == "REQUEST_TIMEOUT")
        #expect(body.errorData.statusCode == 408)
        #expect(body.requestId == "slow")
        #expect(answer.closes)
        #expect(try await connection.rest().closed)
        #expect(try await fixture.call().status == 200)
    }
}
