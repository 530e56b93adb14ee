internal import CHeap
internal import NIOCore
internal import PostgreSQL

/// Decides when memory that closed connections have left free is returned to the system.
///
/// The buffers of thousands of connections are between others that live on, and `free` returns only what is at the end of
/// a heap: after 2,000 slow clients the process kept half as much again as at rest. `malloc_trim(3)` returns whole pages
/// wherever they are. It takes some milliseconds and holds up allocations, so it is worth it only after many have closed.
struct HeapTrim: Sendable {
    /// How many connections fewer than at most are open: some megabytes.
    static let leastClosed = 256
    static let interval: TimeAmount = .seconds(5)

    private var most = 0
    private var next = NIODeadline.uptimeNanoseconds(0)

    /// Whether memory is to be returned now. To be called every second.
    ///
    /// - Parameter open: How many connections are open.
    mutating func isDue(open: Int, now: NIODeadline) -> Bool {
        most = max(most, open)
        guard most - open >= Self.leastClosed, now >= next else { return false }
        most = open
        next = now + Self.interval
        return true
    }

    /// Returns memory, on a thread of its own. Without a thread it is done another time.
    static func run() {
        _ = try? DedicatedThread(name: "heap-trim") { heap_trim() }
    }
}
