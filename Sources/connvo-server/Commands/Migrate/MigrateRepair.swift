internal import ArgumentParser
internal import Persistence

struct MigrateRepair: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Correct the record of what is applied, where it and the files disagree.",
        discussion: """
            Example: connvo-server migrate repair --as-applied 7

            Prints what it would do, and asks on a terminal; elsewhere it needs --yes. It changes only the tables in \
            which the migrator keeps its records. `connvo-server help migrations` says when it is the remedy.
            """
    )

    @Option(help: "A migration that is applied, though its record says that it is not or not as a whole. Repeatable.")
    var asApplied: [Int] = []
    @Flag(help: "Do it without asking.") var yes = false
    @OptionGroup var source: MigrationSource
    @OptionGroup var quietness: QuietOption

    func run() async throws {
        let (asApplied, isConfirmed) = (Set(asApplied), yes)
        let effect = InterruptedWork.Effect.oneTransaction(
            done: "the record is corrected; `connvo-server migrate status` shows it",
            unknown: "the server has not answered whether the record is corrected; `connvo-server migrate status` shows"
        )
        try await reporting(effect, isQuiet: quietness.isQuiet) {
            try await MigrateCommand.run(source) { connection, catalogue in
                let migrator = Migrator(catalogue) { event in
                    if case .waitingForLock(let holder) = event {
                        Terminal.note("Waiting for another migrator\(holder.map { ": \($0)" } ?? "")")
                    }
                }
                let plan = try migrator.repairPlan(asApplied: asApplied, on: &connection)
                for migration in plan.unexplained {
                    Terminal.say(
                        """
                        \(migration.file): not applied, though a later one is. If its work is in the database, add \
                        --as-applied \(migration.version); if not, give it the next free number.
                        """
                    )
                }
                guard !plan.isEmpty else {
                    if plan.unexplained.isEmpty {
                        let pending = try migrator.status(on: &connection).pendingText
                        return Terminal.note("Nothing to repair.\(pending.map { "\nNote: \($0)" } ?? "")")
                    }
                    throw CommandFailure(.drift, "nothing was changed")
                }
                for action in plan.actions {
                    // What is asked about is shown in any case.
                    if isConfirmed { Terminal.record("\(action)") } else { Terminal.print("\(action)") }
                }
                try Confirmation.require("Correct the record like this", isGiven: isConfirmed)
                try migrator.repair(plan, asApplied: asApplied, on: &connection)
                Terminal.note("Done. `migrate status` shows the result.")
            }
        }
    }
}
