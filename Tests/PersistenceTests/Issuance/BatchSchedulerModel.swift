import Domain
import TestSupport

@testable import Persistence

/// What must hold of a ``BatchScheduler``, by the plainest bookkeeping of what callers and workers have seen.
struct BatchSchedulerModel {
    struct Violation: Error {
        let description: String
    }

    struct Waiting {
        let item: Int
        let deadline: TestInstant
        var since: TestInstant
        /// How long it had waited when a batch took it.
        var waited: Duration = .zero

        func hasTime(_ time: Duration, now: TestInstant) -> Bool {
            now.advanced(by: time) <= deadline
        }
    }

    private struct Admission {
        let at: TestInstant
        /// Whether it was taken back. The quota may go on counting it, which only makes it stricter.
        var isWithdrawn = false
    }

    let rules: BatchRules
    let quotaLimit: Int
    /// How much older a reading of the clock may be than one before it.
    let clockTolerance: Duration
    private(set) var queue: [Waiting] = []
    /// What each slot works on.
    var batches: [[Int]] { runningBatches.map { $0.map(\.item) } }
    private var runningBatches: [[Waiting]]
    /// The size of each slot's batch, until the slot reports.
    private var inFlight: [Int]
    private(set) var connections: [Bool]
    /// Since when connecting fails; nil while it works.
    private(set) var outageSince: TestInstant?
    private(set) var isStopping = false
    /// The batches so far: when, and whether more waited than they took, or would have without refusals.
    private var history: [(at: TestInstant, isTooSmall: Bool)] = []
    private var hasRefused = false
    /// Since when requests have come and no connection was free.
    private var stuckSince: TestInstant?
    private var admissions: [User.ID: [Admission]] = [:]
    /// How often each item that was taken was completed.
    private(set) var completions: [Int: Int] = [:]

    init(rules: BatchRules, quotaLimit: Int, slots: Int, clockTolerance: Duration) {
        self.rules = rules
        self.quotaLimit = quotaLimit
        self.clockTolerance = clockTolerance
        runningBatches = Array(repeating: [], count: slots)
        inFlight = Array(repeating: 0, count: slots)
        connections = Array(repeating: false, count: slots)
    }

    // MARK: Items

    typealias Submission = BatchScheduler<Int>.Submission

    mutating func submitted(
        _ item: Int,
        from user: User.ID,
        _ submission: Submission,
        deadline: TestInstant,
        now: TestInstant
    ) throws(Violation) {
        if case .overQuota(let retryAfter) = submission {
            try checkOverQuota(user, retryAfter: retryAfter, now: now)
            return
        }
        try checkAdmitted(user, now: now)
        let expected = reasonToRefuse(now: now)
        if expected == .overloaded, queue.count >= capacity { hasRefused = true }
        if case .refused(let reason) = submission {
            return try expect(reason == expected, "refused: \(reason), and not \(expected.map { "\($0)" } ?? "taken")")
        }
        try expect(expected == nil, "taken, and not refused: \(expected.map { "\($0)" } ?? "")")
        queue.append(Waiting(item: item, deadline: deadline, since: now))
        stuckSince = stuckSince ?? now
        completions[item] = 0
    }

    private func checkOverQuota(_ user: User.ID, retryAfter: Int64, now: TestInstant) throws(Violation) {
        let start = now.advanced(by: .zero - QuotaWindow.length - clockTolerance)
        let recent = admissions[user, default: []].count { $0.at > start }
        try expect(quotaLimit > 0 && recent >= quotaLimit, "over the quota of \(quotaLimit) with \(recent) admissions")
        try expect((1...61).contains(retryAfter), "retry after \(retryAfter)")
    }

    private mutating func checkAdmitted(_ user: User.ID, now: TestInstant) throws(Violation) {
        guard quotaLimit > 0 else { return }
        admissions[user, default: []].append(Admission(at: now))
        let start = now.advanced(by: .zero - QuotaWindow.length + clockTolerance)
        let recent = admissions[user, default: []].count { !$0.isWithdrawn && $0.at > start }
        try expect(recent <= quotaLimit, "\(recent) admissions in a minute, of \(quotaLimit)")
    }

    mutating func withdrawn(_ user: User.ID) {
        guard let last = admissions[user]?.lastIndex(where: { !$0.isWithdrawn }) else { return }
        admissions[user]?[last].isWithdrawn = true
    }

    private func reasonToRefuse(now: TestInstant) -> IssuanceOutcome.Unavailability? {
        if isStopping { return .shuttingDown }
        if let outageSince, !connections.contains(true), outageSince.duration(to: now) >= rules.maximumWait {
            return .databaseAway
        }
        if queue.count >= capacity { return .overloaded }
        if let stuckSince, stuckSince.duration(to: now) >= rules.maximumWait { return .overloaded }
        return nil
    }

