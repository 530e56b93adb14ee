/// Tells from the requests themselves whether the database decides any, which no look at it from outside shows: it may
/// answer every question and acknowledge no COMMIT, or refuse each record, or all but a few.
///
/// Two things are a failure. From the first request after the last acknowledged batch on, ``patience`` passes, and no batch
/// is acknowledged. Or of the requests whose batches ended within ``RecentOutcomes/span``, less than a tenth were recorded,
/// and not in one moment: on a full disk some batches still find room. The first lasts until a batch is acknowledged, the
/// second until half of the requests are recorded again. Both last only while requests come: load balancers send none to a
/// process that is not ready, so those that come after ``lull`` are a trial.
struct DecisionWatch: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum Failure: Equatable, Sendable {
        /// No request has been decided for so long.
        case noneDecided(Duration)
        /// Nearly no request has been recorded since then.
        case fewRecorded(Duration)
    }

    /// Probes notice a failure within two seconds.
    static let patience: Duration = .seconds(1)
    static let lull: Duration = .seconds(2)
    /// Fewer may all be at the same lock.
    static let leastRequests = 2
    /// Fewer say nothing about a share.
    static let leastOutcomes = 10
    /// One batch that fails is none yet.
    static let leastFailing: Duration = .milliseconds(500)
    /// A smaller share of requests that were recorded is a failure.
    static let failingShare = 0.1
    /// From this share on the failure is over. Larger than the other, so that readiness does not flap.
    static let recoveredShare = 0.5

    private var firstUndecided: Instant?
    private var undecided = 0
    private var recent = RecentOutcomes()
    private var failingSince: Instant?
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

    /// A batch of `count` requests was acknowledged.
    mutating func acknowledged(_ count: Int, now: Instant) {
        recent.add(recorded: count, failed: 0, now: now)
        if failingSince != nil {
            guard recent.recordedShare(now: now) >= Self.recoveredShare else { return }
            failingSince = nil
        }
        firstUndecided = nil
        undecided = 0
    }

    /// The database failed `count` requests of a batch: it refused them, or did not say whether they are recorded.
    mutating func failed(_ count: Int, now: Instant) {
        recent.add(recorded: 0, failed: count, now: now)
        guard failingSince == nil, recent.count(now: now) >= Self.leastOutcomes,
            recent.recordedShare(now: now) < Self.failingShare, recent.failingFor(now: now) >= Self.leastFailing
        else { return }
        failingSince = now
    }

    /// What is wrong; nil when requests are decided, or when none asks.
    ///
    /// - Parameter isWaiting: Whether a request waits or is worked on.
    func failure(isWaiting: Bool, now: Instant) -> Failure? {
        guard let lastActivity, isWaiting || lastActivity.duration(to: now) < Self.lull else { return nil }
        if let firstUndecided, undecided >= Self.leastRequests {
            let lasted = firstUndecided.duration(to: now)
            if lasted >= Self.patience { return .noneDecided(lasted) }
        }
        return failingSince.map { .fewRecorded($0.duration(to: now)) }
    }
}
