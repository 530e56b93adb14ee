import Testing

/// Door B: what Convex clients send, and what they get. The function behind it is the same, so is its record.
@Suite(.serverFixture(["EARLY_JOIN_WINDOW": "15m"])) struct ActionDoorTests {
    private static let arguments = #""args":{"meetingId":"meeting_123example"}"#

    private func send(_ body: String, as user: String = SeedData.host) async throws -> ReceivedResponse {
        try await ServerFixture.current.send(.action(Tokens.bearer(user), body))
    }

    /// Every number has a dot: the Python clients refuse others.
    private func expectDots(_ answer: ReceivedResponse, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(!answer.text.contains(/[:,\[]-?[0-9]+[,}\]]/), "\(answer.text)", sourceLocation: sourceLocation)
    }

    // MARK: Success

    static let people: [(user: String, rest: String)] = [
        (SeedData.host, #""image":"https://example.com/avatars/alice.jpg","name":"Alice Johnson""#),
        ("user_participant", #""name":"Carol \"CD\" Díaz \\ 🎥""#),
        ("user_nameless", #""name":"nora.kim""#),
    ]

    @Test(arguments: people)
    func `a token is handed out as Convex would, byte for byte, and recorded`(user: String, rest: String) async throws {
        let fixture = try ServerFixture.current
        let requestID = ServerFixture.makeRequestID()
        let before = Tokens.now
        let answer = try await fixture.send(.action(Tokens.bearer(user)).adding("X-Request-Id", requestID))
        #expect(answer.status == 200)
        #expect(answer["content-type"] == "application/json; charset=utf-8")
        #expect(answer["cache-control"] == "no-store")
        #expect(answer["x-request-id"] == requestID)
        let value = try answer.decode(SuccessBody.self).value
        #expect((before + 3600...Tokens.now + 3600).contains(value.expiresAt))
        #expect(
            answer.text == """
                {"status":"success","value":{"expiresAt":\(value.expiresAt).0,"success":true,"token":"\(value.token)",\
                "user":{"id":"\(user)",\(rest)},"userId":"\(user)"}}
                """
        )
        expectDots(answer)
        let record = try await fixture.scalar(
            """
            SELECT concat_ws(' ', user_id, meeting_id, requested_role)
            FROM connvo.issued_tokens WHERE request_id = '\(requestID)'
            """
        )
        #expect(record == "\(user) meeting_123example participant")
        #expect(try await fixture.recordCount(requestID) == 1)
    }

    static let accepted = [
        arguments, #""args":[{"meetingId":"meeting_123example"}]"#, #"\#(arguments),"format":null"#,
        #"\#(arguments),"format":"json""#, #""format":"convex_encoded_json",\#(arguments)"#,
        #""format":"convex_encoded_\u006ason",\#(arguments)"#,
        #""args":[ {"meetingId":"meeting_123example","role":"host"} ]"#,
        #"\#(arguments),"componentPath":"x","x":[1,{"y":null}]"#,
    ]

    @Test(arguments: accepted) func `arguments are an object or a list of one, in either format`(
        body: String
    ) async throws {
        let answer = try await send(body)
        #expect(answer.status == 200)
        #expect(answer.text.hasPrefix(#"{"status":"success","value":{"#), "\(answer.text)")
    }

    @Test func `the name of the function may be escaped, and stand anywhere`() async throws {
        var request = WireRequest.action(try Tokens.bearer(SeedData.host))
        request.body = Array(
            #"{\#(Self.arguments),"\u0070ath":"meetings\/stream/index:generateParticipantToken\u0050ublic"}"#.utf8
        )
        #expect(try await ServerFixture.current.send(request).text.contains(#""status":"success""#))
    }

    // MARK: Rows 5 and 6

    static let malformed: [(body: String, place: String)] = [
        ("", ""), ("null", "$"), ("[]", "$"), ("[{}]", "$"), ("{", ""), ("{}", "$.path"), (#"{"path":null}"#, "$.path"),
        (#"{"path":7,\#(arguments)}"#, "$.path"), (#"{"path":["x"],\#(arguments)}"#, "$.path"),
        ("{\(arguments)}", "$.path"), ("{\(WireRequest.actionPath),\(WireRequest.actionPath),\(arguments)}", ""),
        ("{\(WireRequest.actionPath)}", "$.args"), ("{\(WireRequest.actionPath),\"args\":null}", "$.args"),
        ("{\(WireRequest.actionPath),\"args\":[]}", "$.args"), ("{\(WireRequest.actionPath),\"args\":\"x\"}", "$.args"),
        ("{\(WireRequest.actionPath),\"args\":[{},{}]}", "$.args"),
        ("{\(WireRequest.actionPath),\"args\":[[{}]]}", "$.args"),
        ("{\(WireRequest.actionPath),\"args\":[null]}", "$.args"),
        ("{\(WireRequest.actionPath),\"args\":[7]}", "$.args"),
        ("{\(WireRequest.actionPath),\(arguments),\"format\":\"convex_json\"}", "$.format"),
        ("{\(WireRequest.actionPath),\(arguments),\"format\":\"JSON\"}", "$.format"),
        ("{\(WireRequest.actionPath),\(arguments),\"format\":7}", "$.format"),
        ("{\(WireRequest.actionPath),\"args\":{\"meetingId\":NaN}}", ""),
        ("{\(WireRequest.actionPath),\(arguments),\"x\":\"\\ud800\"}", ""),
    ]

    @Test(arguments: malformed)
    func `a body outside the form is 400, with the code and message that clients need`(
        body: String,
        place: String
    ) async throws {
        let fixture = try ServerFixture.current
        var request = WireRequest.action(try Tokens.bearer(SeedData.host))
        request.body = Array(body.utf8)
        let answer = try await fixture.sendAndGoOn(request)
        #expect(answer.status == 400)
        let failure = try answer.decode(FailureBody.self)
        #expect(failure.code == "VALIDATION_ERROR")
        #expect(failure.errorData.code == "VALIDATION_ERROR")
        #expect(place.isEmpty || failure.message.hasSuffix("at \(place)"), "\(failure.message)")
    }

    @Test(arguments: BodyTests.wrongArguments)
    func `a wrong argument is the function's refusal, and named`(args: String, field: String) async throws {
        let fixture = try ServerFixture.current
        let requestID = ServerFixture.makeRequestID()
        for args in [args, "[\(args)]"] {
            let request = WireRequest.action(try Tokens.bearer(SeedData.host), "\"args\":\(args)")
            let answer = try await fixture.send(request.adding("X-Request-Id", requestID))
            #expect(answer.status == 200)
            let failure = try answer.decode(ConvexFailureBody.self)
            #expect(failure.status == "error")
            #expect(failure.errorData?.code == "VALIDATION_ERROR")
            #expect(failure.errorData?.message == failure.errorMessage)
            #expect(failure.errorData?.metadata == ["field": field])
            #expect(answer.text.hasSuffix(#","statusCode":400.0}}"#))
        }
        #expect(try await fixture.recordCount(requestID) == 0)
    }

    // MARK: Rows 7 to 16

    @Test(arguments: OutcomeTests.refusals)
    func `a refusal is a 200 that says what the documented door says, and is recorded`(
        refusal: OutcomeTests.Refusal
    ) async throws {
        let fixture = try ServerFixture.current
        let requestID = ServerFixture.makeRequestID()
        let role = refusal.role.map { #","role":"\#($0)""# } ?? ""
        let request = WireRequest.action(
            try Tokens.bearer(refusal.user),
            #""args":[{"meetingId":"\#(refusal.meeting)"\#(role)}]"#
        )
        let answer = try await fixture.send(request.adding("X-Request-Id", requestID))
        #expect(answer.status == 200)
        #expect(answer["cache-control"] == "no-store")
        #expect(answer["x-request-id"] == requestID)
        let body = try answer.decode(ConvexFailureBody.self)
        #expect(body.status == "error")
        let data = try #require(body.errorData)
        #expect(data.code == refusal.code)
        #expect(data.statusCode == refusal.statusCode)
        #expect(data.message.contains(refusal.message))
        #expect(data.metadata ?? [:] == refusal.metadata)
        #expect(body.errorMessage == data.message)
        expectDots(answer)
        let reason = try await fixture.scalar(
            "SELECT reason FROM connvo.token_refusals WHERE request_id = '\(requestID)'"
        )
        #expect(reason == refusal.reason)
        #expect(try await fixture.recordCount(requestID) == 1)
    }

    @Test func `a refusal is written byte for byte as Convex would`() async throws {
        let answer = try await send(#""args":{"meetingId":"meeting_123example","role":"host"}"#, as: "user_cohost")
        #expect(
            answer.text == """
                {"status":"error","errorMessage":"Requires host role","errorData":{"code":"INSUFFICIENT_PERMISSIONS",\
                "message":"Requires host role","metadata":{"currentRole":"co-host","meetingId":"meeting_123example",\
                "requiredRole":"host"},"statusCode":403.0}}
                """
        )
        let plain = try await send(Self.arguments, as: "user_deactivated")
        #expect(
            plain.text == """
                {"status":"error","errorMessage":"Account deactivated","errorData":{"code":"FORBIDDEN",\
                "message":"Account deactivated","statusCode":403.0}}
                """
        )
    }

    // MARK: Other functions

    static let otherFunctions: [(path: String, name: String)] = [
        ("messages:list", "messages:list"), ("", ""), ("x", "x"),
        ("meetings/stream/index:generateParticipantToken", "meetings/stream/index:generateParticipantToken"),
        (
            "meetings/stream/index/generateParticipantTokenPublic",
            "meetings/stream/index/generateParticipantTokenPublic"
        ),
        // Convex knows it by this name, too; no client sends it.
        (
            "meetings/stream/index.js:generateParticipantTokenPublic",
            "meetings/stream/index.js:generateParticipantTokenPublic"
        ),
        (
            "Meetings/stream/index:generateParticipantTokenPublic",
            "Meetings/stream/index:generateParticipantTokenPublic"
        ),
        (#"<script>'\n\u0000é"#, "script"), (String(repeating: "x", count: 10_000), String(repeating: "x", count: 200)),
    ]

    @Test(arguments: otherFunctions)
    func `another function is answered as Convex answers it, without errorData`(
        path: String,
        name: String
    ) async throws {
        let fixture = try ServerFixture.current
        // Whatever else is wrong comes later.
        for rest in [#""args":{}"#, #""args":7"#, #""format":"xml""#] {
            var request = WireRequest.action(try Tokens.bearer(SeedData.host))
            request.body = Array(#"{"path":"\#(path)",\#(rest)}"#.utf8)
            let answer = try await fixture.sendAndGoOn(request)
            #expect(answer.status == 200)
            #expect(
                answer.text == #"{"status":"error","errorMessage":"Could not find public function for '\#(name)'"}"#
            )
        }
    }

    // MARK: The order

    enum Fault: String, CaseIterable, Sendable {
        case method, size, mediaType, noCredentials, badToken, badBody, unknownFunction, noArguments, badMeeting
        case unknownUser
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let faults: [Fault]
        let status: Int
        /// Nil where there is no `errorData`.
        let code: String?

        init(_ faults: [Fault], _ status: Int, _ code: String?) {
            self.faults = faults
            self.status = status
            self.code = code
        }

        var testDescription: String { faults.map(\.rawValue).joined(separator: " + ") }

        func request() throws -> WireRequest {
            var members = [WireRequest.actionPath, ActionDoorTests.arguments]
            if faults.contains(.badMeeting) { members[1] = #""args":{"meetingId":"no meeting"}"# }
            if faults.contains(.noArguments) { members.removeLast() }
            if faults.contains(.unknownFunction) { members[0] = #""path":"other:function""# }
            var token: String? = try Tokens.bearer(faults.contains(.unknownUser) ? "user_nobody" : SeedData.host)
            if faults.contains(.badToken) { token = "not.a.token" }
            if faults.contains(.noCredentials) { token = nil }
            var request = WireRequest.call(token, body: "{\(members.joined(separator: ","))}")
            request.target = WireRequest.action
            if faults.contains(.badBody) { request.body = Array("{".utf8) }
            if faults.contains(.mediaType) { request = request.replacing("Content-Type", "text/plain") }
            if faults.contains(.size) { request.body = [UInt8](repeating: UInt8(ascii: " "), count: 16_385) }
            if faults.contains(.method) { request.method = "GET" }
            return request
        }
    }

    static let cases: [Case] = [
        Case([.method], 405, "METHOD_NOT_ALLOWED"), Case([.size], 413, "PAYLOAD_TOO_LARGE"),
        Case([.mediaType], 415, "UNSUPPORTED_MEDIA_TYPE"), Case([.noCredentials], 401, "UNAUTHORIZED"),
        Case([.badToken], 401, "INVALID_TOKEN"), Case([.badBody], 400, "VALIDATION_ERROR"),
        Case([.unknownFunction], 200, nil), Case([.noArguments], 400, "VALIDATION_ERROR"),
        Case([.badMeeting], 200, "VALIDATION_ERROR"), Case([.unknownUser], 200, "UNAUTHORIZED"),
        Case([.method, .size], 405, "METHOD_NOT_ALLOWED"), Case([.method, .noCredentials], 405, "METHOD_NOT_ALLOWED"),
        Case([.size, .mediaType], 413, "PAYLOAD_TOO_LARGE"), Case([.size, .noCredentials], 413, "PAYLOAD_TOO_LARGE"),
        Case([.mediaType, .noCredentials], 415, "UNSUPPORTED_MEDIA_TYPE"),
        Case([.mediaType, .badBody], 415, "UNSUPPORTED_MEDIA_TYPE"),
        Case([.noCredentials, .badBody], 401, "UNAUTHORIZED"), Case([.badToken, .badBody], 401, "INVALID_TOKEN"),
        Case([.noCredentials, .unknownFunction], 401, "UNAUTHORIZED"),
        Case([.badToken, .unknownFunction], 401, "INVALID_TOKEN"),
        Case([.unknownFunction, .noArguments], 200, nil), Case([.unknownFunction, .badMeeting], 200, nil),
        Case([.unknownFunction, .unknownUser], 200, nil), Case([.badMeeting, .unknownUser], 200, "VALIDATION_ERROR"),
        Case(Fault.allCases, 405, "METHOD_NOT_ALLOWED"),
    ]

    @Test(arguments: cases)
    func `of several faults the one that comes first in the contract is told`(testCase: Case) async throws {
        let fixture = try ServerFixture.current
        let requestID = ServerFixture.makeRequestID()
        let answer = try await fixture.sendAndGoOn(testCase.request().adding("X-Request-Id", requestID))
        #expect(answer.status == testCase.status)
        #expect(answer["x-request-id"] == requestID)
        #expect(answer["content-type"] == "application/json; charset=utf-8")
        #expect(answer["allow"] == (testCase.status == 405 ? "POST" : nil))
        #expect((answer["www-authenticate"] != nil) == (testCase.status == 401))
        #expect(try answer.decode(ConvexFailureBody.self).errorData?.code == testCase.code)
        if testCase.status != 200 {
            let body = try answer.decode(FailureBody.self)
            #expect(body.code == testCase.code)
            #expect(!body.message.isEmpty)
            #expect(body.requestId == requestID)
        }
    }

    @Test(arguments: ["/api/action/", "/api/actions", "/api/Action", "/api/action/x", "///api/action"])
    func `a path that only resembles the door's is no route`(target: String) async throws {
        var request = WireRequest.action(try Tokens.bearer(SeedData.host))
        request.target = target
        let answer = try await ServerFixture.current.send(request)
        #expect(answer.status == 404)
        #expect(try answer.decode(FailureBody.self).code == "NOT_FOUND")
    }

    @Test(arguments: [
        "//api/action", "http://localhost/api/action", "HTTPS://elsewhere.example:8443/api/action?x=1",
        "http://localhost//api/action",
    ])
    func `another form of the target is the same route`(target: String) async throws {
        var request = WireRequest.action(try Tokens.bearer(SeedData.host))
        request.target = target
        #expect(try await ServerFixture.current.send(request).text.contains(#""status":"success""#))
    }

    @Test func `a query is not looked at`() async throws {
        var request = WireRequest.action(try Tokens.bearer(SeedData.host))
        request.target += "?x=1"
        #expect(try await ServerFixture.current.send(request).text.contains(#""status":"success""#))
    }
}
