internal import ServiceLifecycle

/// Makes the readiness probe fail when a shutdown begins, and keeps the listeners open for `delay`, so that load
/// balancers see the failed probe before connections are refused. Connections end with their next response meanwhile: a
/// client that keeps one open has none closed under a request that it is sending.
struct GracefulDrain: Service {
    let readiness: Readiness
    /// Of the listeners.
    let connections: [ConnectionTable]
    let delay: Duration

    func run() async throws {
        try? await gracefulShutdown()
        readiness.startDraining()
        for table in connections { table.startDraining() }
        try? await Task.sleep(for: delay)
    }
}
