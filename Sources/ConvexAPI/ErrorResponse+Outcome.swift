package import Domain

// Rows 7 to 19 of docs/errors.md: the outcome of a call.

extension ErrorResponse {
    /// A refusal by a rule: the specification knows one HTTP status for a failed operation, and `statusCode` says more.
    package init(_ refusal: Refusal, of request: AdmissionRequest) {
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
            status: 400,
            code: refusal.code.rawValue,
            message: message,
            statusCode: refusal.code.statusCode,
            metadata: metadata,
            origin: .function
        )
    }

    package static let unavailable = ErrorResponse(
        status: 503,
        code: "SERVICE_UNAVAILABLE",
        message: "The service is temporarily unavailable. Please try again.",
        statusCode: 503,
        headers: [("Retry-After", "1")]
    )

    package static func rateLimited(perMinute limit: Int, retryAfter: Int64) -> ErrorResponse {
        ErrorResponse(
            status: 429,
            code: "RATE_LIMIT_EXCEEDED",
            message: "No more than \(limit) requests a minute are allowed",
            statusCode: 429,
            headers: [("Retry-After", String(retryAfter))],
            origin: .function
        )
    }

    package static let internalError = ErrorResponse(
        status: 500,
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
