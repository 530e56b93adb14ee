internal import ArgumentParser

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
        version: ServerVersion.current,
        subcommands: [
            ServeCommand.self, MigrateCommand.self, SeedCommand.self, ExportCommand.self, ReportCommand.self,
            ExplainCommand.self, MaintainCommand.self, TokenCommand.self, HelpCommand.self,
        ]
    )

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        UnknownCommand.refuse(in: arguments)
        await main(arguments)
    }
}
