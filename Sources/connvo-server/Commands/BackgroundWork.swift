internal import Persistence
internal import PostgreSQL
internal import Synchronization

/// Work on a dedicated thread, concurrent with its caller until the caller needs the result.
final class BackgroundWork<Value: Sendable>: Sendable {
    private let thread: DedicatedThread
    private let outcome: Outcome

    /// Starts `body`.
    ///
    /// - Parameter name: The name of the thread; see ``DedicatedThread``.
    /// - Throws: ``DatabaseError`` when the system cannot start a thread.
    init(named name: String, _ body: @escaping @Sendable () throws -> Value) throws(DatabaseError) {
        let outcome = Outcome()
        self.outcome = outcome
        thread = try DedicatedThread(name: name) {
            let result = Result { try body() }
            outcome.result.withLock { $0 = result }
        }
    }

    /// Blocks the calling thread until `body` has returned, and returns its result.
    ///
    /// - Throws: The error that `body` has thrown.
    func value() throws -> Value {
        thread.join()
        // The thread sets it as the last thing it does, so after `join` it is there.
        guard let result = outcome.result.withLock({ $0 }) else { fatalError("a thread ended without an outcome") }
        return try result.get()
    }

    private final class Outcome: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
    }
}
