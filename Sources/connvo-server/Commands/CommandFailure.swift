internal import ArgumentParser
internal import PostgreSQL

/// The exit codes of the process. They are part of the public interface.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case pending = 2
    case drift = 3
    case databaseNewer = 4
    case badData = 65
    case unavailable = 69
    case badConfiguration = 78
}

/// Ends a command with a message on standard error and an exit code.
struct CommandFailure: Error {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}

extension AsyncParsableCommand {
    /// Runs the body of a command, turns its errors into a message and an exit code, and fails when a result was not
    /// written.
    ///
    /// - Parameters:
    ///   - effect: What the body does to the data, for the line that a signal prints; nil when the command handles
    ///     signals itself.
    ///   - output: The file that the body writes; nil for standard output.
    ///   - isQuiet: See ``QuietOption``.
    func reporting(
        _ effect: InterruptedWork.Effect? = .readsOnly,
        output: String? = nil,
        isQuiet: Bool = false,
        _ body: () async throws -> Void
    ) async throws {
        Terminal.isQuiet = isQuiet
        if let effect { Interruption.ofProcess.watch(effect, output: output) }
        let exitCode = try await exitCode(of: body)
        // A result that is not there is worse than what the result says.
        let written = StandardOutput.finish()
        if effect != nil { Interruption.ofProcess.finish() }
        if let exitCode = written ?? exitCode { throw exitCode }
    }

    private func exitCode(of body: () async throws -> Void) async throws -> ExitCode? {
        do {
            do {
                try await body()
            } catch {
                // That the server canceled a command, as a signal asked, is no failure to report.
                Interruption.ofProcess.gate.waitIfClosed()
                throw error
            }
            return nil
        } catch let exitCode as ExitCode {
            return exitCode
        } catch is CommandOutput.ReaderHasGone {
            return StandardOutput.readerHasGone
        } catch let failure as CommandFailure {
            Terminal.say("connvo-server: \(failure.message)")
            return ExitCode(failure.status.rawValue)
        } catch let failure as ConfigurationFailure {
            for problem in failure.problems { Terminal.say("connvo-server: \(problem)") }
            return ExitCode(ExitStatus.badConfiguration.rawValue)
        }
    }
}
