internal import ConvexAPI
internal import NIOCore
internal import NIOHTTP1
internal import Persistence

/// One request, from its head to its response, and what is known of it on the way.
///
/// A class, because the state machine, the handler and the engine's completion share it. Confined to the event loop of
/// its connection.
final class HTTPExchange {
    let head: HTTPRequestHead
    let route: Route
    let fields: RequestFields
    let method: MethodLabel
    /// Whether the decoder takes what follows this request for another protocol: the client offered to change to one,
    /// or asked for a tunnel (RFC 9110, sections 7.8 and 9.3.6). The server does neither, so the connection has to end.
    let endsHTTP: Bool
    /// The client's, when it sent a sane one; else one that the server made.
    let requestID: String
    /// Who may read the response, as headers; empty unless CORS is on.
    let crossOriginHeaders: [(String, String)]
    /// Decided from the head alone.
    let headError: ErrorResponse?
    /// Only for requests to the function: for others, no code reads a body.
    private(set) var body = ByteBuffer()
    /// In bytes, as far as it has come.
    private(set) var bodySize = 0
    /// Set after the one wait for a new key set that a request may have.
    var waitedForKeys: TimeAmount?
    /// Whether the request has waited for the turn of its address (``RefusedTokenThrottle``).
    var hasWaitedForTurn = false
    /// Set while the engine decides.
    var pending: PendingIssuance?
    /// When the head was complete.
    let startedAt = NIODeadline.now()
    /// How the request ended, until it was answered.
    var result = AnsweredRequest.Result.page

    init(
        head: HTTPRequestHead,
        route: Route,
        fields: RequestFields,
        requestID: String,
        crossOriginHeaders: [(String, String)] = [],
        headError: ErrorResponse? = nil
    ) {
        self.head = head
        self.route = route
        self.fields = fields
        method = MethodLabel(head.method)
        endsHTTP = fields.offersUpgrade || head.method == .CONNECT
        self.requestID = requestID
        self.crossOriginHeaders = crossOriginHeaders
        self.headError = headError
    }

    /// Stands for bytes that are not HTTP, so that they can be refused as requests are.
    static func malformed(_ error: ErrorResponse, requestID: String) -> HTTPExchange {
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "")
        return HTTPExchange(
            head: head,
            route: .none,
            fields: RequestFields(head.headers),
            requestID: requestID,
            headError: error
        )
    }

    /// Notes that the caller could not be authenticated, and returns what the caller is told.
    func refusal(_ failure: AuthenticationFailure) -> ErrorResponse {
        result = .unauthenticated(failure)
        return ErrorResponse(failure.reason)
    }

    /// The request with its answer, for log and metrics.
    func answered(status: Int) -> AnsweredRequest {
        let now = NIODeadline.now()
        return AnsweredRequest(
            requestID: requestID,
            traceID: fields.traceID,
            method: method,
            route: RouteLabel(route),
            status: status,
            answeredAt: now.uptimeNanoseconds,
            duration: (now - startedAt).nanoseconds,
            timing: pending?.timing ?? IssuanceTiming(),
            result: result
        )
    }

    var version: HTTPVersion { head.version }

    /// Whether the client wants to send another request on this connection, and can.
    var keepsConnection: Bool { head.isKeepAlive && !endsHTTP }

    /// Whether the response has no body (RFC 9110, section 9.3.2).
    var isHead: Bool { method == .head }

    /// Bytes of the body, where the head says so.
    var announcedLength: Int? { fields.contentLength }

    /// Whether the client waits to be asked for the body. HTTP/1.0 does not know interim responses (RFC 9110,
    /// section 10.1.1).
    var expectsContinue: Bool { fields.expectsContinue && version != .http1_0 }

    /// Takes a part of the body.
    func receive(_ part: ByteBuffer) {
        bodySize += part.readableBytes
        guard route.readsBody else { return }
        if body.readableBytes == 0 {
            // The first part is kept as it is, without a copy.
            body = part
        } else {
            var part = part
            body.writeBuffer(&part)
        }
    }
}
