internal import Synchronization

/// Which servers did not answer lately, so that they are tried after the others: each would use up its part of the time
/// for connecting, at each attempt of each connection.
///
/// Shared by all copies of a ``ConnectionTarget``: what one connection finds out helps all.
final class SilentHosts: Sendable {
    /// How long a server counts as silent. Then it has its place again.
    private static let memory: Duration = .seconds(60)

    private let until = Mutex<[ConnectionTarget.Host: ContinuousClock.Instant]>([:])

    /// Notes that a server has not answered in time.
    func note(_ host: ConnectionTarget.Host, now: ContinuousClock.Instant = .now) {
        until.withLock { until in
            // Names may stand for many addresses in turn.
            if until.count >= 100 { until = until.filter { $0.value > now } }
            until[host] = now.advanced(by: Self.memory)
        }
    }

    /// Notes that a server has answered.
    func forget(_ host: ConnectionTarget.Host) {
        until.withLock { _ = $0.removeValue(forKey: host) }
    }

    /// The positions of `hosts`: first those of servers that are not known to be silent, each group in its order.
    func order(of hosts: [ConnectionTarget.Host], now: ContinuousClock.Instant = .now) -> [Int] {
        let silent = until.withLock { until in hosts.map { (until[$0] ?? now) > now } }
        return hosts.indices.filter { !silent[$0] } + hosts.indices.filter { silent[$0] }
    }
}
