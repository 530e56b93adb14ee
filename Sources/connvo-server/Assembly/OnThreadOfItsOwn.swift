internal import PostgreSQL

/// Runs blocking work on a thread of its own and awaits its end.
func onThreadOfItsOwn<Value: Sendable>(named name: String, _ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        do {
            _ = try DedicatedThread(name: name) { continuation.resume(returning: body()) }
        } catch {
            // The system gives no thread: the work blocks this one instead.
            continuation.resume(returning: body())
        }
    }
}
