import NIOCore
import Testing

@testable import connvo_server

/// When the memory of closed connections is returned, on a clock of the test.
@Suite struct HeapTrimTests {
    private static func time(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(100) + .seconds(seconds) }

    @Test func `it is returned when many have closed, once`() {
        var trim = HeapTrim()
        #expect(!trim.isDue(open: 2000, now: Self.time(0)))
        #expect(!trim.isDue(open: 1745, now: Self.time(1)))
        #expect(trim.isDue(open: 1744, now: Self.time(2)))
        #expect(!trim.isDue(open: 1744, now: Self.time(20)))
        #expect(!trim.isDue(open: 1700, now: Self.time(21)))
    }

    @Test func `connections that come and go leave nothing to return`() {
        var trim = HeapTrim()
        for second in 0..<100 as Range<Int64> {
            #expect(!trim.isDue(open: second % 2 == 0 ? 3000 : 2800, now: Self.time(second)))
        }
    }

    @Test func `an attack that comes in waves makes it happen every five seconds at most`() {
        var trim = HeapTrim()
        let times = (0..<20 as Range<Int64>).filter { trim.isDue(open: $0 % 2 == 0 ? 3000 : 0, now: Self.time($0)) }
        #expect(times == [1, 7, 13, 19])
    }
}
