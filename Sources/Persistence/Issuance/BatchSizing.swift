/// Finds how many requests share a batch at most, so that a batch does not take longer than it must.
///
/// Most of what a batch costs is usually the same for one request and for a hundred, so batches are large. Where each
/// record takes its time (a trigger, a slow disk), a large batch makes all of its requests wait for each other and gains
/// little: then as many share one as take ``BatchRules/batchTarget`` by ``BatchCost``, or as many more as keep
/// ``BatchRules/leastThroughputOfSmaller``.
struct BatchSizing: Sendable {
    private let rules: BatchRules
    private var cost: BatchCost
    /// The most requests of a batch, but for one that is tried smaller.
    private(set) var limit: Int
    /// Whether the next batch is tried smaller, to tell what a request costs from what a batch costs.
    private var isTrialDue = false
    private var batchesSinceTrial = 0

    init(rules: BatchRules) {
        self.rules = rules
        cost = BatchCost(fullSize: rules.maximumBatchSize)
        limit = rules.maximumBatchSize
    }

    /// The most requests of the batch that is taken now.
    ///
    /// - Parameter waiting: How many requests wait.
    mutating func takeLimit(waiting: Int) -> Int {
        let smaller = max(limit / 2, 1)
        guard isTrialDue, waiting > smaller else { return limit }
        isTrialDue = false
        return smaller
    }

    /// A batch was acknowledged.
    ///
    /// - Parameters:
    ///   - size: How many requests it had.
    ///   - took: From when it was taken to the acknowledgement.
    mutating func acknowledged(size: Int, took: Duration) {
        let hasChanged = observe(size: size, took: took)
        // In steps: a single batch may have been short by chance.
        limit = min(fittingSize, limit * 2)
        planTrial(at: hasChanged)
    }

    /// The database ended a batch because it took too long. The next ones have at most half as many requests, also where
    /// requests seem to cost nothing: batches that all take too long decide none, for as long as the load lasts that fills
    /// them.
    ///
    /// - Parameters:
    ///   - size: How many requests it had.
    ///   - took: From when it was taken to its end.
    mutating func tookTooLong(size: Int, took: Duration) {
        let hasChanged = observe(size: size, took: took)
        limit = min(limit, fittingSize, max(size / 2, least))
        planTrial(at: hasChanged)
    }

    private mutating func observe(size: Int, took: Duration) -> Bool {
        guard size > 0, took > .zero else { return false }
        return cost.observe(size: Double(size), milliseconds: took / .milliseconds(1))
    }

    private var least: Int {
        min(rules.leastBatchLimit, rules.maximumBatchSize)
    }

    /// Whether most of the time of a full batch is that of its requests.
    private var requestsTakeTheTime: Bool {
        let most = Double(rules.maximumBatchSize)
        return cost.each * most >= rules.leastShareOfRequests * cost.milliseconds(of: most)
    }

    /// The most requests of which ``cost`` says that they should share a batch.
    private var fittingSize: Int {
        let most = Double(rules.maximumBatchSize)
        let full = cost.milliseconds(of: most)
        let target = rules.batchTarget / .milliseconds(1)
        // Where it is not the requests that take the time, smaller batches only decide less.
        guard full > target, requestsTakeTheTime else { return rules.maximumBatchSize }
        let fits = (target - cost.fixed) / cost.each
        // Requests in a millisecond: size / (fixed + each * size) is to be `pace` at least.
        let pace = rules.leastThroughputOfSmaller * most / full
        let keepsPace = pace * cost.fixed / (1 - pace * cost.each)
        return max(least, Int(min(most, max(fits, keepsPace))))
    }

    /// A batch of half the size is due when the cost has changed, and now and then while full batches take too long:
    /// batches of one size do not tell why. It is due sooner where requests take the time, and those that share a batch
    /// still take too long.
    private mutating func planTrial(at hasChanged: Bool) {
        let target = rules.batchTarget / .milliseconds(1)
        guard rules.leastBatchLimit < rules.maximumBatchSize,
            cost.milliseconds(of: Double(rules.maximumBatchSize)) > target
        else {
            isTrialDue = false
            return
        }
        batchesSinceTrial += 1
        let isTooLong = requestsTakeTheTime && limit > least && cost.milliseconds(of: Double(limit)) > 1.5 * target
        let pause = isTooLong ? rules.batchesBetweenTrialsOfLongOnes : rules.batchesBetweenTrials
        guard hasChanged || batchesSinceTrial >= pause else { return }
        batchesSinceTrial = 0
        isTrialDue = true
    }
}
