package import PostgreSQL
internal import Synchronization

/// Where connections of the server go. A reload may replace it: connections are then made anew, as soon as their owner
/// has no use for them.
package final class ReplaceableTarget: Sendable {
    private let target: Mutex<ConnectionTarget>
    private let replaced = Atomic(0)

    package init(_ target: ConnectionTarget) {
        self.target = Mutex(target)
    }

    package func replace(with new: ConnectionTarget) {
        target.withLock { target in
            target = new
            replaced.add(1, ordering: .releasing)
        }
    }

    /// How often it was replaced. Connections of an earlier generation are to be closed.
    var generation: Int { replaced.load(ordering: .acquiring) }

    /// The target, and the generation of a connection that is opened with it.
    var current: (target: ConnectionTarget, generation: Int) {
        target.withLock { ($0, replaced.load(ordering: .acquiring)) }
    }
}
