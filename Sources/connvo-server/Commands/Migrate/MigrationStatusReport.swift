internal import Domain
internal import Persistence

/// What `migrate status` prints. The names and the meaning of the JSON fields are public (docs/migrations.md).
struct MigrationStatusReport: Encodable, Sendable {
    struct Entry: Encodable, Sendable {
        enum State: String, Encodable {
            case applied, pending, changed, incomplete, unknown, gap
        }

        let version: Int
        let name: String
        /// The name of the file, derived from the database where this binary does not know the file.
        let label: String
        let state: State
        /// Of this binary; nil when it does not know the migration.
        var file: String?
        var checksum: String?
        var lock: String?
        var runsInTransaction: Bool?
        /// Of the database; nil when it is not applied.
        var appliedChecksum: String?
        var appliedAt: String?
        var appliedBy: String?
        var tookMilliseconds: Int64?
        var oldestBinary: Int?
        var difference: LineDifference?
    }

    struct Index: Encodable, Sendable {
        let name: String
        let table: String
    }

    let summary: MigrationStatus.Summary
    let latestKnown: Int
    /// 0 when none is applied.
    let latestApplied: Int
    let migrations: [Entry]
    let invalidIndexes: [Index]

    init(_ status: MigrationStatus, invalidIndexes: [InvalidIndex], catalogue: MigrationCatalogue) {
        summary = status.summary
        latestKnown = catalogue.latestVersion
        latestApplied = status.applied.last?.version ?? 0
        let differences = Dictionary(uniqueKeysWithValues: status.changed.map { ($0.applied.version, $0) })
        let gaps = Set(status.gaps.map(\.version))
        let applied = status.applied.map { applied in
            Entry(applied, catalogue[version: applied.version], change: differences[applied.version])
        }
        let pending = status.pending.map { Entry($0, isGap: gaps.contains($0.version)) }
        migrations = (applied + pending).sorted { $0.version < $1.version }
        self.invalidIndexes = invalidIndexes.map { Index(name: $0.name, table: $0.table) }
    }
}

extension MigrationStatusReport.Entry {
    fileprivate init(_ applied: AppliedMigration, _ known: Migration?, change: MigrationStatus.Change?) {
        self.init(
            version: applied.version,
            name: applied.name,
            label: known?.file ?? "\(applied.label).sql",
            state: !applied.isComplete ? .incomplete : known == nil ? .unknown : change == nil ? .applied : .changed,
            file: known?.file,
            checksum: known?.checksum,
            lock: known?.lock,
            runsInTransaction: known?.runsInTransaction,
            appliedChecksum: applied.checksum,
            appliedAt: applied.appliedAt.rfc3339,
            appliedBy: applied.appliedBy,
            tookMilliseconds: applied.isComplete ? applied.took.milliseconds : nil,
            oldestBinary: applied.oldestBinary,
            difference: change?.difference
        )
    }

    fileprivate init(_ pending: Migration, isGap: Bool) {
        self.init(
            version: pending.version,
            name: pending.name,
            label: pending.file,
            state: isGap ? .gap : .pending,
            file: pending.file,
            checksum: pending.checksum,
            lock: pending.lock,
            runsInTransaction: pending.runsInTransaction,
            oldestBinary: pending.oldestBinary
        )
    }
}

// MARK: - For people

extension MigrationStatusReport {
    var text: String {
        let width = migrations.map { $0.label.utf8.count }.max() ?? 0
        let lines = migrations.map { entry in
            "\(entry.label)\(String(repeating: " ", count: width - entry.label.utf8.count))  \(entry.summary)"
        }
        let indexes = invalidIndexes.map { "INVALID index \($0.name) on \($0.table): the next `migrate up` repairs it" }
        return (lines + indexes + [conclusion]).joined(separator: "\n")
    }

    /// One sentence about the whole.
    var conclusion: String {
        func count(_ states: Entry.State...) -> Int { migrations.count { states.contains($0.state) } }
        return switch summary {
        case .upToDate: "The schema is up to date."
        case .pending where latestApplied == 0: "The database was never migrated: run connvo-server migrate up."
        case .pending: "\(count(.pending)) pending: run connvo-server migrate up."
        case .drift:

            """
            \(count(.changed)) changed, \(count(.gap)) passed over, \(count(.incomplete)) applied in part: `migrate up` \
            refuses, and says what to do.
            """
        case .newer: "\(count(.unknown)) unknown to this binary: it is older than the database."
        }
    }
}

extension MigrationStatusReport.Entry {
    fileprivate var summary: String {
        let history = "applied \(appliedAt ?? "") by \(appliedBy ?? "") in \(tookMilliseconds ?? 0) ms"
        return switch state {
        case .applied: history
        case .pending: "pending\(lock.map { "; lock: \($0)" } ?? "")"
        case .gap: "GAP: not applied, though a later one is"
        case .unknown: "UNKNOWN to this binary, \(history)"
        case .incomplete: "INCOMPLETE: it ended its transaction when it was \(history)"
        case .changed: "CHANGED\(difference.map { " in line \($0.line)" } ?? "") since it was \(history)"
        }
    }
}

// MARK: - For programs

extension MigrationStatusReport {
    private enum CodingKeys: String, CodingKey {
        case summary = "state"
        case latestKnown = "latest_known"
        case latestApplied = "latest_applied"
        case migrations
        case invalidIndexes = "invalid_indexes"
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(summary.rawValue, forKey: .summary)
        try fields.encode(latestKnown, forKey: .latestKnown)
        try fields.encode(latestApplied, forKey: .latestApplied)
        try fields.encode(migrations, forKey: .migrations)
        try fields.encode(invalidIndexes, forKey: .invalidIndexes)
    }
}

extension MigrationStatusReport.Entry {
    private enum CodingKeys: String, CodingKey {
        case version, name, state, file, checksum, lock
        case runsInTransaction = "transaction"
        case appliedChecksum = "applied_checksum"
        case appliedAt = "applied_at"
        case appliedBy = "applied_by"
        case tookMilliseconds = "took_ms"
        case oldestBinary = "oldest_binary"
        case difference = "first_difference"
    }

    private enum DifferenceKeys: String, CodingKey {
        case line, applied, known
    }

    /// Every field is there, null where there is nothing to say.
    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(version, forKey: .version)
        try fields.encode(name, forKey: .name)
        try fields.encode(state, forKey: .state)
        try fields.encode(file, forKey: .file)
        try fields.encode(checksum, forKey: .checksum)
        try fields.encode(lock, forKey: .lock)
        try fields.encode(runsInTransaction, forKey: .runsInTransaction)
        try fields.encode(appliedChecksum, forKey: .appliedChecksum)
        try fields.encode(appliedAt, forKey: .appliedAt)
        try fields.encode(appliedBy, forKey: .appliedBy)
        try fields.encode(tookMilliseconds, forKey: .tookMilliseconds)
        try fields.encode(oldestBinary, forKey: .oldestBinary)
        guard let difference else { return try fields.encodeNil(forKey: .difference) }
        var lines = fields.nestedContainer(keyedBy: DifferenceKeys.self, forKey: .difference)
        try lines.encode(difference.line, forKey: .line)
        try lines.encode(difference.applied, forKey: .applied)
        try lines.encode(difference.known, forKey: .known)
    }
}
