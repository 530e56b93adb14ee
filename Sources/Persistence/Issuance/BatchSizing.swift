/// Finds how many requests share a batch at most, so that a batch does not take longer than it must.
///
/// Most of what a batch costs is usually the same for one request and for a hundred, so batches are large. Where each
/// record takes its time (a trigger, a slow disk), a large batch makes all of its requests wait for each other and gains
/// little. While full batches take longer than ``BatchRules/batchTarget``, one is tried smaller, and all become so where
/// it decided nearly as many requests a second.
struct BatchSizing: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// One batch that is smaller than the others.
    private struct Trial {
        let size: Int
        /// The longest that it may take. Half of what is left out must be gained, or the size is not what takes the time.
        let longest: Duration
        let decidedBy: Instant
        var isTaken = false
    }

    private let rules: BatchRules
    /// The most requests of a batch, but for one that is tried smaller.
    private(set) var limit: Int
    private var trial: Trial?
    /// Requests a second that full batches decided before they were made smaller, on one connection.
    private var reference: Double?
    /// Until when no smaller size is tried, because the last one decided less.
    private var heldUntil: Instant?

    init(rules: BatchRules) {
        self.rules = rules
        limit = rules.maximumBatchSize
    }

    /// The most requests of the batch that is taken now.
    mutating func takeLimit() -> Int {
        guard let trial, !trial.isTaken else { return limit }
        self.trial?.isTaken = true
        return trial.size
    }

    /// A batch was acknowledged.
    ///
    /// - Parameters:
    ///   - size: How many requests it had.
    ///   - limit: What ``takeLimit()`` was for it.
    ///   - took: From then to the acknowledgement; more than zero.
    mutating func acknowledged(size: Int, limit: Int, took: Duration, now: Instant) {
        // Only full batches are as large as they are because of the limit.
        guard size == limit, took > .zero else { return }
        let throughput = Double(size) / (took / .seconds(1))
        if let trial, trial.isTaken, trial.size == size {
            self.trial = nil
            if took <= trial.longest, throughput >= (reference ?? 0) * rules.leastThroughputOfSmaller {
                self.limit = size
            } else {
                heldUntil = now.advanced(by: rules.batchSizeMemory)
            }
        } else if limit == self.limit {
            if took > rules.batchTarget {
                trySmaller(than: size, throughput: throughput, took: took, now: now)
            } else if took + took + took < rules.batchTarget {
                self.limit = min(size * 2, rules.maximumBatchSize)
                reference = nil
            }
        }
    }

    /// The database ended a batch because it took too long. Nothing was decided, so no trial is needed: the next ones have
    /// half as many requests. Batches that all took too long would decide none for as long as the load lasts.
    ///
    /// - Parameter size: How many requests it had.
    mutating func tookTooLong(size: Int) {
        let smaller = max(size / 2, min(rules.leastBatchLimit, rules.maximumBatchSize))
        guard smaller < limit else { return }
        limit = smaller
        trial = nil
        reference = nil
        heldUntil = nil
    }

    private mutating func trySmaller(than size: Int, throughput: Double, took: Duration, now: Instant) {
        if let heldUntil, now < heldUntil { return }
        // A trial that was not full, or that failed, is not heard of.
        if let trial, now < trial.decidedBy { return }
        // The first time at once where it would be short enough. If that was too small, half next time.
        let wanted = heldUntil == nil ? Int(Double(size) * (rules.batchTarget / took)) : size / 2
        let smaller = max(wanted, min(rules.leastBatchLimit, rules.maximumBatchSize))
        guard smaller < size else { return }
        // What the database can do may have changed since the last hold.
        if heldUntil != nil { reference = nil }
        reference = reference ?? throughput
        trial = Trial(
            size: smaller,
            longest: took * (Double(size + smaller) / Double(2 * size)),
            decidedBy: now.advanced(by: took + took + took)
        )
    }
}
