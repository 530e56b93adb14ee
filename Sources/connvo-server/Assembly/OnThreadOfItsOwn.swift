internal import PostgreSQL

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
