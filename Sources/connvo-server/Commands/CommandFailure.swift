internal import ArgumentParser
internal import Glibc

/// What the process's exit codes mean (part of the public interface).
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

/// Data goes to standard output, everything else to standard error.
enum Terminal {
    static func print(_ text: String) {
        write(text + "\n", to: STDOUT_FILENO)
    }

    static func say(_ text: String) {
        write(text + "\n", to: STDERR_FILENO)
    }

    static func print(_ bytes: [UInt8]) {
        write(bytes, to: STDOUT_FILENO)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        write(Array(text.utf8), to: descriptor)
    }

    /// A reader that has gone, as in `| head`, ends the writing quietly.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                return
            }
            rest = rest.dropFirst(written)
        }
    }
}

extension AsyncParsableCommand {
    /// Runs the body of a command and turns what it throws into a message and an exit code.
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
