internal import CHeap
internal import Glibc
internal import NIOCore
internal import Synchronization

/// Whether the process has nearly used up the address space that it may have (setrlimit(2), `RLIMIT_AS`).
///
/// An allocation that fails ends a Swift program, and one of a C library ends the request at best. So while little is
/// left no connection of clients is accepted and no call begins; probes of connections that are open are answered. The
/// limit of a container (`memory.max`) is no such limit: there no allocation fails, and the kernel ends the process.
final class MemoryBudget: Sendable {
    static let process = MemoryBudget(
        limit: { addressSpaceLimit },
        used: { ProcessFigures.memory?.virtual },
        free: { freeHeap }
    )

    /// What must be left, in bytes: for the connections to the database, for what was begun, and for what begins between
    /// two looks.
    static let reserve = 6.0 * 1024 * 1024
    private static let interval: TimeAmount = .milliseconds(10)

    private struct State {
        var looksAgain = NIODeadline.uptimeNanoseconds(0)
        var isShort = false
    }

    private let limit: @Sendable () -> Double?
    private let used: @Sendable () -> Double?
    private let free: @Sendable () -> Double
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: In bytes; nil where there is none.
    ///   - used: In bytes; nil where it is not known.
    ///   - free: What of it is free for the next allocations, in bytes. Heaps shrink only at their end, so after many
    ///     clients have gone most of the address space is still in use, and nearly all of it free. A half of it counts as
    ///     left, because it is in pieces, and all of it while a half of the reserve is left.
    init(
        limit: @escaping @Sendable () -> Double?,
        used: @escaping @Sendable () -> Double?,
        free: @escaping @Sendable () -> Double = { 0 }
    ) {
        self.limit = limit
        self.used = used
        self.free = free
    }

    /// Whether less than ``reserve`` is left. Looked at again after ten milliseconds.
    func isShort(now: NIODeadline = .now()) -> Bool {
        state.withLock { state in
            guard now >= state.looksAgain else { return state.isShort }
            state.looksAgain = now + Self.interval
            // The limit may be changed from outside (prlimit(1)).
            guard let limit = limit(), let used = used() else {
                state.isShort = false
                return false
            }
            state.isShort = isShort(left: limit - used)
            return state.isShort
        }
    }

    private func isShort(left: Double) -> Bool {
        if left >= Self.reserve { return false }
        // Asked for only when it matters, because that takes longer.
        let free = free()
        return left + free / 2 < Self.reserve && (left < Self.reserve / 2 || left + free < Self.reserve)
    }

    /// What of the heap is free, in bytes; 0 where the C library does not tell.
    static var freeHeap: Double { Double(heap_free()) }

    private static var addressSpaceLimit: Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur != rlim_t.max else {
            return nil
        }
        return Double(limit.rlim_cur)
    }
}
