import NIOCore
import Testing

@testable import connvo_server

/// When calls are refused because an event loop does not get through with them, on a clock of the test.
@Suite final class TurnWatchTests {
    private final class Loop {
        var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
        var tasks: [@Sendable () -> Void] = []
    }

    private let loop = Loop()
    private lazy var watch = TurnWatch(now: { [loop] in loop.now }, atEndOfTurn: { [loop] in loop.tasks.append($0) })

    /// Reads so many calls in one turn, each of which takes as long. Returns how many are refused, which takes no time.
    private func turn(calls: Int, each: TimeAmount) -> Int {
        var refused = 0
        for _ in 0..<calls {
            if watch.refusesCall(at: loop.now) { refused += 1 } else { loop.now = loop.now + each }
        }
        let tasks = loop.tasks
        loop.tasks = []
        for task in tasks { task() }
        return refused
    }

    @Test func `turns that are short refuse nothing, however many there are`() {
        for _ in 0..<100 { #expect(turn(calls: 40, each: .microseconds(500)) == 0) }
    }

    @Test func `one long turn is a burst, and refuses nothing`() {
        #expect(turn(calls: 180, each: .microseconds(500)) == 0)
        #expect(turn(calls: 10, each: .microseconds(500)) == 0)
        #expect(turn(calls: 180, each: .microseconds(500)) == 0)
    }

    @Test func `after a tenth of a second of long turns, what has waited for long is refused, until a turn is short`() {
        #expect(turn(calls: 150, each: .microseconds(500)) == 0)
        #expect(turn(calls: 150, each: .microseconds(500)) > 0)
        // What is taken takes 25 ms, and the rest costs nothing.
        #expect(turn(calls: 150, each: .microseconds(500)) == 150 - 51)
        #expect(turn(calls: 40, each: .microseconds(500)) == 0)
        #expect(turn(calls: 150, each: .microseconds(500)) == 0)
    }

    @Test func `a turn with few calls is long for other reasons, and refuses nothing`() {
        for _ in 0..<20 { #expect(turn(calls: TurnWatch.leastCalls, each: .milliseconds(30)) == 0) }
    }
}
