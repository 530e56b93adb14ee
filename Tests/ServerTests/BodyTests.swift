import Testing

/// What is read of a body, and what is not.
@Suite(.serverFixture()) struct BodyTests {
    struct Body: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        /// What the message must say.
        var place = ""

        init(_ name: String, _ bytes: [UInt8], place: String = "") {
            testDescription = name
            self.bytes = bytes
            self.place = place
        }

        init(_ text: String, place: String = "") {
            self.init(String(text.prefix(60)), Array(text.utf8), place: place)
        }
    }

    private static let good = #""args":{"meetingId":"meeting_123example"}"#
    private static let goodBytes = Array("{\(good)}".utf8)

    private static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    static let malformed: [Body] = [
        Body("empty", []), Body(" \n\t "), Body("null"), Body("true"), Body("7"), Body("\"args\""), Body("[]"),
        Body("[{\(good)}]"),
        Body("{"), Body("{\(good)"), Body("{\(good)}}"), Body("{\(good)} {}"), Body("{\(good)}x"), Body("{\(good),}"),
        Body(#"{"args":{"meetingId":"meeting_123example",}}"#), Body(#"{'args':{'meetingId':'meeting_123example'}}"#),
        Body(#"{args:{meetingId:"meeting_123example"}}"#), Body("{\(good)/**/}"), Body("{\(good)} // x"),
        Body("{\(good),\"x\":NaN}"), Body("{\(good),\"x\":Infinity}"), Body("{\(good),\"x\":-Infinity}"),
        Body("{\(good),\"x\":1e400}"), Body("{\(good),\"x\":-1e400}"), Body("{\(good),\"x\":01}"),
        Body("{\(good),\"x\":+1}"),
        Body("{\(good),\"x\":1.}"), Body("{\(good),\"x\":.5}"), Body("{\(good),\"x\":0x1}"),
        Body("{\(good),\"x\":TRUE}"),
        Body(#"{\#(good),"x":"\ud800"}"#), Body(#"{\#(good),"x":"\udc00\ud800"}"#), Body(#"{\#(good),"\ud800":1}"#),
        Body(#"{"args":{"meetingId":"meeting_123example\udfff"}}"#), Body(#"{\#(good),"x":"\x"}"#),
        Body(#"{\#(good),"x":"\u12"}"#),
        Body("{\(good),\"x\":\"a\nb\"}"),
        Body("a NUL in a string", Array("{\(good),\"x\":\"a\u{0}b\"}".utf8)),
        Body("a NUL after the end", goodBytes + [0]), Body("a NUL before the start", [0] + goodBytes),
        Body("NULs alone", [UInt8](repeating: 0, count: 1000)),
        Body("a byte order mark", [0xEF, 0xBB, 0xBF] + goodBytes),
        Body("UTF-16", "{\(good)}".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }),
        Body("invalid UTF-8 in a value", Array("{\(good),\"x\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)),
        Body("an overlong form", Array("{\(good),\"x\":\"".utf8) + [0xC0, 0xAF] + Array("\"}".utf8)),
        Body("a surrogate in UTF-8", Array("{\(good),\"x\":\"".utf8) + [0xED, 0xA0, 0x80] + Array("\"}".utf8)),
        Body("invalid UTF-8 in a key", Array("{\(good),\"".utf8) + [0xFF] + Array("\":1}".utf8)),
        Body("{\(good),\(good)}"), Body(#"{\#(good),"\u0061rgs":{"meetingId":"meeting_123example"}}"#),
        Body(#"{"args":{"meetingId":"meeting_123example","meetingId":"meeting_123example"}}"#),
        Body(#"{"args":{"meetingId":"meeting_123example","meetin\u0067Id":"x"}}"#),
        Body(#"{"args":{"meetingId":"meeting_123example","role":"host","role":"host"}}"#),
        Body(#"{\#(good),"x":{"y":[{"z":1,"z":2}]}}"#), Body(#"{\#(good),"format":"json","format":"json"}"#),
        Body("10,000 nested arrays", Array(#"{"args":\#(String(repeating: "[", count: 10_000))"#.utf8)),
        Body("5,000 nested arrays, closed", Array("{\(good),\"x\":\(nested(5000))}".utf8)),
        Body("2,000 nested objects", Array(String(repeating: #"{"a":"#, count: 2000).utf8)),
        Body("33 levels", Array("{\(good),\"x\":\(nested(32))}".utf8)),
        Body("{}", place: "$.args"), Body(#"{"Args":{"meetingId":"meeting_123example"}}"#, place: "$.args"),
        Body(#"{"args":null}"#, place: "$.args"), Body(#"{"args":[]}"#, place: "$.args"),
        Body(#"{"args":[{"meetingId":"meeting_123example"}]}"#, place: "$.args"),
        Body(#"{"args":"x"}"#, place: "$.args"),
        Body(#"{"args":7}"#, place: "$.args"), Body(#"{"args":true}"#, place: "$.args"),
        Body(#"{"meetingId":"meeting_123example"}"#, place: "$.args"),
        Body(#"{\#(good),"format":"convex_encoded_json"}"#, place: "$.format"),
        Body(#"{\#(good),"format":"JSON"}"#, place: "$.format"),
        Body(#"{\#(good),"format":""}"#, place: "$.format"), Body(#"{\#(good),"format":7}"#, place: "$.format"),
        Body(#"{\#(good),"format":["json"]}"#, place: "$.format"), Body(#"{\#(good),"format":{}}"#, place: "$.format"),
        Body(#"{\#(good),"format":true}"#, place: "$.format"),
    ]

    @Test(arguments: malformed) func `a body outside the form is 400 and says where`(body: Body) async throws {
        let fixture = try ServerFixture.current
        let requestID = ServerFixture.makeRequestID()
        var request = WireRequest.call(try Tokens.bearer(SeedData.host)).adding("X-Request-Id", requestID)
        request.body = body.bytes
        let answer = try await fixture.sendAndGoOn(request)
        #expect(answer.status == 400)
        let failure = try answer.decode(FailureBody.self)
        #expect(failure.errorData.code == "VALIDATION_ERROR")
        #expect(failure.errorData.statusCode == 400)
        #expect(failure.message.contains(body.place))
        #expect(failure.requestId == requestID)
        #expect(try await fixture.recordCount(requestID) == 0)
    }

    static let accepted: [Body] = [
        Body("{\(good)}"), Body(" \r\n\t{\(good)}\n "), Body(#"{\#(good),"format":"json"}"#),
        Body(#"{\#(good),"format":null}"#),
        Body(#"{"format":"js\u006fn",\#(good)}"#),
        Body(#"{"\u0061rgs":{"meeting\u0049d":"meeting_\u0031\u0032\u0033example"}}"#),
        Body(#"{\#(good),"path":"x","x":[1,{"y":null}],"":0}"#),
        Body(#"{\#(good),"x":1e308,"y":-0.0,"z":123456789012345678901234567890}"#),
        Body(#"{\#(good),"x":"\ud83c\udfa5 🎥 \u0000"}"#),
        Body("32 levels", Array("{\(good),\"x\":\(nested(31))}".utf8)),
        Body("an unknown key of 10 KB", Array("{\(good),\"\(String(repeating: "k", count: 10_000))\":1}".utf8)),
        Body("an unknown value of 10 KB", Array("{\(good),\"x\":\"\(String(repeating: "v", count: 10_000))\"}".utf8)),
        Body("exactly 16 KiB", goodBytes + [UInt8](repeating: UInt8(ascii: " "), count: 16_384 - goodBytes.count)),
    ]

    @Test(arguments: accepted) func `a body within the form is read, and unknown top-level keys are ignored`(
        body: Body
    ) async throws {
        var request = WireRequest.call(try Tokens.bearer(SeedData.host))
        request.body = body.bytes
        let answer = try await ServerFixture.current.send(request)
        #expect(answer.status == 200, "\(answer.text)")
    }

    // MARK: Arguments

    private static let long = String(repeating: "k", count: 10_000)

    static let wrongArguments: [(args: String, field: String)] = [
        ("{}", "meetingId"), (#"{"meetingId":null}"#, "meetingId"), (#"{"meetingId":7}"#, "meetingId"),
        (#"{"meetingId":true}"#, "meetingId"), (#"{"meetingId":["meeting_123example"]}"#, "meetingId"),
        (#"{"meetingId":{}}"#, "meetingId"), (#"{"meetingId":""}"#, "meetingId"),
        (#"{"meetingId":"a b"}"#, "meetingId"),
        (#"{"meetingId":"a/b"}"#, "meetingId"), (#"{"meetingId":"é"}"#, "meetingId"),
        (#"{"meetingId":"a\u0000"}"#, "meetingId"),
        (#"{"meetingId":"meeting_123example\n"}"#, "meetingId"), (#"{"meetingId":" meeting_123example"}"#, "meetingId"),
        (#"{"meetingId":"'; DROP TABLE connvo.users; --"}"#, "meetingId"), (#"{"meetingId":"a:b"}"#, "meetingId"),
        (#"{"meetingId":"\#(String(repeating: "m", count: 65))"}"#, "meetingId"),
        (#"{"meetingId":"\#(long)"}"#, "meetingId"),
        (#"{"meetingid":"meeting_123example"}"#, "meetingId"), (#"{"role":"host"}"#, "meetingId"),
        (#"{"meetingId":"meeting_123example","role":null}"#, "role"),
        (#"{"meetingId":"meeting_123example","role":7}"#, "role"),
        (#"{"meetingId":"meeting_123example","role":false}"#, "role"),
        (#"{"meetingId":"meeting_123example","role":[]}"#, "role"),
        (#"{"meetingId":"meeting_123example","role":{}}"#, "role"),
        (#"{"meetingId":"meeting_123example","role":""}"#, "role"),
        (#"{"meetingId":"meeting_123example","role":"admin"}"#, "role"),
        (#"{"meetingId":"meeting_123example","role":"Host"}"#, "role"),
        (#"{"meetingId":"meeting_123example","role":"host "}"#, "role"),
        (#"{"meetingId":"meeting_123example","role":"cohost"}"#, "role"),
        (#"{"meetingId":"meeting_123example","role":"\#(long)"}"#, "role"),
        (#"{"meetingId":"meeting_123example","x":1}"#, "x"),
        (#"{"meetingId":"meeting_123example","Role":"host"}"#, "Role"),
        (#"{"x":1,"meetingId":"meeting_123example","y":2}"#, "x"), (#"{"meetingId":"meeting_123example","":1}"#, ""),
        (#"{"meetingId":"meeting_123example","a\"b\u000a🎥":1}"#, "a\"b\n🎥"),
        (#"{"meetingId":"meeting_123example","\#(long)":1}"#, String(repeating: "k", count: 64)),
        (#"{"meetingId":"meeting_123example","__proto__":{}}"#, "__proto__"),
        // The first fault in the order meetingId, role, unknown keys.
        (#"{"x":1,"role":7,"meetingId":""}"#, "meetingId"), (#"{"x":1,"role":"admin"}"#, "meetingId"),
        (#"{"x":1}"#, "meetingId"),
        (#"{"x":1,"role":7,"meetingId":"meeting_123example"}"#, "role"),
    ]

    @Test(arguments: wrongArguments)
    func `a wrong argument is 400 and named`(args: String, field: String) async throws {
        let fixture = try ServerFixture.current
        let requestID = ServerFixture.makeRequestID()
        let request = WireRequest.call(try Tokens.bearer(SeedData.host), body: "{\"args\":\(args)}")
        let answer = try await fixture.sendAndGoOn(request.adding("X-Request-Id", requestID))
        #expect(answer.status == 400)
        let failure = try answer.decode(FailureBody.self)
        #expect(failure.errorData.code == "VALIDATION_ERROR")
        #expect(failure.errorData.statusCode == 400)
        #expect(failure.errorData.metadata == ["field": field])
        #expect(answer.body.count < 2000)
        if field == "meetingId" || field == "role" { #expect(failure.message.contains(field)) }
        #expect(try await fixture.recordCount(requestID) == 0)
    }

    @Test func `an unknown role lists the known ones`() async throws {
        let request = WireRequest.call(
            try Tokens.bearer(SeedData.host),
            body: #"{"args":{"meetingId":"meeting_123example","role":"admin"}}"#
        )
        let message = try await ServerFixture.current.send(request).decode(FailureBody.self).message
        for role in ["host", "co-host", "participant", "observer"] { #expect(message.contains(role)) }
    }

    // MARK: Sizes

    @Test(arguments: [16_385, 1_000_000]) func `a larger body is 413, and the connection closes`(
        count: Int
    ) async throws {
        let fixture = try ServerFixture.current
        var request = WireRequest.call(try Tokens.bearer(SeedData.host))
        request.body = Self.goodBytes + [UInt8](repeating: UInt8(ascii: " "), count: count - Self.goodBytes.count)
        let connection = try await fixture.server.connect()
        try await connection.send(request.bytes)
        let answer = try await connection.answer()
        #expect(answer.status == 413)
        #expect(answer.closes)
        #expect(try answer.decode(FailureBody.self).code == "PAYLOAD_TOO_LARGE")
        let rest = try await connection.rest()
        #expect(rest.closed)
        #expect(rest.bytes.isEmpty)
        #expect(try await fixture.call().status == 200)
    }

    @Test func `a length is believed before the body comes`() async throws {
        let fixture = try ServerFixture.current
        let connection = try await fixture.server.connect()
        let request = WireRequest.call(try Tokens.bearer(SeedData.host)).adding("Content-Length", "99999999999999")
        try await connection.send(request.head)
        #expect(try await connection.answer().status == 413)
        #expect(try await connection.rest().closed)
    }

    private func chunked(_ body: [UInt8], size: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: size) {
            let chunk = body[start..<min(start + size, body.count)]
            bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [13, 10]
        }
        return bytes + Array("0\r\n\r\n".utf8)
    }

    @Test(arguments: [(16_384, 200), (16_385, 413), (200_000, 413)] as [(Int, Int)])
    func `a chunked body has the same limit`(count: Int, status: Int) async throws {
        let fixture = try ServerFixture.current
        for size in [1000, 5] where count < 100_000 || size > 100 {
            var request = WireRequest.call(try Tokens.bearer(SeedData.host)).adding("Transfer-Encoding", "chunked")
            let padding = [UInt8](repeating: UInt8(ascii: " "), count: count - Self.goodBytes.count)
            request.body = chunked(Self.goodBytes + padding, size: size)
            let connection = try await fixture.server.connect()
            try await connection.send(request.bytes)
            let answer = try await connection.answer()
            #expect(answer.status == status)
            if status == 413 { #expect(try await connection.rest().closed) }
        }
        #expect(try await fixture.call().status == 200)
    }

    @Test func `a body that arrives byte by byte is the same body`() async throws {
        let fixture = try ServerFixture.current
        let connection = try await fixture.server.connect()
        try await connection.send(WireRequest.call(Tokens.bearer(SeedData.host)).bytes, pieces: 1)
        #expect(try await connection.answer().status == 200)
    }
}
