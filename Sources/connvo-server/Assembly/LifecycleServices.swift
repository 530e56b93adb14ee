internal import Persistence
internal import ServiceLifecycle

/// Runs the issuance engine until shutdown. It ends after every waiting request has been completed.
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
