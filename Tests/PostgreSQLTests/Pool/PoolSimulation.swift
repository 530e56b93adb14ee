import TestSupport

@testable import PostgreSQL

/// Simulates the engine and its threads around ``PoolStateMachine`` with a seeded generator, and checks the invariants
/// after every step. It wakes exactly the slots that the engine wakes.
struct PoolSimulation {
    /// The violated invariant, with the seed that reproduces it.
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    private enum Thread: Equatable {
        /// About to request its next step.
        case asking
        case connecting(sinceOutage: Bool)
        case working
        case probing
        case resting(until: TestInstant?)
        case stopped

        var isConnecting: Bool {
            if case .connecting = self { true } else { false }
        }
    }

    private static let limits = PoolStateMachine.Limits(lifetime: .seconds(8), idleLimit: .seconds(3))
    private static let longestLifetime = Duration.seconds(10)

    private var machine: PoolStateMachine
    private var threads: [Thread]
    /// When each slot's connection was opened; nil for a slot without a connection.
    private var connectedAt: [TestInstant?]
    private var lastUsedAt: [TestInstant]
    private var generator: SeededGenerator
    private let seed: UInt64
    private var now = TestInstant()
    private var queue = 0
    private var isDatabaseUp = true
    /// Whether the server acknowledges COMMITs.
    private var acknowledges = true
    /// COMMITs that were given up and that the server has not ended, and those given up since the last acknowledgement.
    private var abandoned = 0
    private var abandonedInRow = 0
    private var isStopping = false
    /// The number of failures since the last success, and the time of the last failure.
    private var failures = 0
    private var lastFailure = TestInstant()
    private var firstFailure = TestInstant()
    private var attemptsInOutage: [TestInstant] = []
    private var trace: [Event] = []

    private struct Event {
        enum What {
            case step(PoolStateMachine.Step)
            case fact(String)
        }

        let time: TestInstant
        let slot: Int
        let what: What
        let waiting: Int
    }
    /// A violation found where an error cannot be thrown. The next check throws it.
    private var pendingViolation: String?

    init(size: Int, seed: UInt64) {
        let jitter = SharedGenerator(seed: seed ^ 0xABCD)
        machine = PoolStateMachine(size: size, limits: Self.limits) { jitter.unitInterval() }
        threads = Array(repeating: .asking, count: size)
        connectedAt = Array(repeating: nil, count: size)
        lastUsedAt = Array(repeating: TestInstant(), count: size)
        generator = SeededGenerator(seed: seed)
        self.seed = seed
    }

    // MARK: Schedules

    mutating func runAtRandom(steps: Int) throws(Violation) {
        for _ in 0..<steps {
            switch Int.random(in: 0..<100, using: &generator) {
            case 0..<25: submit()
            case 25..<30: isDatabaseUp.toggle()
            case 30..<45: advance(by: .milliseconds(Int.random(in: 1...300, using: &generator)))
            case 45..<48: advance(by: .seconds(Int.random(in: 1...5, using: &generator)))
            case 48..<52: try breakConnection(of: randomSlot())
            case 52..<54: acknowledges.toggle()
            case 54..<57: endAbandonedCommit()
            default: try proceed(randomSlot())
            }
            try check()
        }
    }

    /// Runs all threads with a reachable database until it is connected and all work is done.
    mutating func settle() throws(Violation) {
        isDatabaseUp = true
        acknowledges = true
        while abandoned > 0 { endAbandonedCommit() }
        try runFairly { $0.queue == 0 && !$0.threads.contains(.working) && !$0.machine.isAway }
    }

    /// Gives every slot work that does not end.
    mutating func occupyAll() throws(Violation) {
        for _ in 0..<(machine.slots.count * 4) { submit() }
        try runFairly(finishesWork: false) { $0.threads.allSatisfy { $0 == .working } }
    }

    mutating func stop() throws(Violation) {
        machine.stop()
        isStopping = true
        for slot in threads.indices { wake(slot) }
        // The database may be reachable, unreachable or alternate meanwhile.
        for _ in 0..<20 {
            try proceed(randomSlot())
            if Bool.random(using: &generator) { isDatabaseUp.toggle() }
            try check()
        }
        // The threads that cancel them end when the engine stops.
        while abandoned > 0 { endAbandonedCommit() }
        acknowledges = true
        try runFairly { $0.threads.allSatisfy { $0 == .stopped } }
    }

