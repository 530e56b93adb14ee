import Testing

@testable import connvo_server

/// Which pages may read the answers, as browsers are told.
@Suite struct CrossOriginTests {
    private static let page = "https://app.connvo.app"

    private static func preflight(_ target: String, origin: String = page, method: String = "POST") -> WireRequest {
        WireRequest("OPTIONS", target).adding("Origin", origin).adding("Access-Control-Request-Method", method)
            .adding("Access-Control-Request-Headers", "authorization,content-type")
    }

    /// Header names of the CORS protocol that an answer has, whatever their values.
    private static func corsHeaders(_ answer: ReceivedResponse) -> [String] {
        answer.headers.map(\.name).filter { $0.hasPrefix("access-control-") }
    }

    /// One request for each kind of answer that both doors and the probes have.
    private static func requests() throws -> [(request: WireRequest, status: Int)] {
        let token = try Tokens.bearer(SeedData.host)
        var tooLarge = WireRequest.call(token)
        tooLarge.body = [UInt8](repeating: UInt8(ascii: " "), count: 16_385)
        var otherFunction = WireRequest.call(token)
        otherFunction.target = "/api/run/messages/list"
        return [
            (.call(token), 200), (.call(token, body: "{}"), 400), (.call(nil), 401), (.call("x"), 401),
            (otherFunction, 404), (WireRequest("PUT"), 405), (tooLarge, 413),
            (WireRequest.call(token).replacing("Content-Type", "text/plain"), 415),
            (.action(token), 200), (.action(token, #""args":{}"#), 200), (.action(token, #""args":7"#), 400),
            (.action(nil), 401), (WireRequest("GET", WireRequest.action), 405),
            (WireRequest("GET", "/livez"), 200), (WireRequest("GET", "/readyz"), 200),
            (WireRequest("GET", "/version"), 200), (WireRequest("GET", "/nope"), 404),
            (WireRequest("POST", "/livez"), 405),
        ]
    }

    @Suite(.serverFixture(["CORS_ORIGINS": "\(page), http://localhost:3000"])) struct Listed {
        @Test(arguments: [page, "http://localhost:3000"])
        func `a page of a listed origin may read every answer`(origin: String) async throws {
            let fixture = try ServerFixture.current
            for (request, status) in try requests() {
                let answer = try await fixture.send(request.adding("Origin", origin))
                #expect(answer.status == status, "\(request.method) \(request.target)")
                #expect(answer["access-control-allow-origin"] == origin)
                #expect(
                    answer["access-control-expose-headers"] == "Retry-After, WWW-Authenticate, X-Request-Id"
                )
                #expect(answer["access-control-allow-credentials"] == nil)
                #expect(answer["vary"] == "Origin")
                #expect(answer["x-request-id"] != nil)
            }
        }

        @Test(
            arguments: [
                nil, "", "null", "https://app.connvo.app/", "https://APP.connvo.app", "http://app.connvo.app",
                "https://app.connvo.app:443", "https://app.connvo.app.evil.example", "https://evil.example", "*",
                "http://localhost", "http://localhost:3001",
            ] as [String?]
        )
        func `no other page is told anything, and caches are told that it depends`(origin: String?) async throws {
            let fixture = try ServerFixture.current
            for (request, status) in try requests() {
                let answer = try await fixture.send(origin.map { request.adding("Origin", $0) } ?? request)
                #expect(answer.status == status)
                #expect(corsHeaders(answer).isEmpty)
                #expect(answer["vary"] == "Origin")
            }
        }

        @Test(arguments: [
            WireRequest.function, WireRequest.action, WireRequest.action + "?x=1", "/api/run/messages/list",
        ])
        func `a preflight is answered without credentials, and the connection goes on`(target: String) async throws {
            let answer = try await ServerFixture.current.sendAndGoOn(preflight(target).adding("X-Request-Id", "asked"))
            #expect(answer.status == 204)
            #expect(answer["access-control-allow-origin"] == page)
            #expect(answer["access-control-allow-methods"] == "POST")
            #expect(
                answer["access-control-allow-headers"] == """
                    Authorization, Content-Type, Convex-Client, X-Request-Id, X-Requested-With, \
                    traceparent, tracestate, baggage, sentry-trace
                    """
            )
            #expect(answer["access-control-max-age"] == "7200")
            #expect(answer["access-control-allow-credentials"] == nil)
            #expect(answer["vary"] == "Origin")
            #expect(answer["x-request-id"] == "asked")
            #expect(answer["content-length"] == nil)
            #expect(answer["content-type"] == nil)
            #expect(answer["transfer-encoding"] == nil)
        }

        @Test func `what only resembles a preflight is 405`() async throws {
            let fixture = try ServerFixture.current
            for target in [WireRequest.function, WireRequest.action] {
                for request in [
                    WireRequest("OPTIONS", target), WireRequest("OPTIONS", target).adding("Origin", page),
                    preflight(target).removing("Origin"), preflight(target, origin: "https://evil.example"),
                    preflight(target, origin: "null"),
                ] {
                    let answer = try await fixture.sendAndGoOn(request)
                    #expect(answer.status == 405)
                    #expect(answer["allow"] == "POST")
                    #expect(answer["access-control-allow-methods"] == nil)
                }
            }
            #expect(try await fixture.send(preflight("/livez", method: "GET"))["allow"] == "GET, HEAD")
        }

        @Test func `requests of several pages on one connection are told apart`() async throws {
            let connection = try await ServerFixture.current.server.connect()
            let requests = [
                (WireRequest.call(nil).adding("Origin", page), page),
                (WireRequest.call(nil), nil),
                (preflight(WireRequest.action, origin: "http://localhost:3000"), "http://localhost:3000"),
                (WireRequest("GET", "/livez").adding("Origin", "https://evil.example"), nil),
                (WireRequest("GET", "/livez").adding("Origin", page), page),
            ]
            try await connection.send(requests.flatMap(\.0.bytes))
            for (_, origin) in requests {
                #expect(try await connection.answer()["access-control-allow-origin"] == origin)
            }
        }
    }

