import Foundation
import HostileTokens
import JOSE
import JSON
import TestSupport
import Testing

/// The table of hostile credentials against the real program over a real socket.
@Suite struct HostileWireTests {
    private static let settings = [
        "ALLOW_DEVELOPMENT_TOKENS": "", "WORKOS_CLIENT_ID": HostileFixture.clientID, "DATABASE_POOL_SIZE": "1",
    ]

    private static func withForgedTokens(
        _ body: @Sendable (ServerFixture, HostileFixture) async throws -> Void
    ) async throws {
        try await ServerFixture.with(settings) { fixture in
            let forged = try HostileFixture(now: Tokens.now)
            try fixture.server.folder.write(HostileKeySet.fixture(forged), to: RunningServer.keySetFile)
            let good = try #require(HostileCase.all.first { $0.name == "a good token" })
            try await eventually {
                try await send(HostileRequest(good.credentials(forged)), fixture.server).status == 200
            }
            try await body(fixture, forged)
        }
    }

    private static func send(_ request: HostileRequest, _ server: RunningServer) async throws -> ReceivedResponse {
        let connection = try await server.connect()
        try await connection.send(request.bytes)
        return try await connection.answer()
    }

    /// The case of this name.
    private static func named(_ name: String) throws -> HostileCase {
        let found = HostileCase.all.filter { $0.name == name }
        try #require(found.count == 1, "\(name)")
        return found[0]
    }

    /// All of an answer, with what differs between any two taken out: its id and its date.
    private static func text(of answer: ReceivedResponse, to request: HostileRequest) throws -> String {
        #expect(answer["x-request-id"] == request.requestID)
        #expect(answer["content-length"] == "\(answer.body.count)")
        let headers = answer.headers.map { name, value in
            ["x-request-id", "date"].contains(name) ? "\(name): …" : "\(name): \(value)"
        }
        return ([answer.version, "\(answer.status)"] + headers + [answer.text.replacing(request.requestID, with: "…")])
            .joined(separator: "\n")
    }

