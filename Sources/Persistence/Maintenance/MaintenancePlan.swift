package import Domain
internal import PostgreSQL

/// What maintenance has to do.
package struct MaintenancePlan: Hashable, Sendable {
    /// Partitions of the coming months that do not exist.
    package let partitions: [String]
    /// From when on rollups are behind; nil when they are not.
    package let rollupsFrom: Timestamp?
    package var expired: [Expired] = []
    package var detached: [Detached] = []

    /// A partition whose records are all older than what is kept.
    package struct Expired: Hashable, Sendable {
        package let name: String
        /// An earlier DETACH was interrupted: it only has to be finished.
        package let isDetachPending: Bool
        /// What detaches it, or finishes that; outside a transaction.
        let detach: Statement
    }

    /// A partition that was detached, and is kept for a while in case that was a mistake.
    package struct Detached: Hashable, Sendable {
        package let name: String
        package let dropAfter: Timestamp
        package let isDue: Bool
    }

    init(partitions: [String], rollupsFrom: Timestamp?) {
        self.partitions = partitions
        self.rollupsFrom = rollupsFrom
    }

    /// Whether ``Maintainer/run(on:)`` would change anything.
    package var isEmpty: Bool {
        partitions.isEmpty && rollupsFrom == nil && expired.isEmpty && !detached.contains { $0.isDue }
    }
}

extension MaintenancePlan.Expired {
    /// Decodes the columns of ``MaintenanceStatements/expired``.
    init(_ row: Row) throws(DatabaseError) {
        name = try row.decode(0)
        isDetachPending = try row.decode(1)
        // The server tells names of statements apart by their first 63 bytes.
        let verb = isDetachPending ? "finalize" : "detach"
        detach = Statement("maintain.\(verb).\(name)", try row.decode(2))
    }
}

extension MaintenancePlan.Detached {
    /// Decodes the columns of ``MaintenanceStatements/detached``.
    init(_ row: Row) throws(DatabaseError) {
        self.init(name: try row.decode(0), dropAfter: try row.decode(1), isDue: try row.decode(2))
    }
}
