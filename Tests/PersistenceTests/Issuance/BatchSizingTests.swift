import TestSupport
import Testing

@testable import Persistence

/// How large batches may be, from what they took, on a clock of the test.
@Suite struct BatchSizingTests {
    /// Full batches one after the other, each of which takes what `took` says of its size, for `duration`. Returns the
    /// size of each.
    private static func sizes(for duration: Duration, took: (Int) -> Duration) -> [Int] {
        var sizing = BatchSizing(rules: BatchRules())
        var now = TestInstant()
        var sizes: [Int] = []
        while now.offset < duration {
            let size = sizing.takeLimit()
            now = now.advanced(by: took(size))
            sizing.acknowledged(size: size, limit: size, took: took(size), now: now)
            sizes.append(size)
        }
        return sizes
    }

    /// As with 30 ms a record and a time limit of two seconds.
    @Test func `where every large batch takes too long, smaller ones are decided`() {
        var sizing = BatchSizing(rules: BatchRules())
        var now = TestInstant()
        var decided = 0
        while now.offset < .seconds(20) {
            let limit = sizing.takeLimit()
            // Not full: so many requests have come meanwhile.
            let size = min(limit, 85)
            let took: Duration = min(.milliseconds(30) * size, .seconds(2))
            now = now.advanced(by: took)
            if took == .seconds(2) {
                sizing.tookTooLong(size: size)
            } else {
                sizing.acknowledged(size: size, limit: limit, took: took, now: now)
                decided += size
            }
        }
        // 33 a second, but for the first two.
        #expect(decided > 500)
        #expect(sizing.limit < 42)
    }

    @Test func `batches that are short stay large`() {
        #expect(Set(Self.sizes(for: .seconds(60)) { _ in .milliseconds(40) }) == [128])
    }

    @Test func `batches whose requests take their time become small`() {
        let sizes = Self.sizes(for: .seconds(60)) { .milliseconds(5) + .milliseconds(4) * $0 }

        #expect(sizes.prefix(2) == [128, 19])
        #expect(sizes.dropFirst(2).allSatisfy { $0 <= 19 })
    }

    @Test func `batches that take as long whatever their size stay large, and smaller ones are tried rarely`() {
        let sizes = Self.sizes(for: .seconds(60)) { _ in .milliseconds(400) }

        #expect(sizes.count { $0 < 128 } <= 7)
        #expect(sizes.reduce(0, +) >= sizes.count * 128 * 95 / 100)
    }

    @Test func `batches that become short again become large again`() {
        var isSlow = true
        var sizing = BatchSizing(rules: BatchRules())
        var now = TestInstant()
        for step in 0..<40 {
            isSlow = step < 20
            let size = sizing.takeLimit()
            let took: Duration = isSlow ? .milliseconds(4) * size : .milliseconds(8)
            now = now.advanced(by: took)
            sizing.acknowledged(size: size, limit: size, took: took, now: now)
            if step == 19 { #expect(size <= 20) }
        }

        #expect(sizing.limit == 128)
    }

    @Test func `a little smaller is no reason, where it takes as long`() {
        let sizes = Self.sizes(for: .seconds(60)) { _ in .milliseconds(100) }

        #expect(sizes.count { $0 < 128 } <= 7)
    }

    @Test func `one batch at a time is tried smaller`() {
        var sizing = BatchSizing(rules: BatchRules())

        sizing.acknowledged(size: 128, limit: 128, took: .milliseconds(512), now: TestInstant())

        #expect([sizing.takeLimit(), sizing.takeLimit(), sizing.takeLimit()] == [20, 128, 128])
        // It fails: another one is tried later.
        sizing.acknowledged(size: 128, limit: 128, took: .milliseconds(512), now: .at(.seconds(1)))
        #expect(sizing.takeLimit() == 128)
        sizing.acknowledged(size: 128, limit: 128, took: .milliseconds(512), now: .at(.seconds(2)))
        #expect(sizing.takeLimit() == 20)
    }

    @Test func `batches that were not full say nothing`() {
        var sizing = BatchSizing(rules: BatchRules())

        sizing.acknowledged(size: 127, limit: 128, took: .seconds(9), now: TestInstant())
        sizing.acknowledged(size: 64, limit: 64, took: .seconds(9), now: TestInstant())

        #expect(sizing.takeLimit() == 128)
    }
}