    mutating func attemptsOnDeadDatabase(during duration: Duration) throws(Violation) -> Int {
        isDatabaseUp = false
        for _ in 0..<100 { submit() }
        let end = now.advanced(by: duration)
        var attempts = 0
        while now < end {
            for slot in threads.indices {
                if case .connecting = threads[slot] { attempts += 1 }
                try proceed(slot)
                try check()
            }
            // Work that arrives at each turn wakes a slot where the machine permits it.
            if let slot = machine.slotToWake { wake(slot) }
            advance(by: .milliseconds(5))
        }
        return attempts
    }

    // MARK: What threads do

    private mutating func proceed(_ slot: Int, finishesWork: Bool = true) throws(Violation) {
        switch threads[slot] {
        case .asking: try ask(slot)
        case .connecting: finishConnecting(slot)
        case .working where finishesWork, .probing: finishCommit(slot)
        case .resting(let until?) where now >= until: threads[slot] = .asking
        case .working, .resting, .stopped: break
        }
    }

    private mutating func ask(_ slot: Int) throws(Violation) {
        let connections = connectedAt.count { $0 != nil }
        let step = machine.nextStep(for: slot, hasWork: queue > 0, now: now)
        note(slot, .step(step))
        switch step {
        case .connect:
            try expect(connectedAt[slot] == nil, "slot \(slot) connects twice")
            try checkAttempt()
            threads[slot] = .connecting(sinceOutage: failures > 0)
        case .disconnect:
            try checkDisconnect(slot, connections: connections)
            connectedAt[slot] = nil
            if queue > 0 { wakeOne() }
        case .work:
            try expect(queue > 0, "slot \(slot) has nothing to take")
            try expect(!isStalled, "slot \(slot) works while COMMIT is stalled")
            guard let since = connectedAt[slot] else { throw violation("slot \(slot) works without a connection") }
            try expect(since.duration(to: now) < Self.longestLifetime, "slot \(slot) works on an old connection")
            queue -= min(queue, 2)
            threads[slot] = .working
            if queue > 0 { wakeOne() }
        case .probeCommit:
            try expect(isStalled, "slot \(slot) tries a COMMIT for no reason")
            try expect(connectedAt[slot] != nil, "slot \(slot) tries a COMMIT without a connection")
            try expect(!threads.contains(.probing), "two slots try a COMMIT at once")
            threads[slot] = .probing
        case .rest(let until):
            if let until { try expect(now < until, "slot \(slot) rests until the past: it would spin") }
            threads[slot] = .resting(until: until)
        case .stop:
            try expect(isStopping, "slot \(slot) stops uncalled")
            connectedAt[slot] = nil
            threads[slot] = .stopped
        }
    }

    private var isStalled: Bool { abandonedInRow >= threads.count }

    /// The COMMIT of a slot is acknowledged, or given up.
    private mutating func finishCommit(_ slot: Int) {
        threads[slot] = .asking
        note(slot, .fact(acknowledges ? "committed" : "gave up"))
        if acknowledges {
            lastUsedAt[slot] = now
            abandonedInRow = 0
            machine.committed()
        } else {
            connectedAt[slot] = nil
            abandoned += 1
            abandonedInRow += 1
            machine.commitGivenUp(slot, now: now)
            if queue > 0, let other = machine.slotToWake, other != slot { wake(other) }
        }
    }

    /// The server ends a COMMIT that was given up.
    private mutating func endAbandonedCommit() {
        guard abandoned > 0 else { return }
        abandoned -= 1
        for slot in machine.abandonedCommitEnded() { wake(slot) }
    }

    private mutating func finishConnecting(_ slot: Int) {
        threads[slot] = .asking
        note(slot, .fact(isDatabaseUp ? "connected" : "failed"))
        guard isDatabaseUp else {
            if failures == 0 { firstFailure = now }
            failures += 1
            lastFailure = now
            return machine.connectingFailed(slot, now: now)
        }
        let hadOutage = failures > 0
        failures = 0
        connectedAt[slot] = now
        lastUsedAt[slot] = now
        let woken = machine.connected(slot, now: now)
        let closed = machine.slots.indices.filter { machine.slots[$0] == .closed }
        if woken != (hadOutage ? closed : []) {
            pendingViolation = "connecting woke \(woken) of \(closed), after an outage: \(hadOutage)"
        }
        for slot in woken { wake(slot) }
    }

    /// The server closes the connection of a slot that rests or works.
    private mutating func breakConnection(of slot: Int) throws(Violation) {
        guard connectedAt[slot] != nil, threads[slot] != .asking else { return }
        note(slot, .fact("broke"))
        connectedAt[slot] = nil
        threads[slot] = .asking
        machine.disconnected(slot)
        if queue > 0, let other = machine.slotToWake, other != slot { wake(other) }
    }

    private mutating func submit() {
        guard !machine.isStopping, !machine.isAway else { return }
        queue += 1
        wakeOne()
    }

