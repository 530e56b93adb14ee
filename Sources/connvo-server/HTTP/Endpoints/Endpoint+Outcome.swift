internal import ConvexAPI
internal import Domain
internal import Persistence

extension Endpoint {
    /// Writes the outcome of a call (docs/errors.md, rows 7 to 19, and success).
    func response(to request: IssuanceRequest, outcome: IssuanceOutcome) -> EndpointResponse {
        switch outcome {
        case .issued(let issued):
            return success(
                GrantedToken(caller: issued.admission.caller, token: issued.token, expiresAt: issued.expiresAt)
            )
        case .refused(let refusal):
            return failure(ErrorResponse(refusal, of: request.admission), requestID: request.requestID)
        case .rateLimited(let limit, let retryAfter):
            return failure(.rateLimited(perMinute: limit, retryAfter: retryAfter), requestID: request.requestID)
        case .unavailable:
            return failure(.unavailable, requestID: request.requestID)
        case .failed:
            return failure(.internalError, requestID: request.requestID)
        }
    }
}
