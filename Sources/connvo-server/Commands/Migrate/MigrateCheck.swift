internal import ArgumentParser
internal import Persistence

struct MigrateCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say by the exit code whether the database has the schema of this binary.",
        discussion: """
            Example: connvo-server migrate check || echo "not yet: $?"

            0 up to date, 2 something is pending, 3 an applied file has changed or one was passed over, or the schema is \
            not what the applied migrations make (`migrate verify`), 4 the database is newer than this binary, 1 \
            another failure, 69 the database does not answer.
            """
    )

    @OptionGroup var source: MigrationSource
    @OptionGroup var quietness: QuietOption

    func run() async throws {
        try await reporting(isQuiet: quietness.isQuiet) {
            let (status, report, verification) = try await MigrateCommand.run(source) { connection, catalogue in
                let migrator = Migrator(catalogue)
                let status = try migrator.status(on: &connection)
                let indexes = try migrator.invalidIndexes(on: &connection)
                let report = MigrationStatusReport(status, invalidIndexes: indexes, catalogue: catalogue)
                return (status, report, status.refusal == nil ? try migrator.verify(on: &connection) : nil)
            }
            for index in report.invalidIndexes {
                Terminal.say("INVALID index \(index.name) on \(index.table): the next `migrate up` repairs it")
            }
            if let verification, !verification.differences.isEmpty {
                for difference in verification.differences { Terminal.say("\(difference)") }
                throw verification.failure
            }
            switch status.summary {
            case .upToDate:
                Terminal.note(report.conclusion)
            case .pending:
                throw CommandFailure(.pending, status.pendingText ?? report.conclusion)
            case .drift, .newer:
                guard let refusal = status.refusal else { return }
                throw CommandFailure(ExitStatus(refusal), "\(refusal)")
            }
        }
    }
}
