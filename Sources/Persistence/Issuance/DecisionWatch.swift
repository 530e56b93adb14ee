/// Tells from the requests themselves whether the database decides any, which no look at it from outside shows: it may
/// answer every question and acknowledge no COMMIT, or refuse each record.
///
/// From the first request after the last acknowledged batch on, ``patience`` may pass. Then none is being decided, until a
/// batch is acknowledged, or until no request has come or waited for ``lull``: load balancers send none to a process that
/// is not ready, so the next ones are a trial.
struct DecisionWatch: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Probes notice a failure within two seconds.
    static let patience: Duration = .seconds(1)
    static let lull: Duration = .seconds(2)
    /// Fewer may all be at the same lock.
    static let leastRequests = 2

    private var firstUndecided: Instant?
    private var undecided = 0
    private var lastActivity: Instant?

    /// A request has come, and waits or was turned away for the database's sake.
    mutating func requested(now: Instant) {
        firstUndecided = firstUndecided ?? now
        undecided += 1
        lastActivity = now
    }

    /// A batch has ended, in whatever way.
    mutating func ended(now: Instant) {
        lastActivity = now
    }

    /// A batch was acknowledged.
    mutating func decided() {
        firstUndecided = nil
        undecided = 0
    }

    /// How long no request has been decided; nil when some were, or when none asks.
    ///
    /// - Parameter isWaiting: Whether a request waits or is worked on.
    func failure(isWaiting: Bool, now: Instant) -> Duration? {
        guard let firstUndecided, let lastActivity, undecided >= Self.leastRequests else { return nil }
        let lasted = firstUndecided.duration(to: now)
        guard lasted >= Self.patience, isWaiting || lastActivity.duration(to: now) < Self.lull else { return nil }
        return lasted
    }
}
