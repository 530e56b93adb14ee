internal import Domain
internal import Logging
internal import Synchronization

/// Limits the log lines of one kind per second, and then logs how many were suppressed.
///
/// The seconds are those of the lines' times: from any other beginning on, a second of the log could hold twice as many.
final class LogThrottle: Sendable {
    private struct Window: Sendable {
        /// Since the epoch.
        let second: Int64
        var lines = 0
    }

    private let limit: Int
    private let now: @Sendable () -> Timestamp
    private let windows = Mutex<[String: Window]>([:])

    /// - Parameters:
    ///   - limit: Lines of one kind per second.
    ///   - now: The clock of the lines' times.
    init(limit: Int = 10, now: @escaping @Sendable () -> Timestamp = SystemClock.now) {
        self.limit = limit
        self.now = now
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
            let second = now().microsecondsSinceEpoch / 1_000_000
            var window = windows[kind] ?? Window(second: second)
            var heldBack = 0
            if second != window.second {
                heldBack = max(0, window.lines - limit)
                window = Window(second: second)
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
