import Foundation
import JOSE
import Testing

/// What the server answers, byte for byte, compared with the recordings in this folder.
///
/// Each `.txt` file holds exchanges: `>` what the client sends, `<` what the server answers, `#` header and claims of
/// the token in it, and whether the connection is then open or closed. Names in braces stand for what differs from run
/// to run: bearer tokens, dates, ids that the server makes.
///
/// A change of the recordings is a change for clients. To record again, from the server of this checkout, and review
/// the difference: `RECORD_EXCHANGES=1 scripts/with-postgres swift test --filter RecordedExchangeTests`
@Suite struct RecordedExchangeTests {
    /// Bearer tokens by the names that stand for them in the recordings.
    private struct Callers {
        private(set) var names: [String: String] = [:]

        mutating func bearer(_ user: String) throws -> String { add(try Tokens.bearer(user), "bearer \(user)") }

        mutating func forged(_ name: String, _ token: String) -> String { add(token, name) }

        private mutating func add(_ token: String, _ name: String) -> String {
            names[token] = name
            return token
        }
    }

    private static func request(_ method: String, _ path: String) -> WireRequest {
        WireRequest(method, path).adding("X-Request-Id", "recorded")
    }

    private static func run(_ token: String?, _ arguments: String) -> WireRequest {
        .call(token, body: "{\"args\":\(arguments)}").adding("X-Request-Id", "recorded")
    }

    private static func action(_ token: String?, _ arguments: String) -> WireRequest {
        .action(token, "\"format\":\"json\",\"args\":\(arguments)").adding("X-Request-Id", "recorded")
    }

    /// The same call at both endpoints.
    private static func calls(_ name: String, _ token: String?, _ arguments: String) -> [Exchange] {
        [
            Exchange("run endpoint: \(name)", run(token, arguments)),
            Exchange("action endpoint: \(name)", action(token, arguments)),
        ]
    }

    private static func body(_ name: String, _ request: WireRequest, _ body: String) -> Exchange {
        var request = request
        request.body = Array(body.utf8)
        return Exchange(name, request)
    }

    private static let documented = #"{"meetingId":"meeting_123example","role":"participant"}"#

    // MARK: Outcomes

