package import Domain

/// What happens while a ``Maintainer`` works.
package enum MaintenanceEvent: Hashable, Sendable {
    /// Another maintainer or a migrator is at work; nil when it has gone meanwhile or cannot be seen.
    case waitingForLock(AdvisoryLock.Holder?)
    case partitionsMade([String])
    case rolledUp(until: Timestamp)
    case detached(String)
    /// Detached earlier, and not to be dropped yet.
    case kept(String, until: Timestamp)
    case dropped(String)
    /// A lock was not to be had; the next run tries again.
    case postponed(String)
}
