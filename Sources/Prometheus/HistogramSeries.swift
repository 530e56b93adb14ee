internal import CoreMetrics
internal import Synchronization

/// Observations, counted in buckets. A timer's are seconds.
///
/// Under a lock, so that a scrape never sees a count without its bucket.
final class HistogramSeries: RecorderHandler, TimerHandler {
    struct Snapshot: Sendable {
        /// The upper bounds of all buckets but the last, which has none.
        let bounds: [Double]
        /// Of each bucket alone.
        var counts: [Int64]
        var sum: Double = 0
    }

    private let state: Mutex<Snapshot>

    /// - Parameter bounds: Rising.
    init(bounds: [Double]) {
        state = Mutex(Snapshot(bounds: bounds, counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func snapshot() -> Snapshot { state.withLock { $0 } }

    func record(_ value: Double) {
        // It has no bucket, and would make the sum useless for ever.
        guard !value.isNaN else { return }
        state.withLock { state in
            var bucket = 0
            while bucket < state.bounds.count, value > state.bounds[bucket] { bucket += 1 }
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    func record(_ value: Int64) { record(Double(value)) }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
