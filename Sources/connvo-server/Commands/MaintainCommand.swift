internal import ArgumentParser
internal import Domain
internal import Persistence
internal import PostgreSQL

struct MaintainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintain",
        abstract: "Make coming partitions, refresh rollups, and remove old records.",
        discussion: """
            Example: RECORD_RETENTION_MONTHS=13 connvo-server maintain

            For cron or a timer, once an hour. Safe to run at any time, several at once, and again after it was \
            interrupted. Records are kept without limit unless RECORD_RETENTION_MONTHS is set. \
            `connvo-server help maintenance` says more.
            """
    )

    @Flag(help: "Say what would be done and change nothing; exit with 2 when there is something to do.")
    var dryRun = false

    @Flag(help: "Compare rollups with all records, not only with those of this month and the one before.")
    var all = false

    @Flag(help: "Print one JSON object at the end; `connvo-server help maintenance` lists its fields.")
    var json = false

    @OptionGroup var quietness: QuietOption

    func run() async throws {
        let (isDryRun, comparesAll, isForPrograms) = (dryRun, all, json)
        let effect = InterruptedWork.Effect.steps(again: "The next `connvo-server maintain` continues")
        try await reporting(isDryRun ? .readsOnly : effect, isQuiet: quietness.isQuiet) {
            var isPending = false
            try await MaintainReport(isDryRun: isDryRun).run(printsJSON: isForPrograms) {
                var settings = try await SettingsReader()
                let months = settings.integer(.recordRetentionMonths)
                let keepMonths = months == 0 ? nil : months
                let outcome = try await AdministrativeConnection.run(purpose: "maintain", settings: settings) {
                    connection in
                    try SchemaRequirement.check(on: &connection)
                    return isDryRun
                        ? Self.plan(keepMonths, comparesAll, isForPrograms, on: &connection)
                        : Self.work(keepMonths, comparesAll, isForPrograms, on: &connection)
                }
                isPending = isDryRun ? outcome.report.changes : !outcome.report.postponed.isEmpty
                return outcome
            }
            if isPending { throw ExitCode(ExitStatus.pending.rawValue) }
        }
    }

    private typealias Outcome = (report: MaintainReport, failure: CommandFailure?)

    private static func work(
        _ keepMonths: Int?,
        _ comparesAll: Bool,
        _ isForPrograms: Bool,
        on connection: inout Connection
    ) -> Outcome {
        var report = MaintainReport(isDryRun: false)
        let maintainer = Maintainer(keepMonths: keepMonths, comparesAll: comparesAll) { event in
            event.note(for: .ofProcess)
            MaintenanceText.show(event, resultsToo: !isForPrograms)
            report.add(event)
        }
        do {
            try maintainer.run(on: &connection)
            return (report, nil)
        } catch {
            return (report, Self.failure(error))
        }
    }

    private static func plan(
        _ keepMonths: Int?,
        _ comparesAll: Bool,
        _ isForPrograms: Bool,
        on connection: inout Connection
    ) -> Outcome {
        var report = MaintainReport(isDryRun: true)
        do {
            let plan = try Maintainer(keepMonths: keepMonths, comparesAll: comparesAll).plan(on: &connection)
            report.add(plan)
            if !isForPrograms { MaintenanceText.show(plan) }
            return (report, nil)
        } catch {
            return (report, Self.failure(error))
        }
    }

    private static func failure(_ failure: MaintenanceFailure) -> CommandFailure {
        if case .database(_, let error) = failure, let older = SchemaRequirement.failure(for: error) { return older }
        let status: ExitStatus =
            switch failure {
            case .locked: .unavailable
            case .database(_, let error): error.sqlState == nil ? .unavailable : .failed
            }
        return CommandFailure(status, "\(failure)")
    }
}

extension MaintenanceEvent {
    /// Tells what is done, for the line that a signal prints. Each step is a transaction of its own.
    fileprivate func note(for interruption: Interruption) {
        switch self {
        case .partitionsMade(let names): interruption.completes("made \(names.joined(separator: ", "))")
        case .rolledUp(let until): interruption.completes("rolled up to \(until.rfc3339)")
        case .recomputed(let month, _): interruption.completes("counted \(month.date) again")
        case .detached(let name, _): interruption.completes("detached \(name)")
        case .dropped(let name): interruption.completes("dropped \(name)")
        case .recordFaults, .released, .kept, .spared, .postponed, .lockIgnored, .waitingForLock: break
        }
    }
}
