import Domain
import PostgreSQL
import TestSupport

@testable import Persistence

/// Plays the engine, its workers, its sweeper and its callers against ``BatchScheduler`` by a seeded generator, and checks
/// after every event what must always hold. Wakes the slots that the scheduler names, and no others.
struct BatchSchedulerSimulation {
    typealias Scheduler = BatchScheduler<Int>

    /// What was broken, with the seed that shows it again.
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    private enum Thread: Equatable {
        /// About to ask for its next action.
        case asking
        case connecting
        case working
        case resting(until: TestInstant?)
        case stopped
    }

    private static let clockTolerance = Duration.milliseconds(2)
    private static let users = (0..<4).map { User.ID(rawValue: "user_\($0)") }

    private var scheduler: Scheduler
    private var model: BatchSchedulerModel
    private var threads: [Thread]
    /// What each slot was given to work on.
    private var runningBatches: [[Scheduler.Entry]]
    private var generator: SeededGenerator
    private let seed: UInt64
    private var now = TestInstant.at(.seconds(1))
    private var lastSweep = TestInstant()
    private var isDatabaseUp = true
    private var itemCount = 0
    private var trace: [String] = []

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let slots = Int.random(in: 1...4, using: &generator)
        let quotaLimit = Bool.random(using: &generator) ? 0 : Int.random(in: 1...40, using: &generator)
        var rules = BatchRules()
        rules.maximumBatchSize = Int.random(in: 1...8, using: &generator)
        // BatchSizingTests are about smaller ones.
        rules.leastBatchLimit = rules.maximumBatchSize
        rules.maximumQueueLength = Int.random(in: 1...20, using: &generator)
        var limits = Scheduler.Pool.Limits()
        limits.lifetime = .seconds(8)
        limits.idleLimit = .seconds(3)
        let jitter = SharedGenerator(seed: seed ^ 0xABCD)
        scheduler = Scheduler(
            rules: rules,
            quotaLimit: quotaLimit,
            pool: Scheduler.Pool(size: slots, limits: limits) { jitter.unitInterval() },
            origin: TestInstant()
        )
        model = BatchSchedulerModel(
            rules: rules,
            quotaLimit: quotaLimit,
            slots: slots,
            clockTolerance: Self.clockTolerance
        )
        threads = Array(repeating: .asking, count: slots)
        runningBatches = Array(repeating: [], count: slots)
        self.generator = generator
        self.seed = seed
    }

    // MARK: Schedules

    mutating func runAtRandom(steps: Int) throws(Violation) {
        for _ in 0..<steps {
            switch random(0..<100) {
            case 0..<30: try submit()
            case 30..<33: isDatabaseUp.toggle()
            case 33..<48: advance(by: .milliseconds(random(1..<100)))
            case 48..<51: advance(by: .milliseconds(random(100..<5000)))
            case 51..<52: advance(by: .seconds(random(5..<120)))
            case 52..<55: try breakConnection(of: randomSlot())
            case 55..<63: try sweep()
            default: try proceed(randomSlot())
            }
            try check()
        }
    }

    /// Lets every thread run with a healthy database until no item waits and none is worked on.
    mutating func finishWork() throws(Violation) {
        isDatabaseUp = true
        try runFairly { $0.model.queue.isEmpty && !$0.threads.contains(.working) }
        try checked { (model) throws(BatchSchedulerModel.Violation) in
            try model.expect(model.completions.values.allSatisfy { $0 == 1 }, "an item was not completed")
        }
    }

    /// Ends as the engine does, whether the database lives, dies or wavers meanwhile.
    mutating func stop() throws(Violation) {
        note("stop")
        scheduler.stop()
        model.stopped()
        for slot in threads.indices { wake(slot) }
        for _ in 0..<20 {
            try proceed(randomSlot())
            if Bool.random(using: &generator) { isDatabaseUp.toggle() }
            if random(0..<4) == 0 { try submit() }
            try check()
        }
        try runFairly { $0.threads.allSatisfy { $0 == .stopped } }
        let items = scheduler.drain()
        note("drained \(items)")
        try checked { (model) throws(BatchSchedulerModel.Violation) in try model.drained(items) }
        try sweep()
        try checked { (model) throws(BatchSchedulerModel.Violation) in
            try model.expect(model.completions.values.allSatisfy { $0 == 1 }, "an item was not completed")
        }
    }

    // MARK: What callers do

    private mutating func submit() throws(Violation) {
        let item = itemCount
        itemCount += 1
        let user = Self.users[random(0..<Self.users.count)]
        // The engine reads the clock before it takes the lock: another thread may come in between.
        let isLate = random(0..<5) == 0
        let reading = isLate ? now.advanced(by: .zero - Self.clockTolerance) : now
        // Some have spent most of their time before they come, and some more than all of it.
        let timeLimit = Duration.milliseconds(random(0..<3) == 0 ? random(-100..<1000) : 5000)
        let deadline = reading.advanced(by: timeLimit)
        let submission = scheduler.submit(item, from: user, deadline: deadline, now: reading)
        note("submit \(item): \(submission)")
        try checked { (model) throws(BatchSchedulerModel.Violation) in
            try model.submitted(item, from: user, submission, deadline: deadline, now: reading)
        }
        if case .queued(let slot) = submission { wake(slot) }
    }

    // MARK: What threads do

    private mutating func proceed(_ slot: Int) throws(Violation) {
        switch threads[slot] {
        case .asking: try ask(slot)
        case .connecting: try finishConnecting(slot)
        case .working: try finishWorking(slot)
        case .resting(let until?) where now >= until: threads[slot] = .asking
        case .resting, .stopped: break
        }
    }

    private mutating func ask(_ slot: Int) throws(Violation) {
        let next = scheduler.nextAction(for: slot, now: now)
        let other = next.wake
        note("slot \(slot): \(next.action), \(next.expired) expired, wakes \(other.map { "\($0)" } ?? "none")")
        model.asks(slot)
        let now = now
        switch next.action {
        case .connect:
            threads[slot] = .connecting
        case .disconnect:
            model.closed(slot)
        case .probeCommit:
            throw violation("slot \(slot) tries a COMMIT, and none was given up")
        case .work(let batch):
            try checked { (model) throws(BatchSchedulerModel.Violation) in
                try model.begins(batch.map(\.item), expired: next.expired, on: slot, now: now)
            }
            runningBatches[slot] = batch
            // An empty batch is no work: the slot asks again.
            if batch.isEmpty { model.finished(slot) } else { threads[slot] = .working }
        case .rest(let until):
            try checked { (model) throws(BatchSchedulerModel.Violation) in
                try model.expect(until.map { $0 > now } ?? true, "slot \(slot) rests until the past: it would spin")
                let leavesWork = model.connections[slot] && model.isWorthABatch(now: now)
                try model.expect(!leavesWork, "slot \(slot) rests beside work")
            }
            threads[slot] = .resting(until: until)
        case .stop:
            try checked { (model) throws(BatchSchedulerModel.Violation) in
                try model.expect(model.isStopping, "slot \(slot) stops before the engine does")
                let leavesWork = model.connections[slot] && model.isWorthABatch(now: now)
                try model.expect(!leavesWork, "slot \(slot) stops beside work")
            }
            model.closed(slot)
            threads[slot] = .stopped
        }
        wake(other)
    }

    private mutating func finishConnecting(_ slot: Int) throws(Violation) {
        threads[slot] = .asking
        note("slot \(slot) \(isDatabaseUp ? "connected" : "failed to connect")")
        if isDatabaseUp {
            let hadOutage = model.outageSince != nil
            model.connected(slot)
            for other in scheduler.connected(slot, now: now) { wake(other) }
            let sleeper = threads.indices.first { isAsleep($0) && !model.connections[$0] }
            if hadOutage, let sleeper { throw violation("the outage is over and slot \(sleeper) still waits for that") }
        } else {
            model.connectingFailed(slot, now: now)
            scheduler.connectingFailed(slot, now: now)
        }
    }

    /// Ends a batch in one of the ways ``IssuanceWorker`` knows.
    private mutating func finishWorking(_ slot: Int) throws(Violation) {
        let batch = model.batches[slot]
        switch random(0..<10) {
        case 0:
            // The connection broke before anything was sent; some items have been tried before, and are not again.
            let unsent = batch.filter { _ in random(0..<4) > 0 }
            try complete(batch.filter { !unsent.contains($0) })
            disconnect(slot, returning: unsent)
        case 1:
            try complete(batch)
            disconnect(slot, returning: [])
        case 2:
            // One by one, and the connection breaks on the way.
            let count = random(0..<batch.count)
            try complete(Array(batch.prefix(count)))
            disconnect(slot, returning: Array(batch.dropFirst(count)))
        case 3:
            // The database knows of more requests of a user than this process.
            let user = Self.users[random(0..<Self.users.count)]
            scheduler.withdraw(user)
            model.withdrawn(user)
            try complete(batch)
            model.finished(slot)
        default:
            try complete(batch)
            model.finished(slot)
        }
        threads[slot] = .asking
    }

    private mutating func complete(_ items: [Int]) throws(Violation) {
        note("completed \(items)")
        try checked { (model) throws(BatchSchedulerModel.Violation) in
            for item in items { try model.completed(item) }
        }
    }

    private mutating func disconnect(_ slot: Int, returning unsent: [Int]) {
        let entries = runningBatches[slot].filter { unsent.contains($0.item) }
        runningBatches[slot] = []
        let other = scheduler.disconnected(slot, returning: entries, now: now)
        note("slot \(slot) broke, returns \(unsent), wakes \(other.map { "\($0)" } ?? "none")")
        model.disconnected(slot, returning: unsent, now: now)
        wake(other)
    }

    /// The server hangs up on a slot that rests.
    private mutating func breakConnection(of slot: Int) throws(Violation) {
        guard case .resting = threads[slot], model.connections[slot] else { return }
        disconnect(slot, returning: [])
        threads[slot] = .asking
    }

    private mutating func sweep() throws(Violation) {
        let sweep = scheduler.sweep(now: now)
        note("sweep: \(sweep.expired) expired, wakes \(sweep.wake.map { "\($0)" } ?? "none")")
        lastSweep = now
        let now = now
        try checked { (model) throws(BatchSchedulerModel.Violation) in
            try model.swept(sweep.expired, isFinished: sweep.isFinished, now: now)
        }
        wake(sweep.wake)
        // Also work that has become worth a batch by time alone has a slot now.
        try checkWakeUps(isWorthABatch: model.isWorthABatch(now: now))
    }

    private mutating func wake(_ slot: Int?) {
        if let slot, case .resting = threads[slot] { threads[slot] = .asking }
    }

    private mutating func advance(by duration: Duration) {
        now = now.advanced(by: duration)
    }

    // MARK: Fair running

    /// Steps all threads in turn, with a sweep every 50 ms, until `isDone`.
    private mutating func runFairly(until isDone: (borrowing BatchSchedulerSimulation) -> Bool) throws(Violation) {
        for _ in 0..<2000 {
            if isDone(self) { return }
            for slot in threads.indices {
                try proceed(slot)
                try check()
            }
            if lastSweep.duration(to: now) >= .milliseconds(50) { try sweep() }
            advance(by: .milliseconds(10))
        }
        throw violation("after 20 seconds it is not done")
    }

    // MARK: Invariants

    private mutating func check() throws(Violation) {
        try checked { (model) throws(BatchSchedulerModel.Violation) in try model.checkItems() }
        // What became worth a batch by time alone is the sweeper's: as if no time had passed since it looked.
        try checkWakeUps(isWorthABatch: model.isWorthABatch(now: min(now, lastSweep)))
    }

    /// No wake-up is lost: while there is work, no slot that could take it sleeps unless another one is about to look.
    private func checkWakeUps(isWorthABatch: Bool) throws(Violation) {
        guard isWorthABatch else { return }
        let isConnectedAsleep = threads.indices.contains { isAsleep($0) && model.connections[$0] }
        let isConnectedAwake = threads.indices.contains { threads[$0] == .asking && model.connections[$0] }
        if isConnectedAsleep, !isConnectedAwake { throw violation("work waits beside a connection that sleeps") }
        let isClosedAsleep = threads.indices.contains { isAsleep($0) && !model.connections[$0] }
        let isAnyAwake = threads.contains { $0 == .asking || $0 == .connecting }
        if isClosedAsleep, model.outageSince == nil, !isAnyAwake {
            throw violation("work waits beside a slot that sleeps and could connect")
        }
        let isForgotten = threads.allSatisfy { $0 == .resting(until: nil) || $0 == .stopped }
        if isForgotten, threads.contains(.resting(until: nil)) { throw violation("work waits and every slot sleeps") }
    }

    private func isAsleep(_ slot: Int) -> Bool {
        if case .resting = threads[slot] { true } else { false }
    }

    // MARK: Reporting

    private mutating func random(_ range: Range<Int>) -> Int {
        Int.random(in: range, using: &generator)
    }

    private mutating func randomSlot() -> Int {
        random(0..<threads.count)
    }

    private mutating func note(_ what: String) {
        if trace.count == 60 { trace.removeFirst(30) }
        trace.append("\(now.offset) \(what)")
    }

    /// Changes or asks the model, and adds the schedule to what it complains of.
    private mutating func checked(
        _ body: (inout BatchSchedulerModel) throws(BatchSchedulerModel.Violation) -> Void
    ) throws(Violation) {
        do {
            try body(&model)
        } catch {
            throw violation(error.description)
        }
    }

    private func violation(_ what: String) -> Violation {
        let last = trace.suffix(30).joined(separator: "\n  ")
        return Violation(
            description: """
                seed \(seed): \(what)
                  \(model.rules), quota \(model.quotaLimit)
                  queue \(model.queue.map(\.item)), in flight \(model.batches), \(threads), \(scheduler.pool.slots)
                  \(last)
                """
        )
    }
}
