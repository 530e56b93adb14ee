import Foundation
import Synchronization
import TestSupport
import Testing

@testable import connvo_server

@Suite struct SuccessSamplingTests {
    @Test func `threads together get no more lines than the limit, and each request without one is told`() async {
        let sampling = SuccessSampling(limit: 100)
        let lines = Atomic<Int>(0)
        let suppressed = Atomic<Int>(0)
        let perSecond = 20_000
        for second in 1...5 as ClosedRange<UInt64> {
            DispatchQueue.concurrentPerform(iterations: perSecond) { _ in
                guard let told = sampling.suppressedLines(at: second * 1_000_000_000) else { return }
                lines.wrappingAdd(1, ordering: .relaxed)
                suppressed.wrappingAdd(told, ordering: .relaxed)
            }
            #expect(lines.load(ordering: .relaxed) == 100 * Int(second))
        }
        // The first line of the next second tells of the last.
        #expect(sampling.suppressedLines(at: 6_000_000_000) == perSecond - 100)
        #expect(suppressed.load(ordering: .relaxed) == 4 * (perSecond - 100))
    }

    @Test func `the seconds are those of the time of day`() {
        // The monotonic clock is 0.7 s behind a whole second of the other.
        let sampling = SuccessSampling(limit: 2, clockAhead: 1_000_000_000_300_000_000)
        let lines = [699, 699, 699, 700, 700, 700, 1699, 1700].map {
            sampling.suppressedLines(at: 5_000_000_000 + $0 * 1_000_000)
        }
        #expect(lines == [0, 0, nil, 1, 0, nil, nil, 2])
    }

    @Test(arguments: [(0, nil), (1, 0), (Int.max, 0)] as [(Int, Int?)])
    func `the border values`(limit: Int, first: Int?) {
        let sampling = SuccessSampling(limit: limit)
        #expect(sampling.suppressedLines(at: 0) == (limit == 1 ? 0 : first))
        #expect(sampling.suppressedLines(at: .max) == first)
    }

    @Test(arguments: [
        ("0", 0), ("1", 1), ("1000000", 1_000_000), ("all", Int.max), ("", 10), ("1000001", nil), ("-1", nil),
        ("ALL", nil),
        ("ten", nil), ("1.5", nil),
    ])
    func `the setting is a number or all`(text: String, limit: Int?) async throws {
        var settings = try await SettingsReader(
            environment: ["LOG_SUCCESSES_PER_SECOND": text],
            environmentFile: nil
        )
        let read = LogSettings.successLinesPerSecond(&settings)
        if let limit {
            #expect(read == limit)
            #expect(settings.problems.isEmpty)
        } else {
            #expect(settings.problems.map(\.remedy) == ["give a whole number from 0 to 1000000, or all"])
        }
    }
}
