import TestSupport
import Testing

@testable import Persistence

/// When requests show that the database decides none, on a clock of the test.
@Suite struct DecisionWatchTests {
    private static func time(_ milliseconds: Int) -> TestInstant { .at(.milliseconds(milliseconds)) }

    private static func watch(requestsAt times: [Int]) -> DecisionWatch {
        var watch = DecisionWatch()
        for time in times { watch.requested(now: Self.time(time)) }
        return watch
    }

    @Test func `requests that nothing decides are a failure within two seconds`() {
        let watch = Self.watch(requestsAt: [0, 100])

        #expect(watch.failure(isWaiting: true, now: Self.time(999)) == nil)
        #expect(watch.failure(isWaiting: true, now: Self.time(1000)) == .noneDecided(.seconds(1)))
        #expect(watch.failure(isWaiting: true, now: Self.time(9000)) == .noneDecided(.seconds(9)))
    }

    @Test func `a batch that is acknowledged ends it`() {
        var watch = Self.watch(requestsAt: [0, 100])

        watch.acknowledged(2, now: Self.time(200))

        #expect(watch.failure(isWaiting: true, now: Self.time(9000)) == nil)
        watch.requested(now: Self.time(9000))
        watch.requested(now: Self.time(9000))
        #expect(watch.failure(isWaiting: true, now: Self.time(9999)) == nil)
        #expect(watch.failure(isWaiting: true, now: Self.time(10_000)) != nil)
    }

    @Test func `without requests it lasts for two seconds, and the next ones are a trial`() {
        var watch = Self.watch(requestsAt: [0, 100])
        watch.ended(now: Self.time(2000))

        #expect(watch.failure(isWaiting: false, now: Self.time(3999)) != nil)
        #expect(watch.failure(isWaiting: false, now: Self.time(4000)) == nil)
        // They hang or fail, too.
        watch.requested(now: Self.time(5000))
        #expect(watch.failure(isWaiting: true, now: Self.time(5000)) != nil)
    }

    @Test func `one request alone is none, because it may wait for a lock`() {
        let watch = Self.watch(requestsAt: [0])

        #expect(watch.failure(isWaiting: true, now: Self.time(5000)) == nil)
    }

    // MARK: A few that are recorded among many that are not

    /// A request every 5 ms from `times` on, each a batch of its own, of which every `nth` is recorded; 0 for none.
    private static func work(_ watch: inout DecisionWatch, _ times: Range<Int>, recordsEvery nth: Int) {
        for (index, time) in stride(from: times.lowerBound, to: times.upperBound, by: 5).enumerated() {
            watch.requested(now: Self.time(time))
            watch.ended(now: Self.time(time + 1))
            if nth > 0, index % nth == 0 {
                watch.acknowledged(1, now: Self.time(time + 1))
            } else {
                watch.failed(1, now: Self.time(time + 1))
            }
        }
    }

    @Test func `a few that are recorded on a full disk are no health`() {
        var watch = DecisionWatch()
        Self.work(&watch, 0..<3000, recordsEvery: 1)
        #expect(watch.failure(isWaiting: false, now: Self.time(3000)) == nil)

        Self.work(&watch, 3000..<4200, recordsEvery: 50)

        #expect(watch.failure(isWaiting: false, now: Self.time(4200)) != nil)
        Self.work(&watch, 4200..<9000, recordsEvery: 50)
        // Every 250 ms one is recorded, also right now.
        watch.acknowledged(1, now: Self.time(9001))
        #expect(watch.failure(isWaiting: true, now: Self.time(9001)) != nil)
    }

    @Test func `it is over when half are recorded again`() {
        var watch = DecisionWatch()
        Self.work(&watch, 0..<3000, recordsEvery: 50)
        Self.work(&watch, 3000..<3300, recordsEvery: 1)
        #expect(watch.failure(isWaiting: true, now: Self.time(3300)) != nil)

        Self.work(&watch, 3300..<3700, recordsEvery: 1)

        #expect(watch.failure(isWaiting: true, now: Self.time(3700)) == nil)
    }

    @Test func `without requests it lasts for two seconds, and the next ones are a trial of it, too`() {
        var watch = DecisionWatch()
        Self.work(&watch, 0..<3000, recordsEvery: 50)
        #expect(watch.failure(isWaiting: false, now: Self.time(4990)) != nil)
        #expect(watch.failure(isWaiting: false, now: Self.time(4997)) == nil)

        var recovered = watch
        Self.work(&recovered, 6000..<6005, recordsEvery: 1)
        #expect(recovered.failure(isWaiting: true, now: Self.time(6002)) == nil)
        Self.work(&watch, 6000..<6005, recordsEvery: 0)
        #expect(watch.failure(isWaiting: true, now: Self.time(6002)) != nil)
    }

    @Test func `when one of four is recorded the process serves`() {
        var watch = DecisionWatch()
        Self.work(&watch, 0..<9000, recordsEvery: 4)

        #expect(watch.failure(isWaiting: true, now: Self.time(9000)) == nil)
    }

    @Test func `nine that fail say nothing about a share, ten do`() {
        var watch = DecisionWatch()
        watch.failed(9, now: Self.time(0))
        watch.ended(now: Self.time(0))
        #expect(watch.failure(isWaiting: true, now: Self.time(1)) == nil)

        watch.failed(1, now: Self.time(999))

        #expect(watch.failure(isWaiting: true, now: Self.time(999)) == .fewRecorded(.zero))
    }

    @Test func `many that fail in one moment are none yet`() {
        var watch = DecisionWatch()
        watch.failed(100, now: Self.time(100))
        watch.ended(now: Self.time(100))
        #expect(watch.failure(isWaiting: false, now: Self.time(101)) == nil)
        watch.acknowledged(1, now: Self.time(400))

        watch.failed(10, now: Self.time(700))

        #expect(watch.failure(isWaiting: false, now: Self.time(700)) == .fewRecorded(.zero))
    }

    @Test func `those of more than a second ago do not count`() {
        var watch = DecisionWatch()
        watch.failed(9, now: Self.time(0))
        watch.failed(1, now: Self.time(1001))
        watch.ended(now: Self.time(1001))

        #expect(watch.failure(isWaiting: true, now: Self.time(1001)) == nil)
    }
}
