internal import ConvexAPI
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// Gives every response of the router the headers that all responses have, and every failure its envelope.
struct ErrorResponseMiddleware: RouterMiddleware {
    func handle(
        _ request: Request,
        context: BasicRequestContext,
        next: @concurrent (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        let requestID = Self.requestID(of: request)
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as ErrorResponse {
            response = Self.response(error, requestID: requestID)
        } catch let error as HTTPError where error.status == .notFound {
            // The router says "not found" of a route that knows other methods, too.
            let isProbe = PublicRoutes.probes.contains(request.uri.path)
            response = Self.response(isProbe ? .methodNotAllowed(allow: "GET") : .routeNotFound, requestID: requestID)
        } catch {
            context.logger.error("A route failed", metadata: ["error": "\(error)", "request_id": "\(requestID)"])
            response = Self.response(.internalError, requestID: requestID)
        }
        response.headers[.cacheControl] = "no-store"
        response.headers[.xRequestID] = requestID
        return response
    }

    private static func requestID(of request: Request) -> String {
        // On the public listener, every request has one by now; see HTTPExchangeHandler.
        if let sent = request.headers[.xRequestID], RequestID.isSane(sent) { return sent }
        var random = SystemRandomNumberGenerator()
        return RequestID.make(at: SystemClock.now(), using: &random)
    }

    private static func response(_ error: ErrorResponse, requestID: String) -> Response {
        let response = Endpoint.run.failure(error, requestID: requestID)
        var headers: HTTPFields = [.contentType: "application/json; charset=utf-8"]
        for (name, value) in response.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return Response(
            status: HTTPResponse.Status(
                code: response.status,
                reasonPhrase: HTTPResponseStatus(statusCode: response.status).reasonPhrase
            ),
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: response.body))
        )
    }
}

extension HTTPField.Name {
    // The name is a valid token, so that making it cannot fail.
    // swift-format-ignore: NeverForceUnwrap
    fileprivate static let xRequestID = HTTPField.Name("X-Request-Id")!
}
