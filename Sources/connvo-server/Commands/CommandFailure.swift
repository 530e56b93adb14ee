internal import ArgumentParser

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
    /// Runs the body of a command, and turns its errors into a message and an exit code.
    func reporting(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let failure as CommandFailure {
            Terminal.say("connvo-server: \(failure.message)")
            throw ExitCode(failure.status.rawValue)
        } catch let failure as ConfigurationFailure {
            for problem in failure.problems { Terminal.say("connvo-server: \(problem)") }
            throw ExitCode(ExitStatus.badConfiguration.rawValue)
        }
    }
}
