internal import Domain
internal import Synchronization

/// How the last reload of settings ended. The start counts as the first one: its settings were read without a fault.
final class ReloadStatus: Sendable {
    private struct State: Sendable {
        var lastSuccess: Timestamp
        var failure: (at: Timestamp, problems: [SettingProblem])?
    }

    private let state: Mutex<State>

    /// - Parameter start: When the settings of the start were read.
    init(start: Timestamp) {
        state = Mutex(State(lastSuccess: start))
    }

    func succeeded(at now: Timestamp) {
        state.withLock { $0 = State(lastSuccess: now) }
    }

    func failed(at now: Timestamp, _ failure: ConfigurationFailure) {
        state.withLock { $0.failure = (now, failure.problems) }
    }

    var lastSuccess: Timestamp { state.withLock { $0.lastSuccess } }

    var lastAttemptSucceeded: Bool { state.withLock { $0.failure == nil } }

    /// For operators: that the last reload failed, and the first of its reasons; nil when it did not.
    var warning: String? {
        guard let failure = state.withLock({ $0.failure }) else { return nil }
        let reason = failure.problems.first.map { ": \($0)" } ?? ""
        return "the reload of settings at \(failure.at.rfc3339) failed, and those before it are in use\(reason)"
    }
}
