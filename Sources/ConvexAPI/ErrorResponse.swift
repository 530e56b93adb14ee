/// A response that says why a call failed: the rows of docs/errors.md and what the transport refuses.
///
///     throw ErrorResponse.functionNotFound("messages:list")
///
/// Messages are for people. They carry no token, no SQL and no data of other users, and are the same in every environment.
package struct ErrorResponse: Error {
    /// What failed. At the action endpoint the last two are told with status 200 (``Endpoint/failure(_:requestID:)``).
    package enum Origin: Sendable {
        /// The request never reached the function, or the server could not answer it.
        case transport
        /// There is no such function.
        case lookup
        /// The function refused: rows 6 to 17.
        case function
    }

    /// The status of the HTTP response.
    package let status: Int
    /// The code that clients switch on; a documented, append-only list (docs/errors.md).
    package let code: String
    package let message: String
    /// What kind of refusal it was, as an HTTP status code inside `errorData`.
    package let statusCode: Int
    package private(set) var metadata: [(name: String, value: String)] = []
    package private(set) var headers: [(String, String)] = []
    package private(set) var origin = Origin.transport
}

// MARK: - What the transport refuses

extension ErrorResponse {
    package static let routeNotFound = ErrorResponse(
        status: 404,
        code: "NOT_FOUND",
        message: "There is nothing at this path",
        statusCode: 404
    )

    /// - Parameter allowed: The methods that are allowed at this path.
    package static func methodNotAllowed(_ allowed: String...) -> ErrorResponse {
        ErrorResponse(
            status: 405,
            code: "METHOD_NOT_ALLOWED",
            message: "Use \(allowed.joined(separator: " or "))",
            statusCode: 405,
            headers: [("Allow", allowed.joined(separator: ", "))]
        )
    }

    package static let requestTimeout = ErrorResponse(
        status: 408,
        code: "REQUEST_TIMEOUT",
        message: "The request took too long to arrive",
        statusCode: 408
    )

    package static func bodyTooLarge(limit: Int) -> ErrorResponse {
        ErrorResponse(
            status: 413,
            code: "PAYLOAD_TOO_LARGE",
            message: "The body is larger than \(limit) bytes",
            statusCode: 413
        )
    }

    package static let unsupportedMediaType = ErrorResponse(
        status: 415,
        code: "UNSUPPORTED_MEDIA_TYPE",
        message: "Send application/json in UTF-8, without a content encoding",
        statusCode: 415
    )

    package static let headersTooLarge = ErrorResponse(
        status: 431,
        code: "HEADERS_TOO_LARGE",
        message: "The headers are too large",
        statusCode: 431
    )

    /// Not HTTP at all, or framed in a way that two readers could understand differently.
    package static let malformedMessage = ErrorResponse(
        status: 400,
        code: "VALIDATION_ERROR",
        message: "The request is not well-formed HTTP",
        statusCode: 400
    )

    /// A request must say once for which host it is (RFC 9112, section 3.2).
    package static let hostNotSingle = ErrorResponse(
        status: 400,
        code: "VALIDATION_ERROR",
        message: "Send one Host header",
        statusCode: 400
    )

    /// - Parameter retryAfter: In seconds.
    package static func tooManyInvalidTokens(retryAfter: Int64) -> ErrorResponse {
        ErrorResponse(
            status: 429,
            code: "RATE_LIMIT_EXCEEDED",
            message: "Too many access tokens from this address were not valid",
            statusCode: 429,
            headers: [("Retry-After", String(retryAfter))]
        )
    }

    /// - Parameter function: The name as it was sent; what could not be part of a name is left out of the message.
    package static func functionNotFound(_ function: String) -> ErrorResponse {
        let name = function.prefix(200).filter { $0.isASCII && ($0.isLetter || $0.isNumber || "/_.-:".contains($0)) }
        return ErrorResponse(
            status: 404,
            code: "NOT_FOUND",
            message: "Could not find public function for '\(name)'",
            statusCode: 404,
            origin: .lookup
        )
    }
}

// MARK: - Rows 1 to 4: who is calling

extension ErrorResponse {
    package static let authenticationRequired = ErrorResponse(
        status: 401,
        code: "UNAUTHORIZED",
        message: "Authentication required",
        statusCode: 401,
        headers: [("WWW-Authenticate", #"Bearer realm="connvo""#)]
    )

    /// One sentence for all causes: which one it was goes to the log and to a metric label only.
    package static let invalidToken = ErrorResponse(
        status: 401,
        code: "INVALID_TOKEN",
        message: "The access token is not valid",
        statusCode: 401,
        headers: [("WWW-Authenticate", #"Bearer realm="connvo", error="invalid_token""#)]
    )

    package static let sessionExpired = ErrorResponse(
        status: 401,
        code: "SESSION_EXPIRED",
        message: "Session expired",
        statusCode: 401,
        headers: [("WWW-Authenticate", #"Bearer realm="connvo", error="invalid_token""#)]
    )
}

// MARK: - Rows 5 and 6: what is asked

extension ErrorResponse {
    package static func malformedBody(_ message: String) -> ErrorResponse {
        ErrorResponse(status: 400, code: "VALIDATION_ERROR", message: message, statusCode: 400)
    }

    package static func invalidArgument(_ field: String, _ message: String) -> ErrorResponse {
        ErrorResponse(
            status: 400,
            code: "VALIDATION_ERROR",
            message: message,
            statusCode: 400,
            metadata: [("field", field)],
            origin: .function
        )
    }
}

extension ErrorResponse {
    package init(_ fault: BodyFault) {
        switch fault {
        case .malformed(let message): self = .malformedBody(message)
        case .noFunction(let name): self = .functionNotFound(name)
        case .argument(let field, let message): self = .invalidArgument(field, message)
        }
    }
}
