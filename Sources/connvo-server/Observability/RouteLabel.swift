internal import ConvexAPI
internal import NIOHTTP1

/// The routes that metrics and access lines distinguish. A closed list: a path that a client makes up is no label.
enum RouteLabel: String, CaseIterable, Sendable {
    case run = "/api/run/meetings/stream/index/generateParticipantTokenPublic"
    case action = "/api/action"
    case otherFunction = "/api/run/{function}"
    case sync = "/api/{version}/sync"
    case livez = "/livez"
    case healthz = "/healthz"
    case readyz = "/readyz"
    case version = "/version"
    case metrics = "/metrics"
    /// There is nothing at the path.
    case unmatched = "unmatched"

    init(_ route: Route) {
        self =
            switch route {
            case .function(.run), .preflight(.run): .run
            case .function(.action), .preflight(.action): .action
            case .unknownFunction: .otherFunction
            case .page(_, let label): label
            case .sync: .sync
            case .none: .unmatched
            }
    }
}

/// The methods that metrics and access lines distinguish, as OpenTelemetry's semantic conventions have them.
enum MethodLabel: String, CaseIterable, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case options = "OPTIONS"
    case other = "_OTHER"

    init(_ method: HTTPMethod) {
        self =
            switch method {
            case .GET: .get
            case .HEAD: .head
            case .POST: .post
            case .OPTIONS: .options
            default: .other
            }
    }
}
