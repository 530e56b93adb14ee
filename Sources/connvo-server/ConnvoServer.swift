internal import ArgumentParser
internal import Glibc

/// The command line of connvo-server.
///
/// Every command sets `commandName`. To derive a name from a type's name, ArgumentParser searches all conformances of
/// the program three times, for every command and at every start.
@main
struct ConnvoServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connvo-server",
        abstract: "Lets signed-in Connvo users into paid-tier video meetings.",
        discussion: "Example: connvo-server migrate && connvo-server seed people.json && connvo-server serve",
        version: ServerVersion.line,
        subcommands: [
            ServeCommand.self, MigrateCommand.self, SeedCommand.self, ExportCommand.self, ReportCommand.self,
            ExplainCommand.self, MaintainCommand.self, TokenCommand.self, DoctorCommand.self, HealthcheckCommand.self,
            HelpCommand.self,
        ]
    )

    /// ArgumentParser's own `main` reads Swift's `CommandLine`, prints help without looking whether it was written, and
    /// takes a call without a subcommand for one for help.
    static func main() async {
        StandardStreams.prepare()
        UnknownCommand.refuse(in: ProcessArguments.given)
        do {
            var command = try parseAsRoot(ProcessArguments.given)
            try checkIsComplete(command)
            if var command = command as? any AsyncParsableCommand {
                try checkSystem()
                try await command.run()
            } else {
                try command.run()
            }
            // Commands that do not print by `reporting` have not looked yet.
            if let failure = StandardOutput.finish() { throw failure }
        } catch {
            end(error)
        }
    }

    /// - Throws: `ExitCode` 64, after the help on standard error, when the arguments end before the name of a command.
    private static func checkIsComplete(_ command: any ParsableCommand) throws {
        let configuration = type(of: command).configuration
        guard !configuration.subcommands.isEmpty, configuration.defaultSubcommand == nil else { return }
        Terminal.say("connvo-server: no command was given\n\n\(helpMessage(for: type(of: command)))")
        throw ExitCode.validationFailure
    }

    /// Swift runs tasks on threads of libdispatch, which reads the state of each of them in /proc, from its first moment and
    /// every second, and traps where it is not there (swift-corelibs-libdispatch, src/event/workqueue.c).
    ///
    /// - Throws: `ExitCode` 78, after a message. So far nothing has been done.
    private static func checkSystem() throws {
        guard access("/proc/self/stat", R_OK) != 0 else { return }
        Terminal.say("connvo-server: /proc is not mounted, and the runtime of Swift needs it: mount -t proc proc /proc")
        throw ExitCode(ExitStatus.badConfiguration.rawValue)
    }

    /// Ends the process as the error says: help that was asked for goes to standard output, and all else to standard
    /// error.
    private static func end(_ error: any Error) -> Never {
        let exitCode = exitCode(for: error)
        let text = fullMessage(for: error)
        guard exitCode.isSuccess else {
            if !text.isEmpty { Terminal.say(text) }
            Glibc.exit(exitCode.rawValue)
        }
        if !text.isEmpty { Terminal.print(text) }
        Glibc.exit(StandardOutput.finish()?.rawValue ?? ExitCode.success.rawValue)
    }
}
