internal import Domain
internal import JOSE
internal import Persistence
internal import Prometheus

/// Registers what `/metrics` reads from the parts of the server at each scrape.
struct ServerGauges {
    let metrics: PrometheusFactory

    func register(engine: IssuanceEngine) {
        register(.queueLength) { Double(engine.load.queued) }
        register(.commitsAbandoned) { Double(engine.load.abandonedCommits) }
        for state in IssuanceLoad.ConnectionState.allCases {
            register(.databaseConnections, [("state", state.rawValue)]) { Double(engine.load.connections[state] ?? 0) }
        }
    }

    /// Figures of the database are those that the monitor saw last.
    func register(monitor: DatabaseMonitor, now: @escaping @Sendable () -> Timestamp) {
        register(.clockDifference) { monitor.figures.clockOffset.map { $0 / .seconds(1) } }
        register(.partitionMargin) { monitor.figures.partitionsUntil.map { Self.seconds(from: now(), to: $0) } }
        register(.rollupAge) { monitor.figures.rolledUpUntil.map { Self.seconds(from: $0, to: now()) } }
    }

    private static func seconds(from start: Timestamp, to end: Timestamp) -> Double {
        (Double(end.microsecondsSinceEpoch) - Double(start.microsecondsSinceEpoch)) / 1e6
    }

    func register(keySet: KeySetRefresher, keys: KeySetStore) {
        register(.keySetAge) { keySet.age.map { $0 / .seconds(1) } }
        register(.keySetKeys) { Double(keys.current.keys.count) }
    }

    func register(readiness: Readiness) {
        register(.ready) { readiness.obstacles.isEmpty ? 1 : 0 }
    }

    func register(reloadStatus: ReloadStatus) {
        register(.reloadSuccess) { Double(reloadStatus.lastSuccess.microsecondsSinceEpoch) / 1e6 }
        register(.reloadSuccessful) { reloadStatus.lastAttemptSucceeded ? 1 : 0 }
    }

    func register(_ connections: ConnectionTable, of listener: String) {
        register(.openConnections, [("listener", listener)]) { Double(connections.count) }
        register(.activeRequests, [("listener", listener)]) { Double(connections.answeringCount) }
        register(.connectionLimit, [("listener", listener)]) { Double(connections.capacity) }
    }

    func register(_ certificates: CertificateStore) {
        register(.certificateExpiry, [("listener", certificates.files.listener)]) {
            Double(certificates.current.end.secondsSinceEpoch)
        }
    }

    func register(droppedLogLines: @escaping @Sendable () -> Int) {
        register(.logLinesDropped) { Double(droppedLogLines()) }
    }

    /// What does not depend on any part.
    func registerProcess() {
        register(
            .buildInfo,
            [
                ("version", ServerVersion.current), ("commit", ServerVersion.commit), ("schema", ServerVersion.schema),
            ]
        ) { 1 }
        register(.processCPU) { ProcessFigures.cpuSeconds }
        register(.processResidentMemory) { ProcessFigures.memory?.resident }
        register(.processVirtualMemory) { ProcessFigures.memory?.virtual }
        register(.processOpenFiles) { ProcessFigures.openFiles }
        register(.processFileLimit) { ProcessFigures.fileLimit }
        register(.processThreads) { ProcessFigures.threads }
        let start = ProcessFigures.startTime
        register(.processStart) { start }
    }

    private func register(
        _ metric: ServerMetric,
        _ labels: [(String, String)] = [],
        value: @escaping @Sendable () -> Double?
    ) {
        metrics.register(metric.rawValue, labels, value: value)
    }
}
