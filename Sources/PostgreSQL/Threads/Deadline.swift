/// A moment on the monotonic clock after which waiting is given up.
package struct Deadline: Hashable, Comparable, Sendable {
    package let instant: ContinuousClock.Instant

    package init(_ instant: ContinuousClock.Instant) {
        self.instant = instant
    }

    package static func after(_ duration: Duration) -> Deadline {
        Deadline(.now + duration)
    }

    /// So far away that nothing reaches it: for commands that a person waits for and can interrupt.
    package static let never = Deadline(.now + .seconds(100 * 365 * 24 * 3600))

    package var hasPassed: Bool { instant <= .now }

    /// Blocks the calling thread, until the deadline at the latest.
    package func sleep(atMost longest: Duration) {
        pause(for: max(.zero, min(longest, instant - .now)))
    }

    /// The moment at which one of `count` equal parts of the time left will have passed.
    func part(of count: Int) -> Deadline {
        let now = ContinuousClock.now
        return Deadline(now + (instant - now) / count)
    }

    /// Milliseconds left, rounded up, in the range that poll(2) takes; 0 once the deadline has passed.
    var millisecondsLeft: Int32 {
        let left = instant - .now
        guard left > .zero else { return 0 }
        return Int32(clamping: Int64(left / .milliseconds(1)) + 1)
    }

    package static func < (left: Deadline, right: Deadline) -> Bool {
        left.instant < right.instant
    }
}
