/// How many requests were recorded, and how many failed, within the last second.
struct RecentOutcomes: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// What is older does not count, to within the length of a part.
    static let span: Duration = .seconds(1)
    private static let parts = 8

    private struct Part: Sendable {
        /// Counted from ``origin``, in eighths of ``span``.
        var number = -1
        var recorded = 0
        var failed = 0
    }

    /// Any instant: the first that is noted.
    private var origin: Instant?
    private var ring = Array(repeating: Part(), count: Self.parts)

    mutating func add(recorded: Int, failed: Int, now: Instant) {
        let number = number(of: now)
        if origin == nil { origin = now }
        let index = number % Self.parts
        if ring[index].number != number { ring[index] = Part(number: number) }
        ring[index].recorded += recorded
        ring[index].failed += failed
    }

    /// How many requests there were.
    func count(now: Instant) -> Int {
        let (recorded, failed) = sums(now: now)
        return recorded + failed
    }

    /// The share of them that was recorded, from 0 to 1; 1 without any.
    func recordedShare(now: Instant) -> Double {
        let (recorded, failed) = sums(now: now)
        return recorded + failed == 0 ? 1 : Double(recorded) / Double(recorded + failed)
    }

    /// For how long requests have failed, of those that count; zero where none has.
    func failingFor(now: Instant) -> Duration {
        let last = number(of: now)
        let first = ring.filter { $0.failed > 0 && $0.number > last - Self.parts }.map(\.number).min()
        return first.map { Self.span / Self.parts * (last - $0) } ?? .zero
    }

    private func sums(now: Instant) -> (recorded: Int, failed: Int) {
        let last = number(of: now)
        var sums = (recorded: 0, failed: 0)
        for part in ring where part.number >= 0 && part.number > last - Self.parts {
            sums.recorded += part.recorded
            sums.failed += part.failed
        }
        return sums
    }

    private func number(of instant: Instant) -> Int {
        guard let origin else { return 0 }
        return max(0, Int(origin.duration(to: instant) / Self.span * Double(Self.parts)))
    }
}
