internal import PostgreSQL
internal import Synchronization

/// Runs blocking work on a dedicated thread and returns its result.
func onThreadOfItsOwn<Value: Sendable>(named name: String, _ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        do {
            _ = try DedicatedThread(name: name) { continuation.resume(returning: body()) }
        } catch {
            // The system cannot start a thread, so the work blocks the current one.
            continuation.resume(returning: body())
        }
    }
}

/// Runs work that may hang, in a resolver or on a mount, on a dedicated thread, and blocks the calling thread until it
/// is done or `limit` has passed.
///
/// - Returns: Nil when it took too long. The thread then goes on, and what it returns is dropped.
/// - Throws: ``DatabaseError`` when the system gives no descriptor or no thread.
func onThreadOfItsOwn<Value: Sendable>(
    named name: String,
    within limit: Duration,
    _ body: @escaping @Sendable () -> Value
) throws(DatabaseError) -> Value? {
    let outcome = Outcome<Value>()
    let wake = try WakeDescriptor()
    _ = try DedicatedThread(name: name) {
        let value = body()
        outcome.value.withLock { $0 = value }
        wake.signal()
    }
    let deadline = Deadline.after(limit)
    while true {
        if let value = outcome.value.withLock({ $0 }) { return value }
        if deadline.hasPassed { return nil }
        wake.wait(until: deadline)
    }
}

private final class Outcome<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}
