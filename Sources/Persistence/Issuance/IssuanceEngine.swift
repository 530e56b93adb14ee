internal import Domain
package import PostgreSQL
internal import Synchronization

/// Decides requests and records the decisions, many in one transaction.
///
/// The engine has the lock, the threads and the delivery: one ``IssuanceWorker`` for each connection, and the sweeper.
/// What they do is decided by ``BatchScheduler``. A caller hears of a decision only after the COMMIT of its record was
/// acknowledged.
///
/// ```swift
/// let pending = PendingIssuance(request, deadline: .after(.seconds(5)), completionQueue: queue) { outcome in ... }
/// if let outcome = engine.submit(pending) { /* not taken: this is the outcome */ }
/// ```
package final class IssuanceEngine: Sendable {
    typealias Scheduler = BatchScheduler<PendingIssuance>

    private let configuration: IssuanceConfiguration
    private let report: @Sendable (IssuanceEvent) -> Void
    private let scheduler: Mutex<Scheduler>
    /// One for each slot.
    private let terms: [SlotTerms]
    private let target: ReplaceableTarget
    /// One for each slot, and one more for the sweeper.
    private let wakeDescriptors: [WakeDescriptor]
    private let sweeperWake: WakeDescriptor
    private let threads = Mutex<[DedicatedThread]>([])
    private let sharesSessionsFlag = Atomic<Bool>(false)
    private let lastDecision = Mutex<ContinuousClock.Instant?>(nil)

    /// - Throws: ``DatabaseError`` when the process has no descriptors left.
    package init(
        _ configuration: IssuanceConfiguration,
        report: @escaping @Sendable (IssuanceEvent) -> Void
    ) throws(DatabaseError) {
        self.configuration = configuration
        self.report = report
        target = ReplaceableTarget(configuration.target)
        var wakeDescriptors: [WakeDescriptor] = []
        for _ in 0..<configuration.poolSize { wakeDescriptors.append(try WakeDescriptor()) }
        self.wakeDescriptors = wakeDescriptors
        sweeperWake = try WakeDescriptor()
        terms = (0..<configuration.poolSize).map { _ in SlotTerms(configuration.terms) }
        scheduler = Mutex(
            Scheduler(
                rules: configuration.batching,
                quotaLimit: configuration.terms.requestsPerMinute,
                pool: Scheduler.Pool(size: configuration.poolSize) { Double.random(in: 0..<1) },
                origin: .now
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
                    terms: terms[slot],
                    target: target,
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

    /// Takes no more requests, completes all that wait, closes the connections and ends the threads.
    ///
    /// Blocks until then: call it from a thread that may wait.
    package func stop() {
        scheduler.withLock { $0.stop() }
        for wake in wakeDescriptors { wake.signal() }
        sweeperWake.signal()
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        // The sweeper, which is the last, ends once nothing waits; until the workers have ended something may come back.
        for thread in threads.dropLast() { thread.join() }
        turnAway(scheduler.withLock { $0.drain() }, because: .shuttingDown)
        sweeperWake.signal()
        threads.last?.join()
    }

    /// Gives the engine other terms, at any time. Must not be called by two threads at once.
    ///
    /// When it returns, nothing is signed by the terms before any more. What they have signed is recorded and handed out
    /// as ever: its COMMIT takes until the deadline of its requests at most. Blocks while a batch is being decided and
    /// signed, which is milliseconds: no worker waits for anything meanwhile.
    package func replaceTerms(with new: IssuanceTerms) {
        scheduler.withLock { $0.quotaLimit = new.requestsPerMinute }
        for slot in terms { slot.replace(with: new) }
    }

    /// Connects to another target from now on, and closes the connections to the one before when their batch has ended.
    package func replaceTarget(with new: ConnectionTarget) {
        target.replace(with: new)
        for wake in wakeDescriptors { wake.signal() }
    }

    /// Whether a request made now has a prospect of being decided.
    package var isDatabaseReachable: Bool {
        scheduler.withLock { $0.isDatabaseReachable }
    }

    /// What there is to do now.
    package var load: IssuanceLoad {
        let (queued, pool) = scheduler.withLock { ($0.queueLength, $0.pool) }
        return IssuanceLoad(queued: queued, pool: pool)
    }

    /// Whether a batch was acknowledged within `duration` before now.
    package func hasDecided(within duration: Duration) -> Bool {
        lastDecision.withLock { $0 }.map { $0.duration(to: .now) <= duration } ?? false
    }

    /// Why a request made now has no prospect of being decided; nil when it has.
    package var obstacle: String? {
        let (commits, isReachable, failure) = scheduler.withLock {
            ($0.pool.commits, $0.isDatabaseReachable, $0.failure(now: .now))
        }
        if commits.isStalled {
            return """
                COMMIT is not acknowledged, \(commits.abandonedInRow) times in a row: a synchronous standby may be away
                """
        }
        if !isReachable { return "no connection for issuance" }
        switch failure {
        case .noneDecided(let lasted): return "no request has been decided for \(lasted.components.seconds) s"
        case .fewRecorded(let lasted): return "nearly no request has been recorded for \(lasted.components.seconds) s"
        case nil: return nil
        }
    }

    /// What an operator should correct while requests are decided; nil for nothing.
    package var warning: String? {
        guard configuration.preparesStatements, sharesSessions else { return nil }
        return """
            other connections use the same session, as behind a pooler in transaction mode: set \
            DATABASE_STATEMENTS=unnamed; statements are sent unnamed until the process ends
            """
    }

    /// Whether prepared statements of other connections were met.
    var sharesSessions: Bool { sharesSessionsFlag.load(ordering: .relaxed) }

    /// Notes that a prepared statement was there, or gone, that this process had not made, or had.
    func noteSharedSession(_ error: DatabaseError) {
        if !sharesSessionsFlag.exchange(true, ordering: .relaxed) { report(.sessionsShared(error)) }
    }

    /// Notes that a batch was acknowledged.
    func noteDecision() {
        lastDecision.withLock { $0 = .now }
    }

    /// Whether no request waits and no more will be taken, so that no connection is needed.
    var isFinished: Bool {
        scheduler.withLock { $0.isFinished }
    }

    // MARK: Requests

    /// Takes a request. Its completion is called later, never from inside this call.
    ///
    /// - Returns: Nil when the request was taken. Otherwise its outcome, `rateLimited` or `unavailable`; its completion
    ///   is not called.
    package func submit(_ pending: PendingIssuance) -> IssuanceOutcome? {
        let now = ContinuousClock.now
        let caller = pending.request.admission.callerID
        let deadline = pending.deadline.instant
        let (submission, limit) = scheduler.withLock { scheduler in
            (scheduler.submit(pending, from: caller, deadline: deadline, now: now), scheduler.quotaLimit)
        }
        switch submission {
        case .queued(let slot):
            wake(slot)
            return nil
        case .overQuota(let retryAfter):
            return .rateLimited(limit: limit, retryAfter: retryAfter)
        case .refused(let reason):
            report(.turnedAway(reason, count: 1))
            return .unavailable(reason)
        }
    }

    /// Takes back what the quota counted for requests that turned out to be one too many.
    func withdraw(_ rateLimited: [PendingIssuance]) {
        scheduler.withLock { scheduler in
            for pending in rateLimited { scheduler.withdraw(pending.request.admission.callerID) }
        }
    }

    // MARK: Workers

    /// What `slot`, which has nothing to do, does next.
    ///
    /// - Parameter last: How what the slot did since it asked last has ended.
    func nextAction(for slot: Int, last: Scheduler.LastWork) -> Scheduler.WorkerAction {
        let (next, hasResumed) = scheduler.withLock { scheduler in
            let wasStalled = last == .committed && scheduler.pool.commits.isStalled
            return (scheduler.nextAction(for: slot, last: last, now: .now), wasStalled)
        }
        if hasResumed { report(.commitsResumed) }
        wake(next.wake)
        turnAway(next.expired, because: .waitedTooLong)
        return next.action
    }

    func connected(_ slot: Int) {
        for slot in scheduler.withLock({ $0.connected(slot, now: .now) }) { wake(slot) }
    }

    func connectingFailed(_ slot: Int) {
        scheduler.withLock { $0.connectingFailed(slot, now: .now) }
    }

    /// The connection of `slot` is closed. `unsent` are requests it had taken that are as if they had never been sent;
    /// they wait again, before all others.
    func disconnected(_ slot: Int, returning unsent: [Scheduler.Entry] = []) {
        wake(scheduler.withLock { $0.disconnected(slot, returning: unsent, now: .now) })
    }

    /// The COMMIT of `slot` was given up. A thread of its own makes the server end it, because that blocks; the pool
    /// bounds how many there are.
    func commitGivenUp(_ slot: Int, _ command: AbandonedCommand) {
        let (other, stalledBy) = scheduler.withLock { scheduler in
            let wasStalled = scheduler.pool.commits.isStalled
            let other = scheduler.commitGivenUp(slot, now: .now)
            let commits = scheduler.pool.commits
            return (other, !wasStalled && commits.isStalled ? commits.abandonedInRow : nil)
        }
        if let stalledBy { report(.commitsStalled(abandoned: stalledBy)) }
        wake(other)
        do {
            _ = try DedicatedThread(name: "cancel-\(slot)") { [self] in
                command.cancelUntilEnded { scheduler.withLock { $0.pool.isStopping } }
                abandonedCommitEnded()
            }
        } catch {
            abandonedCommitEnded()
        }
    }

    private func abandonedCommitEnded() {
        for slot in scheduler.withLock({ $0.abandonedCommitEnded() }) { wake(slot) }
    }

    private func wake(_ slot: Int?) {
        if let slot { wakeDescriptors[slot].signal() }
    }

    // MARK: The sweeper

    /// Turns away requests that have expired, and wakes a worker for those that have gathered for long enough.
    private func sweep() {
        while true {
            sweeperWake.wait(until: .after(.milliseconds(50)))
            let sweep = scheduler.withLock { $0.sweep(now: .now) }
            wake(sweep.wake)
            turnAway(sweep.expired, because: .waitedTooLong)
            if sweep.isFinished { return }
        }
    }

    // MARK: Delivery

    func turnAway(_ requests: [PendingIssuance], because reason: IssuanceOutcome.Unavailability) {
        guard !requests.isEmpty else { return }
        report(.turnedAway(reason, count: requests.count))
        complete(requests.map { IssuanceCompletion(pending: $0, outcome: .unavailable(reason)) })
    }

    /// Hands completions over, by one call for each queue.
    func complete(_ completions: [IssuanceCompletion]) {
        guard let first = completions.first?.pending.completionQueue else { return }
        if completions.allSatisfy({ $0.pending.completionQueue === first }) { return first.run(completions) }
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
