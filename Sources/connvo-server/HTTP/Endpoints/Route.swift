internal import ConvexAPI

/// What a request is for, by its path and method.
enum Route: Equatable {
    /// A call; at the action endpoint, the body says of which function.
    case function(Endpoint)
    case unknownFunction(path: Substring)
    /// A browser asks whether a page may call.
    case preflight(Endpoint)
    /// Anything else: the router knows.
    case router

    /// - Parameter uri: The target of a request, with its query.
    init(uri: String) {
        let path = uri.utf8.firstIndex(of: UInt8(ascii: "?")).map { uri[..<$0] } ?? uri[...]
        if path == RunEndpoint.path {
            self = .function(.run)
        } else if path == ActionEndpoint.path {
            self = .function(.action)
        } else if path.hasPrefix(RunEndpoint.prefix) {
            self = .unknownFunction(path: path.dropFirst(RunEndpoint.prefix.count))
        } else {
            self = .router
        }
    }

    /// Which endpoint writes the response. Of the router's requests, only what the transport refuses.
    var endpoint: Endpoint {
        switch self {
        case .function(let endpoint), .preflight(let endpoint): endpoint
        case .unknownFunction, .router: .run
        }
    }
}
