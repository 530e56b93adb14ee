internal import ArgumentParser
internal import Persistence

struct MigratePlan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Print the SQL that `up` would run, and change nothing.",
        discussion: "Example: connvo-server migrate plan --to 6 | less"
    )

    @Option(help: "The last version to apply.") var to: Int?
    @OptionGroup var source: MigrationSource
    @Flag(help: "Print JSON; `connvo-server help migrations` lists its fields.") var json = false

    func run() async throws {
        let target = to
        try await reporting {
            let plan = try await MigrateCommand.run(source) { connection, catalogue in
                try Migrator(catalogue).plan(to: target, on: &connection)
            }
            if json {
                Terminal.print(try CommandJSON.encode(MigrationPlanReport(plan)))
            } else {
                Terminal.print(Self.text(of: plan))
            }
        }
    }

    private static func text(of plan: MigrationPlan) -> String {
        guard !plan.sections.isEmpty else { return "-- Nothing to do: the schema is up to date." }
        return plan.sections.map { section in
            let lock = section.migration.map { "-- Lock: \($0.lock ?? "the file does not say")\n" } ?? ""
            return "-- ==== \(section.title)\n\(lock)\(section.statements.joined(separator: "\n"))"
        }.joined(separator: "\n\n")
    }
}

/// What `migrate plan --json` prints. The names and the meaning of its fields are public (docs/migrations.md).
struct MigrationPlanReport: Encodable {
    struct Section: Encodable {
        let title: String
        let version: Int?
        let file: String?
        let lock: String?
        let runsInTransaction: Bool?
        let oldestBinary: Int?
        let statements: [String]

        private enum CodingKeys: String, CodingKey {
            case title, version, file, lock, statements
            case runsInTransaction = "transaction"
            case oldestBinary = "oldest_binary"
        }

        /// Every field is there, null where there is nothing to say.
        func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(title, forKey: .title)
            try fields.encode(version, forKey: .version)
            try fields.encode(file, forKey: .file)
            try fields.encode(lock, forKey: .lock)
            try fields.encode(runsInTransaction, forKey: .runsInTransaction)
            try fields.encode(oldestBinary, forKey: .oldestBinary)
            try fields.encode(statements, forKey: .statements)
        }
    }

    let sections: [Section]

    private enum CodingKeys: String, CodingKey {
        case sections = "steps"
    }

    init(_ plan: MigrationPlan) {
        sections = plan.sections.map { section in
            Section(
                title: section.title,
                version: section.migration?.version,
                file: section.migration?.file,
                lock: section.migration?.lock,
                runsInTransaction: section.migration?.runsInTransaction,
                oldestBinary: section.migration?.oldestBinary,
                statements: section.statements
            )
        }
    }
}
