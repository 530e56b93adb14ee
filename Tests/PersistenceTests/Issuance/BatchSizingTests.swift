import TestSupport
import Testing

@testable import Persistence

/// How large batches may be, from what they took.
@Suite struct BatchSizingTests {
    /// Batches one after the other, each of which takes what `took` says of its size. Returns the size of each.
    ///
    /// - Parameter waiting: How many requests wait for each of them.
    private static func sizes(
        _ count: Int,
        in sizing: inout BatchSizing,
        waiting: (Int) -> Int = { _ in 1000 },
        took: (Int) -> Duration
    ) -> [Int] {
        (0..<count).map { step in
            let size = min(sizing.takeLimit(waiting: waiting(step)), waiting(step))
            sizing.acknowledged(size: size, took: took(size))
            return size
        }
    }

    private static func slow(_ size: Int) -> Duration { .milliseconds(5) + .milliseconds(4) * size }
    private static func fast(_ size: Int) -> Duration { .milliseconds(2) + .microseconds(30) * size }

    @Test func `batches that are short stay large`() {
        var sizing = BatchSizing(rules: BatchRules())

        #expect(Set(Self.sizes(500, in: &sizing) { _ in .milliseconds(40) }) == [128])
    }

    @Test func `the batches of a usual day are never limited, whatever their sizes`() {
        var sizing = BatchSizing(rules: BatchRules())
        var random = SeededGenerator(seed: 1)
        var limits: Set<Int> = []

        for _ in 0..<10_000 {
            let size = Int.random(in: 1...80, using: &random)
            sizing.acknowledged(size: size, took: Self.fast(size) * Double.random(in: 0.5...3, using: &random))
            limits.insert(sizing.limit)
        }

        #expect(limits == [128])
        #expect(sizing.takeLimit(waiting: 1000) == 128)
    }

    @Test func `batches whose requests take their time become small`() {
        var sizing = BatchSizing(rules: BatchRules())

        let sizes = Self.sizes(300, in: &sizing, took: Self.slow)

        // Half of a full batch tells why it took so long.
        #expect(sizes.prefix(2) == [128, 64])
        // 16 take 69 ms.
        #expect(sizes.dropFirst(4).allSatisfy { $0 <= 17 })
        #expect(sizes.dropFirst(4).count { $0 < 14 } <= 10)
    }

    /// Full ones are never seen: more come than are decided, but not many more.
    @Test func `batches that grow slowly become no longer than they should be`() {
        var sizing = BatchSizing(rules: BatchRules())

        let sizes = Self.sizes(200, in: &sizing, waiting: { 1 + $0 / 2 }, took: Self.slow)

        #expect(sizes.allSatisfy { $0 <= 17 })
        #expect(sizes.contains(15))
    }

    @Test func `batches that take as long whatever their size stay large, and smaller ones are tried rarely`() {
        var sizing = BatchSizing(rules: BatchRules())

        let sizes = Self.sizes(320, in: &sizing) { _ in .milliseconds(400) }

        #expect(sizes.count { $0 < 128 } <= 5)
        #expect(sizes.allSatisfy { $0 >= 64 })
    }

    @Test func `sizes follow a database that becomes slow, and fast again`() {
        var sizing = BatchSizing(rules: BatchRules())
        _ = Self.sizes(100, in: &sizing, waiting: { 25 + $0 % 50 }, took: Self.fast)

        let slow = Self.sizes(100, in: &sizing, took: Self.slow)
        let fast = Self.sizes(100, in: &sizing, took: Self.fast)

        #expect(slow.dropFirst(4).allSatisfy { $0 <= 17 })
        #expect(fast.dropFirst(6).allSatisfy { $0 == 128 })
    }

    /// For hours all batches have the same size.
    @Test func `what a request costs is not forgotten while all batches are as large`() {
        var sizing = BatchSizing(rules: BatchRules())
        _ = Self.sizes(200, in: &sizing, took: Self.slow)

        let sizes = Self.sizes(20_000, in: &sizing, took: Self.slow)

        #expect(sizes.allSatisfy { $0 <= 17 })
        #expect(sizes.reduce(0, +) >= 20_000 * 15)
    }

    @Test func `one batch that takes long by chance changes little`() {
        var sizing = BatchSizing(rules: BatchRules())
        _ = Self.sizes(100, in: &sizing, waiting: { 25 + $0 % 50 }, took: Self.fast)

        sizing.acknowledged(size: 40, took: .milliseconds(300))
        let sizes = Self.sizes(6, in: &sizing, took: Self.fast)

        #expect(sizes.last == 128)
    }

    /// As with 30 ms a record and a time limit of two seconds.
    @Test func `where every large batch takes too long, smaller ones are decided`() {
        var sizing = BatchSizing(rules: BatchRules())
        var now = Duration.zero
        var decided = 0
        while now < .seconds(20) {
            // So many requests have come meanwhile.
            let size = min(sizing.takeLimit(waiting: 85), 85)
            let took: Duration = min(.milliseconds(5) + .milliseconds(30) * size, .seconds(2))
            now += took
            if took == .seconds(2) {
                sizing.tookTooLong(size: size, took: took)
            } else {
                sizing.acknowledged(size: size, took: took)
                decided += size
            }
        }
        // 31 a second, but for the first two.
        #expect(decided > 500)
        #expect(sizing.limit == 2)
    }

    @Test func `a batch that took too long halves the next, also where no request seemed to cost anything`() {
        var sizing = BatchSizing(rules: BatchRules())
        _ = Self.sizes(100, in: &sizing) { _ in .milliseconds(400) }

        sizing.tookTooLong(size: 128, took: .seconds(2))
        #expect(sizing.limit <= 64)
        sizing.tookTooLong(size: sizing.limit, took: .seconds(2))
        #expect(sizing.limit <= 32)

        let sizes = Self.sizes(20, in: &sizing) { _ in .milliseconds(400) }
        #expect(sizes.last == 128)
    }

    @Test func `half a batch is tried only where more wait`() {
        var sizing = BatchSizing(rules: BatchRules())

        sizing.acknowledged(size: 128, took: .milliseconds(512))

        #expect(sizing.takeLimit(waiting: 64) == 128)
        #expect([sizing.takeLimit(waiting: 65), sizing.takeLimit(waiting: 65)] == [64, 128])
    }

    @Test(arguments: 0..<50)
    func `no order of batches brings it out of its bounds`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var sizing = BatchSizing(rules: BatchRules())
        for _ in 0..<2000 {
            let size = Int.random(in: 0...128, using: &random)
            let took: Duration = .nanoseconds(Int64(1) << Int.random(in: 0..<35, using: &random))
            if Int.random(in: 0..<20, using: &random) == 0 {
                sizing.tookTooLong(size: size, took: took)
            } else {
                sizing.acknowledged(size: size, took: took)
            }
            #expect((2...128).contains(sizing.limit))
            #expect((1...128).contains(sizing.takeLimit(waiting: 1000)))
        }
        // And what has happened before does not stay for ever.
        #expect(Self.sizes(200, in: &sizing, took: Self.fast).last == 128)
    }
}
