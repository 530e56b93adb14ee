/// Finds how many requests share a batch at most, so that a batch does not take longer than it must.
///
/// Most of what a batch costs is usually the same for one request and for a hundred, so batches are large. Where each
/// record takes its time (a trigger, a slow disk), a large batch makes all of its requests wait for each other and gains
/// nothing. Full batches that take longer than ``BatchRules/batchTarget`` are therefore tried smaller, and stay smaller
/// where as many requests a second are decided; otherwise they are as large as before.
struct BatchSizing: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A larger size, and what full batches of it decided, that a smaller one is compared with.
    private struct Trial {
        let from: Int
        let throughput: Double
    }

    private let rules: BatchRules
    /// The most requests of a batch.
    private(set) var limit: Int
    private var trial: Trial?
    /// Until when no smaller size is tried, because the last one decided less.
    private var heldUntil: Instant?

    init(rules: BatchRules) {
        self.rules = rules
        limit = rules.maximumBatchSize
    }

    /// A batch was acknowledged.
    ///
    /// - Parameters:
    ///   - size: How many requests it had.
    ///   - limit: What ``limit`` was when it was taken.
    ///   - took: From then to the acknowledgement; more than zero.
    mutating func acknowledged(size: Int, limit: Int, took: Duration, now: Instant) {
        // Only full batches are as large as they are because of the limit, and each change waits for its own.
        guard size == limit, limit == self.limit, took > .zero else { return }
        let throughput = Double(size) / (took / .seconds(1))
        if let trial, trial.from > size {
            self.trial = nil
            if throughput < trial.throughput * rules.leastThroughputOfSmaller {
                self.limit = trial.from
                heldUntil = now.advanced(by: rules.batchSizeMemory)
                return
            }
        }
        if took > rules.batchTarget {
            shrink(from: size, throughput: throughput, took: took, now: now)
        } else if took + took + took < rules.batchTarget, size < rules.maximumBatchSize {
            self.limit = min(size * 2, rules.maximumBatchSize)
        }
    }

    private mutating func shrink(from size: Int, throughput: Double, took: Duration, now: Instant) {
        if let heldUntil, now < heldUntil { return }
        // The first time at once to where it would be short enough. If that was too small, half next time.
        let wanted = heldUntil == nil ? Int(Double(size) * (rules.batchTarget / took)) : size / 2
        let smaller = max(wanted, min(rules.leastBatchLimit, rules.maximumBatchSize))
        guard smaller < size else { return }
        trial = Trial(from: size, throughput: throughput)
        limit = smaller
    }
}
