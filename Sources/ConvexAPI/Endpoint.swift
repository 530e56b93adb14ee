internal import JSON

/// The two endpoints of the one function. Each reads what its clients send and writes what they expect.
///
///     let arguments = try Endpoint.action.arguments(from: body)
///     let response = Endpoint.action.failure(.unavailable, requestID: requestID)
///
/// What is an endpoint's own is in ``RunEndpoint`` and ``ActionEndpoint``.
package enum Endpoint: CaseIterable, Sendable {
    /// The documented one: `/api/run/...`.
    case run
    /// For clients that speak the Convex protocol: `/api/action`.
    case action

    /// The path of its requests.
    package var path: String {
        switch self {
        case .run: RunEndpoint.path
        case .action: ActionEndpoint.path
        }
    }

    /// Reads a request body.
    ///
    /// - Throws: ``ErrorResponse`` of row 5 (not the JSON that the endpoint reads) or row 6 (an argument is wrong), the
    ///   one that comes first, or of an unknown function.
    package func arguments(from body: [UInt8]) throws(ErrorResponse) -> FunctionArguments {
        do throws(BodyFault) {
            return try readArguments(from: body)
        } catch {
            throw ErrorResponse(error)
        }
    }

    /// Reads a request body, as ``arguments(from:)`` does.
    package func readArguments(from body: [UInt8]) throws(BodyFault) -> FunctionArguments {
        let root = try RequestBody.root(of: body)
        switch self {
        case .run: return try RunEndpoint.arguments(from: root)
        case .action: return try ActionEndpoint.arguments(from: root)
        }
    }

    /// Writes the response to a call that was given a token.
    package func success(_ token: GrantedToken) -> EndpointResponse {
        let body =
            switch self {
            case .run: RunEnvelope.success(token)
            case .action: ActionEnvelope.success(token)
            }
        return EndpointResponse(status: 200, body: body)
    }

    /// Writes the response to a call that failed.
    package func failure(_ error: ErrorResponse, requestID: String) -> EndpointResponse {
        if self == .action, error.origin != .transport {
            // A Convex client reads the body of a 200 only; any other status is an opaque error to it.
            return EndpointResponse(status: 200, body: ActionEnvelope.failure(error))
        }
        return EndpointResponse(
            status: error.status,
            body: RunEnvelope.failure(error, requestID: requestID),
            headers: error.headers
        )
    }
}
