import Domain
import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// Load that is more than the database takes, in simulated time: what waits, what is refused, and what is lost.
@Suite struct OverloadTests {
    /// Connections that take so long for a batch, and requests that come evenly.
    private struct Load {
        var slots = 4
        /// For each batch, whatever its size.
        let batch: Duration
        /// For each request of it.
        var request: Duration = .zero
        /// As a multiple of what the database takes.
        let factor: Double
        /// When batches take as long as said; before and after it they take 2 ms, and 30 us for each request.
        var isSlow: @Sendable (Duration) -> Bool = { _ in true }
        /// How much what batches take differs from that, as a part of it. Some take three times as long.
        var noise = 0.0
        var rules = BatchRules()

        /// Requests a second that full batches make.
        var capacity: Double {
            let full = rules.maximumBatchSize
            return Double(slots * full) / ((batch + request * full) / .seconds(1))
        }

        func took(_ size: Int, now: Duration, random: inout SeededGenerator) -> Duration {
            let plain = isSlow(now) ? batch + request * size : .milliseconds(2) + .microseconds(30) * size
            guard noise > 0 else { return plain }
            if Int.random(in: 0..<300, using: &random) == 0 { return plain * 3 }
            return plain * Double.random(in: (1 - noise)...(1 + noise), using: &random)
        }
    }

    private struct Figures {
        /// How long each request waited that was worked on.
        var waits: [Duration] = []
        /// How long each request waited that was refused for having waited too long.
        var late: [Duration] = []
        /// How long it took from coming to being decided.
        var answers: [Duration] = []
        var refusedAtOnce = 0

        static func percentile(_ part: Double, of times: [Duration]) -> Duration {
            times.isEmpty ? .zero : times.sorted()[Int(Double(times.count - 1) * part)]
        }
    }

    /// What becomes of the requests that come during `measured`.
    ///
    /// - Parameter step: The time between two looks at the clock.
    private static func run(
        _ load: Load,
        for duration: Duration,
        measured: Range<Duration> = .zero..<Duration.seconds(60),
        step: Duration = .milliseconds(1)
    ) -> Figures {
        var random = SeededGenerator(seed: 30)
        var scheduler = BatchScheduler<Int>(
            rules: load.rules,
            quotaLimit: 0,
            pool: PoolStateMachine(size: load.slots) { 0 },
            origin: TestInstant()
        )
        var busyUntil: [TestInstant?] = Array(repeating: nil, count: load.slots)
        for slot in 0..<load.slots {
            _ = scheduler.nextAction(for: slot, now: TestInstant())
            if slot == 0 { _ = scheduler.connected(0, now: TestInstant()) }
        }
        var figures = Figures()
        var came: [TestInstant] = []
        var now = TestInstant()
        var due = 0.0
        func counts(_ item: Int) -> Bool { measured.contains(came[item].offset) }
        while now.offset < duration {
            now = now.advanced(by: step)
            due += load.capacity * load.factor * (step / .seconds(1))
            while due >= 1 {
                due -= 1
                let user = User.ID(rawValue: "user")
                switch scheduler.submit(came.count, from: user, deadline: now.advanced(by: .seconds(5)), now: now) {
                case .queued: came.append(now)
                case .refused, .overQuota: if measured.contains(now.offset) { figures.refusedAtOnce += 1 }
                }
            }
            let late = scheduler.sweep(now: now).expired.filter(counts)
            figures.late += late.map { came[$0].duration(to: now) }
            for slot in 0..<load.slots where busyUntil[slot].map({ $0 <= now }) ?? true {
                busyUntil[slot] = nil
                switch scheduler.nextAction(for: slot, last: .committed, now: now).action {
                case .work(let batch) where !batch.isEmpty:
                    let end = now.advanced(by: load.took(batch.count, now: now.offset, random: &random))
                    busyUntil[slot] = end
                    let counted = batch.map(\.item).filter(counts)
                    figures.waits += counted.map { came[$0].duration(to: now) }
                    figures.answers += counted.map { came[$0].duration(to: end) }
                case .connect: _ = scheduler.connected(slot, now: now)
                default: break
                }
            }
        }
        return figures
    }

    @Test(arguments: [3.0, 10.0], [20, 100, 400])
    func `load above what the database takes neither lowers what is decided nor makes it wait`(
        factor: Double,
        batchMilliseconds: Int
    ) {
        let batch = Duration.milliseconds(batchMilliseconds)
        let load = Load(batch: batch, factor: factor)

        let figures = Self.run(load, for: .seconds(12), measured: .seconds(2)..<Duration.seconds(12))

        let goodput = Double(figures.waits.count) / (load.capacity * 10)
        // Here all connections become free at the same time, which is the worst case.
        #expect(goodput >= 0.9, "\(goodput)")
        // No longer than until each connection has become free once, and what the steps of the simulation add.
        let bound = batch + .milliseconds(10)
        let wait = Figures.percentile(0.99, of: figures.waits)
        #expect(wait <= bound, "\(wait) of \(bound)")
        #expect(figures.late.count == 0)
        #expect(figures.refusedAtOnce > 0)
    }

