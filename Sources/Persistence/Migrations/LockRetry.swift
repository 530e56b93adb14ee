internal import Domain

/// How a migration asks for locks: briefly, and again.
///
/// Sessions that queue behind an ALTER TABLE wait as long as it does, so a migration must not wait long: a request of a
/// server has a second. What it waits for is mostly over in seconds or minutes, so it should not give up soon. (pgroll,
/// GitLab's `with_lock_retries` and squawk's guide say the same.)
package struct LockRetry: Hashable, Sendable {
    /// `lock_timeout`: how long each statement waits for each lock. At least 1 ms.
    package var lockTimeout: Duration
    /// How often a file is tried, from 1.
    package var attempts: Int
    /// The pause after the first attempt; it doubles up to `longestPause`.
    package var firstPause: Duration
    package var longestPause: Duration

    /// By default fifty attempts in two to three minutes.
    package init(
        lockTimeout: Duration = .milliseconds(200),
        attempts: Int = 50,
        firstPause: Duration = .milliseconds(200),
        longestPause: Duration = .seconds(4)
    ) {
        self.lockTimeout = lockTimeout
        self.attempts = attempts
        self.firstPause = firstPause
        self.longestPause = longestPause
    }

    /// A pause after the attempt with this number: at random between half of the step and all of it, so that migrators
    /// which retry after a conflict do not collide again.
    func pause(after attempt: Int) -> Duration {
        let step = (1..<max(1, attempt)).reduce(firstPause) { pause, _ in min(pause * 2, longestPause) }
        let whole = min(step, longestPause).microseconds
        return .microseconds(Int64.random(in: whole / 2...max(whole / 2, whole)))
    }

    /// As PostgreSQL reads it.
    var lockTimeoutSetting: String { "\(max(1, lockTimeout.microseconds / 1000))ms" }
}