    @Suite(.serverFixture(["CORS_ORIGINS": "*"])) struct Starred {
        @Test(arguments: [page, "null", "https://evil.example"])
        func `any page may read the answers, never with credentials`(origin: String) async throws {
            let fixture = try ServerFixture.current
            for (request, status) in try requests() {
                let answer = try await fixture.send(request.adding("Origin", origin))
                #expect(answer.status == status)
                #expect(answer["access-control-allow-origin"] == "*")
                #expect(answer["access-control-allow-credentials"] == nil)
            }
            let answer = try await fixture.send(preflight(WireRequest.function, origin: origin))
            #expect(answer.status == 204)
            #expect(answer["access-control-allow-origin"] == "*")
        }
    }

    @Suite(.serverFixture()) struct Off {
        @Test func `no page is told anything, and a preflight is 405`() async throws {
            let fixture = try ServerFixture.current
            for (request, status) in try requests() {
                let answer = try await fixture.send(request.adding("Origin", page))
                #expect(answer.status == status)
                #expect(corsHeaders(answer).isEmpty)
                #expect(answer["vary"] == nil)
            }
            for target in [WireRequest.function, WireRequest.action] {
                let answer = try await fixture.send(preflight(target))
                #expect(answer.status == 405)
                #expect(answer["allow"] == "POST")
                #expect(corsHeaders(answer).isEmpty)
            }
        }
    }

    @Test func `a page may read that it asked too often, and that we are out of order`() async throws {
        let settings = ["CORS_ORIGINS": Self.page, "TOKENS_PER_MINUTE": "1"]
        try await ServerFixture.with(settings) { fixture in
            let request = WireRequest.call(try Tokens.bearer(SeedData.host)).adding("Origin", Self.page)
            #expect(try await fixture.send(request).status == 200)
            let answer = try await fixture.send(request)
            #expect(answer.status == 429)
            #expect(answer["access-control-allow-origin"] == Self.page)
            #expect(answer["access-control-expose-headers"]?.contains("Retry-After") == true)
        }
        try await ServerFixture.with(settings, startsWithKeySet: false, waitsForReadiness: false) { fixture in
            let token = try Tokens.bearer(SeedData.host)
            for request in [WireRequest.call(token), .action(token)] {
                let answer = try await fixture.send(request.adding("Origin", Self.page))
                #expect(answer.status == 503)
                #expect(answer["access-control-allow-origin"] == Self.page)
            }
            let ready = try await fixture.send(WireRequest("GET", "/readyz").adding("Origin", Self.page))
            #expect(ready.status == 503)
            #expect(ready["access-control-allow-origin"] == Self.page)
            #expect(try await fixture.send(Self.preflight(WireRequest.function)).status == 204)
        }
    }

    // MARK: The setting

    @Test(arguments: [
        "https://app.connvo.app", "http://localhost", "http://localhost:3000", "http://127.0.0.1:8080",
        "http://[::1]:3000", "https://a-b.example", "capacitor://localhost", "chrome-extension://abcdefgh",
        "https://xn--mnchen-3ya.example", "http://connvo.app:443", "https://connvo.app:80",
    ])
    func `an origin as browsers send it can be listed`(origin: String) {
        #expect(CrossOriginPolicy([origin]) != nil)
    }

    @Test(arguments: [
        "app.connvo.app", "https://", "https://app.connvo.app/", "https://app.connvo.app/path",
        "https://App.connvo.app",
        "HTTPS://app.connvo.app", "https://app.connvo.app:443", "http://app.connvo.app:80", "https://app.connvo.app:",
        "https://app.connvo.app:0", "https://app.connvo.app:65536", "https://user@app.connvo.app",
        "https://*.connvo.app",
        "null", "https://münchen.example", "https://app.connvo.app?x", "https://app.connvo.app#x", "//app.connvo.app",
        "https:app.connvo.app", "https://a b", "https://app.connvo.app\r\nX: y",
    ])
    func `what no browser sends is a problem of the configuration`(origin: String) {
        #expect(CrossOriginPolicy([origin]) == nil)
        #expect(CrossOriginPolicy([Self.page, origin]) == nil)
    }

    @Test func `a star stands alone`() {
        #expect(CrossOriginPolicy(["*"]) != nil)
        #expect(CrossOriginPolicy(["*", Self.page]) == nil)
        #expect(CrossOriginPolicy([Self.page, "*"]) == nil)
    }
}
