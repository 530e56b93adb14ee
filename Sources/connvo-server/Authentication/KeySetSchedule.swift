/// Decides when to read a key set and how long a set may be used. A pure state machine: the time is a parameter.
///
/// Times are durations since one origin, on a clock that never goes back.
struct KeySetSchedule: Sendable {
    struct Rules: Sendable {
        /// From a successful read to the next read.
        var refreshInterval: Duration
        /// From the first failed read to the next; it doubles with each further failure, up to ``longestRetry``.
        var firstRetry: Duration
        var longestRetry: Duration
        /// The largest fraction of an interval that is added or subtracted at random, so that servers do not read at
        /// once.
        var jitter: Double
        /// After the start of a read, how long unknown `kid`s start no other; nil when they never start one.
        var cooldown: Duration?
        /// How long a set may be used after it was last read successfully.
        var staleLimit: Duration = .seconds(24 * 3600)

        /// A set should be at most ten minutes old, so it is read again after eight.
        static let download = Rules(
            refreshInterval: .seconds(480),
            firstRetry: .seconds(1),
            longestRetry: .seconds(30),
            jitter: 0.1,
            cooldown: .seconds(30)
        )

        /// A file is read so often that an unknown `kid` does not need to start a read.
        static let file = Rules(
            refreshInterval: .seconds(2),
            firstRetry: .seconds(2),
            longestRetry: .seconds(2),
            jitter: 0
        )
    }

    enum Action: Equatable {
        /// Read now, then call ``end(succeeded:at:chance:)``.
        case read
        /// The set is too old to be used.
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

    /// What to do at `now`. Returning ``Action/read`` starts a read, so it is returned once for each read.
    mutating func next(at now: Duration) -> Action {
        if let expiry, expiry <= now {
            hasExpired = true
            return .expire
        }
        guard dueAt <= now else { return .wait(until: min(dueAt, expiry ?? dueAt)) }
        isReading = true
        lastBeginning = now
        return .read
    }

    /// Notes the end of a read, whether it succeeded or not.
    ///
    /// - Parameter chance: A random number in 0...1, for the jitter.
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
            // Enough doublings to reach `longestRetry`, and too few to overflow.
            let doublings = min(failuresInARow - 1, 16)
            interval = min(rules.firstRetry * (1 << doublings), rules.longestRetry)
        }
        dueAt = now + interval * (1 + rules.jitter * (2 * chance - 1))
    }

    /// Notes that a token named a key that the set does not have, and makes a read due unless the cooldown forbids it.
    ///
    /// - Returns: Whether a read is running or due, so that the request should wait for it.
    mutating func noteUnknownKey(at now: Duration) -> Bool {
        guard let cooldown = rules.cooldown else { return false }
        if isReading || isDue(at: now) { return true }
        if let lastBeginning, now - lastBeginning < cooldown { return false }
        dueAt = now
        return true
    }

    func isDue(at now: Duration) -> Bool { dueAt <= now }

    /// The time since the last successful read, whether the set has expired or not; nil before the first.
    func age(at now: Duration) -> Duration? { lastSuccess.map { now - $0 } }

    private var expiry: Duration? { hasExpired ? nil : lastSuccess.map { $0 + rules.staleLimit } }
}