    @Test func `outcomes`() async throws {
        try await ServerFixture.with(["EARLY_JOIN_WINDOW": "15m"]) { fixture in
            var callers = Callers()
            var exchanges: [Exchange] = []
            let cases: [(name: String, user: String, arguments: String)] = [
                ("success with an image", SeedData.host, Self.documented),
                ("success, no role asked", SeedData.host, #"{"meetingId":"meeting_123example"}"#),
                ("success without an image", "user_cohost", #"{"meetingId":"meeting_anytime"}"#),
                ("success, a name that JSON escapes", "user_participant", Self.documented),
                ("success, no name", "user_nameless", #"{"meetingId":"meeting_soon"}"#),
                ("row 7", "user_unknown", Self.documented),
                ("row 8", "user_deactivated", Self.documented),
                ("row 9", SeedData.host, #"{"meetingId":"meeting_unknown"}"#),
                ("row 10, not a participant", "user_outsider", Self.documented),
                ("row 10, removed", "user_removed", Self.documented),
                ("row 11, concluded", SeedData.host, #"{"meetingId":"meeting_concluded"}"#),
                ("row 11, cancelled", SeedData.host, #"{"meetingId":"meeting_cancelled"}"#),
                ("row 12", SeedData.host, #"{"meetingId":"meeting_early"}"#),
                ("row 13", "user_cohost", #"{"meetingId":"meeting_free"}"#),
                ("row 14", SeedData.host, #"{"meetingId":"meeting_without_call"}"#),
                ("row 15", "user_participant", #"{"meetingId":"meeting_123example","role":"host"}"#),
                ("row 15, co-host", "user_cohost", #"{"role":"host","meetingId":"meeting_123example"}"#),
                ("row 16", "user_observer", #"{"meetingId":"meeting_123example"}"#),
                ("row 16, by lowering", SeedData.host, #"{"meetingId":"meeting_123example","role":"observer"}"#),
            ]
            for item in cases {
                exchanges += Self.calls(item.name, try callers.bearer(item.user), item.arguments)
            }
            var recording = Recording("outcomes")
            try await recording.append(exchanges, port: fixture.server.port, names: callers.names)
            try recording.check()
        }
    }

    @Test func `the quota`() async throws {
        try await ServerFixture.with(["TOKENS_PER_MINUTE": "1"]) { fixture in
            var callers = Callers()
            let token = try callers.bearer(SeedData.host)
            var exchanges = [Exchange("within the quota", Self.run(token, Self.documented))]
            exchanges += Self.calls("row 17", token, Self.documented)
            var recording = Recording("quota")
            try await recording.append(exchanges, port: fixture.server.port, names: callers.names)
            try recording.check()
        }
    }

    @Test func `faults of the server`() async throws {
        try await ServerFixture.with { fixture in
            var callers = Callers()
            let port = fixture.server.port
            var recording = Recording("faults")
            try await fixture.run(
                "ALTER TABLE connvo.issued_tokens ADD CONSTRAINT no_bug CHECK (user_id <> 'user_bug')"
            )
            let unlucky = Self.calls("row 19", try callers.bearer("user_bug"), Self.documented)
            try await recording.append(unlucky, port: port, names: callers.names)
            let lock = try await TableLock(on: fixture.database, "connvo.issued_tokens")
            let late = Self.calls("row 18", try callers.bearer(SeedData.host), Self.documented)
            try await recording.append(late, port: port, names: callers.names)
            try await lock.release()
            try recording.check()
        }
    }

    @Test func `no key set`() async throws {
        try await ServerFixture.with(startsWithKeySet: false, waitsForReadiness: false) { fixture in
            var callers = Callers()
            var exchanges = Self.calls("row 3", try callers.bearer(SeedData.host), Self.documented)
            exchanges.append(Exchange("not ready", Self.request("GET", "/readyz")))
            exchanges.append(Exchange("live", Self.request("GET", "/livez")))
            exchanges += Self.calls("row 1 comes before", nil, Self.documented)
            var recording = Recording("no-key-set")
            try await recording.append(exchanges, port: fixture.server.port, names: callers.names)
            try recording.check()
        }
    }

    // MARK: Requests

    @Test func `credentials`() async throws {
        try await ServerFixture.with { fixture in
            var callers = Callers()
            let good = try callers.bearer(SeedData.host)
            let past = Tokens.now - 7200
            let expired = callers.forged(
                "expired token",
                try Tokens.forge(payload: Tokens.claims(SeedData.host, ["iat": "\(past)", "exp": "\(past + 3600)"]))
            )
            let otherKey = callers.forged("token of another key", try Tokens.forge(key: Tokens.otherKey.get()))
            let unknownKey = callers.forged(
                "token of an unknown key",
                try Tokens.forge(header: #"{"alg":"RS256","kid":"unknown"}"#)
            )
            let values: [(name: String, fields: [String])] = [
                ("row 1, no header", []), ("row 1, empty", [""]), ("row 1, the scheme alone", ["Bearer"]),
                ("row 1, the scheme and a blank", ["Bearer "]),
                ("row 2, another scheme", ["Basic dXNlcjpwYXNz"]), ("row 2, no token", ["Bearer not.a.token"]),
                ("row 2, two headers", ["Bearer \(good)", "Bearer \(good)"]),
                ("row 2, a tab", ["Bearer\t\(good)"]), ("row 4, expired", ["Bearer \(expired)"]),
                ("row 4, another key", ["Bearer \(otherKey)"]), ("row 4, an unknown key", ["Bearer \(unknownKey)"]),
                ("success, a scheme in lower case and blanks", ["bearer   \(good) "]),
            ]
            var exchanges: [Exchange] = []
            for value in values {
                for (endpoint, request) in [
                    ("run", Self.run(nil, Self.documented)), ("action", Self.action(nil, Self.documented)),
                ] {
                    let request = value.fields.reduce(request) { $0.adding("Authorization", $1) }
                    exchanges.append(Exchange("\(endpoint) endpoint: \(value.name)", request))
                }
            }
            var recording = Recording("credentials")
            try await recording.append(exchanges, port: fixture.server.port, names: callers.names)
            try recording.check()
        }
    }

    @Test func `bodies`() async throws {
        try await ServerFixture.with { fixture in
            var callers = Callers()
            let token = try callers.bearer(SeedData.host)
            let run = Self.run(token, "{}")
            let action = Self.action(token, "{}")
            var exchanges: [Exchange] = []
            for text in [
                "", "{", "[]", "null", "{\"args\":{\"meetingId\":\"m\",\"meetingId\":\"m\"}}", "{\"a\":\n\t01}",
            ] {
                exchanges.append(Self.body("run endpoint: row 5, \(text.debugDescription)", run, text))
                exchanges.append(Self.body("action endpoint: row 5, \(text.debugDescription)", action, text))
            }
            for text in [
                "{}", #"{"args":[]}"#, #"{"args":null}"#, #"{"args":{},"format":"convex_encoded_json"}"#,
                #"{"args":{},"format":7}"#,
            ] {
                exchanges.append(Self.body("run endpoint: row 5, \(text)", run, text))
            }
            exchanges.append(
                Self.body("run endpoint: format null", run, "{\"format\":null,\"args\":\(Self.documented),\"more\":1}")
            )
            exchanges.append(
                Self.body("run endpoint: format json", run, "{\"format\":\"json\",\"args\":\(Self.documented)}")
            )
            let path = WireRequest.actionPath
            for text in [
                "{}", #"{"path":7,"args":{}}"#, "{\(path)}", "{\(path),\"args\":7}", "{\(path),\"args\":[]}",
                "{\(path),\"args\":[{},{}]}", "{\(path),\"args\":[7]}", "{\(path),\"args\":{},\"format\":\"other\"}",
            ] {
                exchanges.append(Self.body("action endpoint: row 5, \(text)", action, text))
            }
            for text in [
                #"{"path":"messages:list","args":{}}"#, #"{"path":"a<b>\u0001\"ä","format":7}"#, #"{"path":""}"#,
            ] {
                exchanges.append(Self.body("action endpoint: another function, \(text)", action, text))
            }
            exchanges.append(
                Self.body("action endpoint: one argument", action, "{\(path),\"args\":[\(Self.documented)]}")
            )
            exchanges.append(
                Self.body(
                    "action endpoint: encoded",
                    action,
                    "{\(path),\"args\":\(Self.documented),\"format\":\"convex_encoded_json\"}"
                )
            )
            let long = String(repeating: "ä", count: 65)
            for arguments in [
                "{}", #"{"meetingId":7}"#, #"{"meetingId":""}"#, #"{"meetingId":"no meeting"}"#,
                #"{"meetingId":"m","role":7}"#, #"{"meetingId":"m","role":null}"#, #"{"meetingId":"m","role":"admin"}"#,
                #"{"meetingId":"m","surprise":1}"#, #"{"meetingId":"m","\u0001\t\r\n\"\\/\u007f":1}"#,
                #"{"meetingId":"m","\#(long)":1}"#, #"{"meetingId":"m","🎥\u2028":1}"#,
            ] {
                exchanges += Self.calls("row 6, \(arguments)", token, arguments)
            }
            var recording = Recording("bodies")
            try await recording.append(exchanges, port: fixture.server.port, names: callers.names)
            try recording.check()
        }
    }

    @Test func `routes`() async throws {
        try await ServerFixture.with { fixture in
            var callers = Callers()
            let token = try callers.bearer(SeedData.host)
            let run = Self.run(token, Self.documented)
            let action = Self.action(token, Self.documented)
            var exchanges: [Exchange] = []
            for path in ["", "other", "a/b", "meetings/stream/index/other?x=1", "%00\"<script>", "a//b/"] {
                var request = run
                request.target = "/api/run/\(path)"
                exchanges.append(Exchange("another function: \(path)", request))
            }
            var withQuery = run
            withQuery.target += "?x=/y"
            exchanges.append(Exchange("run endpoint with a query", withQuery))
            withQuery = action
            withQuery.target += "?"
            exchanges.append(Exchange("action endpoint with a query", withQuery))
            for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
                for path in [WireRequest.function, WireRequest.action, "/api/run/other", "/livez", "/nope"] {
                    exchanges.append(Exchange("\(method) \(path)", Self.request(method, path)))
                }
            }
            for path in ["/healthz", "/readyz", "/readyz?verbose", "/version", "/livez/", "/livez?x", "/"] {
                exchanges.append(Exchange("GET \(path)", Self.request("GET", path)))
                exchanges.append(Exchange("HEAD \(path)", Self.request("HEAD", path)))
                exchanges.append(Exchange("POST \(path)", Self.request("POST", path)))
            }
            var preflight = Self.request("OPTIONS", WireRequest.function).adding("Origin", "https://app.connvo.app")
            preflight = preflight.adding("Access-Control-Request-Method", "POST")
            exchanges.append(Exchange("a preflight, and no page may call", preflight))
            exchanges.append(Exchange("an id made by the server", run.removing("X-Request-Id")))
            exchanges.append(Exchange("an id that is not echoed", run.replacing("X-Request-Id", "a b")))
            exchanges.append(
                Exchange("an id where there is no route", Self.request("GET", "/nope").removing("X-Request-Id"))
            )
            exchanges.append(Exchange("two ids", run.adding("X-Request-Id", "second")))
            var recording = Recording("routes")
            try await recording.append(exchanges, port: fixture.server.port, names: callers.names)
            try recording.check()
        }
    }

    @Test func `limits and media types`() async throws {
        try await ServerFixture.with { fixture in
            var callers = Callers()
            let token = try callers.bearer(SeedData.host)
            var exchanges: [Exchange] = []
            for (endpoint, request) in [
                ("run", Self.run(token, Self.documented)), ("action", Self.action(token, Self.documented)),
            ] {
                for type in [
                    "text/plain", "application/json; charset=latin1", "application/json;", "application/jsonx",
                    "APPLICATION/JSON ; Charset=\"UTF-8\"", "application/json;charset=utf-8",
                ] {
                    exchanges.append(
                        Exchange("\(endpoint) endpoint: \(type)", request.replacing("Content-Type", type))
                    )
                }
                exchanges.append(Exchange("\(endpoint) endpoint: no type", request.removing("Content-Type")))
                exchanges.append(
                    Exchange("\(endpoint) endpoint: two types", request.adding("Content-Type", "application/json"))
                )
                exchanges.append(
                    Exchange("\(endpoint) endpoint: an encoding", request.adding("Content-Encoding", "gzip"))
                )
                var large = request
                large.body = [UInt8](repeating: UInt8(ascii: " "), count: 16_385)
                exchanges.append(Exchange("\(endpoint) endpoint: 413, announced", large))
                large = large.adding("Transfer-Encoding", "chunked")
                large.body =
                    Array("4001\r\n".utf8) + [UInt8](repeating: UInt8(ascii: " "), count: 16_385)
                    + Array("\r\n0\r\n\r\n".utf8)
                exchanges.append(Exchange("\(endpoint) endpoint: 413, chunked", large))
                var chunked = request.adding("Transfer-Encoding", "chunked")
                let body = request.body ?? []
                chunked.body =
                    Array("5\r\n".utf8) + body.prefix(5) + Array("\r\n\(String(body.count - 5, radix: 16))\r\n".utf8)
                    + body.dropFirst(5) + Array("\r\n0\r\n\r\n".utf8)
                exchanges.append(Exchange("\(endpoint) endpoint: chunks", chunked))
                var put = large
                put.method = "PUT"
                exchanges.append(Exchange("\(endpoint) endpoint: 405 before 413", put))
            }
            var livez = Self.request("GET", "/livez")
            livez.body = [UInt8](repeating: UInt8(ascii: "x"), count: 100)
            exchanges.append(Exchange("a body that nothing reads", livez))
            livez.body = [UInt8](repeating: UInt8(ascii: "x"), count: 16_385)
            exchanges.append(Exchange("a body too large for a probe", livez))
            var crowded = Self.run(token, Self.documented)
            while crowded.headers.count < 65 { crowded = crowded.adding("X-Filler-\(crowded.headers.count)", "x") }
            exchanges.append(Exchange("431, too many headers", crowded))
            exchanges.append(
                Exchange(
                    "431, too long",
                    Self.request("GET", "/livez").adding("X", String(repeating: "x", count: 17_000))
                )
            )
            exchanges.append(Exchange("not HTTP", steps: [.send(Array("not HTTP\r\n\r\n".utf8)), .receive("GET")]))
            exchanges.append(
                Exchange(
                    "two lengths",
                    Self.request("POST", WireRequest.function).adding("Content-Length", "1").adding(
                        "Content-Length",
                        "2"
                    )
                )
            )
            var recording = Recording("limits")
            try await recording.append(exchanges, port: fixture.server.port, names: callers.names)
            try recording.check()
        }
    }

    // MARK: Connections

    @Test func `connections`() async throws {
        try await ServerFixture.with { fixture in
            var callers = Callers()
            let token = try callers.bearer(SeedData.host)
            let run = Self.run(token, Self.documented)
            let action = Self.action(token, Self.documented)
            let refused = Self.action(nil, Self.documented)
            let livez = Self.request("GET", "/livez")
            let unknown = Self.request("GET", "/nope")
            var exchanges: [Exchange] = []
            for (name, request) in [
                ("run endpoint", run), ("action endpoint", action), ("a refusal", refused), ("a probe", livez),
                ("no route", unknown), ("HEAD of a probe", Self.request("HEAD", "/livez")),
            ] {
                exchanges.append(Exchange("\(name): close", request.adding("Connection", "close")))
                var old = request.removing("Host")
                old.version = "HTTP/1.0"
                exchanges.append(Exchange("\(name): HTTP/1.0", old))
                exchanges.append(Exchange("\(name): HTTP/1.0, kept", old.adding("Connection", "keep-alive")))
            }
            exchanges.append(
                Exchange("one after another", steps: (0..<3).flatMap { _ in [.send(run.bytes), .receive("POST")] })
            )
            let mixed = [run, livez, action, refused, unknown, Self.request("HEAD", "/readyz"), run]
            exchanges.append(Exchange("pipelined", pipelined: mixed))
            exchanges.append(
                Exchange("pipelined behind close", pipelined: [run.adding("Connection", "close"), run], receiving: 1)
            )
            exchanges.append(
                Exchange(
                    "pipelined, then not HTTP",
                    steps: [.send(run.bytes + Array("not HTTP\r\n\r\n".utf8)), .receive("POST"), .receive("GET")]
                )
            )
            for (name, request) in [("run endpoint", run), ("action endpoint", action), ("a probe", livez)] {
                // With `close`, because it is a race whether the server knows of the end when it answers.
                let last = request.adding("Connection", "close")
                exchanges.append(
                    Exchange("\(name): half closed", steps: [.send(last.bytes), .finishSending, .receiveRest])
                )
            }
            exchanges.append(
                Exchange(
                    "pipelined: half closed",
                    steps: [
                        .send((mixed + [run.adding("Connection", "close")]).flatMap(\.bytes)), .finishSending,
                        .receiveRest,
                    ]
                )
            )
            let expecting = run.adding("Expect", "100-continue")
            let body = run.body ?? []
            exchanges.append(
                Exchange(
                    "100-continue",
                    steps: [.send(Array(expecting.head.utf8)), .receive("POST"), .send(body), .receive("POST")]
                )
            )
            for (name, request) in [
                ("405", WireRequest("PUT").adding("Content-Length", "5")),
                ("413", expecting.adding("Content-Length", "20000")),
            ] {
                let head = request.replacing("X-Request-Id", "recorded").replacing("Expect", "100-continue").head
                exchanges.append(Exchange("100-continue, \(name)", steps: [.send(Array(head.utf8)), .receive("POST")]))
            }
            var old = expecting.removing("Host")
            old.version = "HTTP/1.0"
            exchanges.append(Exchange("100-continue, HTTP/1.0", old))
            let refusedHead = refused.adding("Expect", "100-Continue").head
            exchanges.append(
                Exchange(
                    "100-continue, a refusal",
                    steps: [
                        .send(Array(refusedHead.utf8)), .receive("POST"), .send(refused.body ?? []), .receive("POST"),
                    ]
                )
            )
            let slow = run.adding("Content-Length", "100")
            exchanges.append(Exchange("408", steps: [.send(Array((slow.head + "{").utf8)), .receive("POST")]))
            var recording = Recording("connections")
            try await recording.append(exchanges, port: fixture.server.port, names: callers.names)
            try recording.check()
        }
    }

    // MARK: Pages of other origins

    @Test(arguments: [("cors-listed", "https://app.connvo.app,http://localhost:3000"), ("cors-any", "*")])
    func `pages of other origins`(name: String, origins: String) async throws {
        try await ServerFixture.with(["CORS_ORIGINS": origins]) { fixture in
            var callers = Callers()
            let token = try callers.bearer(SeedData.host)
            var exchanges: [Exchange] = []
            for origin in ["https://app.connvo.app", "https://evil.example", nil] {
                for (what, request) in [
                    ("run endpoint", Self.run(token, Self.documented)),
                    ("action endpoint", Self.action(token, Self.documented)),
                    ("row 1", Self.run(nil, Self.documented)), ("row 6", Self.action(token, "{}")),
                    ("405", Self.request("PUT", WireRequest.action)), ("a probe", Self.request("GET", "/livez")),
                    ("HEAD", Self.request("HEAD", "/readyz")), ("no route", Self.request("GET", "/nope")),
                    ("OPTIONS", Self.request("OPTIONS", WireRequest.function)),
                    ("OPTIONS of a probe", Self.request("OPTIONS", "/livez")),
                    ("preflight", Self.preflight(WireRequest.function)),
                    ("preflight", Self.preflight(WireRequest.action)),
                    ("preflight, closing", Self.preflight(WireRequest.action).adding("Connection", "close")),
                    ("preflight of a probe", Self.preflight("/livez")),
                    ("preflight of another function", Self.preflight("/api/run/other")),
                ] {
                    let request = origin.map { request.adding("Origin", $0) } ?? request
                    exchanges.append(Exchange("\(what), \(origin ?? "no origin")", request))
                }
            }
            let mixed = [
                Self.run(token, Self.documented).adding("Origin", "https://app.connvo.app"),
                Self.run(token, Self.documented),
                Self.preflight(WireRequest.action).adding("Origin", "http://localhost:3000"),
                Self.request("GET", "/livez"),
            ]
            exchanges.append(Exchange("pipelined", pipelined: mixed))
            exchanges.append(
                Exchange(
                    "not HTTP behind a request with an origin",
                    steps: [.send(mixed[0].bytes + Array("not HTTP\r\n\r\n".utf8)), .receive("POST"), .receive("GET")]
                )
            )
            var recording = Recording(name)
            try await recording.append(exchanges, port: fixture.server.port, names: callers.names)
            try recording.check()
        }
    }

    private static func preflight(_ path: String) -> WireRequest {
        request("OPTIONS", path).adding("Access-Control-Request-Method", "POST")
            .adding("Access-Control-Request-Headers", "authorization,content-type")
    }

    // MARK: The admin listener

    @Test func `the admin listener`() async throws {
        let port = try HTTPConnection.freePort()
        try await ServerFixture.with(["ADMIN_PORT": "\(port)"]) { fixture in
            var exchanges: [Exchange] = []
            for path in ["/livez", "/readyz", "/readyz?verbose", "/version", "/healthz", "/nope", "/api/action"] {
                for method in ["GET", "POST"] {
                    exchanges.append(Exchange("\(method) \(path)", Self.request(method, path)))
                }
                // Here, failures have a body for HEAD, too.
                let head = Self.request("HEAD", path).adding("Connection", "close")
                exchanges.append(Exchange("HEAD \(path)", steps: [.send(head.bytes), .receiveRest]))
            }
            exchanges.append(Exchange("close", Self.request("GET", "/livez").adding("Connection", "close")))
            exchanges.append(Exchange("an id made by the server", WireRequest("GET", "/livez")))
            var recording = Recording("admin")
            try await recording.append(exchanges, port: port, names: [:])
            _ = fixture
            try recording.check()
        }
    }

    @Test func `the admin listener without a key set`() async throws {
        let port = try HTTPConnection.freePort()
        let settings = ["ADMIN_PORT": "\(port)"]
        try await ServerFixture.with(settings, startsWithKeySet: false, waitsForReadiness: false) { fixture in
            // Until the database is reached there is one more obstacle.
            try await eventually {
                let connection = try await HTTPConnection.open(port: port)
                try await connection.send(WireRequest("GET", "/readyz?verbose").bytes)
                let text = try await connection.answer(to: "GET").text
                return text.contains("no usable key") && !text.contains("connection") && !text.contains("database")
            }
            let exchange = Exchange("not ready, with the reasons", Self.request("GET", "/readyz?verbose"))
            var recording = Recording("admin-no-key-set")
            try await recording.append([exchange], port: port, names: [:])
            _ = fixture
            try recording.check()
        }
    }
}
