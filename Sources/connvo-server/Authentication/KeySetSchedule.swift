/// When a key set is read, and until when one that was read may be used. Pure: the time is handed in.
///
/// Moments are durations since any one origin, on a clock that never goes back.
struct KeySetSchedule: Sendable {
    struct Rules: Sendable {
        /// From a read that succeeded to the next.
        var refreshInterval: Duration
        /// From the first of several reads that failed to the next; doubled with each, up to ``longestRetry``.
        var firstRetry: Duration
        var longestRetry: Duration
        /// Up to this share of each interval is added or taken away at random, so that many servers do not read at once.
        var jitter: Double
        /// How long after the beginning of any read an unknown `kid` begins no other; nil when it never does.
        var cooldown: Duration?
        /// How long a set is used after it was read last.
        var staleLimit: Duration = .seconds(24 * 3600)

        /// A set is meant to be ten minutes old at most, so it is read again when it is eight.
        static let download = Rules(
            refreshInterval: .seconds(480),
            firstRetry: .seconds(1),
            longestRetry: .seconds(30),
            jitter: 0.1,
            cooldown: .seconds(30)
        )

        /// Looking costs next to nothing, so an unknown `kid` has nothing to add.
        static let file = Rules(
            refreshInterval: .seconds(2),
            firstRetry: .seconds(2),
            longestRetry: .seconds(2),
            jitter: 0
        )
    }

    enum Step: Equatable {
        /// Read now, then call ``end(succeeded:at:chance:)``.
        case read
        /// The set is too old to be used any longer.
        case expire
        case wait(until: Duration)
    }

    private let rules: Rules
    private var dueAt = Duration.zero
    private var isReading = false
    private var lastBeginning: Duration?
    private var lastSuccess: Duration?
    private var hasExpired = false
    private(set) var failuresInARow = 0

    init(_ rules: Rules) {
        self.rules = rules
    }

    /// What is to be done at `now`. The answer ``Step/read`` is given once: it is taken as the beginning of the read.
    mutating func next(at now: Duration) -> Step {
        if let expiry, expiry <= now {
            hasExpired = true
            return .expire
        }
        guard dueAt <= now else { return .wait(until: min(dueAt, expiry ?? dueAt)) }
        isReading = true
        lastBeginning = now
        return .read
    }

    /// Notes the end of a read.
    ///
    /// - Parameter chance: A random number in 0...1, which decides the jitter.
    mutating func end(succeeded: Bool, at now: Duration, chance: Double) {
        isReading = false
        let interval: Duration
        if succeeded {
            lastSuccess = now
            hasExpired = false
            failuresInARow = 0
            interval = rules.refreshInterval
        } else {
            failuresInARow += 1
            // Far more doublings than it takes to reach the longest, and too few to overflow.
            let doublings = min(failuresInARow - 1, 16)
            interval = min(rules.firstRetry * (1 << doublings), rules.longestRetry)
        }
        dueAt = now + interval * (1 + rules.jitter * (2 * chance - 1))
    }

    /// Notes that somebody named a key that the set does not have, and brings the next read forward unless the
    /// cooldown forbids it.
    ///
    /// - Returns: Whether a read is going on or about to begin, whose end is worth waiting for.
    mutating func noteUnknownKey(at now: Duration) -> Bool {
        guard let cooldown = rules.cooldown else { return false }
        if isReading || isDue(at: now) { return true }
        if let lastBeginning, now - lastBeginning < cooldown { return false }
        dueAt = now
        return true
    }

    func isDue(at now: Duration) -> Bool { dueAt <= now }

    /// The time since the set was read last, also after it has expired; nil when it never was.
    func age(at now: Duration) -> Duration? { lastSuccess.map { now - $0 } }

    private var expiry: Duration? { hasExpired ? nil : lastSuccess.map { $0 + rules.staleLimit } }
}
