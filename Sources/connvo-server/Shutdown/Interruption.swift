internal import Glibc
internal import PostgreSQL
internal import Synchronization

/// What SIGINT, SIGTERM and SIGHUP do to a command other than `serve`.
///
/// The first one says at once, in one line, what happened to the data, and ends the process with 128 and the number of
/// the signal, as shells do. The second one ends it without a word. Between the two, the server is asked to cancel what
/// it works on, so that no lock is kept by a command that is gone; a COMMIT is waited for, because only its answer tells
/// what happened.
final class Interruption: Sendable {
    /// That of the process: a signal has no other.
    static let ofProcess = Interruption()

    /// For the connections of commands.
    let gate = CommandGate()

    private struct State: Sendable {
        var work = InterruptedWork()
        var isWatching = false
        /// Takes away what is drawn on the terminal.
        var clear: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    /// How long the server may take to answer before the process ends without the answer.
    private static let patience: Duration = .seconds(10)
    /// How long the thread that works may take to report what the server has answered.
    private static let settling: Duration = .milliseconds(200)

    /// Catches the signals from now on. One that the caller has made the process ignore, as nohup(1) does, stays ignored.
    ///
    /// Without a thread or a descriptor for it, signals end the process as they do by default.
    func watch(_ effect: InterruptedWork.Effect, output: String?) {
        let isFirst = state.withLock { state in
            defer { state.isWatching = true }
            state.work.effect = effect
            state.work.output = output
            return !state.isWatching
        }
        let signals = Self.signals.filter { Self.action(of: $0) == .default }
        guard isFirst, !signals.isEmpty, let pipe = try? SignalPipe.catching(signals) else { return }
        _ = try? DedicatedThread(name: "signals") { [self] in
            pipe.unblock(signals)
            while true {
                guard let signal = pipe.next(until: .after(.seconds(3600))) else { continue }
                end(signal)
            }
        }
    }

    /// The work is done, and its results are written. Signals that come later change nothing.
    func finish() {
        gate.finish()
    }

    // MARK: - What the command says of its work

    func begins(_ step: String, leaving remnant: String? = nil) {
        state.withLock { state in
            state.work.underWay = step
            state.work.remnant = remnant
        }
    }

    func completes(_ step: String) {
        state.withLock { state in
            state.work.done.append(step)
            state.work.underWay = nil
            state.work.remnant = nil
        }
    }

    func clearsTerminal(_ clear: @escaping @Sendable () -> Void) {
        state.withLock { $0.clear = clear }
    }

    // MARK: - The end

    private func end(_ signal: Int32) {
        // The second one ends the process from the handler, also while this thread waits.
        for number in Self.signals where Self.action(of: number) == .handler {
            Glibc.signal(number) { _exit(128 + $0) }
        }
        gate.close()
        // The work was done when the signal came: the process is about to end by itself.
        if gate.observation.isDone { return }
        state.withLock { $0.clear }?()
        let published = FileReplacement.abandonAll()
        let observation = settle(signal)
        let work = state.withLock { $0.work }
        Terminal.say("connvo-server: \(work.sentence(after: signal, observation, published: published))")
        _exit(128 + signal)
    }

    /// Waits until the server has answered the command under way, and what it answered has been reported.
    private func settle(_ signal: Int32) -> CommandGate.Observation {
        let deadline = Deadline.after(Self.patience)
        switch gate.observation.command {
        case .inTransaction, .alone:
            // It may block; the thread ends with the process.
            _ = try? DedicatedThread(name: "cancel") { [gate] in gate.cancel() }
        case .commit, nil: break
        }
        let quiet = Deadline.after(.milliseconds(500))
        var hasSaid = false
        while gate.observation.command != nil, !deadline.hasPassed {
            if !hasSaid, quiet.hasPassed {
                hasSaid = true
                Terminal.say(
                    """
                    connvo-server: \(InterruptedWork.name(of: signal)): waiting for the server to end what it works on; \
                    a second signal ends at once
                    """
                )
            }
            deadline.sleep(atMost: .milliseconds(5))
        }
        let settled = Deadline.after(Self.settling)
        while !gate.observation.isWaiting, gate.observation.command == nil, !settled.hasPassed {
            settled.sleep(atMost: .milliseconds(2))
        }
        return gate.observation
    }

    private enum Action { case `default`, ignored, handler }

    private static func action(of signal: Int32) -> Action {
        var current = sigaction()
        sigaction(signal, nil, &current)
        // SIG_DFL and SIG_IGN are 0 and 1 in the place of a function, which Swift can compare only as a number.
        switch unsafeBitCast(current.__sigaction_handler.sa_handler, to: Int.self) {
        case 0: return .default
        case 1: return .ignored
        default: return .handler
        }
    }
}
