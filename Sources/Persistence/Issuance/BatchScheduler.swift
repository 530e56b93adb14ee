internal import DequeModule
internal import Domain
internal import PostgreSQL

/// Decides which requests are taken, which of them share a batch, and which connection works on it.
///
/// Pure: events and the time go in, decisions come out; no lock, no clock, no thread. ``IssuanceEngine`` carries the
/// decisions out. Connections are the concern of the ``PoolStateMachine`` inside: a *slot* is one thread with at most
/// one connection.
///
/// An item is in one of these states:
/// - *queued*: it waits for a slot. A batch takes it, in the order of the queue, and it is in flight. Or it leaves the
///   scheduler: it has expired, or the queue is drained.
/// - *in flight*: a slot works on it. The slot delivers its outcome, which the scheduler does not see. Or the connection
///   breaks before the item is sent, and the item is queued again, before all others.
///
/// A queued item has *expired* when it has waited for ``BatchRules/maximumWait``, the time before an earlier batch
/// included, or when less than ``BatchRules/minimumTime`` is left until its deadline.
///
/// Slots rest while there is nothing to do, so an event that makes work available names a slot to wake. One wake-up is
/// enough: a slot that takes a batch and leaves work behind names the next one.
///
/// ```swift
/// switch scheduler.submit(item, from: caller, deadline: deadline, now: .now) {
/// case .queued(let wake): // signal that slot
/// case .overQuota, .refused: // the item was not taken
/// }
/// // On the thread of each slot:
/// let next = scheduler.nextAction(for: slot, now: .now)
/// ```
struct BatchScheduler<Item: Sendable>: Sendable {
    typealias Pool = PoolStateMachine
    typealias Instant = ContinuousClock.Instant

    /// What becomes of a submitted item.
    enum Submission: Equatable, Sendable {
        /// It waits. `wake` is the slot to wake, if any.
        case queued(wake: Int?)
        /// It is one too many of its user; another may be admitted in `retryAfter` seconds.
        case overQuota(retryAfter: Int64)
        case refused(IssuanceOutcome.Unavailability)
    }

    /// What a slot does next.
    enum WorkerAction: Sendable {
        /// Open a connection, then report ``connected(_:now:)`` or ``connectingFailed(_:now:)``.
        case connect
        /// Close the connection, then ask again.
        case disconnect
        /// Work on these items, then ask again or report ``disconnected(_:returning:now:)``.
        case work([Entry])
        /// Commit something, then ask again or report ``disconnected(_:returning:now:)`` or ``commitGivenUp(_:now:)``.
        case probeCommit
        /// Wait until woken, or until the instant.
        case rest(until: Instant?)
        /// Close the connection and end the thread.
        case stop
    }

    /// How the work of a slot has ended.
    enum LastWork: Sendable {
        /// No COMMIT was acknowledged, or there was no work.
        case none
        case committed
        /// The database ended the batch by the time limit of its statements.
        case tookTooLong
        /// The database refused the batch, or did not say whether it is recorded.
        case failed
    }

    /// The answer to a slot that asks for something to do.
    struct NextAction: Sendable {
        let action: WorkerAction
        /// Items with too little time left for the batch, which have left the queue. The slot may then have an empty
        /// batch to work on.
        var expired: [Item] = []
        /// Another slot to wake for what this one leaves, if any.
        var wake: Int?
    }

    /// What a look at the queue, made because time has passed, has found.
    struct Sweep: Sendable {
        /// Items that have expired and left the queue.
        let expired: [Item]
        /// The slot to wake for items that have gathered for long enough.
        let wake: Int?
        /// Whether no item waits and no more will be taken: there is nothing left to sweep.
        let isFinished: Bool
    }

    /// An item with the times that decide how long it may wait.
    struct Entry: Sendable {
        let item: Item
        /// When the caller is owed an outcome.
        let deadline: Instant
        /// When it came into the queue. When an entry comes back, this is moved by the time it was in flight.
        fileprivate(set) var since: Instant
        /// How long it had waited when a batch took it.
        fileprivate(set) var waited: Duration = .zero

        fileprivate func hasWaited(for duration: Duration, now: Instant) -> Bool {
            since.duration(to: now) >= duration
        }

        fileprivate func hasLeft(_ duration: Duration, now: Instant) -> Bool {
            now.duration(to: deadline) >= duration
        }

        fileprivate func hasExpired(by rules: BatchRules, now: Instant) -> Bool {
            hasWaited(for: rules.maximumWait, now: now) || !hasLeft(rules.minimumTime, now: now)
        }
    }

