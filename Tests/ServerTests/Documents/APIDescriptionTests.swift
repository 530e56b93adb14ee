import Foundation
import Testing

@testable import connvo_server

/// `/docs`, `/openapi.json` and `/openapi.yaml` of a running server.
@Suite(.serverFixture(["CORS_ORIGINS": "https://app.connvo.app", "LOG_LEVEL": "debug"])) struct APIDescriptionTests {
    struct Served: Sendable, CustomTestStringConvertible {
        let target: String
        /// In the source tree.
        let file: String
        let contentType: String

        var testDescription: String { target }

        func text() throws -> [UInt8] {
            let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../..")
            return Array(try Data(contentsOf: root.appending(path: file)))
        }
    }

    static let all = [
        Served(target: "/docs", file: "share/api/docs.html", contentType: "text/html; charset=utf-8"),
        Served(
            target: "/openapi.json",
            file: "share/api/openapi.json",
            contentType: "application/json; charset=utf-8"
        ),
        Served(target: "/openapi.yaml", file: "openapi.yaml", contentType: "application/yaml"),
    ]

    @Test(arguments: all) func `a document is the file of the source tree, byte for byte`(served: Served) async throws {
        let answer = try await ServerFixture.current.sendAndGoOn(WireRequest("GET", served.target))
        #expect(answer.status == 200)
        #expect(answer.body == (try served.text()))
        #expect(answer["content-type"] == served.contentType)
        #expect(answer["content-length"] == String(answer.body.count))
        #expect(answer["cache-control"] == "no-cache")
        #expect(answer["x-content-type-options"] == "nosniff")
        #expect(answer["referrer-policy"] == "no-referrer")
        #expect(answer["cross-origin-opener-policy"] == "same-origin")
        #expect(answer["vary"] == "Origin")
        #expect(answer["x-request-id"] != nil)
        let policy = try #require(answer["content-security-policy"])
        #expect(policy.hasPrefix("default-src 'none'; "))
        #expect(policy.contains("frame-ancestors 'none'"))
        #expect(!policy.contains("unsafe"))
    }

    @Test(arguments: all) func `HEAD has the fields of GET and no body`(served: Served) async throws {
        let fixture = try ServerFixture.current
        let whole = try await fixture.send(WireRequest("GET", served.target).adding("X-Request-Id", "same"))
        let head = try await fixture.sendAndGoOn(WireRequest("HEAD", served.target).adding("X-Request-Id", "same"))
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
        let fields = { (answer: ReceivedResponse) in
            answer.headers.filter { $0.name != "date" }.map { "\($0.name): \($0.value)" }
        }
        #expect(fields(head) == fields(whole))
    }

    @Test(arguments: all) func `a client that has the text is told so, without the text`(served: Served) async throws {
        let fixture = try ServerFixture.current
        let tag = try #require(try await fixture.send(WireRequest("GET", served.target))["etag"])
        for (condition, status) in [
            (tag, 304), ("W/\(tag)", 304), ("*", 304), ("\"other\", \(tag)", 304), ("\"other\",\(tag)\t", 304),
            ("\"other\"", 200), (tag.uppercased(), 200), (String(tag.dropFirst().dropLast()), 200),
            ("\"a,*,b\"", 200), ("", 200), (",,,", 200),
        ] {
            for method in ["GET", "HEAD"] {
                let request = WireRequest(method, served.target).adding("If-None-Match", condition)
                let answer = try await fixture.sendAndGoOn(request)
                #expect(answer.status == status, "\(method) \(condition)")
                #expect(answer["etag"] == tag)
                #expect(answer["cache-control"] == "no-cache")
                #expect(answer["vary"] == "Origin")
                if status == 304 {
                    #expect(answer.body.isEmpty)
                    #expect(answer["content-length"] == nil)
                    #expect(answer["content-type"] == nil)
                }
            }
        }
        let twice = WireRequest("GET", served.target).adding("If-None-Match", "\"other\"").adding("If-None-Match", tag)
        #expect(try await fixture.send(twice).status == 304)
    }

    @Test(arguments: all) func `another method is refused, and Allow is sent`(served: Served) async throws {
        let fixture = try ServerFixture.current
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let answer = try await fixture.send(WireRequest(method, served.target))
            #expect(answer.status == 405, "\(method)")
            #expect(answer["allow"] == "GET, HEAD")
            #expect(answer["cache-control"] == "no-store")
        }
    }

    @Test func `a path beside them is nothing`() async throws {
        let fixture = try ServerFixture.current
        for target in ["/docs/", "/Docs", "/docs.html", "/openapi", "/openapi.yml", "/share/api/docs.html"] {
            #expect(try await fixture.send(WireRequest("GET", target)).status == 404, "\(target)")
        }
        #expect(try await fixture.send(WireRequest("GET", "/docs?x=<script>")).status == 200)
        #expect(try await fixture.send(WireRequest("GET", "http://any.example/docs")).status == 200)
    }

    @Test func `HTTP 1_0, and a client that asks to close, get all of it before the end`() async throws {
        let fixture = try ServerFixture.current
        let text = try Self.all[0].text()
        var old = WireRequest("GET", "/docs")
        old.version = "HTTP/1.0"
        for request in [old, WireRequest("GET", "/docs").adding("Connection", "close")] {
            let connection = try await fixture.server.connect()
            try await connection.send(request.bytes)
            let answer = try await connection.answer(to: "GET")
            #expect(answer.body == text)
            #expect(try await connection.rest().closed)
        }
    }

    @Test func `twenty requests in one piece are answered in turn, each with the whole page`() async throws {
        let connection = try await ServerFixture.current.server.connect()
        let request = WireRequest("GET", "/docs").bytes
        try await connection.send(Array(repeatElement(request, count: 20).joined()))
        let text = try Self.all[0].text()
        for _ in 0..<20 { #expect(try await connection.answer(to: "GET").body == text) }
    }

    @Test func `an access line names the route`() async throws {
        let fixture = try ServerFixture.current
        let id = ServerFixture.makeRequestID()
        _ = try await fixture.send(WireRequest("GET", "/openapi.json").adding("X-Request-Id", id))
        try await eventually { fixture.server.log.contains(id) }
        let line = try #require(fixture.server.log.split(separator: "\n").first { $0.contains(id) })
        #expect(line.contains(#""/openapi.json""#))
    }

    @Test func `a page of a listed origin may read the document`() async throws {
        let request = WireRequest("GET", "/openapi.json").adding("Origin", "https://app.connvo.app")
        let answer = try await ServerFixture.current.send(request)
        #expect(answer["access-control-allow-origin"] == "https://app.connvo.app")
    }
}

/// With `HTTP_DOCS=off`.
@Suite(.serverFixture(["HTTP_DOCS": "off"])) struct HiddenAPIDescriptionTests {
    @Test(arguments: APIDescriptionTests.all)
    func `there is nothing at the paths, and the function works`(served: APIDescriptionTests.Served) async throws {
        let answer = try await ServerFixture.current.sendAndGoOn(WireRequest("GET", served.target))
        #expect(answer.status == 404)
        #expect(try answer.decode(FailureBody.self).code == "NOT_FOUND")
    }
}
