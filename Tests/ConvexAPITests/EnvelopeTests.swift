import ConvexAPI
import Domain
import Testing

/// What both endpoints write, byte for byte.
@Suite struct EnvelopeTests {
    private static func token(
        name: String? = "Alice Johnson",
        image: String? = "https://example.com/a.jpg"
    ) -> GrantedToken {
        let caller = User(
            id: User.ID(rawValue: "user_1"),
            email: "alice@example.com",
            displayName: name,
            avatarURL: image,
            isActive: true
        )
        return GrantedToken(caller: caller, token: Array("aa.bb-_.cc".utf8), expiresAt: 1_767_607_200)
    }

    private static func text(_ response: EndpointResponse) -> String { String(decoding: response.body, as: UTF8.self) }

    @Test func `the run endpoint writes members in the documented order`() {
        let response = Endpoint.run.success(Self.token())
        #expect(response.status == 200)
        #expect(response.headers.isEmpty)
        #expect(
            Self.text(response) == """
                {"status":"success","errorMessage":"","errorData":{},"value":{"token":"aa.bb-_.cc","userId":"user_1",\
                "user":{"id":"user_1","name":"Alice Johnson","image":"https://example.com/a.jpg"},\
                "expiresAt":1767607200,"success":true}}
                """
        )
    }

    @Test func `the action endpoint writes keys in the order of their bytes, and numbers with a dot`() {
        #expect(
            Self.text(Endpoint.action.success(Self.token())) == """
                {"status":"success","value":{"expiresAt":1767607200.0,"success":true,"token":"aa.bb-_.cc",\
                "user":{"id":"user_1","image":"https://example.com/a.jpg","name":"Alice Johnson"},"userId":"user_1"}}
                """
        )
    }

    @Test(arguments: Endpoint.allCases) func `a user without an image has no such member`(endpoint: Endpoint) {
        #expect(!Self.text(endpoint.success(Self.token(image: nil))).contains("image"))
    }

    @Test(arguments: Endpoint.allCases) func `names are escaped as JSON wants it`(endpoint: Endpoint) {
        let text = Self.text(endpoint.success(Self.token(name: "C \"D\" \\ \u{1}\n\t\r\u{7F} é🎥\u{2028}")))
        #expect(text.contains(#""name":"C \"D\" \\ \u0001\n\t\r\#u{7F} é🎥\#u{2028}""#))
    }

    @Test func `a failure of the function is an error at the run endpoint and a 200 at the action endpoint`() {
        let error = ErrorResponse.invalidArgument("a\"b", "wrong")
        let run = Endpoint.run.failure(error, requestID: "request-1")
        #expect(run.status == 400)
        #expect(
            Self.text(run) == """
                {"status":"error","errorMessage":"wrong","errorData":{"code":"VALIDATION_ERROR","message":"wrong",\
                "statusCode":400,"metadata":{"field":"a\\"b"}},"code":"VALIDATION_ERROR","message":"wrong",\
                "requestId":"request-1"}
                """
        )
        let action = Endpoint.action.failure(error, requestID: "request-1")
        #expect(action.status == 200)
        #expect(
            Self.text(action) == """
                {"status":"error","errorMessage":"wrong","errorData":{"code":"VALIDATION_ERROR","message":"wrong",\
                "metadata":{"field":"a\\"b"},"statusCode":400.0}}
                """
        )
    }

    @Test func `an unknown function has no errorData at the action endpoint`() {
        let response = Endpoint.action.failure(.functionNotFound("messages:list"), requestID: "request-1")
        #expect(response.status == 200)
        #expect(
            Self.text(response)
                == #"{"status":"error","errorMessage":"Could not find public function for 'messages:list'"}"#
        )
    }

    @Test func `metadata is sorted at the action endpoint, and in the order of docs/errors.md at the other`() {
        let request = AdmissionRequest(
            callerID: User.ID(rawValue: "user_1"),
            meetingID: Meeting.ID(rawValue: "meeting_1"),
            requestedRole: .host
        )
        let error = ErrorResponse(.roleAboveOwn(requested: .host, held: .participant), of: request)
        #expect(
            Self.text(Endpoint.run.failure(error, requestID: "r")).contains(
                #""metadata":{"meetingId":"meeting_1","requiredRole":"host","currentRole":"participant"}"#
            )
        )
        #expect(
            Self.text(Endpoint.action.failure(error, requestID: "r")).contains(
                #""metadata":{"currentRole":"participant","meetingId":"meeting_1","requiredRole":"host"}"#
            )
        )
    }

    /// What the transport refuses, and faults of the server.
    private static let ofTransport: [ErrorResponse] = [
        .routeNotFound, .methodNotAllowed("POST"), .hostNotSingle, .tooManyInvalidTokens(retryAfter: 1),
        .requestTimeout,
        .bodyTooLarge(limit: 1),
        .unsupportedMediaType, .headersTooLarge, .malformedMessage, .authenticationRequired, .invalidToken,
        .sessionExpired, .malformedBody("x"), .unavailable, .internalError,
    ]

    @Test func `what is not the function's outcome is the same at both endpoints`() {
        for error in Self.ofTransport {
            let run = Endpoint.run.failure(error, requestID: "r")
            let action = Endpoint.action.failure(error, requestID: "r")
            #expect(run.status == error.status && action.status == error.status, "\(error.code)")
            #expect(run.body == action.body, "\(error.code)")
            #expect(run.headers.map(\.0) == action.headers.map(\.0), "\(error.code)")
        }
    }

    @Test func `a limited rate has Retry-After where the status says so`() {
        let error = ErrorResponse.rateLimited(perMinute: 60, retryAfter: 7)
        #expect(Endpoint.run.failure(error, requestID: "r").headers.map(\.1) == ["7"])
        #expect(Endpoint.run.failure(error, requestID: "r").status == 429)
        #expect(Endpoint.action.failure(error, requestID: "r").headers.isEmpty)
        #expect(Endpoint.action.failure(error, requestID: "r").status == 200)
    }
}
