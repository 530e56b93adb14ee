internal import PostgreSQL
internal import Synchronization

/// Finds out which sessions a file's statements wait for, while they wait: once `lock_timeout` has ended the waiting, the
/// server no longer knows.
///
/// A thread with a connection of its own asks a few times in each `lock_timeout`. It connects when a file first takes as
/// long as that. What it cannot find out is not said; a file is never kept waiting for it.
final class BlockerWatch: Sendable {
    private let shared: Shared
    private let thread: DedicatedThread

    /// - Parameters:
    ///   - interval: How often to look.
    ///   - pid: The session that waits.
    init(every interval: Duration, blocking pid: Int32, origin: SessionOrigin) throws(DatabaseError) {
        let shared = Shared(wake: try WakeDescriptor())
        self.shared = shared
        thread = try DedicatedThread(name: "blocker-watch") {
            guard shared.waitForLongFile(interval),
                var connection = try? origin.open(deadline: .after(.seconds(1)))
            else { return }
            // The first time takes longest, because the server makes a plan.
            _ = try? LockHolder.readAll(blocking: pid, on: &connection)
            repeat {
                guard let file = shared.longFile(interval) else { continue }
                guard let holders = try? LockHolder.readAll(blocking: pid, on: &connection) else { return }
                if !holders.isEmpty { shared.note(holders, of: file) }
            } while shared.wait(interval)
        }
    }

    deinit {
        shared.end()
        thread.join()
    }

    /// A file begins.
    func begin() { shared.begin() }

    /// The file has ended.
    ///
    /// - Returns: What it waited for last; empty when it did not, or when that could not be found out.
    func end() -> [LockHolder] { shared.endFile() }
}

extension BlockerWatch {
    /// What both threads use.
    private final class Shared: Sendable {
        private struct State {
            /// When the file began that is being run; nil between two.
            var file: ContinuousClock.Instant?
            var holders: [LockHolder] = []
            var isEnding = false
        }

        private let state = Mutex(State())
        private let wake: WakeDescriptor

        init(wake: WakeDescriptor) {
            self.wake = wake
        }

        func begin() {
            state.withLock { state in
                state.file = .now
                state.holders = []
            }
        }

        func endFile() -> [LockHolder] {
            state.withLock { state in
                state.file = nil
                return state.holders
            }
        }

        func end() {
            state.withLock { $0.isEnding = true }
            wake.signal()
        }

        /// - Returns: False when there is nothing to wait for any more.
        func wait(_ interval: Duration) -> Bool {
            wake.wait(until: .after(interval))
            return state.withLock { !$0.isEnding }
        }

        /// The beginning of the file that has been run for that long, if there is one.
        func longFile(_ interval: Duration) -> ContinuousClock.Instant? {
            state.withLock { state in
                state.file.flatMap { $0.duration(to: .now) >= interval ? $0 : nil }
            }
        }

        func waitForLongFile(_ interval: Duration) -> Bool {
            while wait(interval) {
                if longFile(interval) != nil { return true }
            }
            return false
        }

        func note(_ holders: [LockHolder], of file: ContinuousClock.Instant) {
            state.withLock { if $0.file == file { $0.holders = holders } }
        }
    }
}
