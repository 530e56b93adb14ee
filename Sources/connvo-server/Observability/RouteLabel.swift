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
    case openAPIYAML = "/openapi.yaml"
    case openAPIJSON = "/openapi.json"
    case docs = "/docs"
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

    /// Different for each: a key that is found without the hash of a text.
    var number: UInt32 {
        switch self {
        case .run: 0
        case .action: 1
        case .otherFunction: 2
        case .sync: 3
        case .livez: 4
        case .healthz: 5
        case .readyz: 6
        case .version: 7
        case .metrics: 8
        case .unmatched: 9
        case .openAPIYAML: 10
        case .openAPIJSON: 11
        case .docs: 12
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

    /// Different for each, as ``RouteLabel/number``.
    var number: UInt32 {
        switch self {
        case .get: 0
        case .head: 1
        case .post: 2
        case .options: 3
        case .other: 4
        }
    }
}
