internal import ArgumentParser
internal import Domain
internal import Persistence
internal import PostgreSQL

struct MigrateUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Apply what is pending, in order, and bring indexes, partitions, roles and grants up to date.",
        discussion: "Example: connvo-server migrate up --to 4"
    )

    @Option(help: "The last version to apply.") var to: Int?
    @OptionGroup var source: MigrationSource
    @Option(
        help: "How long a statement waits for a lock, as 500ms or 2s, before its file is rolled back and tried again.",
        transform: DurationArgument.parse
    ) var lockTimeout: Duration?
    @Option(help: "How often a file that does not get its locks is tried.") var attempts: Int?
    @Flag(help: "Print one JSON object at the end; `connvo-server help migrations` lists its fields.") var json = false

    func validate() throws {
        if let attempts, !(1...1000).contains(attempts) { throw ValidationError("--attempts takes 1 to 1000") }
    }

    func run() async throws {
        var retry = LockRetry()
        if let lockTimeout { retry.lockTimeout = lockTimeout }
        if let attempts { retry.attempts = attempts }
        let (target, lockRetry, isForPrograms) = (to, retry, json)
        try await reporting {
            try await MigrateUpReport().run(printsJSON: isForPrograms) {
                try await MigrateCommand.run(source) { connection, catalogue in
                    var report = MigrateUpReport()
                    let migrator = Migrator(catalogue, lockRetry: lockRetry) { event in
                        if !isForPrograms || !event.isResult { Self.show(event, lockRetry) }
                        report.add(event)
                    }
                    do throws(MigrationFailure) {
                        _ = try migrator.up(to: target, on: &connection)
                    } catch {
                        return (report, CommandFailure(ExitStatus(error), "\(error)"))
                    }
                    if !report.changes, !isForPrograms { Terminal.say("Nothing to do: the schema is up to date.") }
                    return (report, nil)
                }
            }
        }
    }

    /// Results go to standard output, what happens meanwhile to standard error.
    private static func show(_ event: MigrationEvent, _ retry: LockRetry) {
        switch event {
        case .waitingForLock(let holder):
            Terminal.say("Waiting for another migrator\(holder.map { ": \($0)" } ?? "")")
        case .lockIgnored(let holder):
            Terminal.say("Going on though a login that may neither migrate nor maintain holds the lock: \(holder)")
        case .applying:
            break
        case .retrying(let migration, let attempt, let attempts, let pause, let holders):
            let names = holders.map { "\n  locked by \($0)" }.joined()
            Terminal.say(
                """
                \(migration.file): attempt \(attempt) of \(attempts) got no lock within \
                \(DurationText.text(retry.lockTimeout)) and was rolled back; the next one in \
                \(DurationText.text(.milliseconds(pause.milliseconds)))\(names)
                """
            )
        case .retryingStep(let name, let attempt, let attempts, let pause):
            Terminal.say(
                """
                \(name): attempt \(attempt) of \(attempts) got no lock and was rolled back; the next one in \
                \(DurationText.text(.milliseconds(pause.milliseconds)))
                """
            )
        case .applied(let migration, let took):
            Terminal.print("\(migration.file)  \(took.milliseconds) ms")
        case .foundApplied(let migration):
            Terminal.print("\(migration.file)  done by a run that was interrupted, recorded now")
        case .droppingRemnant(let index, let migration):
            Terminal.say("\(migration.file): dropping the INVALID index \(index), which an earlier run has left")
        case .repairing(let index, let statement):
            Terminal.say("INVALID index \(index.name) on \(index.table): \(statement)")
        case .invalidIndex(let index):
            Terminal.say("INVALID index \(index.name) on \(index.table): the next `migrate up` tries to repair it")
        case .notice(let notice, let source) where notice.severity != "NOTICE":
            Terminal.say("\(source): \(notice.message)")
        case .notice:
            break
        case .partitionsMade(let names):
            for name in names { Terminal.print("made partition \(name)") }
        case .recordsMade:
            Terminal.print("made the tables in which migrate keeps its records")
        case .rolesChanged(let statement):
            Terminal.print("roles.sql  \(statement)")
        }
    }
}

extension MigrationEvent {
    /// Whether the text form goes to standard output.
    fileprivate var isResult: Bool {
        switch self {
        case .applied, .foundApplied, .partitionsMade, .recordsMade, .rolesChanged: true
        case .waitingForLock, .lockIgnored, .applying, .retrying, .retryingStep, .droppingRemnant, .repairing,
            .invalidIndex, .notice:
            false
        }
    }
}
