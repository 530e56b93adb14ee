internal import ConvexAPI
internal import Domain
internal import NIOHTTP1
internal import Persistence

/// What one listener answers: pages, and the function where the listener has it.
final class Routes: Sendable {
    /// By their path.
    private let pages: [RouteLabel: Page]
    /// Nil on the admin listener.
    private let function: TokenEndpoint?
    private let rules: Replaceable<AccessRules>
    /// Whether responses say how long the request took, and where.
    let tellsTiming: Bool
    let observe: Observation.Sink
    let now: @Sendable () -> Timestamp

    init(
        pages: [RouteLabel: Page],
        function: TokenEndpoint? = nil,
        tellsTiming: Bool = false,
        rules: Replaceable<AccessRules> = Replaceable(AccessRules()),
        observe: @escaping Observation.Sink,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.pages = pages
        self.function = function
        self.tellsTiming = tellsTiming
        self.rules = rules
        self.observe = observe
        self.now = now
    }

    /// What becomes of a request.
    enum Evaluation {
        /// It is answered.
        case respond(EndpointResponse)
        /// It is answered with a document, or with word that the client has it already.
        case send(Document)
        /// The key that its token names is not in the key set of this generation. It waits for another one, or is
        /// refused for this reason where it cannot.
        case awaitKeys(generation: UInt64, AuthenticationFailure, TokenEndpoint)
        /// Many tokens of its address were refused. It is evaluated after this time.
        case awaitTurn(Duration)
        /// The connection becomes a WebSocket.
        case openWebSocket
        /// The engine decides; see ``TokenEndpoint/submit(_:of:completionQueue:completion:)``.
        case issue(IssuanceRequest, TokenEndpoint)
    }

    /// Takes the head of a request and decides what can be decided from it alone.
    ///
    /// - Parameter makeRequestID: Called where the client sent no sane id.
    func begin(_ head: HTTPRequestHead, makeRequestID: () -> String) -> HTTPExchange {
        let fields = RequestFields(head.headers)
        let crossOrigin = rules.current.crossOrigin
        var route = route(of: head.uri)
        var error: ErrorResponse?
        // RFC 9112, section 3.2.
        if fields.hostCount != 1, fields.hostCount > 1 || head.version.minor >= 1 {
            error = .hostNotSingle
        } else {
            switch route {
            case .function(let endpoint) where head.method != .POST:
                error = Self.methodError(head, endpoint, crossOrigin, &route)
            case .unknownFunction where head.method != .POST:
                error = Self.methodError(head, .run, crossOrigin, &route)
            case .page where head.method != .GET && head.method != .HEAD:
                error = .methodNotAllowed("GET", "HEAD")
            case .none:
                error = .routeNotFound
            case .sync where head.method != .GET || !fields.offersUpgrade:
                error = .routeNotFound
            case .function, .unknownFunction, .page, .preflight, .sync:
                break
            }
        }
        return HTTPExchange(
            head: head,
            route: route,
            fields: fields,
            requestID: fields.requestID ?? makeRequestID(),
            crossOriginHeaders: crossOrigin?.headers(for: head.headers) ?? [],
            headError: error
        )
    }

    private static func methodError(
        _ head: HTTPRequestHead,
        _ endpoint: Endpoint,
        _ crossOrigin: CrossOriginPolicy?,
        _ route: inout Route
    ) -> ErrorResponse? {
        guard let crossOrigin, crossOrigin.isPreflight(head) else { return .methodNotAllowed("POST") }
        route = .preflight(endpoint)
        return nil
    }

    private func route(of target: String) -> Route {
        // As nearly all clients send it: found without a look at each byte.
        if function != nil, target == RunEndpoint.path { return .function(.run) }
        let path = RequestTarget.split(target).path
        if function != nil {
            if path == RunEndpoint.path { return .function(.run) }
            if path == ActionEndpoint.path { return .function(.action) }
            if path.hasPrefix(RunEndpoint.prefix) {
                return .unknownFunction(path: path.dropFirst(RunEndpoint.prefix.count))
            }
            if SyncEndpoint.isPath(path) { return .sync }
        }
        guard let label = RouteLabel(rawValue: String(path)), let page = pages[label] else { return .none }
        return .page(page, label)
    }

    /// Evaluates a complete request.
    ///
    /// - Parameters:
    ///   - peer: The address of the client, or of its proxy.
    ///   - now: The one clock reading of this request: rules, record and token all use it.
    /// - Throws: What the request is refused for.
    func evaluate(_ exchange: HTTPExchange, peer: String?, now: Timestamp) throws(ErrorResponse) -> Evaluation {
        switch exchange.route {
        case .page(.document(let document), _):
            return .send(document)
        case .page(.made(let response), _):
            return .respond(response(RequestTarget.split(exchange.head.uri).query))
        case .preflight:
            return .respond(EndpointResponse(status: 204, body: [], headers: CrossOriginPolicy.preflight))
        case .function, .unknownFunction:
            guard let function else { throw .routeNotFound }
            return try function.evaluate(exchange, peer: peer, now: now)
        case .sync:
            return .openWebSocket
        case .none:
            throw .routeNotFound
        }
    }
}
