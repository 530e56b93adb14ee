internal import Persistence
internal import PostgreSQL
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
    /// Gets the error when the monitor finds that there will be no first connection.
    let refusals: AsyncStream<DatabaseError>

    /// - Throws: ``CommandFailure`` in that case.
    func run() async throws {
        try monitor.start()
        let refusal = await firstRefusal()
        await onThreadOfItsOwn(named: "monitor-stop") { monitor.stop() }
        if let refusal { throw FirstConnection.failure(refusal) }
    }

    /// Nil when the shutdown begins.
    private func firstRefusal() async -> DatabaseError? {
        await withTaskGroup(of: DatabaseError?.self) { group in
            group.addTask { await refusals.first { _ in true } }
            group.addTask {
                try? await gracefulShutdown()
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
