internal import PostgreSQL

/// What a command with `--json` prints at its end: one object, also when it failed. Its names are public.
protocol CommandReport: Encodable, Sendable {
    /// Nil when it did not fail.
    var error: CommandReportError? { get set }
}

/// The member `error`: what the exit code and the message on standard error say.
struct CommandReportError: Encodable, Sendable {
    let exitCode: Int32
    let message: String

    private enum CodingKeys: String, CodingKey {
        case exitCode = "exit_code"
        case message
    }
}

extension CommandReport {
    /// Runs `body`, prints what it reports, and throws what it failed with. Where `body` throws, and so has nothing to
    /// report, this report is printed, with the error.
    ///
    /// - Parameters:
    ///   - printsJSON: False prints nothing.
    ///   - body: Returns what it has done, and what ended it before it was done.
    func run(
        printsJSON: Bool,
        _ body: () async throws -> (report: Self, failure: CommandFailure?)
    ) async throws {
        var report = self
        var failure: (any Error)?
        do {
            let outcome = try await body()
            report = outcome.report
            failure = outcome.failure
        } catch {
            failure = error
        }
        // What a signal has ended is told by the signal's line.
        if failure != nil { Interruption.ofProcess.gate.waitIfClosed() }
        if printsJSON {
            report.error = failure.map { CommandReportError($0) }
            Terminal.print(try CommandJSON.encode(report))
        }
        if let failure { throw failure }
    }
}

extension CommandReportError {
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure:
            self.init(exitCode: failure.status.rawValue, message: failure.message)
        case let failure as ConfigurationFailure:
            let message = failure.problems.map { "\($0)" }.joined(separator: "\n")
            self.init(exitCode: ExitStatus.badConfiguration.rawValue, message: message)
        default:
            self.init(exitCode: ExitStatus.failed.rawValue, message: "\(error)")
        }
    }
}
