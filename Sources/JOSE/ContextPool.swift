import Synchronization

/// OpenSSL contexts made ready for one key, each lent to one caller at a time.
///
/// Making a context ready costs as much as using it, and a context must not be used by two threads at once.
final class ContextPool<Context: Sendable>: Sendable {
    /// More than this many idle contexts are let go: threads that run at once are few.
    private static var capacity: Int { 16 }

    private let idle: Mutex<[Context]>

    /// - Parameter first: A context made when the key was checked.
    init(_ first: Context) {
        idle = Mutex([first])
    }

    /// An idle context, now the caller's, or `nil` when all are lent.
    func borrow() -> Context? {
        idle.withLock { $0.popLast() }
    }

    /// Ends the loan of a context.
    func `return`(_ context: Context) {
        idle.withLock { idle in
            if idle.count < Self.capacity { idle.append(context) }
        }
    }
}
