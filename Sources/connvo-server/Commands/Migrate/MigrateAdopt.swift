internal import ArgumentParser
internal import Persistence

struct MigrateAdopt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Take on a database that has the schema and no record of what is applied.",
        discussion: """
            Example: connvo-server migrate adopt && connvo-server migrate up

            For a database that was restored without connvo.schema_migrations. Compares it as `verify` does, apart from \
            ownership and privileges, which `migrate up` repairs; says what it would record, and asks on a terminal; \
            elsewhere it needs --yes. 3 when the schema is not what the migrations make.
            """
    )

    @Option(help: "The last migration that is applied; else the newest with whose schema the database agrees.")
    var level: Int?
    @Flag(help: "Do it without asking.") var yes = false
    @OptionGroup var source: MigrationSource
    @OptionGroup var quietness: QuietOption

    func run() async throws {
        let (level, isConfirmed) = (level, yes)
        let effect = InterruptedWork.Effect.oneTransaction(
            done: "the record is made; `connvo-server migrate status` shows it",
            unknown: "the server has not answered whether the record is made; `connvo-server migrate status` shows it"
        )
        try await reporting(effect, isQuiet: quietness.isQuiet) {
            try await MigrateCommand.run(source) { connection, catalogue in
                let migrator = Migrator(catalogue)
                let adoption = try migrator.adoption(at: level, on: &connection)
                guard let last = adoption.migrations.last else {
                    for difference in adoption.differences { Terminal.print("\(difference)") }
                    throw CommandFailure(.drift, "the schema is not what the migrations make. Nothing was changed.")
                }
                let plan = "record \(adoption.migrations[0].file) to \(last.file) as applied"
                // What is asked about is shown in any case.
                if isConfirmed { Terminal.record(plan) } else { Terminal.print(plan) }
                try Confirmation.require("Record that", isGiven: isConfirmed)
                try migrator.adopt(adoption, on: &connection)
                Terminal.note("Done. `migrate up` does the rest.")
            }
        }
    }
}
