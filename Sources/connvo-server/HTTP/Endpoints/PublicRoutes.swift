internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Everything on the public port but the hot route.
struct PublicRoutes {
    let readiness: Readiness

    /// Where GET is the one method.
    static let probes: Set = ["/livez", "/healthz", "/readyz", "/version"]

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: ProblemMiddleware())
        for path in ["/livez", "/healthz"] as [RouterPath] {
            router.get(path) { _, _ in HealthAnswer.live }
        }
        router.get("/readyz") { [readiness] _, _ in HealthAnswer.ready(readiness.obstacles.isEmpty) }
        // As Convex answers it: the bare version.
        router.get("/version") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: ServerVersion.current))
            )
        }
        return router
    }
}

/// What operators see, on the admin port only.
struct AdminRoutes {
    let readiness: Readiness

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: ProblemMiddleware())
        router.get("/livez") { _, _ in HealthAnswer.live }
        router.get("/readyz") { [readiness] request, _ in
            let obstacles = readiness.obstacles
            return request.uri.queryParameters["verbose"] == nil
                ? HealthAnswer.ready(obstacles.isEmpty) : HealthAnswer.ready(obstacles, warnings: readiness.warnings)
        }
        return router
    }
}

/// The small bodies of the probes.
enum HealthAnswer {
    static let live = answer(.ok, #"{"status":"ok"}"#)

    static func ready(_ isReady: Bool) -> Response {
        isReady ? answer(.ok, #"{"status":"ready"}"#) : answer(.serviceUnavailable, #"{"status":"not ready"}"#)
    }

    /// With the reasons, for operators.
    static func ready(_ obstacles: [String], warnings: [String]) -> Response {
        answer(obstacles.isEmpty ? .ok : .serviceUnavailable, report(obstacles, warnings: warnings))
    }

    static func report(_ obstacles: [String], warnings: [String]) -> ByteBuffer {
        var body = ByteBuffer(string: #"{"status":"# + (obstacles.isEmpty ? #""ready""# : #""not ready""#))
        for (name, texts) in [("obstacles", obstacles), ("warnings", warnings)] {
            body.writeString(",\"\(name)\":[")
            for (index, text) in texts.enumerated() {
                if index > 0 { body.writeStaticString(",") }
                body.writeJSON(text)
            }
            body.writeStaticString("]")
        }
        body.writeStaticString("}")
        return body
    }

    private static func answer(_ status: HTTPResponse.Status, _ body: String) -> Response {
        answer(status, ByteBuffer(string: body))
    }

    private static func answer(_ status: HTTPResponse.Status, _ body: ByteBuffer) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: body)
        )
    }
}
