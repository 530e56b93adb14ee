package import Domain

/// What happens while a ``Maintainer`` works.
package enum MaintenanceEvent: Hashable, Sendable {
    /// Another maintainer or a migrator is at work; nil when it has gone meanwhile or cannot be seen.
    case waitingForLock(AdvisoryLock.Holder?)
    /// A login that may neither migrate nor maintain has the lock. Maintenance goes on without it.
    case lockIgnored(AdvisoryLock.Holder)
    case partitionsMade([String])
    case rolledUp(until: Timestamp)
    /// Among the records of that time, which were rolled up, so many faults that the server does not make:
    /// `reporting.record_faults_v1` lists them.
    case recordFaults(Int64, from: Timestamp, until: Timestamp)
    /// Rollups of the month that begins then disagreed with the records, in so many hours, days or months.
    case recomputed(month: Timestamp, differences: Int64)
    /// Nil for one whose detach was begun by hand, which is not counted and never dropped.
    case detached(String, DetachedRecords?)
    /// Detached by maintenance earlier, and attached or unmarked by hand since: it is never dropped. Nil when it cannot be
    /// told whether its records are those that were detached.
    case released(String, isAltered: Bool?)
    /// Detached earlier, and not to be dropped yet.
    case kept(String, until: Timestamp)
    /// Detached earlier, and within what is kept now.
    case spared(String)
    case dropped(String)
    /// A lock was not to be had; the next run tries again. `heldBy` names the sessions that had it.
    case postponed(String, heldBy: String?)
}

/// What a partition held when it was detached: a note outside the database of what `attach_partition` compares.
package struct DetachedRecords: Hashable, Sendable {
    package let count: Int64
    /// Of `connvo.record_checksum`.
    package let checksum: String
}
