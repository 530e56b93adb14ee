internal import Domain
internal import Persistence

/// What `maintain` prints for people: results to standard output, all else to standard error.
enum MaintenanceText {
    /// - Parameter resultsToo: False leaves out what goes to standard output.
    static func show(_ event: MaintenanceEvent, resultsToo: Bool) {
        switch event {
        case .waitingForLock(let holder):
            Terminal.note("Waiting for another maintain or migrate\(holder.map { ": \($0)" } ?? "")")
        case .lockIgnored(let holder):
            Terminal.say("Continuing although a login that may neither migrate nor maintain holds the lock: \(holder)")
        case .recordFaults(let count, let from, let until):
            Terminal.say(
                "Faults that the server does not make, in the records from \(from.rfc3339) to \(until.rfc3339): \(count). "
                    + "`connvo-server report record-faults` lists them"
            )
        case .released(let name, let isAltered):
            let altered = isAltered == true ? "; its records are NOT those that were detached" : ""
            Terminal.say("\(name) is not dropped any more: it was attached or unmarked by hand\(altered)")
        case .postponed(let what, let heldBy):
            let sessions = heldBy.map { " (\($0))" } ?? ""
            Terminal.say(
                "\(what) has to wait: another session kept a lock that it needs\(sessions); the next run tries again"
            )
        case .partitionsMade, .rolledUp, .recomputed, .detached, .kept, .spared, .dropped:
            if resultsToo { for line in lines(event) { Terminal.record(line) } }
        }
    }

    private static func lines(_ event: MaintenanceEvent) -> [String] {
        switch event {
        case .waitingForLock, .lockIgnored, .recordFaults, .released, .postponed: []
        case .partitionsMade(let names): names.map { "made partition \($0)" }
        case .rolledUp(let until): ["rolled up to \(until.rfc3339)"]
        case .recomputed(let month, let differences):
            ["counted the rollups of \(month.date) again: \(differences) differed from the records"]
        case .detached(let name, nil): ["detached \(name)"]
        case .detached(let name, let records?):
            ["detached \(name): \(records.count) records, checksum \(records.checksum)"]
        case .kept(let name, let until): ["keeping \(name), detached, until \(until.rfc3339)"]
        case .spared(let name): ["keeping \(name), detached: RECORD_RETENTION_MONTHS keeps its month now"]
        case .dropped(let name): ["dropped \(name)"]
        }
    }

    static func show(_ plan: MaintenancePlan) {
        for name in plan.partitions { Terminal.record("would make partition \(name)") }
        if let from = plan.rollupsFrom { Terminal.record("would roll up from \(from.rfc3339)") }
        for month in plan.differingMonths { Terminal.record("would count the rollups of \(month.date) again") }
        for partition in plan.expired {
            Terminal.record("would \(partition.isDetachPending ? "finish detaching" : "detach") \(partition.name)")
        }
        for partition in plan.detached {
            let until = partition.isKept ? "" : ", until \(partition.dropAfter.rfc3339)"
            Terminal.record(
                partition.isDue ? "would drop \(partition.name)" : "would keep \(partition.name), detached\(until)"
            )
        }
        if plan.isEmpty { Terminal.note("Nothing to do.") }
    }
}
