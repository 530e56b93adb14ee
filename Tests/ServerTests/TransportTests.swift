import JOSE
import Testing

/// Rows 1 to 6 and the transport's own outcomes: what is said, in which order, and that nothing of it is recorded.
@Suite(.serverFixture()) struct TransportTests {
    /// What is wrong with a request; several together show which is told first.
    enum Fault: String, CaseIterable, Sendable {
        case method, size, mediaType, noCredentials, badToken, expired, unknownFunction, badBody, noArguments,
            badMeeting, badRole
        case unknownKey, unknownUser
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let faults: [Fault]
        let status: Int
        let code: String
        let statusCode: Int

        init(_ faults: [Fault], _ status: Int, _ code: String, _ statusCode: Int? = nil) {
            self.faults = faults
            self.status = status
            self.code = code
            self.statusCode = statusCode ?? status
        }

        var testDescription: String { faults.map(\.rawValue).joined(separator: " + ") }

        func request() throws -> WireRequest {
            var arguments = [#""meetingId":"meeting_123example""#]
            if faults.contains(.badMeeting) { arguments[0] = #""meetingId":"no meeting""# }
            if faults.contains(.badRole) { arguments.insert(#""role":"admin""#, at: 0) }
            if faults.contains(.unknownKey) { arguments.insert(#""surprise":1"#, at: 0) }
            var body = "{\"args\":{\(arguments.joined(separator: ","))}}"
            if faults.contains(.noArguments) { body = "{}" }
            if faults.contains(.badBody) { body = "{" }
            var token: String? = try Tokens.bearer(faults.contains(.unknownUser) ? "user_nobody" : SeedData.host)
            let past = Tokens.now - 7200
            if faults.contains(.expired) {
                token = try Tokens.forge(
                    payload: Tokens.claims(SeedData.host, ["iat": "\(past)", "exp": "\(past + 3600)"])
                )
            }
            if faults.contains(.badToken) { token = "not.a.token" }
            if faults.contains(.noCredentials) { token = nil }
            var request = WireRequest.call(token, body: body)
            if faults.contains(.mediaType) { request = request.replacing("Content-Type", "text/plain") }
            if faults.contains(.size) { request.body = [UInt8](repeating: UInt8(ascii: " "), count: 16_385) }
            if faults.contains(.unknownFunction) { request.target = "/api/run/meetings/stream/index/other" }
            if faults.contains(.method) { request.method = "PUT" }
            return request
        }
    }

    static let cases: [Case] = [
        Case([.method], 405, "METHOD_NOT_ALLOWED"),
        Case([.size], 413, "PAYLOAD_TOO_LARGE"),
        Case([.mediaType], 415, "UNSUPPORTED_MEDIA_TYPE"),
        Case([.noCredentials], 401, "UNAUTHORIZED"),
        Case([.badToken], 401, "INVALID_TOKEN"),
        Case([.expired], 401, "SESSION_EXPIRED"),
        Case([.unknownFunction], 404, "NOT_FOUND"),
        Case([.badBody], 400, "VALIDATION_ERROR"),
        Case([.noArguments], 400, "VALIDATION_ERROR"),
        Case([.badMeeting], 400, "VALIDATION_ERROR"),
        Case([.badRole], 400, "VALIDATION_ERROR"),
        Case([.unknownKey], 400, "VALIDATION_ERROR"),

        Case([.method, .size], 405, "METHOD_NOT_ALLOWED"),
        Case([.method, .mediaType], 405, "METHOD_NOT_ALLOWED"),
        Case([.method, .noCredentials], 405, "METHOD_NOT_ALLOWED"),
        Case([.method, .unknownFunction], 405, "METHOD_NOT_ALLOWED"),
        Case([.method, .badBody], 405, "METHOD_NOT_ALLOWED"),
        Case([.size, .mediaType], 413, "PAYLOAD_TOO_LARGE"),
        Case([.size, .noCredentials], 413, "PAYLOAD_TOO_LARGE"),
        Case([.size, .unknownFunction], 413, "PAYLOAD_TOO_LARGE"),
        Case([.size, .unknownFunction, .mediaType, .noCredentials], 413, "PAYLOAD_TOO_LARGE"),
        Case([.mediaType, .noCredentials], 415, "UNSUPPORTED_MEDIA_TYPE"),
        Case([.mediaType, .badToken], 415, "UNSUPPORTED_MEDIA_TYPE"),
        Case([.mediaType, .unknownFunction], 415, "UNSUPPORTED_MEDIA_TYPE"),
        Case([.mediaType, .badBody], 415, "UNSUPPORTED_MEDIA_TYPE"),
        Case([.noCredentials, .unknownFunction], 401, "UNAUTHORIZED"),
        Case([.noCredentials, .badBody], 401, "UNAUTHORIZED"),
        Case([.badToken, .unknownFunction], 401, "INVALID_TOKEN"),
        Case([.badToken, .badBody], 401, "INVALID_TOKEN"),
        Case([.expired, .unknownFunction], 401, "SESSION_EXPIRED"),
        Case([.expired, .badMeeting], 401, "SESSION_EXPIRED"),
        Case([.unknownFunction, .badBody], 404, "NOT_FOUND"),
        Case([.unknownFunction, .badMeeting], 404, "NOT_FOUND"),
        Case([.badBody, .unknownUser], 400, "VALIDATION_ERROR"),
        Case([.badMeeting, .unknownUser], 400, "VALIDATION_ERROR"),
        Case([.badRole, .unknownUser], 400, "VALIDATION_ERROR"),
        Case([.unknownKey, .unknownUser], 400, "VALIDATION_ERROR"),
        Case(Fault.allCases, 405, "METHOD_NOT_ALLOWED"),
    ]

    @Test(arguments: cases)
    func `of several faults the one that comes first in the contract is told, and none is recorded`(
        testCase: Case
    ) async throws {
        let fixture = try ServerFixture.current
        let requestID = ServerFixture.makeRequestID()
        let answer = try await fixture.sendAndGoOn(testCase.request().adding("X-Request-Id", requestID))
        #expect(answer.status == testCase.status)
        let body = try answer.decode(FailureBody.self)
        #expect(body.status == "error")
        #expect(body.errorData.code == testCase.code)
        #expect(body.errorData.statusCode == testCase.statusCode)
        #expect(body.code == body.errorData.code)
        #expect(body.message == body.errorData.message)
        #expect(body.errorMessage == body.message)
        #expect(!body.message.isEmpty)
        #expect(body.requestId == requestID)
        #expect(answer["x-request-id"] == requestID)
        #expect(answer["content-type"] == "application/json; charset=utf-8")
        #expect(answer["cache-control"] == "no-store")
        #expect(answer["allow"] == (testCase.status == 405 ? "POST" : nil))
        switch testCase.code {
        case "UNAUTHORIZED":
            #expect(answer["www-authenticate"] == #"Bearer realm="connvo""#)
            #expect(body.message == "Authentication required")
        case "INVALID_TOKEN":
            #expect(answer["www-authenticate"]?.hasPrefix("Bearer ") == true)
            #expect(answer["www-authenticate"]?.contains(#"error="invalid_token""#) == true)
        case "SESSION_EXPIRED":
            #expect(answer["www-authenticate"]?.contains(#"error="invalid_token""#) == true)
            #expect(body.message == "Session expired")
        default:
            #expect(answer["www-authenticate"] == nil)
        }
        #expect(try await fixture.recordCount(requestID) == 0)
    }

    @Test func `an unknown function is named as Convex names it`() async throws {
        let fixture = try ServerFixture.current
        for (path, name) in [
            ("meetings/stream/index/other", "meetings/stream/index:other"), ("other", "other"), ("a/b", "a:b"),
        ] {
            var request = WireRequest.call(try Tokens.bearer(SeedData.host))
            request.target = "/api/run/\(path)"
            let answer = try await fixture.send(request)
            #expect(answer.status == 404)
            #expect(
                try answer.decode(FailureBody.self).message == "Could not find public function for '\(name)'"
            )
        }
    }

    @Test(arguments: ["", "/", "x", "/x", "%00", "\"<script>"])
    func `a path that only resembles the function's is another function`(suffix: String) async throws {
        var request = WireRequest.call(try Tokens.bearer(SeedData.host))
        request.target += suffix
        let answer = try await ServerFixture.current.send(request)
        #expect(answer.status == (suffix.isEmpty ? 200 : 404))
        #expect(!answer.text.contains("<script>"))
    }

    @Test func `a query does not change the function, and a token in it is not looked at`() async throws {
        let fixture = try ServerFixture.current
        let token = try Tokens.bearer(SeedData.host)
        var request = WireRequest.call(token)
        request.target += "?x=1&y=%20"
        #expect(try await fixture.send(request).status == 200)
        request = WireRequest.call(
            nil,
            body: #"{"access_token":"\#(token)","args":{"meetingId":"meeting_123example"}}"#
        )
        request.target += "?access_token=\(token)"
        let answer = try await fixture.send(request)
        #expect(answer.status == 401)
        #expect(try answer.decode(FailureBody.self).code == "UNAUTHORIZED")
    }

    // MARK: Content-Type

    @Test(arguments: [
        "application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON",
        "application/json ; charset=utf-8", #"application/json; charset="utf-8""#, "application/json; Charset=Utf-8",
    ])
    func `JSON in UTF-8 is read`(contentType: String) async throws {
        let request = WireRequest.call(try Tokens.bearer(SeedData.host)).replacing("Content-Type", contentType)
        #expect(try await ServerFixture.current.send(request).status == 200)
    }

    static let otherTypes: [[(String, String)]] = [
        [], [("Content-Type", "")], [("Content-Type", "text/plain")], [("Content-Type", "text/json")],
        [("Content-Type", "application/json; charset=latin1")], [("Content-Type", "application/json; charset=utf-16")],
        [("Content-Type", "application/json; version")], [("Content-Type", "application/jsonp")],
        [("Content-Type", "application/problem+json")], [("Content-Type", "application/json, text/plain")],
        [("Content-Type", "application/x-www-form-urlencoded")], [("Content-Type", "multipart/form-data; boundary=x")],
        [("Content-Type", "application/json"), ("Content-Type", "application/json")],
        [("Content-Type", "application/json"), ("Content-Type", "text/plain")],
        [("Content-Type", "application/json"), ("Content-Encoding", "gzip")],
        [("Content-Type", "application/json"), ("Content-Encoding", "identity")],
        [("Content-Type", "application/json"), ("content-encoding", "br")],
    ]

    @Test(arguments: otherTypes)
    func `every other content type or encoding, and none, is 415`(headers: [(String, String)]) async throws {
        var request = WireRequest.call(try Tokens.bearer(SeedData.host)).removing("Content-Type")
        for (name, value) in headers { request = request.adding(name, value) }
        let answer = try await ServerFixture.current.sendAndGoOn(request)
        #expect(answer.status == 415)
        #expect(try answer.decode(FailureBody.self).code == "UNSUPPORTED_MEDIA_TYPE")
    }

    // MARK: X-Request-Id

    @Test(arguments: ["a", "0", "A.b_c-9", "...", String(repeating: "x", count: 128)])
    func `a sane request id is echoed`(id: String) async throws {
        let fixture = try ServerFixture.current
        let request = WireRequest.call(nil).adding("X-Request-Id", id)
        let answer = try await fixture.send(request)
        #expect(answer["x-request-id"] == id)
        #expect(try answer.decode(FailureBody.self).requestId == id)
        let probe = WireRequest("GET", "/livez").adding("x-request-id", id)
        #expect(try await fixture.send(probe)["x-request-id"] == id)
        #expect(try await fixture.send(WireRequest("GET", "/nope").adding("x-request-id", id))["x-request-id"] == id)
    }

    @Test(arguments: ["", " ", "a b", "a/b", "é", "a;b", "<x>", "a\"b", String(repeating: "x", count: 129)])
    func `any other request id is replaced`(id: String) async throws {
        let fixture = try ServerFixture.current
        let answer = try await fixture.send(.call(nil).adding("X-Request-Id", id))
        let ours = try #require(answer["x-request-id"])
        #expect(ours != id)
        #expect((1...128).contains(ours.utf8.count))
        #expect(ours.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) })
        #expect(try answer.decode(FailureBody.self).requestId == ours)
        let probe = try #require(
            try await fixture.send(WireRequest("GET", "/livez").adding("X-Request-Id", id))["x-request-id"]
        )
        #expect(probe != id && probe != ours && !probe.isEmpty)
    }

    @Test func `a request without an id gets one, in its record too`() async throws {
        let fixture = try ServerFixture.current
        let answer = try await fixture.send(.call(Tokens.bearer(SeedData.host)))
        #expect(try await fixture.recordCount(#require(answer["x-request-id"])) == 1)
    }
}
