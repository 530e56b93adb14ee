import Domain
import InMemoryLogging
import Logging
import Synchronization
import Testing

@testable import connvo_server

/// How many lines of one kind a second of the log has, on a clock of the test.
@Suite struct LogThrottleTests {
    private final class Clock: Sendable {
        let microseconds = Mutex<Int64>(0)
    }

    private let clock = Clock()
    private let handler = InMemoryLogHandler()

    /// Logs a line of `kind` at each of the times, in milliseconds; returns those of the lines that were written.
    private func log(_ times: [Int64], kinds: [String] = ["kind"]) -> [Int64] {
        let throttle = LogThrottle(limit: 3) { [clock] in
            Timestamp(microsecondsSinceEpoch: clock.microseconds.withLock { $0 })
        }
        let logger = Logger(label: "test") { [handler] _ in handler }
        for (index, time) in times.enumerated() {
            clock.microseconds.withLock { $0 = time * 1000 }
            throttle.log(logger, .warning, kind: kinds[index % kinds.count], "\(time)")
        }
        return handler.entries.compactMap { Int64($0.message.description) }
    }

    @Test func `a second of the lines' times has no more than the limit, wherever the first line is`() {
        let written = log(Array(stride(from: 600, to: 5000, by: 50)))

        #expect(Set(Dictionary(grouping: written) { $0 / 1000 }.values.map(\.count)) == [3])
        #expect(written.prefix(4) == [600, 650, 700, 1000])
    }

    @Test func `the first line after those that were held back tells how many`() {
        _ = log([100, 200, 300, 400, 500, 1000, 1100])

        #expect(handler.entries.map { $0.metadata["suppressed"]?.description } == [nil, nil, nil, "2", nil])
    }

    @Test func `kinds do not count for each other, and a clock that goes back begins a second`() {
        #expect(log([100, 100, 200, 200, 300, 300, 400, 400], kinds: ["a", "b"]).count == 6)
        #expect(LogThrottleTests().log([9000, 9000, 9000, 9000, 8000]) == [9000, 9000, 9000, 8000])
    }
}
