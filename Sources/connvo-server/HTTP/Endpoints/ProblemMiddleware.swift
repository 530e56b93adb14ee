internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// Gives every answer of the router the headers of the contract, and every failure its envelope.
struct ProblemMiddleware: RouterMiddleware {
    func handle(
        _ request: Request,
        context: BasicRequestContext,
        next: @concurrent (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        let requestID = Self.requestID(of: request)
        var response: Response
        do {
            response = try await next(request, context)
        } catch let problem as Problem {
            response = Self.response(problem, requestID: requestID)
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
        if let sent = request.headers[.xRequestID], RequestFields.isSane(requestID: sent) { return sent }
        var random = SystemRandomNumberGenerator()
        return UUIDv7(at: SystemClock.now(), using: &random).description
    }

    private static func response(_ problem: Problem, requestID: String) -> Response {
        var body = ByteBuffer()
        Envelope.failure(problem, requestID: requestID, into: &body)
        var headers: HTTPFields = [.contentType: "application/json; charset=utf-8"]
        for (name, value) in problem.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return Response(
            status: HTTPResponse.Status(code: Int(problem.status.code), reasonPhrase: problem.status.reasonPhrase),
            headers: headers,
            body: ResponseBody(byteBuffer: body)
        )
    }
}

extension HTTPField.Name {
    // The name is a valid token, so that making it cannot fail.
    // swift-format-ignore: NeverForceUnwrap
    fileprivate static let xRequestID = HTTPField.Name("X-Request-Id")!
}
