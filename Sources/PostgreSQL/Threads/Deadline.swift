/// An instant of the monotonic clock at which a wait ends.
///
/// ```swift
/// let deadline = Deadline.after(.milliseconds(500))
/// ```
package struct Deadline: Hashable, Comparable, Sendable {
    package let instant: ContinuousClock.Instant

    package init(_ instant: ContinuousClock.Instant) {
        self.instant = instant
    }

    package static func after(_ duration: Duration) -> Deadline {
        Deadline(.now + duration)
    }

    /// A deadline that never passes (in 100 years), for commands that a person waits for and can interrupt.
    package static let never = Deadline(.now + .seconds(100 * 365 * 24 * 3600))

    package var hasPassed: Bool { instant <= .now }

    /// Negative when the deadline has passed.
    package var timeLeft: Duration { instant - .now }

    /// Blocks the calling thread for `longest`, or until the deadline when that is earlier.
    package func sleep(atMost longest: Duration) {
        pause(for: max(.zero, min(longest, instant - .now)))
    }

    /// The end of the first of `count` equal parts of the time that is left.
    func part(of count: Int) -> Deadline {
        let now = ContinuousClock.now
        return Deadline(now + (instant - now) / count)
    }

    /// The milliseconds left, rounded up, in the range of poll(2); 0 when the deadline has passed.
    package var millisecondsLeft: Int32 {
        let left = instant - .now
        guard left > .zero else { return 0 }
        return Int32(clamping: left.attoseconds / 1_000_000_000_000_000 + 1)
    }

    package static func < (left: Deadline, right: Deadline) -> Bool {
        left.instant < right.instant
    }
}