    private mutating func wakeOne() {
        if let slot = machine.slotToWake { wake(slot) }
    }

    private mutating func wake(_ slot: Int) {
        if case .resting = threads[slot] { threads[slot] = .asking }
    }

    private mutating func advance(by duration: Duration) {
        now = now.advanced(by: duration)
    }

    // MARK: Running until done

    /// Runs all threads in turn until `isDone`. When no thread can run, moves the clock to the next alarm.
    private mutating func runFairly(
        finishesWork: Bool = true,
        until isDone: (borrowing PoolSimulation) -> Bool
    ) throws(Violation) {
        for _ in 0..<20_000 {
            if isDone(self) { return }
            for slot in threads.indices {
                try proceed(slot, finishesWork: finishesWork)
                try check()
            }
            let canMove = threads.contains { thread in
                switch thread {
                case .asking, .connecting, .probing: true
                case .working: finishesWork
                case .resting, .stopped: false
                }
            }
            if canMove || isDone(self) { continue }
            let alarms = threads.compactMap { thread in
                if case .resting(let until?) = thread { until } else { nil }
            }
            // After half a minute in which threads only wake at time limits, nothing will change: a waiting slot was
            // forgotten.
            guard let next = alarms.min(), next.offset < now.offset + .seconds(30) else { break }
            if next > now { now = next }
        }
        throw violation("no thread can run and it is not done")
    }

    // MARK: Invariants

    private func check() throws(Violation) {
        for slot in threads.indices {
            try expect(
                machine.slots[slot].hasConnection == (connectedAt[slot] != nil),
                "the machine is wrong about the connection of slot \(slot)"
            )
        }
        if let pendingViolation { throw violation(pendingViolation) }

        let isAsleep = threads.allSatisfy { thread in
            switch thread {
            case .resting(until: nil), .stopped: true
            case .resting(let until?):
                // Timers of probes are short.
                failures == 0 && abandoned == 0 && !isStalled || until > now.advanced(by: .milliseconds(700))
            case .asking, .connecting, .working, .probing: false
            }
        }
        let occupied = connectedAt.count { $0 != nil } + threads.count(where: \.isConnecting) + abandoned
        try expect(occupied <= threads.count + 1, "\(occupied) backends are occupied")
        try expect(machine.commits.isStalled == isStalled, "the machine is wrong about COMMIT")
        try expect(queue == 0 || !isAsleep || isStopping, "\(queue) items wait and no slot will take them")
    }

    private mutating func checkAttempt() throws(Violation) {
        guard failures > 0 else { return }
        let lasted = firstFailure.duration(to: lastFailure)
        let pause = min(max(lasted / 3, .milliseconds(50)), .milliseconds(500))
        try expect(lastFailure.duration(to: now) >= pause, "attempt \(failures + 1) comes too early")
        if threads.contains(.connecting(sinceOutage: true)), let last = attemptsInOutage.last {
            try expect(last.duration(to: now) >= .milliseconds(50), "a second slot probes right after the first")
        }
        attemptsInOutage.append(now)
        let lastSecond = attemptsInOutage.count { $0.duration(to: now) < .seconds(1) }
        let most = firstFailure.duration(to: now) < .seconds(3) ? 16 : 6
        try expect(lastSecond <= most, "\(lastSecond) attempts in a second")
    }

    private func checkDisconnect(_ slot: Int, connections: Int) throws(Violation) {
        guard let since = connectedAt[slot] else { throw violation("slot \(slot) has nothing to close") }
        let isOld = since.duration(to: now) >= .seconds(8)
        let isIdle = lastUsedAt[slot].duration(to: now) >= .seconds(3)
        try expect(isOld || (isIdle && connections > 1), "slot \(slot) is closed for no reason")
    }

    // MARK: Reporting

    private mutating func randomSlot() -> Int {
        Int.random(in: threads.indices, using: &generator)
    }

    private mutating func note(_ slot: Int, _ what: Event.What) {
        if trace.count == 40 { trace.removeFirst(20) }
        trace.append(Event(time: now, slot: slot, what: what, waiting: queue))
    }

    private func expect(_ condition: Bool, _ what: @autoclosure () -> String) throws(Violation) {
        if !condition { throw violation(what()) }
    }

    private func violation(_ what: String) -> Violation {
        let last = trace.suffix(20)
            .map { "\($0.time.offset) slot \($0.slot) \($0.what), \($0.waiting) wait" }
            .joined(separator: "\n  ")
        return Violation(
            description: "size \(threads.count), seed \(seed): \(what)\n  \(machine.slots)\n  \(threads)\n  \(last)"
        )
    }
}
