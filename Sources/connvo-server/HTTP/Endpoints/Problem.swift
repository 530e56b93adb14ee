internal import Domain
internal import NIOHTTP1
internal import Persistence

/// Everything that is answered with the error envelope: the rows of the contract and the transport's own outcomes.
///
/// Messages are for people and carry no token, no SQL and nobody else's data; the same text in every environment.
struct Problem: Error {
    /// What failed. Convex clients are told of the last two with status 200 (``ActionDoor``).
    enum Source {
        /// The request never reached the function, or the server could not answer it.
        case transport
        /// There is no such function.
        case lookup
        /// The function refused: rows 6 to 17.
        case function
    }

    /// The status of the HTTP answer.
    let status: HTTPResponseStatus
    /// The code that clients switch on; a documented, append-only list (docs/errors.md).
    let code: String
    let message: String
    /// What kind of refusal it was, as an HTTP status code inside `errorData`.
    let statusCode: Int
    var metadata: [(key: String, value: String)] = []
    var headers: [(String, String)] = []
    var source = Source.transport
}

// MARK: - The transport's own

extension Problem {
    static let routeNotFound = Problem(
        status: .notFound,
        code: "NOT_FOUND",
        message: "There is nothing at this path",
        statusCode: 404
    )

    static func methodNotAllowed(allow: String) -> Problem {
        Problem(
            status: .methodNotAllowed,
            code: "METHOD_NOT_ALLOWED",
            message: "Use \(allow)",
            statusCode: 405,
            headers: [("Allow", allow)]
        )
    }

    static let requestTimeout = Problem(
        status: .requestTimeout,
        code: "REQUEST_TIMEOUT",
        message: "The request took too long to arrive",
        statusCode: 408
    )

    static func bodyTooLarge(limit: Int) -> Problem {
        Problem(
            status: .payloadTooLarge,
            code: "PAYLOAD_TOO_LARGE",
            message: "The body is larger than \(limit) bytes",
            statusCode: 413
        )
    }

    static let unsupportedMediaType = Problem(
        status: .unsupportedMediaType,
        code: "UNSUPPORTED_MEDIA_TYPE",
        message: "Send application/json in UTF-8, without a content encoding",
        statusCode: 415
    )

    static let headersTooLarge = Problem(
        status: .requestHeaderFieldsTooLarge,
        code: "HEADERS_TOO_LARGE",
        message: "The headers are too large",
        statusCode: 431
    )

    /// Not HTTP at all, or framed in a way that two readers could understand differently.
    static let malformedMessage = Problem(
        status: .badRequest,
        code: "VALIDATION_ERROR",
        message: "The request is not well-formed HTTP",
        statusCode: 400
    )

    /// - Parameter function: The name as it was sent; what could not be part of a name is left out of the message.
    static func functionNotFound(_ function: String) -> Problem {
        let name = function.prefix(200).filter { $0.isASCII && ($0.isLetter || $0.isNumber || "/_.-:".contains($0)) }
        return Problem(
            status: .notFound,
            code: "NOT_FOUND",
            message: "Could not find public function for '\(name)'",
            statusCode: 404,
            source: .lookup
        )
    }
}

// MARK: - Rows 1 to 4: who is calling

