internal import PostgreSQL

/// What the engine has to do at one moment, for metrics.
package struct IssuanceLoad: Sendable {
    package enum ConnectionState: String, CaseIterable, Sendable {
        case idle
        case used
        case connecting
    }

    /// Requests that wait for a connection.
    package let queued: Int
    package let connections: [ConnectionState: Int]
    /// COMMITs that were given up and whose backends the server has not freed.
    package let abandonedCommits: Int

    init(queued: Int, pool: PoolStateMachine) {
        self.queued = queued
        abandonedCommits = pool.commits.abandoned
        var connections: [ConnectionState: Int] = [:]
        for slot in pool.slots {
            switch slot {
            case .idle: connections[.idle, default: 0] += 1
            case .busy: connections[.used, default: 0] += 1
            case .connecting: connections[.connecting, default: 0] += 1
            case .closed, .stopped: break
            }
        }
        self.connections = connections
    }
}
