/// A request as it is sent. Nothing is checked or added, except the length of the body.
struct WireRequest: Sendable {
    static let function = "/api/run/meetings/stream/index/generateParticipantTokenPublic"
    /// The body in the example of the API specification.
    static let documentedBody = #"{"args":{"meetingId":"meeting_123example","role":"participant"}}"#

    static let action = "/api/action"
    /// The same body as a Convex client sends it, after the name of the function.
    static let documentedCall =
        #""format":"convex_encoded_json","args":{"meetingId":"meeting_123example","role":"participant"}"#
    /// What a Convex client sends instead of the documented path.
    static let actionPath = #""path":"meetings/stream/index:generateParticipantTokenPublic""#

    var method = "POST"
    var target = WireRequest.function
    var version = "HTTP/1.1"
    var headers: [(String, String)] = []
    var body: [UInt8]?

    init(_ method: String = "POST", _ target: String = WireRequest.function) {
        self.method = method
        self.target = target
        headers = [("Host", "localhost")]
    }

    /// A well-formed request to the run endpoint.
    ///
    /// - Parameter token: The bearer token; nil sends none.
    static func call(_ token: String?, body: String = documentedBody) -> WireRequest {
        var request = WireRequest()
        request.headers.append(("Content-Type", "application/json"))
        if let token { request.headers.append(("Authorization", "Bearer \(token)")) }
        request.body = Array(body.utf8)
        return request
    }

    /// The same request to the action endpoint, as Convex clients send it.
    ///
    /// - Parameter body: The rest of the body after the name of the function.
    static func action(
        _ token: String?,
        _ body: String = WireRequest.documentedCall
    ) -> WireRequest {
        var request = call(token, body: "{\(actionPath),\(body)}")
        request.target = action
        return request
    }

    func adding(_ name: String, _ value: String) -> WireRequest {
        var request = self
        request.headers.append((name, value))
        return request
    }

    func removing(_ name: String) -> WireRequest {
        var request = self
        request.headers.removeAll { $0.0.lowercased() == name.lowercased() }
        return request
    }

    func replacing(_ name: String, _ value: String) -> WireRequest { removing(name).adding(name, value) }

    var head: String {
        var fields = headers
        if let body, !fields.contains(where: { ["content-length", "transfer-encoding"].contains($0.0.lowercased()) }) {
            fields.append(("Content-Length", String(body.count)))
        }
        return "\(method) \(target) \(version)\r\n" + fields.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
    }

    var bytes: [UInt8] { Array(head.utf8) + (body ?? []) }
}
