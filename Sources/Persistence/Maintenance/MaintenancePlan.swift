package import Domain
internal import PostgreSQL

/// What maintenance has to do.
package struct MaintenancePlan: Hashable, Sendable {
    /// Partitions of the coming months that do not exist.
    package let partitions: [String]
    /// From when on rollups are behind; nil when they are not.
    package let rollupsFrom: Timestamp?
    /// The months, each by its first instant, in which rollups and records disagree.
    package var differingMonths: [Timestamp] = []
    package var expired: [Expired] = []
    package var detached: [Detached] = []

    /// A partition whose records are all older than what is kept.
    package struct Expired: Hashable, Sendable {
        package let name: String
        /// A DETACH CONCURRENTLY by hand was interrupted: it only has to be finished.
        package let isDetachPending: Bool
    }

    /// A partition that was detached, and is kept for a while in case that was a mistake.
    package struct Detached: Hashable, Sendable {
        package let name: String
        package let dropAfter: Timestamp
        /// Whether more months are kept now than when it was detached, and it is one of them.
        package let isKept: Bool
        package let isDue: Bool
    }

    init(partitions: [String], rollupsFrom: Timestamp?) {
        self.partitions = partitions
        self.rollupsFrom = rollupsFrom
    }

    /// Whether ``Maintainer/run(on:)`` would change anything.
    package var isEmpty: Bool {
        partitions.isEmpty && rollupsFrom == nil && differingMonths.isEmpty && expired.isEmpty
            && !detached.contains { $0.isDue }
    }
}

extension MaintenancePlan.Expired {
    /// Decodes the columns of ``MaintenanceStatements/expired``.
    init(_ row: Row) throws(DatabaseError) {
        self.init(name: try row.decode(0), isDetachPending: try row.decode(1))
    }
}

extension MaintenancePlan.Detached {
    /// Decodes the columns of ``MaintenanceStatements/detached``.
    init(_ row: Row) throws(DatabaseError) {
        self.init(
            name: try row.decode(0),
            dropAfter: try row.decode(1),
            isKept: try row.decode(2),
            isDue: try row.decode(3)
        )
    }
}
