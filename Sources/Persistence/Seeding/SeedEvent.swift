/// What happens while seeding, for logs and progress lines.
package enum SeedEvent: Sendable {
    /// Another session has what this one needs: another seed its turn, or a writer one of the tables.
    case waiting(SeedLock.Holder?)
    /// Work has come so far: `done` of `total` steps of what `step` names.
    case progress(step: String, done: Int, total: Int)
    /// A row that is written, or would be; only when asked for, all before the first is written, by kind and key.
    case change(SeedChange)
    /// How many rows of each kind are about to be removed; before the first row is written, and never in a dry run.
    case removing([SeedKind: Int])
}
