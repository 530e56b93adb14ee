internal import Glibc

/// Decides what a signal does to `serve`, and when a shutdown has taken too long. A pure state machine: the time is a
/// parameter.
struct ShutdownSequence: Sendable {
    enum Action: Equatable, Sendable {
        /// Shut down: finish the requests in progress, then end with 0.
        case shutDown
        /// End the process now, with work unfinished.
        case end(exitCode: Int32)
        /// Read the settings again.
        case reload
        /// Say that the signal changes nothing.
        case sayIgnored
        case nothing
    }

    private enum Phase: Sendable {
        case starting
        case serving
        case shuttingDown(until: ContinuousClock.Instant)
    }

    /// The signals that end the process.
    static let ending = [SIGTERM, SIGINT]
    /// The signal that asks for a reload of settings. While the process shuts down it changes nothing.
    static let reloading = [SIGHUP]
    /// The signals that change nothing. Their default action would end the process.
    static let ignored = [SIGUSR1, SIGUSR2]

    private let limit: Duration
    private var phase = Phase.starting
    private var said: Set<Int32> = []
    private var isReloadWanted = false

    /// - Parameter limit: How long a shutdown may take, from the signal that began it.
    init(limit: Duration) {
        self.limit = limit
    }

    /// There may be requests in progress from now on.
    ///
    /// - Returns: Whether a reload was asked for before: settings may have been read before they were changed.
    mutating func serve() -> Bool {
        guard case .starting = phase else { return false }
        phase = .serving
        return isReloadWanted
    }

    mutating func receive(_ signal: Int32, at now: ContinuousClock.Instant) -> Action {
        guard Self.ending.contains(signal) else {
            switch phase {
            case .starting:
                // There is no log yet.
                if Self.reloading.contains(signal) { isReloadWanted = true }
                return .nothing
            case .serving where Self.reloading.contains(signal):
                return .reload
            case .serving, .shuttingDown:
                break
            }
            return said.insert(signal).inserted ? .sayIgnored : .nothing
        }
        switch phase {
        case .serving:
            phase = .shuttingDown(until: now + limit)
            return .shutDown
        case .starting, .shuttingDown:
            // The exit code that shells give to a process which a signal ended.
            return .end(exitCode: 128 + signal)
        }
    }

    /// When the process must have ended; nil while it is not shutting down.
    var deadline: ContinuousClock.Instant? {
        if case .shuttingDown(let deadline) = phase { deadline } else { nil }
    }
}
