internal import JOSE
internal import Persistence
internal import Synchronization

/// Whether load balancers should send requests to this process, and why not.
final class Readiness: Sendable {
    private let engine: IssuanceEngine
    private let monitor: DatabaseMonitor
    private let keys: KeySetStore
    private let keySet: KeySetRefresher
    private let reloadStatus: ReloadStatus
    private let isDraining = Mutex(false)

    init(
        engine: IssuanceEngine,
        monitor: DatabaseMonitor,
        keys: KeySetStore,
        keySet: KeySetRefresher,
        reloadStatus: ReloadStatus
    ) {
        self.engine = engine
        self.monitor = monitor
        self.keys = keys
        self.keySet = keySet
        self.reloadStatus = reloadStatus
    }

    /// Makes the process not ready, because it is about to end.
    func startDraining() {
        isDraining.withLock { $0 = true }
    }

    /// The reasons why the process is not ready; empty when it is ready.
    var obstacles: [String] {
        var obstacles: [String] = []
        if isDraining.withLock({ $0 }) { obstacles.append("the process is shutting down") }
        if MemoryBudget.process.isShort() { obstacles.append("nearly all address space is used (RLIMIT_AS)") }
        let health = monitor.health
        if !health.isReady, !isOverruled(health) { obstacles.append("\(health)") }
        if let obstacle = engine.obstacle { obstacles.append(obstacle) }
        if keys.current.keys.isEmpty { obstacles.append("no usable key to verify bearer tokens with") }
        return obstacles
    }

    /// Whether issuance shows that the database serves, though the monitor has no connection to it.
    private func isOverruled(_ health: DatabaseHealth) -> Bool {
        switch health.condition {
        // The server lives, or it could not refuse, and issuance has the connections that it needs.
        case .full: engine.isDatabaseReachable
        case .unreachable: engine.hasDecided(within: .seconds(2))
        default: false
        }
    }

    /// Problems that an operator should fix, while the process is still ready.
    var warnings: [String] {
        let health = monitor.health
        let overruled = !health.isReady && isOverruled(health) ? "\(health)" : nil
        return [keySet.warning, reloadStatus.warning, engine.warning, overruled].compactMap(\.self) + health.warnings
    }
}
