import NIOCore
import Testing

@testable import connvo_server

/// When the memory of closed connections is returned, on a clock of the test.
@Suite struct HeapTrimTests {
    private static func time(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(100) + .seconds(seconds) }

    @Test func `it is returned when many have closed, once`() {
        var trim = HeapTrim()
        let connections: [(open: Int, second: Int64)] = [(2000, 0), (1745, 1), (1744, 2), (1744, 20), (1700, 21)]
        let due = connections.map { trim.isDue(open: $0.open, now: Self.time($0.second)) }
        #expect(due == [false, false, true, false, false])
    }

    @Test func `connections that come and go leave nothing to return`() {
        var trim = HeapTrim()
        let times = (0..<100 as Range<Int64>).filter { trim.isDue(open: $0 % 2 == 0 ? 3000 : 2800, now: Self.time($0)) }
        #expect(times.isEmpty)
    }

    @Test func `an attack that comes in waves makes it happen every five seconds at most`() {
        var trim = HeapTrim()
        let times = (0..<20 as Range<Int64>).filter { trim.isDue(open: $0 % 2 == 0 ? 3000 : 0, now: Self.time($0)) }
        #expect(times == [1, 7, 13, 19])
    }
}
