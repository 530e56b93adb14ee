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
    @OptionGroup var quietness: QuietOption
    @Flag(help: "Print one JSON object at the end; `connvo-server help migrations` lists its fields.") var json = false

    func validate() throws {
        if let attempts, !(1...1000).contains(attempts) { throw ValidationError("--attempts takes 1 to 1000") }
    }

    func run() async throws {
        var retry = LockRetry()
        if let lockTimeout { retry.lockTimeout = lockTimeout }
        if let attempts { retry.attempts = attempts }
        let (target, lockRetry, isForPrograms) = (to, retry, json)
        let effect = InterruptedWork.Effect.steps(again: "`connvo-server migrate` continues from there")
        try await reporting(effect, isQuiet: quietness.isQuiet) {
            try await MigrateUpReport().run(printsJSON: isForPrograms) {
                try await MigrateCommand.run(source) { connection, catalogue in
                    var report = MigrateUpReport()
                    let migrator = Migrator(catalogue, lockRetry: lockRetry) { event in
                        event.note(for: .ofProcess)
                        if !isForPrograms || !event.isResult { Self.show(event, lockRetry) }
                        report.add(event)
                    }
                    do throws(MigrationFailure) {
                        _ = try migrator.up(to: target, on: &connection)
                    } catch {
                        return (report, CommandFailure(ExitStatus(error), "\(error)"))
                    }
                    if !report.changes, !isForPrograms { Terminal.note("Nothing to do: the schema is up to date.") }
                    return (report, nil)
                }
            }
        }
    }

    /// Results go to standard output, what happens meanwhile to standard error.
    private static func show(_ event: MigrationEvent, _ retry: LockRetry) {
        switch event {
        case .waitingForLock(let holder):
            Terminal.note("Waiting for another migrator\(holder.map { ": \($0)" } ?? "")")
        case .lockIgnored(let holder):
            Terminal.say("Continuing although a login that may neither migrate nor maintain holds the lock: \(holder)")
        case .applying:
            break
        case .retrying(let migration, let attempt, let attempts, let pause, let holders):
            let names = holders.map { "\n  locked by \($0)" }.joined()
            Terminal.note(
                """
                \(migration.file): attempt \(attempt) of \(attempts) got no lock within \
                \(DurationText.text(retry.lockTimeout)) and was rolled back; the next one in \
                \(DurationText.text(.milliseconds(pause.milliseconds)))\(names)
                """
            )
        case .retryingStep(let name, let attempt, let attempts, let pause):
            Terminal.note(
                """
                \(name): attempt \(attempt) of \(attempts) got no lock and was rolled back; the next one in \
                \(DurationText.text(.milliseconds(pause.milliseconds)))
                """
            )
        case .applied(let migration, let took):
            Terminal.record("\(migration.file)  \(took.milliseconds) ms")
        case .foundApplied(let migration):
            Terminal.record("\(migration.file)  done by a run that was interrupted, recorded now")
        case .droppingRemnant(let index, let migration):
            Terminal.note("\(migration.file): dropping the INVALID index \(index), which an earlier run has left")
        case .repairing(let index, let statement):
            Terminal.note("INVALID index \(index.name) on \(index.table): \(statement)")
        case .invalidIndex(let index):
            Terminal.say("INVALID index \(index.name) on \(index.table): the next `migrate up` tries to repair it")
        case .notice(let notice, let source) where notice.severity != "NOTICE":
            Terminal.say("\(source): \(notice.message)")
        case .notice:
            break
        case .partitionsMade(let names):
            for name in names { Terminal.record("made partition \(name)") }
        case .recordsMade:
            Terminal.record("made the tables in which migrate keeps its records")
        case .rolesChanged(let statement):
            Terminal.record("roles.sql  \(statement)")
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

extension MigrationEvent {
    /// Tells what is under way and what is done, for the line that a signal prints.
    fileprivate func note(for interruption: Interruption) {
        switch self {
        case .applying(let migration):
            interruption.begins(
                migration.file,
                leaving: migration.runsInTransaction
                    ? nil : "whose index, where it is left INVALID, the next `migrate up` drops and builds again"
            )
        case .applied(let migration, _), .foundApplied(let migration): interruption.completes(migration.file)
        case .partitionsMade(let names): interruption.completes("partitions \(names.joined(separator: ", "))")
        case .recordsMade: interruption.completes("the tables for the records of migrate")
        case .rolesChanged: interruption.completes("a change by roles.sql")
        case .repairing(let index, _):
            interruption.begins("repairing \(index.name)", leaving: "which the next run repairs")
        case .waitingForLock, .lockIgnored, .retrying, .retryingStep, .droppingRemnant, .invalidIndex, .notice: break
        }
    }
}
