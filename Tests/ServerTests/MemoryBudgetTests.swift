import Glibc
import NIOCore
import Synchronization
import Testing

@testable import connvo_server

/// When the process has too little address space left, with figures of the test.
@Suite struct MemoryBudgetTests {
    private final class Figures: Sendable {
        let values = Mutex<(limit: Double?, used: Double?)>((nil, nil))
    }

    private let figures = Figures()

    private func budget(limit: Double?, used: Double?) -> MemoryBudget {
        set(limit: limit, used: used)
        return MemoryBudget(
            limit: { [figures] in figures.values.withLock { $0.limit } },
            used: { [figures] in figures.values.withLock { $0.used } }
        )
    }

    private func set(limit: Double?, used: Double?) {
        figures.values.withLock { $0 = (limit, used) }
    }

    @Test func `less than the reserve is short`() {
        #expect(!budget(limit: 100e6 + MemoryBudget.reserve, used: 100e6).isShort())
        #expect(budget(limit: 100e6 + MemoryBudget.reserve - 1, used: 100e6).isShort())
        #expect(budget(limit: 100e6, used: 200e6).isShort())
    }

    @Test func `a half of what is free in the heap counts as left, and all while half of the reserve is left`() {
        func budget(left: Double, free: Double) -> MemoryBudget {
            MemoryBudget(limit: { 100e6 + left }, used: { 100e6 }, free: { free })
        }
        #expect(!budget(left: 1e6, free: 2 * (MemoryBudget.reserve - 1e6)).isShort())
        #expect(budget(left: 1e6, free: 2 * (MemoryBudget.reserve - 1e6) - 2).isShort())
        #expect(budget(left: 0, free: MemoryBudget.reserve).isShort())
        let half = MemoryBudget.reserve / 2
        #expect(!budget(left: half, free: half).isShort())
        #expect(budget(left: half, free: half - 1).isShort())
        #expect(budget(left: half - 1, free: half + 1).isShort())
    }

    @Test func `without a limit, or without figures, nothing is short`() {
        #expect(!budget(limit: nil, used: 100e12).isShort())
        #expect(!budget(limit: 1, used: nil).isShort())
    }

    @Test func `it is looked at again after ten milliseconds, and the limit, too`() {
        let budget = budget(limit: 500e6, used: 100e6)
        let start = NIODeadline.now()
        #expect(!budget.isShort(now: start))
        set(limit: 101e6, used: 100e6)
        #expect(!budget.isShort(now: start + .milliseconds(9)))
        #expect(budget.isShort(now: start + .milliseconds(10)))
        set(limit: 500e6, used: 100e6)
        #expect(!budget.isShort(now: start + .milliseconds(20)))
    }

    /// A sanitizer brings an allocator of its own, of which mallinfo(3) knows nothing.
    private static let isAllocatorOfSystem = dlsym(nil, "__sanitizer_get_heap_size") == nil

    @Test(.enabled(if: isAllocatorOfSystem)) func `this process has figures`() {
        // The pieces between those that are kept are free, and too small to be returned by themselves.
        var pieces = (0..<4000).map { [UInt8](repeating: UInt8($0 % 256), count: 1000) }
        for index in stride(from: 0, to: pieces.count, by: 2) { pieces[index] = [] }
        #expect(MemoryBudget.freeHeap >= 1e6)
        #expect(pieces[1].count == 1000)
        #expect(!MemoryBudget.process.isShort())
    }
}
