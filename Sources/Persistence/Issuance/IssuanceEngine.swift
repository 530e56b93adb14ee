internal import DequeModule
internal import Domain
package import PostgreSQL
internal import Synchronization

/// Decides requests and records the decisions, many in one transaction.
///
/// Requests queue; a connection that is free takes all that waits, so a batch is one request under low load and grows
/// with it. Beside a batch in flight another is begun only when it is worth its own cost: see ``isWorthABatch``. Callers
/// hear of a decision only after the COMMIT of its record was acknowledged.
package final class IssuanceEngine: Sendable {
    private struct State: Sendable {
        var pool: PoolStateMachine<ContinuousClock.Instant>
        var queue: Deque<Waiting> = []
        var quota: QuotaWindow
        /// The size of the batch that each slot works on; 0 for none.
        var inFlight: [Int]
    }

    private struct Waiting: Sendable {
        let pending: PendingIssuance
        let since: ContinuousClock.Instant
    }

    private let configuration: IssuanceConfiguration
    /// The origin of the quota's times.
    private let epoch = ContinuousClock.now
    private let report: @Sendable (IssuanceEvent) -> Void
    private let state: Mutex<State>
    /// One for each slot, and one more for the sweeper.
    private let wakeDescriptors: [WakeDescriptor]
    private let sweeperWake: WakeDescriptor
    private let threads = Mutex<[DedicatedThread]>([])

    /// - Throws: ``DatabaseError`` when the process has no descriptors left.
    package init(
        _ configuration: IssuanceConfiguration,
        report: @escaping @Sendable (IssuanceEvent) -> Void
    ) throws(DatabaseError) {
        self.configuration = configuration
        self.report = report
        var wakeDescriptors: [WakeDescriptor] = []
        for _ in 0..<configuration.poolSize { wakeDescriptors.append(try WakeDescriptor()) }
        self.wakeDescriptors = wakeDescriptors
        sweeperWake = try WakeDescriptor()
        state = Mutex(
            State(
                pool: PoolStateMachine(size: configuration.poolSize) { Double.random(in: 0..<1) },
                quota: QuotaWindow(limit: configuration.requestsPerMinute),
                inFlight: Array(repeating: 0, count: configuration.poolSize)
            )
        )
    }

    // MARK: Life

    /// Starts the threads, which connect at once.
    ///
    /// - Throws: ``DatabaseError`` when the system gives no thread.
    package func start() throws(DatabaseError) {
        for slot in 0..<configuration.poolSize {
            let thread = try DedicatedThread(name: "issuance-\(slot)") { [self] in
                IssuanceWorker(
                    slot: slot,
                    engine: self,
                    configuration: configuration,
                    wake: wakeDescriptors[slot],
                    report: report
                )
                .run()
            }
            threads.withLock { $0.append(thread) }
        }
        let sweeper = try DedicatedThread(name: "issuance-sweep") { [self] in sweep() }
        threads.withLock { $0.append(sweeper) }
    }

    /// Takes no more requests, answers all that wait, closes the connections and ends the threads.
    ///
    /// Blocks until then: call it from a thread that may wait.
    package func stop() {
        state.withLock { $0.pool.stop() }
        for wake in wakeDescriptors { wake.signal() }
        sweeperWake.signal()
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        // The sweeper, which is the last, ends once nothing waits; until the workers have ended something may come back.
        for thread in threads.dropLast() { thread.join() }
        turnAway(state.withLock { state in takeAll(&state) }, because: .shuttingDown)
        sweeperWake.signal()
        threads.last?.join()
    }

    /// Whether a request made now has a prospect of being answered.
    package var isDatabaseReachable: Bool {
        state.withLock { !$0.pool.isAway && $0.pool.slots.contains(where: \.hasConnection) }
    }

    // MARK: Requests

    /// Takes a request. Its completion is called later, never from inside this call.
    ///
    /// - Returns: Nil when it was taken; otherwise the outcome, `rateLimited` or `unavailable`, and nothing more will come.
    package func submit(_ pending: PendingIssuance) -> IssuanceOutcome? {
        let now = ContinuousClock.now
        let (refusal, wake) = state.withLock { state -> (IssuanceOutcome?, Int?) in
            let user = pending.request.admission.callerID
            if case .refused(let retryAfter) = state.quota.admit(user, at: epoch.duration(to: now)) {
                return (.rateLimited(limit: configuration.requestsPerMinute, retryAfter: retryAfter), nil)
            }
            if let reason = reasonToRefuse(state, now: now) { return (.unavailable(reason), nil) }
            state.queue.append(Waiting(pending: pending, since: now))
            return (nil, slotToWake(state, now: now))
        }
        if case .unavailable(let reason) = refusal { report(.turnedAway(reason, count: 1)) }
        if let wake { wakeDescriptors[wake].signal() }
        return refusal
    }

    private func reasonToRefuse(
        _ state: borrowing State,
        now: ContinuousClock.Instant
    ) -> IssuanceOutcome.Unavailability? {
        if state.pool.isStopping { return .shuttingDown }
        if state.pool.hasBeenAway(for: configuration.maximumWait, now: now) { return .databaseAway }
        if state.queue.count >= configuration.maximumQueueLength { return .overloaded }
        if let first = state.queue.first, now - first.since > configuration.sheddingWait { return .overloaded }
        return nil
    }

    // MARK: Workers

    enum Step {
        case connect
        case disconnect
        case work([PendingIssuance])
        case rest(until: ContinuousClock.Instant?)
        case stop
    }

    /// What `slot` does next, with the batch when that is work.
    func nextStep(for slot: Int) -> Step {
        let (step, wake) = state.withLock { state -> (Step, Int?) in
            let now = ContinuousClock.now
            state.inFlight[slot] = 0
            let hasWork = isWorthABatch(state, now: now)
            switch state.pool.nextStep(for: slot, hasWork: hasWork, now: now) {
            case .connect: return (.connect, nil)
            case .disconnect: return (.disconnect, slotToWake(state, now: now))
            case .rest(let instant): return (.rest(until: instant), nil)
            case .stop: return (.stop, nil)
            case .work:
                let batch = takeBatch(&state)
                state.inFlight[slot] = batch.count
                return (.work(batch), slotToWake(state, now: now))
            }
        }
        if let wake { wakeDescriptors[wake].signal() }
        return step
    }

    func connected(_ slot: Int) {
        let woken = state.withLock { $0.pool.connected(slot, now: .now) }
        for slot in woken { wakeDescriptors[slot].signal() }
    }

    func connectingFailed(_ slot: Int) {
        state.withLock { $0.pool.connectingFailed(slot, now: .now) }
    }

    /// The connection of `slot` is closed. `unsent` are requests it had taken that are as if they had never been sent;
    /// they wait again, before all others.
    func disconnected(_ slot: Int, returning unsent: [PendingIssuance] = []) {
        let wake = state.withLock { state -> Int? in
            state.pool.disconnected(slot)
            state.inFlight[slot] = 0
            let now = ContinuousClock.now
            state.queue.prepend(contentsOf: unsent.map { Waiting(pending: $0, since: now) })
            return slotToWake(state, now: now)
        }
        if let wake, wake != slot { wakeDescriptors[wake].signal() }
    }

    /// Whether what waits is worth a batch now.
    ///
    /// A batch costs PostgreSQL a fixed amount beside that of each request. Right after a large one was answered, its
    /// callers come back one by one: a free connection that took the first at once would spend that amount on it, and
    /// take it from the batch in flight. So it waits for as many as the largest in flight, for the end of that one,
    /// or for ``IssuanceConfiguration/gatheringLimit``. Beside a lone request in flight, and beside none, nothing waits.
    private func isWorthABatch(_ state: borrowing State, now: ContinuousClock.Instant) -> Bool {
        guard let first = state.queue.first else { return false }
        if state.pool.isStopping { return true }
        let largest = state.inFlight.reduce(0, max)
        return state.queue.count >= largest || now - first.since >= configuration.gatheringLimit
    }

    private func slotToWake(_ state: borrowing State, now: ContinuousClock.Instant) -> Int? {
        isWorthABatch(state, now: now) ? state.pool.slotToWake : nil
    }

    private func takeBatch(_ state: inout State) -> [PendingIssuance] {
        let count = min(state.queue.count, configuration.maximumBatchSize)
        let batch = state.queue.prefix(count).map(\.pending)
        state.queue.removeFirst(count)
        return batch
    }

    // MARK: The sweeper

    /// Refuses requests that have waited too long, also while every connection is stuck or none exists, and gives a
    /// free connection what has gathered for long enough.
    private func sweep() {
        while true {
            sweeperWake.wait(until: .after(.milliseconds(50)))
            let (expired, wake, isDone) = state.withLock { state -> ([PendingIssuance], Int?, Bool) in
                let now = ContinuousClock.now
                let expired = takeExpired(&state, now: now)
                return (expired, slotToWake(state, now: now), state.pool.isStopping && state.queue.isEmpty)
            }
            if let wake { wakeDescriptors[wake].signal() }
            turnAway(expired, because: .waitedTooLong)
            if isDone { return }
        }
    }

    private func takeExpired(_ state: inout State, now: ContinuousClock.Instant) -> [PendingIssuance] {
        // Not only at the front: requests that came back stand there, and began to wait anew.
        let expired = state.queue.filter { now - $0.since >= configuration.maximumWait }.map(\.pending)
        if !expired.isEmpty { state.queue.removeAll { now - $0.since >= configuration.maximumWait } }
        return expired
    }

    private func takeAll(_ state: inout State) -> [PendingIssuance] {
        defer { state.queue = [] }
        return state.queue.map(\.pending)
    }

    private func turnAway(_ requests: [PendingIssuance], because reason: IssuanceOutcome.Unavailability) {
        guard !requests.isEmpty else { return }
        report(.turnedAway(reason, count: requests.count))
        complete(requests.map { IssuanceCompletion(pending: $0, outcome: .unavailable(reason)) })
    }

    /// Takes back what the quota counted for requests that turned out to be one too many.
    func withdraw(_ rateLimited: [PendingIssuance]) {
        state.withLock { state in
            for pending in rateLimited { state.quota.withdraw(pending.request.admission.callerID) }
        }
    }

    /// Hands completions over, by one call for each queue.
    func complete(_ completions: [IssuanceCompletion]) {
        // There are as many queues as event loops, so looking through the few groups beats hashing.
        var groups: [(queue: any CompletionQueue, completions: [IssuanceCompletion])] = []
        for completion in completions {
            let queue = completion.pending.completionQueue
            if let index = groups.firstIndex(where: { $0.queue === queue }) {
                groups[index].completions.append(completion)
            } else {
                groups.append((queue, [completion]))
            }
        }
        for group in groups { group.queue.run(group.completions) }
    }
}
