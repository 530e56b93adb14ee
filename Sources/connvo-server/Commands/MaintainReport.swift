internal import Domain
internal import Persistence

/// What `maintain --json` prints: what was done, or with `--dry-run` what would be done. The names and the meaning of its
/// fields are public (docs/maintenance.md).
struct MaintainReport: CommandReport {
    struct Recomputed: Sendable {
        /// The first day.
        let month: String
        /// Nil in a dry run.
        let differences: Int64?
    }

    struct Detached: Sendable {
        let name: String
        /// Nil in a dry run, and for a partition whose detach was begun by hand.
        let records: DetachedRecords?
    }

    struct Kept: Sendable {
        let name: String
        /// Nil where RECORD_RETENTION_MONTHS keeps its month now.
        let until: String?
    }

    struct Released: Sendable {
        let name: String
        /// Nil when it cannot be told.
        let isAltered: Bool?
    }

    struct Postponed: Sendable {
        let what: String
        let heldBy: String?
    }

    let isDryRun: Bool
    /// Whether anything was done, or would be.
    private(set) var changes = false
    private(set) var partitions: [String] = []
    /// From when on rollups are behind; nil but in a dry run.
    private(set) var rollupsFrom: String?
    /// Up to when they are now; nil when they were up to date, and in a dry run.
    private(set) var rolledUpUntil: String?
    /// How many faults the records have that were rolled up.
    private(set) var recordFaults: Int64 = 0
    private(set) var recomputed: [Recomputed] = []
    private(set) var detached: [Detached] = []
    private(set) var kept: [Kept] = []
    private(set) var dropped: [String] = []
    private(set) var released: [Released] = []
    private(set) var postponed: [Postponed] = []
    var error: CommandReportError?

    init(isDryRun: Bool) {
        self.isDryRun = isDryRun
    }

    mutating func add(_ event: MaintenanceEvent) {
        switch event {
        case .waitingForLock, .lockIgnored: return
        case .kept(let name, let until): return kept.append(Kept(name: name, until: until.rfc3339))
        case .spared(let name): return kept.append(Kept(name: name, until: nil))
        case .postponed(let what, let heldBy): return postponed.append(Postponed(what: what, heldBy: heldBy))
        case .partitionsMade(let names): partitions += names
        case .rolledUp(let until): rolledUpUntil = until.rfc3339
        case .recordFaults(let count, _, _): recordFaults += count
        case .recomputed(let month, let differences):
            recomputed.append(Recomputed(month: "\(month.date)", differences: differences))
        case .detached(let name, let records): detached.append(Detached(name: name, records: records))
        case .released(let name, let isAltered): released.append(Released(name: name, isAltered: isAltered))
        case .dropped(let name): dropped.append(name)
        }
        changes = true
    }

    mutating func add(_ plan: MaintenancePlan) {
        changes = !plan.isEmpty
        partitions = plan.partitions
        rollupsFrom = plan.rollupsFrom?.rfc3339
        recomputed = plan.differingMonths.map { Recomputed(month: "\($0.date)", differences: nil) }
        detached = plan.expired.map { Detached(name: $0.name, records: nil) }
        dropped = plan.detached.filter(\.isDue).map(\.name)
        kept = plan.detached.filter { !$0.isDue }.map {
            Kept(name: $0.name, until: $0.isKept ? nil : $0.dropAfter.rfc3339)
        }
    }
}

// MARK: - JSON

extension MaintainReport {
    private enum CodingKeys: String, CodingKey {
        case changes, partitions, recomputed, detached, kept, dropped, released, postponed, error
        case isDryRun = "dry_run"
        case rollupsFrom = "rollups_from"
        case rolledUpUntil = "rolled_up_until"
        case recordFaults = "record_faults"
    }

    /// Every field is there, null where there is nothing to say.
    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(isDryRun, forKey: .isDryRun)
        try fields.encode(changes, forKey: .changes)
        try fields.encode(partitions, forKey: .partitions)
        try fields.encode(rollupsFrom, forKey: .rollupsFrom)
        try fields.encode(rolledUpUntil, forKey: .rolledUpUntil)
        try fields.encode(recordFaults, forKey: .recordFaults)
        try fields.encode(recomputed, forKey: .recomputed)
        try fields.encode(detached, forKey: .detached)
        try fields.encode(kept, forKey: .kept)
        try fields.encode(dropped, forKey: .dropped)
        try fields.encode(released, forKey: .released)
        try fields.encode(postponed, forKey: .postponed)
        try fields.encode(error, forKey: .error)
    }
}

extension MaintainReport.Recomputed: Encodable {
    private enum CodingKeys: String, CodingKey { case month, differences }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(month, forKey: .month)
        try fields.encode(differences, forKey: .differences)
    }
}

extension MaintainReport.Detached: Encodable {
    private enum CodingKeys: String, CodingKey { case name, records, checksum }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(records?.count, forKey: .records)
        try fields.encode(records?.checksum, forKey: .checksum)
    }
}

extension MaintainReport.Kept: Encodable {
    private enum CodingKeys: String, CodingKey { case name, until }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(until, forKey: .until)
    }
}

extension MaintainReport.Released: Encodable {
    private enum CodingKeys: String, CodingKey { case name, altered }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(isAltered, forKey: .altered)
    }
}

extension MaintainReport.Postponed: Encodable {
    private enum CodingKeys: String, CodingKey {
        case what
        case heldBy = "held_by"
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(what, forKey: .what)
        try fields.encode(heldBy, forKey: .heldBy)
    }
}
