internal import PostgreSQL

/// What holds for all steps of one `migrate up`.
struct MigrationRun: Sendable {
    let session: AdministrativeSession
    /// Whether the session has the advisory lock; otherwise another one has its substitute.
    let holdsLock: Bool
    /// Whether steps run as connvo_owner.
    let becomesOwner: Bool
    /// Whether the server can find out that a client has gone.
    let watchesClient: Bool
    /// Says what a file waits for; nil when no file is run, or when there could be none.
    var watch: BlockerWatch?
}
