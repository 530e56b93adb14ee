internal import Domain
internal import Persistence
internal import PostgreSQL

/// What `migrate up --json` prints. The names and the meaning of its fields are public (docs/migrations.md).
struct MigrateUpReport: CommandReport {
    struct Applied: Encodable, Sendable {
        let version: Int
        let name: String
        let file: String
        /// Nil where an earlier run, which was interrupted, had done what the file does.
        let tookMilliseconds: Int64?

        private enum CodingKeys: String, CodingKey {
            case version, name, file
            case tookMilliseconds = "took_ms"
        }

        func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(version, forKey: .version)
            try fields.encode(name, forKey: .name)
            try fields.encode(file, forKey: .file)
            try fields.encode(tookMilliseconds, forKey: .tookMilliseconds)
        }
    }

    struct Warning: Encodable, Sendable {
        let source: String
        let message: String
    }

    /// Whether the database is no longer as it was.
    private(set) var changes = false
    private(set) var applied: [Applied] = []
    private(set) var partitions: [String] = []
    /// Statements of roles.sql that were needed.
    private(set) var roles: [String] = []
    /// INVALID indexes that were dropped or built again.
    private(set) var repairedIndexes: [String] = []
    /// INVALID indexes that are there at the end.
    private(set) var invalidIndexes: [MigrationStatusReport.Index] = []
    private(set) var warnings: [Warning] = []
    var error: CommandReportError?

    private enum CodingKeys: String, CodingKey {
        case changes, applied, partitions, roles, warnings, error
        case repairedIndexes = "repaired_indexes"
        case invalidIndexes = "invalid_indexes"
    }

    mutating func add(_ event: MigrationEvent) {
        switch event {
        case .applied(let migration, let took): add(migration, took: took.milliseconds)
        case .foundApplied(let migration): add(migration, took: nil)
        case .droppingRemnant(let index, _): repairedIndexes.append(index)
        case .repairing(let index, _): repairedIndexes.append(index.name)
        case .partitionsMade(let names): partitions += names
        case .rolesChanged(let statement): roles.append(statement)
        case .invalidIndex(let index):
            return invalidIndexes.append(MigrationStatusReport.Index(name: index.name, table: index.table))
        case .notice(let notice, let source) where notice.severity != "NOTICE":
            return warnings.append(Warning(source: source, message: notice.message))
        case .recordsMade: break
        case .waitingForLock, .lockIgnored, .applying, .retrying, .retryingStep, .notice: return
        }
        changes = true
    }

    private mutating func add(_ migration: Migration, took: Int64?) {
        applied.append(
            Applied(version: migration.version, name: migration.name, file: migration.file, tookMilliseconds: took)
        )
    }

    /// Every field is there, null where there is nothing to say.
    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(changes, forKey: .changes)
        try fields.encode(applied, forKey: .applied)
        try fields.encode(partitions, forKey: .partitions)
        try fields.encode(roles, forKey: .roles)
        try fields.encode(repairedIndexes, forKey: .repairedIndexes)
        try fields.encode(invalidIndexes, forKey: .invalidIndexes)
        try fields.encode(warnings, forKey: .warnings)
        try fields.encode(error, forKey: .error)
    }
}
