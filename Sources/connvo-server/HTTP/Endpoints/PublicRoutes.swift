internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Everything on the public port but the two endpoints.
struct PublicRoutes {
    let readiness: Readiness

    /// Where GET is the one method.
    static let probes: Set = ["/livez", "/healthz", "/readyz", "/version"]

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: ErrorResponseMiddleware())
        for path in ["/livez", "/healthz"] as [RouterPath] {
            router.get(path) { _, _ in HealthResponse.live }
        }
        router.get("/readyz") { [readiness] _, _ in HealthResponse.ready(readiness.obstacles.isEmpty) }
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
