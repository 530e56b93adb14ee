internal import ConvexAPI
internal import JSON
internal import Prometheus

/// What is answered to GET and HEAD without a call of the function: the probes, the version, the metrics and the
/// description of the API.
enum Page: Sendable {
    /// Makes the response, from the query of the request: what follows the question mark.
    typealias Response = @Sendable (_ query: Substring) -> EndpointResponse

    /// Made for each request.
    case made(Response)
    /// Made once.
    case document(Document)

    /// The process answers.
    static let liveness = Page.made { _ in EndpointResponse(status: 200, body: status("ok")) }

    /// As Convex answers it: the bare version.
    static let version = Page.made { _ in
        EndpointResponse(
            status: 200,
            body: Array(ServerVersion.current.utf8),
            contentType: "text/plain; charset=utf-8"
        )
    }

    /// All metrics, in Prometheus' text format.
    static func metrics(_ metrics: PrometheusFactory) -> Page {
        .made { _ in
            EndpointResponse(status: 200, body: metrics.text(), contentType: PrometheusFactory.contentType)
        }
    }

    /// Whether requests should be sent to this process.
    static func readiness(_ readiness: Readiness) -> Page {
        .made { _ in brief(readiness) }
    }

    private static func brief(_ readiness: Readiness) -> EndpointResponse {
        let isReady = readiness.obstacles.isEmpty
        return EndpointResponse(status: isReady ? 200 : 503, body: status(isReady ? "ready" : "not ready"))
    }

    /// As ``readiness(_:)``; to `?verbose`, with the reasons, for operators.
    static func verboseReadiness(_ readiness: Readiness) -> Page {
        .made { query in
            guard query.split(separator: "&").contains(where: { $0 == "verbose" || $0.hasPrefix("verbose=") }) else {
                return brief(readiness)
            }
            let obstacles = readiness.obstacles
            return EndpointResponse(
                status: obstacles.isEmpty ? 200 : 503,
                body: report(obstacles, warnings: readiness.warnings)
            )
        }
    }

    /// The body of a readiness probe with its reasons.
    static func report(_ obstacles: [String], warnings: [String]) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("status", obstacles.isEmpty ? "ready" : "not ready")
            json.array("obstacles") { json in
                for text in obstacles { json.string(text) }
            }
            json.array("warnings") { json in
                for text in warnings { json.string(text) }
            }
        }
        return json.bytes
    }

    private static func status(_ status: String) -> [UInt8] {
        var json = JSONWriter()
        json.object { $0.member("status", status) }
        return json.bytes
    }
}
