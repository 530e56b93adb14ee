internal import NIOCore
internal import NIOHTTP1
internal import Persistence

/// The two ways to the one function. Each reads what its clients send and writes what they expect; no rule lives here.
///
/// What both have in common is in this file, what is one door's own in ``RunDoor`` and ``ActionDoor``.
enum Door {
    /// A, the documented one.
    case run
    /// B, for clients that speak the Convex protocol.
    case action

    /// Reads a request body.
    ///
    /// - Throws: ``Problem`` of row 5 (not the JSON we expect) or row 6 (an argument is wrong), whichever comes first.
    func arguments(from body: ByteBuffer) throws(Problem) -> FunctionArguments {
        do throws(BodyFault) {
            let root = try RequestBody.root(of: Array(body.readableBytesView))
            switch self {
            case .run: return try RunDoor.arguments(from: root)
            case .action: return try ActionDoor.arguments(from: root)
            }
        } catch {
            throw Problem(error)
        }
    }

    /// Writes the outcome of a call.
    func answer(
        _ outcome: IssuanceOutcome,
        to request: IssuanceRequest,
        allocator: ByteBufferAllocator
    ) -> Answer {
        switch outcome {
        case .issued(let issued):
            var body = allocator.buffer(capacity: 1024)
            switch self {
            case .run: Envelope.success(issued, into: &body)
            case .action: ConvexEnvelope.success(issued, into: &body)
            }
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

    /// Writes a failure.
    func answer(_ problem: Problem, requestID: String, allocator: ByteBufferAllocator) -> Answer {
        var body = allocator.buffer(capacity: 512)
        if self == .action, problem.source != .transport {
            // A Convex client reads the body of a 200 only; any other status is an opaque error to it.
            ConvexEnvelope.failure(problem, into: &body)
            return Answer(status: .ok, body: body)
        }
        Envelope.failure(problem, requestID: requestID, into: &body)
        return Answer(status: problem.status, body: body, headers: problem.headers)
    }
}
