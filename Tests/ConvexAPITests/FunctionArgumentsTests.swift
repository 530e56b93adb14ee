import ConvexAPI
import Domain
import Testing

/// Bodies without a server around them.
@Suite struct FunctionArgumentsTests {
    private static let path = #""path":"meetings/stream/index:generateParticipantTokenPublic""#

    /// The body in which an endpoint gets arguments.
    private static func body(_ endpoint: Endpoint, _ arguments: String) -> [UInt8] {
        switch endpoint {
        case .run: Array("{\"args\":\(arguments)}".utf8)
        case .action: Array("{\(path),\"args\":\(arguments)}".utf8)
        }
    }

    private static func fault(_ endpoint: Endpoint, _ body: [UInt8]) -> BodyFault? {
        do {
            _ = try endpoint.readArguments(from: body)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: Endpoint.allCases) func `arguments are read at either endpoint`(endpoint: Endpoint) throws {
        let body = Self.body(endpoint, #"{"role":"co-host","meetingId":"meeting_1"}"#)
        let arguments = try endpoint.readArguments(from: body)
        #expect(arguments.meetingID.rawValue == "meeting_1")
        #expect(arguments.role == .coHost)
        #expect(try endpoint.readArguments(from: Self.body(endpoint, #"{"meetingId":"m"}"#)).role == nil)
    }

    @Test(arguments: Endpoint.allCases) func `the first fault is told: meetingId, role, unknown arguments`(
        endpoint: Endpoint
    ) {
        for (arguments, field) in [
            ("{}", "meetingId"), (#"{"meetingId":7,"role":7,"x":7}"#, "meetingId"),
            (#"{"meetingId":"no meeting"}"#, "meetingId"), (#"{"x":7,"role":null,"meetingId":"m"}"#, "role"),
            (#"{"meetingId":"m","role":"admin"}"#, "role"), (#"{"x":7,"y":7,"meetingId":"m","role":"host"}"#, "x"),
        ] {
            guard case .argument(field, _)? = Self.fault(endpoint, Self.body(endpoint, arguments)) else {
                Issue.record(
                    "\(arguments): \(String(describing: Self.fault(endpoint, Self.body(endpoint, arguments))))"
                )
                continue
            }
        }
    }

    @Test func `the name of an unknown argument is cut at 64 characters, however long each of them is`() throws {
        let mark = String(repeating: "\u{301}", count: 2000)
        let fault = Self.fault(.run, Self.body(.run, #"{"meetingId":"m","e\#(mark)":1}"#))
        guard case .argument(let field, _)? = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        #expect(field.unicodeScalars.count == 64)
    }

    @Test func `bodies are malformed in the order JSON, path, format, args`() {
        let path = Self.path
        for (endpoint, body, message) in [
            (Endpoint.run, "[]", "The body must be an object, at $"),
            (.run, "{}", "A member is missing, at $.args"),
            (.run, #"{"format":"x"}"#, #"The only format is "json", at $.format"#),
            (.run, #"{"args":[{}]}"#, "The arguments must be an object, at $.args"),
            (.action, #"{"format":7}"#, "A member is missing, at $.path"),
            (.action, #"{"path":7}"#, "The path must be a string, at $.path"),
            (
                .action, "{\(path),\"format\":7}",
                #"The format must be "json" or "convex_encoded_json", at $.format"#
            ),
            (.action, "{\(path)}", "A member is missing, at $.args"),
            (
                .action, "{\(path),\"args\":[{},{}]}",
                "The arguments must be an object, or a list of one object, at $.args"
            ),
        ] {
            #expect(Self.fault(endpoint, Array(body.utf8)) == .malformed(message), "\(body)")
        }
        guard case .malformed(let message)? = Self.fault(.run, Array("{".utf8)) else {
            Issue.record("half an object is read")
            return
        }
        #expect(message.hasPrefix("The body is not valid JSON: "))
    }

    @Test func `formats that change nothing are taken`() throws {
        for (endpoint, body) in [
            (Endpoint.run, #"{"args":{"meetingId":"m"},"format":null}"#),
            (.run, #"{"args":{"meetingId":"m"},"format":"json","more":[]}"#),
            (.action, "{\(Self.path),\"args\":[{\"meetingId\":\"m\"}],\"format\":\"convex_encoded_json\"}"),
        ] {
            #expect(try endpoint.readArguments(from: Array(body.utf8)).meetingID.rawValue == "m", "\(body)")
        }
    }

    @Test func `another function is told by its name, before its format`() {
        let body = Array(#"{"path":"messages:list","format":7}"#.utf8)
        #expect(Self.fault(.action, body) == .noFunction(name: "messages:list"))
        #expect(RunEndpoint.functionName(of: "messages/list") == "messages:list")
        #expect(RunEndpoint.functionName(of: "list") == "list")
        #expect(RunEndpoint.functionName(of: "a/b/") == "a/b:")
    }
}