extension Problem {
    static let authenticationRequired = Problem(
        status: .unauthorized,
        code: "UNAUTHORIZED",
        message: "Authentication required",
        statusCode: 401,
        headers: [("WWW-Authenticate", #"Bearer realm="connvo""#)]
    )

    /// One sentence for all causes: which one it was goes to the log and to a metric label only.
    static let invalidToken = Problem(
        status: .unauthorized,
        code: "INVALID_TOKEN",
        message: "The access token is not valid",
        statusCode: 401,
        headers: [("WWW-Authenticate", #"Bearer realm="connvo", error="invalid_token""#)]
    )

    static let sessionExpired = Problem(
        status: .unauthorized,
        code: "SESSION_EXPIRED",
        message: "Session expired",
        statusCode: 401,
        headers: [("WWW-Authenticate", #"Bearer realm="connvo", error="invalid_token""#)]
    )

    init(_ reason: AuthenticationFailure.Reason) {
        switch reason {
        case .noCredentials: self = .authenticationRequired
        case .invalidToken: self = .invalidToken
        case .expiredToken: self = .sessionExpired
        case .keysUnavailable: self = .unavailable
        }
    }
}

// MARK: - Rows 5 and 6: what is asked

extension Problem {
    static func malformedBody(_ message: String) -> Problem {
        Problem(status: .badRequest, code: "VALIDATION_ERROR", message: message, statusCode: 400)
    }

    static func invalidArgument(_ field: String, _ message: String) -> Problem {
        Problem(
            status: .badRequest,
            code: "VALIDATION_ERROR",
            message: message,
            statusCode: 400,
            metadata: [("field", field)],
            source: .function
        )
    }
}

extension Problem {
    init(_ fault: BodyFault) {
        switch fault {
        case .malformed(let message): self = .malformedBody(message)
        case .noFunction(let name): self = .functionNotFound(name)
        case .argument(let field, let message): self = .invalidArgument(field, message)
        }
    }
}

// MARK: - Rows 7 to 19: the outcome

extension Problem {
    /// A refusal by a rule: the specification knows one HTTP status for a failed operation, and `statusCode` says more.
    init(_ refusal: Refusal, of request: AdmissionRequest) {
        var metadata = [("meetingId", request.meetingID.rawValue)]
        let message: String
        switch refusal {
        case .userNotProvisioned:
            message = "User not provisioned. Please complete sign-in and try again."
            metadata = []
        case .userDeactivated:
            message = "Account deactivated"
            metadata = []
        case .meetingNotFound:
            message = "Meeting with ID \(request.meetingID) not found"
        case .notAParticipant, .participantRemoved:
            message = "Access denied: Not a meeting participant"
        case .meetingEnded:
            message = "Meeting is concluded or cancelled"
        case .meetingNotOpen(let opensAt):
            message = "Meeting is not open yet. It opens at \(opensAt.rfc3339)"
            metadata.append(("opensAt", opensAt.rfc3339))
        case .tierRequired:
            message = "This meeting is not on a paid tier"
        case .noStreamCall:
            message = "Meeting does not have a GetStream call"
        case .roleAboveOwn(let requested, let held):
            message = "Requires \(requested.rawValue) role"
            metadata += [("requiredRole", requested.rawValue), ("currentRole", held.rawValue)]
        case .roleNotAdmitted(let role):
            message = "\(role.pluralName) cannot receive a call token"
        }
        self.init(
            status: .badRequest,
            code: refusal.code.rawValue,
            message: message,
            statusCode: refusal.code.statusCode,
            metadata: metadata,
            source: .function
        )
    }

    static let unavailable = Problem(
        status: .serviceUnavailable,
        code: "SERVICE_UNAVAILABLE",
        message: "The service is temporarily unavailable. Please try again.",
        statusCode: 503,
        headers: [("Retry-After", "1")]
    )

    static func rateLimited(perMinute limit: Int, retryAfter: Int64) -> Problem {
        Problem(
            status: .tooManyRequests,
            code: "RATE_LIMIT_EXCEEDED",
            message: "No more than \(limit) requests a minute are allowed",
            statusCode: 429,
            headers: [("Retry-After", String(retryAfter))],
            source: .function
        )
    }

    static let internalError = Problem(
        status: .internalServerError,
        code: "INTERNAL_ERROR",
        message: "Your request couldn't be completed. Try again later.",
        statusCode: 500
    )
}

extension Refusal.Code {
    fileprivate var statusCode: Int {
        switch self {
        case .unauthorized: 401
        case .forbidden, .paidTierRequired, .insufficientPermissions: 403
        case .notFound: 404
        case .meetingAlreadyEnded, .meetingNotActive: 409
        case .validationError: 400
        }
    }
}

extension Role {
    fileprivate var pluralName: String {
        switch self {
        case .host: "Hosts"
        case .coHost: "Co-hosts"
        case .participant: "Participants"
        case .observer: "Observers"
        }
    }
}