    /// How many may wait: all batches so far, looked through from the first.
    private var capacity: Int {
        var standsSince: TestInstant?
        var overloadedAt: TestInstant?
        for batch in history {
            if batch.isTooSmall {
                standsSince = standsSince ?? batch.at
                let hasStood = standsSince.map { $0.duration(to: batch.at) >= rules.standingInterval } ?? false
                if hasStood || overloadedAt != nil { overloadedAt = batch.at }
            } else {
                standsSince = nil
                if let last = overloadedAt, last.duration(to: batch.at) >= rules.overloadMemory { overloadedAt = nil }
            }
        }
        guard overloadedAt != nil else { return rules.maximumQueueLength }
        let batches = max(connections.count { $0 }, 1)
        return min(batches * rules.maximumBatchSize, rules.maximumQueueLength)
    }

    /// The caller of `item` hears of an outcome.
    mutating func completed(_ item: Int) throws(Violation) {
        let count = completions[item, default: 0] + 1
        completions[item] = count
        try expect(count == 1, "item \(item) is completed \(count) times")
    }

    // MARK: Slots

    mutating func connected(_ slot: Int) {
        connections[slot] = true
        outageSince = nil
        stuckSince = nil
    }

    mutating func connectingFailed(_ slot: Int, now: TestInstant) {
        outageSince = outageSince ?? now
    }

    mutating func asks(_ slot: Int) {
        inFlight[slot] = 0
        if connections[slot] { stuckSince = nil }
    }

    mutating func closed(_ slot: Int) {
        connections[slot] = false
        inFlight[slot] = 0
    }

    mutating func disconnected(_ slot: Int, returning unsent: [Int], now: TestInstant) {
        closed(slot)
        let returned = runningBatches[slot].filter { unsent.contains($0.item) }.map { item in
            var item = item
            item.since = now.advanced(by: .zero - item.waited)
            return item
        }
        runningBatches[slot] = []
        queue.insert(contentsOf: returned, at: 0)
        if !returned.isEmpty { stuckSince = stuckSince ?? now }
    }

    mutating func begins(
        _ batch: [Int],
        expired: [Int],
        on slot: Int,
        now: TestInstant
    ) throws(Violation) {
        try expect(connections[slot], "slot \(slot) works without a connection")
        try expect(isWorthABatch(now: now), "slot \(slot) works on what is not worth a batch")
        try expect(batch.count <= rules.maximumBatchSize, "a batch of \(batch.count), above \(rules.maximumBatchSize)")
        let taken = queue.prefix(batch.count + expired.count)
        let inTime = taken.filter { $0.hasTime(rules.minimumTime, now: now) }
        try expect(batch == inTime.map(\.item), "a batch of \(batch), and not the first with time: \(inTime)")
        let late = taken.map(\.item).filter { !batch.contains($0) }
        try expect(expired == late, "\(expired) expire, and not \(late)")
        let isFull = batch.count == rules.maximumBatchSize || taken.count == queue.count
        try expect(isFull, "a batch of \(batch) leaves what it could take")
        queue.removeFirst(taken.count)
        runningBatches[slot] = inTime.map { item in
            var item = item
            item.waited = item.since.duration(to: now)
            return item
        }
        inFlight[slot] = batch.count
        history.append((now, !queue.isEmpty || hasRefused))
        hasRefused = false
        stuckSince = queue.isEmpty ? nil : now
        for item in expired { try completed(item) }
    }

    mutating func finished(_ slot: Int) {
        runningBatches[slot] = []
    }

    /// Whether a free connection must take what waits: decision 0011.
    func isWorthABatch(now: TestInstant) -> Bool {
        guard let first = queue.first else { return false }
        if isStopping { return true }
        return queue.count >= inFlight.max() ?? 0 || first.since.duration(to: now) >= rules.gatheringLimit
    }

    // MARK: Time and the end

    mutating func swept(_ expired: [Int], isFinished: Bool, now: TestInstant) throws(Violation) {
        let due = queue.filter {
            $0.since.duration(to: now) >= rules.maximumWait || !$0.hasTime(rules.minimumTime, now: now)
        }.map(\.item)
        try expect(expired == due, "\(expired) expire, and not \(due)")
        queue.removeAll { due.contains($0.item) }
        try expect(isFinished == (isStopping && queue.isEmpty), "sweeping is finished: \(isFinished)")
        for item in expired { try completed(item) }
    }

    mutating func stopped() {
        isStopping = true
    }

    mutating func drained(_ items: [Int]) throws(Violation) {
        try expect(items == queue.map(\.item), "\(items) are drained, and not \(queue.map(\.item))")
        queue = []
        for item in items { try completed(item) }
    }

    /// Every item that was taken waits, is worked on, or was completed once.
    func checkItems() throws(Violation) {
        let open = completions.count { $0.value == 0 }
        let known = queue.count + batches.reduce(0) { $0 + $1.count }
        try expect(open == known, "\(open) items are open, and \(known) wait or are worked on")
    }

    func expect(_ condition: Bool, _ what: @autoclosure () -> String) throws(Violation) {
        if !condition { throw Violation(description: what()) }
    }
}