    private let rules: BatchRules
    /// The origin of the quota's times.
    private let origin: Instant
    private(set) var pool: Pool
    private var quota: QuotaWindow
    private var queue: Deque<Entry> = []
    private var control: QueueControl
    private var watch = DecisionWatch()
    private var sizing: BatchSizing
    /// The size of the batch that each slot works on; 0 for none.
    private var inFlight: [Int]
    /// When each slot took its last batch.
    private var lastTaken: [Instant]

    /// - Parameters:
    ///   - quotaLimit: The most requests of one user in a minute; 0 for no limit.
    ///   - origin: An instant before all others.
    init(rules: BatchRules, quotaLimit: Int, pool: Pool, origin: Instant) {
        self.rules = rules
        self.origin = origin
        self.pool = pool
        quota = QuotaWindow(limit: quotaLimit)
        control = QueueControl(rules: rules)
        sizing = BatchSizing(rules: rules)
        lastTaken = Array(repeating: origin, count: pool.slots.count)
        inFlight = Array(repeating: 0, count: pool.slots.count)
    }

    // MARK: Items

    /// The most requests of one user in a minute; 0 for no limit. A new limit counts for the next item.
    var quotaLimit: Int {
        get { quota.limit }
        set { quota.limit = newValue }
    }

    /// Takes an item of `user`, or refuses it. An item that the quota admitted counts, also when it is then refused.
    ///
    /// - Parameter deadline: When the caller is owed an outcome.
    mutating func submit(_ item: Item, from user: User.ID, deadline: Instant, now: Instant) -> Submission {
        if case .refused(let retryAfter) = quota.admit(user, at: origin.duration(to: now)) {
            return .overQuota(retryAfter: retryAfter)
        }
        if let reason = reasonToRefuse(now: now) {
            if reason == .databaseAway || control.isStuck(now: now) { watch.requested(now: now) }
            return .refused(reason)
        }
        watch.requested(now: now)
        queue.append(Entry(item: item, deadline: deadline, since: now))
        control.queued(now: now)
        return .queued(wake: slotToWake(now: now))
    }

    /// Takes back what the quota counted for an item of `user`, because the database knew of more requests.
    mutating func withdraw(_ user: User.ID) {
        quota.withdraw(user)
    }

    private mutating func reasonToRefuse(now: Instant) -> IssuanceOutcome.Unavailability? {
        if pool.isStopping { return .shuttingDown }
        if pool.hasBeenAway(for: rules.maximumWait, now: now) { return .databaseAway }
        if queue.count >= queueCapacity {
            control.refused()
            return .overloaded
        }
        return control.isStuck(now: now) ? .overloaded : nil
    }

    private var queueCapacity: Int {
        control.capacity(connections: pool.slots.count(where: \.hasConnection), batchSize: sizing.limit)
    }

    // MARK: Slots

    /// What `slot`, which has nothing to do, does next.
    ///
    /// - Parameter last: How what the slot did since it asked last has ended.
    mutating func nextAction(for slot: Int, last: LastWork = .none, now: Instant) -> NextAction {
        if inFlight[slot] > 0 {
            watch.ended(now: now)
            let took = lastTaken[slot].duration(to: now)
            switch last {
            case .committed:
                watch.acknowledged(inFlight[slot], now: now)
                sizing.acknowledged(size: inFlight[slot], took: took)
            case .tookTooLong:
                watch.failed(inFlight[slot], now: now)
                sizing.tookTooLong(size: inFlight[slot], took: took)
            case .failed: watch.failed(inFlight[slot], now: now)
            case .none: break
            }
        }
        inFlight[slot] = 0
        if last == .committed { pool.committed() }
        if pool.slots[slot].hasConnection { control.connectionIsFree() }
        switch pool.nextStep(for: slot, hasWork: isWorthABatch(now: now), now: now) {
        case .connect: return NextAction(action: .connect)
        case .disconnect: return NextAction(action: .disconnect, wake: slotToWake(now: now))
        case .rest(let instant): return NextAction(action: .rest(until: instant))
        case .stop: return NextAction(action: .stop)
        case .probeCommit: return NextAction(action: .probeCommit)
        case .work:
            let (batch, expired) = takeBatch(atMost: sizing.takeLimit(waiting: queue.count), now: now)
            control.batchTaken(leavesSome: !queue.isEmpty, now: now)
            inFlight[slot] = batch.count
            lastTaken[slot] = now
            return NextAction(action: .work(batch), expired: expired, wake: slotToWake(now: now))
        }
    }

    /// `slot` has a connection. Returns the slots to wake.
    mutating func connected(_ slot: Int, now: Instant) -> [Int] {
        control.connectionIsFree()
        return pool.connected(slot, now: now)
    }

    /// `slot` could not connect.
    mutating func connectingFailed(_ slot: Int, now: Instant) {
        pool.connectingFailed(slot, now: now)
    }