    /// Load that is only a little too much lets batches grow slowly: they are long before they are full.
    @Test(arguments: [1.3, 3.0, 10.0], [1, 4, 30])
    func `where each record takes its time, requests are decided within a quarter of a second`(
        factor: Double,
        recordMilliseconds: Int
    ) {
        let record = Duration.milliseconds(recordMilliseconds)
        let load = Load(batch: .milliseconds(5), request: record, factor: factor, noise: 0.2)

        let figures = Self.run(load, for: .seconds(12), measured: .seconds(1)..<Duration.seconds(11))

        let goodput = Double(figures.answers.count) / (load.capacity * 10)
        #expect(goodput >= 0.88, "\(goodput)")
        let answer = Figures.percentile(0.99, of: figures.answers)
        #expect(answer <= .milliseconds(200), "\(answer)")
        #expect(figures.late.count == 0)
        #expect(figures.refusedAtOnce > 0)
    }

    /// 1.5 to 10 times what the database takes while it is slow, and much less than it takes otherwise.
    @Test(arguments: [1.5, 3.0, 10.0])
    func `a database that becomes slow is known a second later, and as soon when it is fast again`(factor: Double) {
        let load = Load(
            batch: .milliseconds(5),
            request: .milliseconds(4),
            factor: factor,
            isSlow: { (.seconds(2) ..< .seconds(6)).contains($0) },
            noise: 0.2
        )
        func figures(_ measured: Range<Duration>) -> Figures { Self.run(load, for: .seconds(8), measured: measured) }

        let slow = figures(.seconds(3)..<Duration.seconds(6))
        let again = figures(.milliseconds(6500)..<Duration.seconds(8))

        // Of what full batches decide. Those of 70 ms pay the fixed part more often: 0.94 of it is left, without noise.
        let goodput = Double(slow.answers.count) / (load.capacity * 3)
        #expect(goodput >= 0.85, "\(goodput)")
        let answer = Figures.percentile(0.99, of: slow.answers)
        #expect(answer <= .milliseconds(200), "\(answer)")
        #expect(slow.late.count == 0)
        let fast = Figures.percentile(0.99, of: again.answers)
        #expect(fast <= .milliseconds(20), "\(fast)")
        #expect(again.refusedAtOnce == 0)
        #expect(again.late.count == 0)
    }

    @Test(arguments: [0.5, 0.9], [5, 20, 100, 400])
    func `load that the database takes is not refused`(factor: Double, batchMilliseconds: Int) {
        let load = Load(batch: .milliseconds(batchMilliseconds), factor: factor)

        let figures = Self.run(load, for: .seconds(10))

        #expect(figures.refusedAtOnce == 0)
        #expect(figures.late.count == 0)
    }

    @Test func `a burst is taken as a whole`() {
        var scheduler = BatchScheduler<Int>(
            rules: BatchRules(),
            quotaLimit: 0,
            pool: PoolStateMachine(size: 1) { 0 },
            origin: TestInstant()
        )
        _ = scheduler.nextAction(for: 0, now: TestInstant())
        _ = scheduler.connected(0, now: TestInstant())

        let taken = (0..<1024).filter {
            let user = User.ID(rawValue: "user")
            let submission = scheduler.submit($0, from: user, deadline: .at(.seconds(5)), now: TestInstant())
            if case .queued = submission { return true }
            return false
        }

        #expect(taken.count == 1024)
    }

    @Test func `requests wait a second for a database that takes nothing, and longer for none`() {
        var scheduler = BatchScheduler<Int>(
            rules: BatchRules(),
            quotaLimit: 0,
            pool: PoolStateMachine(size: 1) { 0 },
            origin: TestInstant()
        )
        _ = scheduler.nextAction(for: 0, now: TestInstant())
        _ = scheduler.connected(0, now: TestInstant())
        let user = User.ID(rawValue: "user")
        _ = scheduler.submit(-1, from: user, deadline: .at(.seconds(9)), now: TestInstant())
        // The only connection works, and hangs.
        _ = scheduler.nextAction(for: 0, now: TestInstant())

        var refusedAt: Duration?
        for millisecond in 0..<1100 where refusedAt == nil {
            let now = TestInstant.at(.milliseconds(millisecond))
            let submission = scheduler.submit(millisecond, from: user, deadline: .at(.seconds(9)), now: now)
            if case .refused = submission { refusedAt = now.offset }
            #expect(scheduler.sweep(now: now).expired.isEmpty || refusedAt != nil || millisecond >= 1000)
        }

        #expect(refusedAt == .seconds(1))
    }
}
