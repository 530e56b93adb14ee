internal import Foundation

/// Runs blocking work on a thread made for it, and suspends meanwhile.
///
/// libpq blocks. On the cooperative pool, with as many threads as there are cores, two tests that wait for each other
/// would stop everything. The work stays in the caller's task, so that what it expects counts for the caller's test.
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