    private static func causes(in log: String) throws -> [String: String] {
        var causes: [String: String] = [:]
        for line in log.split(separator: "\n") {
            let root = try JSONDocument(parsing: Array(line.utf8)).root
            guard let cause = root["cause"]?.string else { continue }
            #expect(root["message"]?.string == "Answered a request")
            causes[try #require(root["request_id"]?.string)] = cause
        }
        return causes
    }

    /// The cases that HTTP can carry, with what they become on their way.
    private static let sent: [(hostile: HostileCase, expected: ExpectedResponse)] = HostileCase.all.compactMap {
        hostile in
        switch hostile.wire {
        case .same: (hostile, hostile.expected)
        case .changed(let expected): (hostile, expected)
        case .impossible, .absent: nil
        }
    }

    // MARK: - Answers

    @Test func `every case that HTTP can carry is answered as the table says, and nothing of it is logged`()
        async throws
    {
        #expect(Self.sent.count >= 200)
        try await Self.withForgedTokens { fixture, forged in
            var connection = try await fixture.server.connect()
            var invalid: Set<String> = []
            var causes: [String: String] = [:]
            var secrets: Set<String> = [fixture.secret]
            for (hostile, expected) in Self.sent {
                let credentials = try hostile.credentials(forged)
                let request = HostileRequest(credentials)
                try await connection.send(request.bytes)
                let answer = try await connection.answer()
                if answer.closes { connection = try await fixture.server.connect() }
                guard let status = expected.status else {
                    // Row 7 at most: somebody whom the database does not know.
                    #expect(answer.status == 200 || answer.status == 400, "\(hostile): \(answer.text)")
                    continue
                }
                #expect(answer.status == status, "\(hostile)")
                #expect(answer["www-authenticate"] == expected.challenge, "\(hostile)")
                let body = try answer.decode(FailureBody.self)
                #expect(body.code == expected.code, "\(hostile)")
                #expect(body.errorData.code == expected.code && body.errorData.statusCode == status, "\(hostile)")
                if case .invalid = expected { invalid.insert(try Self.text(of: answer, to: request)) }
                causes[request.requestID] = expected.cause
                if case .token(let token) = credentials {
                    let segments = token.split { !$0.isToken }.map { String(decoding: $0, as: UTF8.self) }
                    secrets.formUnion(segments.filter { $0.utf8.count >= 12 })
                }
            }
            #expect(invalid.count == 1, "whatever is wrong with a token, the answer is the same")

            // The line of a request is written after its answer.
            try await eventually { try Self.causes(in: fixture.server.log).count >= causes.count }
            let log = fixture.server.log
            let logged = try Self.causes(in: log)
            for (id, cause) in causes { #expect(logged[id] == cause) }
            for secret in secrets { #expect(!log.contains(secret), "the log holds \(secret)") }
            // The issuer of a token that is verified, and refused for it, is named.
            let others = log.split(separator: "\n").filter { !$0.contains(#""cause":"wrong_issuer""#) }
            for text in ["DROP TABLE", "etc/x", "jndi", "Set-Cookie", "OR 1=1", "evil.invalid"] {
                #expect(!others.contains { $0.contains(text) }, "the log holds \(text)")
            }
        }
    }

    @Test func `five reasons to refuse are one answer but for expiry, and told apart in the log`() async throws {
        try await Self.withForgedTokens { fixture, forged in
            let cases = [
                ("an attacker's", "bad_signature"), ("none with some signature", "alg_not_allowed"),
                (#""HS256", signed HS256 with PEM"#, "alg_not_allowed"),
                (#"{"alg":"RS256","kid":"key_3"}"#, "unknown_kid"), ("expired an hour ago", "expired"),
            ]
            var answers: [String] = []
            for (name, cause) in cases {
                let request = HostileRequest(try Self.named(name).credentials(forged))
                let answer = try Self.text(of: try await Self.send(request, fixture.server), to: request)
                if answers.last != answer { answers.append(answer) }
                // The line of a request is written after its answer.
                try await eventually { try Self.causes(in: fixture.server.log)[request.requestID] != nil }
                #expect(try Self.causes(in: fixture.server.log)[request.requestID] == cause, "\(name)")
            }
            // Whatever is the same as the answer before it is left out.
            #expect(answers.count == 2)
            // Expiry has a code and a message of its own, and so a length.
            let expired = try #require(answers.last)
            let length = { (text: String) in text.firstMatch(of: /content-length: (\d+)/).map { "\($0.output.0)" } ?? ""
            }
            let plain = expired.replacing("SESSION_EXPIRED", with: "INVALID_TOKEN")
                .replacing("Session expired", with: "The access token is not valid")
                .replacing(length(expired), with: length(answers[0]))
            #expect(plain == answers[0])
            #expect(expired != answers[0])
        }
    }

    @Test func `what no HTTP message can carry gets a 400 or no answer, and a token elsewhere is not looked at`()
        async throws
    {
        try await Self.withForgedTokens { fixture, forged in
            for hostile in HostileCase.all {
                guard case .impossible = hostile.wire else { continue }
                let connection = try await fixture.server.connect()
                try await connection.send(HostileRequest(hostile.credentials(forged)).bytes)
                let (bytes, closed) = try await connection.rest()
                let answer = String(decoding: bytes, as: UTF8.self)
                #expect(closed, "\(hostile)")
                #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400 "), "\(hostile): \(answer)")
            }
            guard case .token(let bytes) = try Self.named("a good token").credentials(forged) else { return }
            let token = String(decoding: bytes, as: UTF8.self)
            let body = WireRequest.documentedBody.dropLast() + #","access_token":"\#(token)"}"#
            for request in [
                WireRequest.call(nil).adding("Cookie", "access_token=\(token)"),
                WireRequest.call(nil).adding("X-Authorization", "Bearer \(token)"),
                WireRequest.call(nil).adding("Proxy-Authorization", "Bearer \(token)"),
                WireRequest.call(nil, body: String(body)),
            ] {
                #expect(try await fixture.send(request).decode(FailureBody.self).code == "UNAUTHORIZED")
            }
            let inQuery = HostileRequest(.fields([]), target: "\(WireRequest.function)?access_token=\(token)")
            #expect(try await Self.send(inQuery, fixture.server).decode(FailureBody.self).code == "UNAUTHORIZED")
            let endless = HostileRequest(.token([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)))
            #expect(try await Self.send(endless, fixture.server).status == 431)
            #expect(!fixture.server.log.contains(token))
        }
    }

    // MARK: - The database

    private static let refusedBodies = [
        "", "x", "[]", "null", "{}", #"{"args":[]}"#, #"{"args":{},"args":{}}"#, #"{"args":{"meetingId":"m",}}"#,
        #"{"args":{}}"#, #"{"args":{"meetingId":""}}"#, #"{"args":{"meetingId":7}}"#, #"{"args":{"meetingId":"a b"}}"#,
        #"{"args":{"meetingId":"m","role":null}}"#, #"{"args":{"meetingId":"m","role":"admin"}}"#,
        #"{"args":{"meetingId":"m","more":1}}"#, #"{"args":{"meetingId":"m"},"format":"x"}"#,
    ]

    /// Sends everything that rows 1 to 6 refuse, and says how often it was answered otherwise than by a 400 or a 401.
    private static func sendRefused(_ fixture: ServerFixture, _ forged: HostileFixture) async throws -> [String] {
        var others: [String] = []
        var connection = try await fixture.server.connect()
        let good = String(decoding: try forged.goodToken(), as: UTF8.self)
        let bodies = refusedBodies.map { ("body \($0)", WireRequest.call(good, body: $0).bytes, 400) }
        let requests = try sent.compactMap { hostile, expected in
            try expected.status.map { ("\(hostile)", HostileRequest(try hostile.credentials(forged)).bytes, $0) }
        }
        for (name, bytes, status) in requests + bodies {
            try await connection.send(bytes)
            let answer = try await connection.answer()
            if answer.status != status { others.append("\(name): \(answer.status) \(answer.text)") }
            if answer.closes { connection = try await fixture.server.connect() }
        }
        return others
    }

    @Test func `what rows 1 to 6 refuse does not touch a database connection, and needs none`() async throws {
        try await Self.withForgedTokens { fixture, forged in
            let good = String(decoding: try forged.goodToken(), as: UTF8.self)
            #expect(try await fixture.send(.call(good)).status == 200)
            // The monitor has a connection of its own, which looks at the database once a second.
            let serving = "datname = current_database() AND application_name = 'connvo-server/serve'"
            let isMonitor = "query ~ 'transaction_read_only|missing_partitions|has_table_privilege|clock_timestamp'"
            var monitor: String?
            // Between two of these queries it runs others.
            while monitor == nil {
                monitor = try await fixture.scalar(
                    "SELECT max(pid) FROM pg_stat_activity WHERE \(serving) AND \(isMonitor) HAVING count(*) = 1"
                )
            }
            let activity = """
                SELECT string_agg(concat_ws(' ', pid, backend_start, xact_start, query_start, state_change, state), ', ')
                FROM pg_stat_activity WHERE \(serving) AND pid <> \(try #require(monitor))
                """
            try await eventually { try await fixture.scalar(activity)?.hasSuffix(" idle") == true }
            let before = try #require(try await fixture.scalar(activity))
            #expect(try await Self.sendRefused(fixture, forged) == [])
            #expect(try await fixture.scalar(activity) == before)
            #expect(try await fixture.send(.call(good)).status == 200)
            #expect(try await fixture.scalar(activity) != before, "what is let in shows where nothing must have shown")

            // And with the database gone, they are answered as before.
            let name = fixture.database.name
            try await onOwnThread {
                try TestServer.run("ALTER DATABASE \(name) ALLOW_CONNECTIONS false")
                try TestServer.run(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '\(name)'"
                )
            }
            #expect(try await fixture.send(.call(good)).status == 503)
            #expect(try await Self.sendRefused(fixture, forged) == [])
            #expect(try await fixture.send(.call(good)).status == 503)
        }
    }
}

extension UInt8 {
    /// Whether this is a digit of base64url.
    fileprivate var isToken: Bool {
        switch self {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
