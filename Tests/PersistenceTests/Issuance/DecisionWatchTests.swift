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
        #expect(watch.failure(isWaiting: true, now: Self.time(1000)) == .seconds(1))
        #expect(watch.failure(isWaiting: true, now: Self.time(9000)) == .seconds(9))
    }

    @Test func `a batch that is acknowledged ends it`() {
        var watch = Self.watch(requestsAt: [0, 100])

        watch.decided()

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
}
