internal import ArgumentParser
internal import Synchronization

/// What all commands print, and whether it was written.
///
/// A command that changes the database does not stop in the midst of it because its output is lost: the first failure
/// is kept, nothing more is written, and the command fails at its end.
enum StandardOutput {
    /// The exit code of a command whose reader has gone, as in `| head`: that of a process which SIGPIPE ended.
    static let readerHasGone = ExitCode(141)

    private struct State: ~Copyable {
        var output = CommandOutput.standard()
        var hasPrinted = false
        var failure: (any Error)?
    }

    private static let state = Mutex(State())

    static func print(_ bytes: [UInt8]) {
        state.withLock { state in
            guard state.failure == nil else { return }
            state.hasPrinted = true
            do {
                try state.output.write(bytes)
                try state.output.flush()
            } catch {
                state.failure = error
            }
        }
    }

    /// Says on standard error that something was not written, unless the reader has gone, which is no mistake.
    ///
    /// - Returns: The exit code of the command; nil when all is written.
    static func finish() -> ExitCode? {
        let failure = state.withLock { state -> (any Error)? in
            guard state.failure == nil, state.hasPrinted else { return state.failure }
            do {
                try state.output.finish()
            } catch {
                state.failure = error
            }
            return state.failure
        }
        switch failure {
        case nil: return nil
        case is CommandOutput.ReaderHasGone: return readerHasGone
        case let failure as CommandFailure:
            Terminal.say("connvo-server: \(failure.message)")
            return ExitCode(failure.status.rawValue)
        default: return ExitCode(ExitStatus.failed.rawValue)
        }
    }
}
