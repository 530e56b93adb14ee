import Synchronization

/// Prepared OpenSSL contexts of one key. Each is borrowed by one caller at a time.
///
/// Preparing a context costs as much as using it, and two threads must not use a context at once.
final class ContextPool<Context: Sendable>: Sendable {
    /// The most idle contexts that are kept. Few threads run at once, so more would be unused.
    private static var capacity: Int { 16 }

    private let idle: Mutex<[Context]>

    /// - Parameter first: The context that was made when the key was checked.
    init(_ first: Context) {
        idle = Mutex([first])
    }

    /// Borrows an idle context, or returns `nil` when there is none.
    func borrow() -> Context? {
        idle.withLock { $0.popLast() }
    }

    /// Returns a borrowed or a new context to the pool.
    func `return`(_ context: Context) {
        idle.withLock { idle in
            if idle.count < Self.capacity { idle.append(context) }
        }
    }
}
