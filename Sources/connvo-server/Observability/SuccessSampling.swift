internal import Synchronization

/// Decides which requests that got a token have an access line: at most so many in a second.
///
/// Decided before any text is made, without a lock and without a clock reading of its own, because nearly every request
/// comes here.
final class SuccessSampling: Sendable {
    private let lines: Atomic<Int>
    private let clockAhead: UInt64
    /// The second in the upper half and the requests in it in the lower half, so that one exchange changes both.
    private let window = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - limit: As ``limit``.
    ///   - clockAhead: What makes the time of day of an instant, in nanoseconds, so that a second is one of the lines' times.
    ///     A step of the clock shifts it: then a second of the log may hold lines of two, as many as ``limit`` each.
    init(limit: Int, clockAhead: UInt64 = 0) {
        lines = Atomic(limit)
        self.clockAhead = clockAhead
    }

    /// The most lines in a second: 0 for none, `Int.max` for one of each request. May be changed at any time.
    var limit: Int {
        get { lines.load(ordering: .relaxed) }
        set { lines.store(newValue, ordering: .relaxed) }
    }

    /// Whether a request has a line.
    ///
    /// - Parameter instant: When it was answered, in nanoseconds since any fixed instant.
    /// - Returns: How many requests of the second before had none, in the first line of a second, and 0 in the others;
    ///   nil when this one has none.
    func suppressedLines(at instant: UInt64) -> Int? {
        let limit = limit
        guard limit != .max else { return 0 }
        guard limit > 0 else { return nil }
        let second = (instant &+ clockAhead) / 1_000_000_000 & 0xFFFF_FFFF
        var seen = window.load(ordering: .relaxed)
        while true {
            let isNew = seen >> 32 != second
            let count = isNew ? 1 : seen & 0xFFFF_FFFF + 1
            let (exchanged, original) = window.compareExchange(
                expected: seen,
                desired: second << 32 | count,
                ordering: .relaxed
            )
            if exchanged {
                guard isNew else { return count <= limit ? 0 : nil }
                return max(0, Int(seen & 0xFFFF_FFFF) - limit)
            }
            seen = original
        }
    }
}
