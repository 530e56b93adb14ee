internal import Glibc
internal import Logging
internal import PostgreSQL
internal import Synchronization

/// The signals of `serve`, and the last resort of its shutdown.
///
/// A thread of its own waits for signals and watches the time, so that it works when every event loop, every thread of
/// the cooperative pool and every worker hangs: in a resolver, on a mount, behind a client that reads nothing.
final class SignalWatch: Sendable {
    private struct State: Sendable {
        var sequence: ShutdownSequence
        var logger: Logger?
        var logWriter: LogWriter?
        var shutDown: @Sendable () -> Void = {}
        var reload: @Sendable () -> Void = {}
    }

    private let pipe: SignalPipe
    private let state: Mutex<State>

    /// How long the last line may take before the process ends. A reader of standard error may have stalled.
    private static let lastLineLimit: Duration = .milliseconds(500)

    /// Catches the signals from now on: until ``serve(logger:logWriter:reload:shutDown:)`` SIGTERM and SIGINT end the process
    /// at once, also where it is process 1 of a container, whose default is to ignore them.
    ///
    /// - Parameter limit: How long a shutdown may take.
    /// - Throws: ``DatabaseError`` when the system gives no descriptor or no thread.
    init(limit: Duration) throws(DatabaseError) {
        state = Mutex(State(sequence: ShutdownSequence(limit: limit)))
        let signals = ShutdownSequence.ending + ShutdownSequence.reloading + ShutdownSequence.ignored
        pipe = try SignalPipe.catching(signals)
        _ = try DedicatedThread(name: "signals") { [self] in
            pipe.unblock(signals)
            while true { step() }
        }
    }

    /// From now on the first SIGTERM or SIGINT begins a shutdown, the second ends the process, and SIGHUP reloads.
    ///
    /// - Parameters:
    ///   - logger: For what signals do.
    ///   - logWriter: Gets time to write the last line before the process ends.
    ///   - reload: Asks for a reload of settings, also when SIGHUP came before this call. Must not block.
    ///   - shutDown: Begins the shutdown. Must not block. It is called once, on the thread of this object.
    func serve(
        logger: Logger,
        logWriter: LogWriter,
        reload: @escaping @Sendable () -> Void = {},
        shutDown: @escaping @Sendable () -> Void
    ) {
        let isReloadWanted = state.withLock { state in
            state.logger = logger
            state.logWriter = logWriter
            state.reload = reload
            state.shutDown = shutDown
            return state.sequence.serve()
        }
        if isReloadWanted { reload() }
    }

    private func step() {
        let deadline = state.withLock { $0.sequence.deadline }
        guard let signal = pipe.next(until: deadline.map { Deadline($0) } ?? .after(.seconds(3600))) else {
            if deadline != nil {
                end(.critical, "The shutdown took too long: the process ends with work unfinished", exitCode: 1)
            }
            return
        }
        let name = Self.name(of: signal)
        switch state.withLock({ $0.sequence.receive(signal, at: .now) }) {
        case .shutDown:
            let (logger, shutDown) = state.withLock { ($0.logger, $0.shutDown) }
            logger?.notice("Shutting down; a second signal ends the process at once", metadata: ["signal": "\(name)"])
            shutDown()
        case .end(let exitCode):
            end(.warning, "The process ends at once, as the signal asks", name, exitCode: exitCode)
        case .reload:
            let reload = state.withLock { $0.reload }
            reload()
        case .sayIgnored:
            state.withLock { $0.logger }?.notice("The signal changes nothing", metadata: ["signal": "\(name)"])
        case .nothing:
            break
        }
    }

    private func end(
        _ level: Logger.Level,
        _ message: Logger.Message,
        _ signal: String? = nil,
        exitCode: Int32
    ) -> Never {
        let (logger, logWriter) = state.withLock { ($0.logger, $0.logWriter) }
        var metadata: Logger.Metadata = ["exit_code": "\(exitCode)"]
        if let signal { metadata["signal"] = "\(signal)" }
        logger?.log(level: level, message, metadata: metadata)
        logWriter?.end(within: Self.lastLineLimit)
        // Not exit(3): its handlers could wait for a thread that hangs.
        _exit(exitCode)
    }

    private static func name(of signal: Int32) -> String {
        switch signal {
        case SIGTERM: "SIGTERM"
        case SIGINT: "SIGINT"
        case SIGHUP: "SIGHUP"
        case SIGUSR1: "SIGUSR1"
        case SIGUSR2: "SIGUSR2"
        default: "\(signal)"
        }
    }
}
