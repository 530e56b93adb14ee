internal import ArgumentParser
internal import Domain
internal import Persistence
internal import PostgreSQL

struct MaintainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintain",
        abstract: "Make coming partitions, refresh rollups, and take old records away.",
        discussion: """
            Example: RECORD_RETENTION_MONTHS=13 connvo-server maintain

            For cron or a timer, once an hour. Safe to run at any time, several at once, and again after it was \
            interrupted. Records are kept for ever unless RECORD_RETENTION_MONTHS is set; docs/maintenance.md says more.
            """
    )

    @Flag(help: "Say what would be done and change nothing; exit with 2 when there is something to do.")
    var dryRun = false

    @Flag(help: "Compare rollups with all records, not only with those of this month and the one before.")
    var all = false

    func run() async throws {
        try await reporting {
            var settings = try await SettingsReader()
            let months = settings.integer(.recordRetentionMonths)
            let keepMonths = months == 0 ? nil : months
            let comparesAll = all
            do {
                if dryRun {
                    let plan = try await AdministrativeConnection.run(purpose: "maintain", settings: settings) {
                        try Maintainer(keepMonths: keepMonths, comparesAll: comparesAll).plan(on: &$0)
                    }
                    Self.show(plan)
                    if !plan.isEmpty { throw ExitCode(ExitStatus.pending.rawValue) }
                } else {
                    let hasPostponed = try await AdministrativeConnection.run(purpose: "maintain", settings: settings) {
                        var hasPostponed = false
                        try Maintainer(keepMonths: keepMonths, comparesAll: comparesAll) { event in
                            Self.show(event)
                            if case .postponed = event { hasPostponed = true }
                        }.run(on: &$0)
                        return hasPostponed
                    }
                    if hasPostponed { throw ExitCode(ExitStatus.pending.rawValue) }
                }
            } catch let failure as MaintenanceFailure {
                throw CommandFailure(Self.exitStatus(of: failure), "\(failure)")
            }
        }
    }

    private static func show(_ event: MaintenanceEvent) {
        switch event {
        case .waitingForLock(let holder):
            Terminal.say("Waiting for another maintain or migrate\(holder.map { ": \($0)" } ?? "")")
        case .partitionsMade(let names):
            for name in names { Terminal.print("made partition \(name)") }
        case .rolledUp(let until): Terminal.print("rolled up to \(until.rfc3339)")
        case .recomputed(let month, let differences):
            Terminal.print("counted the rollups of \(month.date) again: \(differences) differed from the records")
        case .lockIgnored(let holder):
            Terminal.say("Going on though a login that may neither migrate nor maintain holds the lock: \(holder)")
        case .detached(let name, nil): Terminal.print("detached \(name)")
        case .detached(let name, let records?):
            Terminal.print("detached \(name): \(records.count) records, checksum \(records.checksum)")
        case .released(let name, let isAltered):
            let altered = isAltered == true ? "; its records are NOT those that were detached" : ""
            Terminal.say("\(name) is not dropped any more: it was attached or unmarked by hand\(altered)")
        case .kept(let name, let until): Terminal.print("keeping \(name), detached, until \(until.rfc3339)")
        case .spared(let name):
            Terminal.print("keeping \(name), detached: RECORD_RETENTION_MONTHS keeps its month now")
        case .dropped(let name): Terminal.print("dropped \(name)")
        case .postponed(let what, let heldBy):
            let sessions = heldBy.map { " (\($0))" } ?? ""
            Terminal.say(
                "\(what) has to wait: another session kept a lock that it needs\(sessions); the next run tries again"
            )
        }
    }

    private static func show(_ plan: MaintenancePlan) {
        for name in plan.partitions { Terminal.print("would make partition \(name)") }
        if let from = plan.rollupsFrom { Terminal.print("would roll up from \(from.rfc3339)") }
        for month in plan.differingMonths { Terminal.print("would count the rollups of \(month.date) again") }
        for partition in plan.expired {
            Terminal.print("would \(partition.isDetachPending ? "finish detaching" : "detach") \(partition.name)")
        }
        for partition in plan.detached {
            let until = partition.isKept ? "" : ", until \(partition.dropAfter.rfc3339)"
            Terminal.print(
                partition.isDue ? "would drop \(partition.name)" : "would keep \(partition.name), detached\(until)"
            )
        }
        if plan.isEmpty { Terminal.say("Nothing to do.") }
    }

    private static func exitStatus(of failure: MaintenanceFailure) -> ExitStatus {
        switch failure {
        case .locked: .unavailable
        case .database(_, let error): error.sqlState == nil ? .unavailable : .failed
        }
    }
}
