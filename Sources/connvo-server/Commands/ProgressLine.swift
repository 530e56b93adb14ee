internal import Glibc
internal import Persistence
internal import PostgreSQL
internal import Synchronization

/// A progress bar on the terminal of standard error, for work that takes longer than half a second. Where standard error
/// is no terminal, nothing.
final class ProgressLine: Sendable {
    private static let patience = Duration.milliseconds(500)
    private static let width = 24

    private struct State {
        var text = ""
        /// From 0 to 1; nil when it is not known how much there is.
        var fraction: Double?
        var isShown = false
        var isFinished = false
    }

    private let start = ContinuousClock.now
    private let state = Mutex(State())
    private let isTerminal: Bool

    /// Begins to draw, on a thread of its own: a long statement must not look like a standstill.
    ///
    /// - Parameter isShown: False draws nothing.
    init(isShown: Bool = true) {
        isTerminal = isShown && isatty(STDERR_FILENO) == 1
        guard isTerminal else { return }
        Interruption.ofProcess.clearsTerminal { [weak self] in self?.clearAtOnce() }
        _ = try? DedicatedThread(name: "progress") { [weak self] in
            while let self, self.draw() { usleep(100_000) }
        }
    }

    deinit {
        finish()
    }

    func update(_ text: String, fraction: Double? = nil) {
        guard isTerminal else { return }
        state.withLock { state in
            state.text = text
            state.fraction = fraction
        }
    }

    /// Takes the bar away while `body` writes to the terminal.
    func interrupt<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
        try state.withLock { (state) throws(Failure) in
            Self.clear(&state)
            try body()
        }
    }

    /// Takes the bar away for good.
    func finish() {
        state.withLock { state in
            Self.clear(&state)
            state.isFinished = true
        }
    }

    /// Takes the bar away for good, unless another thread is just writing to the terminal.
    private func clearAtOnce() {
        _ = state.withLockIfAvailable { state in
            Self.clear(&state)
            state.isFinished = true
        }
    }

    /// False once it is finished.
    private func draw() -> Bool {
        state.withLock { state in
            guard !state.isFinished else { return false }
            let elapsed = ContinuousClock.now - start
            guard elapsed > Self.patience, !state.text.isEmpty else { return true }
            let bar = state.fraction.map { fraction in
                let full = Int(min(1, max(0, fraction)) * Double(Self.width))
                return "[\(String(repeating: "#", count: full))\(String(repeating: ".", count: Self.width - full))] "
            }
            Terminal.write("\r\u{1B}[K\(bar ?? "")\(state.text), \(elapsed.components.seconds) s")
            state.isShown = true
            return true
        }
    }

    private static func clear(_ state: inout State) {
        if state.isShown { Terminal.write("\r\u{1B}[K") }
        state.isShown = false
    }
}
