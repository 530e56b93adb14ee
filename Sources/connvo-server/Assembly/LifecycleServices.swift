internal import Persistence
internal import PostgreSQL
internal import ServiceLifecycle

/// Runs the issuance engine until shutdown, and answers everybody who waits before it ends.
struct IssuanceService: Service {
    let engine: IssuanceEngine

    func run() async throws {
        try engine.start()
        try? await gracefulShutdown()
        await onThreadOfItsOwn(named: "engine-stop") { engine.stop() }
    }
}

/// Runs the database monitor until shutdown.
struct MonitorService: Service {
    let monitor: DatabaseMonitor

    func run() async throws {
        try monitor.start()
        try? await gracefulShutdown()
        await onThreadOfItsOwn(named: "monitor-stop") { monitor.stop() }
    }
}

/// The first to hear of a shutdown: readiness fails at once, and load balancers get time to look before the listeners
/// close.
struct DrainNotice: Service {
    let readiness: Readiness
    let delay: Duration

    func run() async throws {
        try? await gracefulShutdown()
        readiness.startDraining()
        try? await Task.sleep(for: delay)
    }
}

/// Runs blocking work on a thread of its own and awaits its end.
func onThreadOfItsOwn<Value: Sendable>(named name: String, _ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        do {
            _ = try DedicatedThread(name: name) { continuation.resume(returning: body()) }
        } catch {
            // No thread can be had: blocking this one is the lesser evil.
            continuation.resume(returning: body())
        }
    }
}
