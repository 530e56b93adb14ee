internal import Domain
internal import JOSE
internal import NIOCore
internal import NIOHTTP1
internal import Persistence

/// Door A, the documented one: `POST /api/run/meetings/stream/index/generateParticipantTokenPublic`.
///
/// An adapter: it reads the body into arguments and writes outcomes as documented. No rule lives here.
enum RunDoor {
    static let prefix = "/api/run/"
    static let path = prefix + "meetings/stream/index/generateParticipantTokenPublic"

    /// What the function is called with.
    struct Arguments: Equatable {
        let meetingID: Meeting.ID
        let role: Role?
    }

    /// Reads a request body.
    ///
    /// - Throws: ``Problem`` of row 5 (not the JSON we expect) or row 6 (an argument is wrong), whichever comes first.
    static func arguments(from body: ByteBuffer) throws(Problem) -> Arguments {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: Array(body.readableBytesView))
        } catch {
            throw .malformedBody("The body is not valid JSON: \(error)")
        }
        let root = document.root
        guard root.kind == .object else { throw .malformedBody("The body must be an object, at $") }
        if let format = root["format"], !format.isNull, !format.isString(equalTo: "json") {
            throw .malformedBody(#"The only format is "json", at $.format"#)
        }
        guard let arguments = root["args"] else { throw .malformedBody("A member is missing, at $.args") }
        guard arguments.kind == .object else { throw .malformedBody("The arguments must be an object, at $.args") }
        return try self.arguments(from: arguments)
    }

    /// Row 6: the first fault in the order `meetingId`, `role`, unknown keys.
    private static func arguments(from object: JSONValue) throws(Problem) -> Arguments {
        guard let meetingID = object["meetingId"]?.string.flatMap({ Meeting.ID(validating: $0) }) else {
            throw .invalidArgument(
                "meetingId",
                "meetingId is required: 1 to 64 letters, digits, hyphens or underscores"
            )
        }
        var role: Role?
        if let value = object["role"] {
            guard let name = value.string else { throw .invalidArgument("role", "role must be a string") }
            guard let known = Role(rawValue: name) else {
                throw .invalidArgument("role", "role must be one of \(Self.roleNames)")
            }
            role = known
        }
        for member in object.members where member.key != "meetingId" && member.key != "role" {
            throw .invalidArgument(String(member.key.prefix(64)), "args takes meetingId and role only")
        }
        return Arguments(meetingID: meetingID, role: role)
    }

    private static let roleNames = Role.allCases.reversed().map(\.rawValue).joined(separator: ", ")

    /// A function's path as Convex writes it, `module:function`, without what could not be a name.
    static func displayName(of function: Substring) -> String {
        let name = function.prefix(200).filter { $0.isASCII && ($0.isLetter || $0.isNumber || "/_.-".contains($0)) }
        guard let separator = name.lastIndex(of: "/") else { return name }
        return name[..<separator] + ":" + name[name.index(after: separator)...]
    }

    /// Writes the outcome of a call.
    static func answer(
        _ outcome: IssuanceOutcome,
        to request: IssuanceRequest,
        allocator: ByteBufferAllocator
    ) -> Answer {
        switch outcome {
        case .issued(let issued):
            var body = allocator.buffer(capacity: 1024)
            Envelope.success(issued, into: &body)
            return Answer(status: .ok, body: body)
        case .refused(let refusal):
            return answer(Problem(refusal, of: request.admission), requestID: request.requestID, allocator: allocator)
        case .rateLimited(let limit, let retryAfter):
            let problem = Problem.rateLimited(perMinute: limit, retryAfter: retryAfter)
            return answer(problem, requestID: request.requestID, allocator: allocator)
        case .unavailable:
            return answer(.unavailable, requestID: request.requestID, allocator: allocator)
        case .failed:
            return answer(.internalError, requestID: request.requestID, allocator: allocator)
        }
    }

    static func answer(_ problem: Problem, requestID: String, allocator: ByteBufferAllocator) -> Answer {
        var body = allocator.buffer(capacity: 512)
        Envelope.failure(problem, requestID: requestID, into: &body)
        return Answer(status: problem.status, body: body, headers: problem.headers)
    }
}
