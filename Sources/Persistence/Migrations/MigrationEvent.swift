/// What happens while a ``Migrator`` works, for whoever watches.
package enum MigrationEvent: Hashable, Sendable {
    /// Another migrator is at work; nil when it has gone meanwhile or cannot be seen.
    case waitingForLock(MigrationLock.Holder?)
    case applying(Migration)
    case applied(Migration, took: Duration)
    /// Something the server said while `source`, a file, ran.
    case notice(Notice, source: String)
    /// Partitions that were made for the coming months.
    case partitionsMade([String])
}
