internal import ArgumentParser
internal import Persistence

struct MigrateStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say what is applied, pending, changed or unknown.",
        discussion: "Example: connvo-server migrate status --json | jq -r .state"
    )

    @OptionGroup var source: MigrationSource
    @Flag(help: "Print JSON; `connvo-server help migrations` lists its fields.") var json = false
    @Flag(help: "Exit with 2 when something is pending, 3 on drift, 4 when the database is newer.")
    var exitCode = false

    func run() async throws {
        try await reporting {
            let report = try await MigrateCommand.run(source) { connection, catalogue in
                let migrator = Migrator(catalogue)
                return MigrationStatusReport(
                    try migrator.status(on: &connection),
                    invalidIndexes: try migrator.invalidIndexes(on: &connection),
                    catalogue: catalogue
                )
            }
            if json {
                Terminal.print(try CommandJSON.encode(report))
            } else {
                Terminal.print(report.text)
            }
            let status = ExitStatus(report.summary)
            if exitCode, status != .done { throw ExitCode(status.rawValue) }
        }
    }
}
