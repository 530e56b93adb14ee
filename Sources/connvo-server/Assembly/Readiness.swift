internal import JOSE
internal import Persistence
internal import Synchronization

/// Whether this process should be sent requests, and why not.
final class Readiness: Sendable {
    private let engine: IssuanceEngine
    private let monitor: DatabaseMonitor
    private let keys: KeySetStore
    private let keySet: KeySetRefresher
    private let isDraining = Mutex(false)

    init(engine: IssuanceEngine, monitor: DatabaseMonitor, keys: KeySetStore, keySet: KeySetRefresher) {
        self.engine = engine
        self.monitor = monitor
        self.keys = keys
        self.keySet = keySet
    }

    /// Says that the process is about to end.
    func startDraining() {
        isDraining.withLock { $0 = true }
    }

    /// Everything that stands in the way; none when ready.
    var obstacles: [String] {
        var obstacles: [String] = []
        if isDraining.withLock({ $0 }) { obstacles.append("the process is shutting down") }
        let health = monitor.health
        if !health.isReady { obstacles.append("\(health)") }
        if !engine.isDatabaseReachable { obstacles.append("no connection for issuance") }
        if keys.current.keys.isEmpty { obstacles.append("no usable key to verify bearer tokens with") }
        return obstacles
    }

    /// What needs somebody's attention and stands in nobody's way yet.
    var warnings: [String] { keySet.warning.map { [$0] } ?? [] }
}
