internal import Logging
internal import Synchronization

/// Limits the log lines of one kind per second, and then logs how many were suppressed.
final class LogThrottle: Sendable {
    private struct Window: Sendable {
        var startedAt: ContinuousClock.Instant
        var lines = 0
    }

    private let limit: Int
    private let windows = Mutex<[String: Window]>([:])

    /// - Parameter limit: Lines of one kind per second.
    init(limit: Int = 10) {
        self.limit = limit
    }

    /// Logs unless `kind` has reached its limit in this second.
    ///
    /// - Parameter kind: A name from a small, fixed set.
    func log(
        _ logger: Logger,
        _ level: Logger.Level,
        kind: String,
        _ message: @autoclosure () -> Logger.Message,
        _ metadata: @autoclosure () -> Logger.Metadata = [:]
    ) {
        guard logger.logLevel <= level else { return }
        let (passes, heldBack) = windows.withLock { windows -> (Bool, Int) in
            let now = ContinuousClock.now
            var window = windows[kind] ?? Window(startedAt: now)
            var heldBack = 0
            if now - window.startedAt >= .seconds(1) {
                heldBack = max(0, window.lines - limit)
                window = Window(startedAt: now)
            }
            window.lines += 1
            windows[kind] = window
            return (window.lines <= limit, heldBack)
        }
        guard passes else { return }
        var metadata = metadata()
        if heldBack > 0 { metadata["suppressed"] = "\(heldBack)" }
        logger.log(level: level, message(), metadata: metadata)
    }
}
