package import PostgreSQL

/// What happens while a ``Migrator`` works.
package enum MigrationEvent: Hashable, Sendable {
    /// Another migrator is at work; nil when it has gone meanwhile or cannot be seen.
    case waitingForLock(AdvisoryLock.Holder?)
    /// A login that may neither migrate nor maintain has the lock. A table lock takes its place.
    case lockIgnored(AdvisoryLock.Holder)
    case applying(Migration)
    /// Nothing of the file was applied, because a lock could not be had; it is tried again after `pause`.
    case retrying(Migration, attempt: Int, of: Int, pause: Duration, holders: [LockHolder])
    /// As `retrying`, for roles.sql and for partitions.
    case retryingStep(String, attempt: Int, of: Int, pause: Duration)
    case applied(Migration, took: Duration)
    /// A run that was interrupted had done all that the file does, and only its record was missing.
    case foundApplied(Migration)
    /// An INVALID index is dropped, which an earlier run of the file has left.
    case droppingRemnant(index: String, Migration)
    /// An INVALID index is rebuilt, or dropped, by this statement.
    case repairing(InvalidIndex, statement: String)
    /// An INVALID index that is still there at the end.
    case invalidIndex(InvalidIndex)
    /// Something the server said while `source`, a file, ran.
    case notice(Notice, source: String)
    /// Partitions that were made for the coming months.
    case partitionsMade([String])
    /// The tables in which the migrator keeps its records were made.
    case recordsMade
    /// Something that roles.sql changed, as the statement that did it.
    case rolesChanged(String)
}
