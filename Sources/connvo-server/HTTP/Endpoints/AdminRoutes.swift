internal import Hummingbird

/// What operators see, on the admin port only.
struct AdminRoutes {
    let readiness: Readiness

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: ErrorResponseMiddleware())
        router.get("/livez") { _, _ in HealthResponse.live }
        router.get("/readyz") { [readiness] request, _ in
            let obstacles = readiness.obstacles
            return request.uri.queryParameters["verbose"] == nil
                ? HealthResponse.ready(obstacles.isEmpty)
                : HealthResponse.ready(obstacles, warnings: readiness.warnings)
        }
        return router
    }
}
