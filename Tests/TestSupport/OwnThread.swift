internal import Foundation

/// Runs blocking work on a new thread, and suspends the caller until it ends.
///
/// libpq blocks. On the cooperative pool, which has as many threads as there are cores, two tests that wait for each
/// other would block all threads. The work runs in the caller's task, so its expectations belong to the caller's test.
@concurrent
package func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withTaskExecutorPreference(OwnThreadExecutor()) { try body() }
}

/// Runs each job on a new thread.
private final class OwnThreadExecutor: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread.detachNewThread {
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }
}