    /// The connection of `slot` is closed. `unsent` are items it had taken that are as if they had never been sent;
    /// they wait again, before all others, and the time they had waited before counts. Returns another slot to wake for
    /// what waits, if any.
    mutating func disconnected(_ slot: Int, returning unsent: [Entry], now: Instant) -> Int? {
        pool.disconnected(slot)
        batchFailed(of: slot, requests: inFlight[slot] - unsent.count, now: now)
        inFlight[slot] = 0
        for var entry in unsent.reversed() {
            entry.since = now.advanced(by: .zero - entry.waited)
            queue.prepend(entry)
            control.queued(now: now)
        }
        let wake = slotToWake(now: now)
        // `slot` itself asks for its next action anyway.
        return wake == slot ? nil : wake
    }

    /// The COMMIT of `slot` was given up, and the slot no longer has its connection. Returns another slot to wake for
    /// what waits, if any.
    mutating func commitGivenUp(_ slot: Int, now: Instant) -> Int? {
        pool.commitGivenUp(slot, now: now)
        batchFailed(of: slot, requests: inFlight[slot], now: now)
        inFlight[slot] = 0
        let wake = slotToWake(now: now)
        return wake == slot ? nil : wake
    }

    private mutating func batchFailed(of slot: Int, requests: Int, now: Instant) {
        guard inFlight[slot] > 0 else { return }
        watch.ended(now: now)
        watch.failed(max(0, requests), now: now)
    }

    /// The server has ended a COMMIT that was given up. Returns the slots to wake.
    mutating func abandonedCommitEnded() -> [Int] {
        pool.abandonedCommitEnded()
    }

    /// Whether what waits is worth a batch now.
    ///
    /// A batch costs PostgreSQL a fixed amount beside that of each request. Right after a large one was answered, its
    /// callers come back one by one: a free connection that took the first at once would spend that amount on it, and
    /// take it from the batch in flight. So it waits for as many as the largest in flight, for the end of that one,
    /// or for ``BatchRules/gatheringLimit``. Beside a lone request in flight, and beside none, nothing waits.
    private func isWorthABatch(now: Instant) -> Bool {
        guard let first = queue.first else { return false }
        if pool.isStopping { return true }
        let largest = inFlight.reduce(0, max)
        return queue.count >= largest || first.hasWaited(for: rules.gatheringLimit, now: now)
    }

    private func slotToWake(now: Instant) -> Int? {
        isWorthABatch(now: now) ? pool.slotToWake : nil
    }

    /// Takes the first of the queue. What has too little time left is no part of the batch, because the batch has the
    /// earliest deadline of its items.
    private mutating func takeBatch(atMost limit: Int, now: Instant) -> (batch: [Entry], expired: [Item]) {
        var batch: [Entry] = []
        var expired: [Item] = []
        batch.reserveCapacity(min(queue.count, limit))
        while batch.count < limit, var entry = queue.popFirst() {
            guard entry.hasLeft(rules.minimumTime, now: now) else {
                expired.append(entry.item)
                continue
            }
            entry.waited = entry.since.duration(to: now)
            batch.append(entry)
        }
        return (batch, expired)
    }

    // MARK: Time

    /// Takes out the items that have expired, also while every connection is stuck or none exists. Finds a slot for
    /// those that have gathered for long enough. To be called every 50 ms.
    mutating func sweep(now: Instant) -> Sweep {
        // Not only at the front: the deadlines are in no order.
        let rules = rules
        let expired = queue.filter { $0.hasExpired(by: rules, now: now) }.map(\.item)
        if !expired.isEmpty { queue.removeAll { $0.hasExpired(by: rules, now: now) } }
        return Sweep(
            expired: expired,
            wake: slotToWake(now: now),
            isFinished: isFinished
        )
    }

    // MARK: Life

    /// No more items are taken; those that wait are worked on. Every slot is to be woken.
    mutating func stop() {
        pool.stop()
    }

    /// Whether no item waits and no more will be taken.
    var isFinished: Bool { pool.isStopping && queue.isEmpty }

    /// Takes out all items that wait: once the slots have ended, no connection will come for them.
    mutating func drain() -> [Item] {
        defer { queue = [] }
        return queue.map(\.item)
    }

    /// Items that wait for a slot.
    var queueLength: Int { queue.count }

    /// What keeps items from being decided although some ask for it; nil when they are decided, or when none asks.
    func failure(now: Instant) -> DecisionWatch.Failure? {
        watch.failure(isWaiting: !queue.isEmpty || inFlight.contains { $0 > 0 }, now: now)
    }

    /// Whether an item submitted now has a prospect of being worked on.
    var isDatabaseReachable: Bool {
        !pool.isAway && pool.slots.contains(where: \.hasConnection)
    }
}
