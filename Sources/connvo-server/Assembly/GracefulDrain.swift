internal import ServiceLifecycle

/// Makes the readiness probe fail when a shutdown begins, and keeps the listeners open for `delay`, so that load
/// balancers see the failed probe before connections are refused.
struct GracefulDrain: Service {
    let readiness: Readiness
    let delay: Duration

    func run() async throws {
        try? await gracefulShutdown()
        readiness.startDraining()
        try? await Task.sleep(for: delay)
    }
}
