internal import ConvexAPI

/// What a request is for, by its target.
enum Route {
    /// A call; at the action endpoint, the body says of which function.
    case function(Endpoint)
    case unknownFunction(path: Substring)
    /// A browser asks whether its page may call.
    case preflight(Endpoint)
    case page(Page, RouteLabel)
    /// A Convex client opens a WebSocket.
    case sync
    /// There is nothing at this path.
    case none

    /// Whether the body of a request is of any use.
    var readsBody: Bool {
        switch self {
        case .function, .unknownFunction: true
        case .preflight, .page, .sync, .none: false
        }
    }

    /// Which endpoint writes the response when the transport refuses the request.
    var endpoint: Endpoint {
        switch self {
        case .function(let endpoint), .preflight(let endpoint): endpoint
        case .unknownFunction, .page, .sync, .none: .run
        }
    }
}
