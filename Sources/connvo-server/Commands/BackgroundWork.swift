internal import Persistence
internal import PostgreSQL
internal import Synchronization

/// Work that goes on beside its caller's, on a thread of its own, until its result is needed.
final class BackgroundWork<Value: Sendable>: Sendable {
    private let thread: DedicatedThread
    private let outcome: Outcome

    /// Starts `body`.
    ///
    /// - Parameter name: That of the thread; see ``DedicatedThread``.
    /// - Throws: ``DatabaseError`` when the system gives no thread.
    init(named name: String, _ body: @escaping @Sendable () throws -> Value) throws(DatabaseError) {
        let outcome = Outcome()
        self.outcome = outcome
        thread = try DedicatedThread(name: name) {
            let result = Result { try body() }
            outcome.result.withLock { $0 = result }
        }
    }

    /// What `body` has returned. Blocks the calling thread until it has.
    ///
    /// - Throws: What `body` has thrown.
    func value() throws -> Value {
        thread.join()
        guard let result = outcome.result.withLock({ $0 }) else { fatalError("a thread ended without an outcome") }
        return try result.get()
    }

    private final class Outcome: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
    }
}
