internal import ArgumentParser

/// The command line of connvo-server.
@main
struct ConnvoServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connvo-server",
        abstract: "Lets signed-in Connvo users into paid-tier video meetings.",
        discussion: "Example: connvo-server migrate && connvo-server seed sql/seed/demo.json && connvo-server serve",
        version: ServerVersion.current,
        subcommands: [ServeCommand.self, MigrateCommand.self, SeedCommand.self, TokenCommand.self]
    )
}
