internal import ArgumentParser
internal import Persistence

struct MigrateVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare the schema of the database with what its migrations make.",
        discussion: """
            Example: connvo-server migrate verify --json | jq -r '.differences[].object'

            Compares columns, constraints, indexes, triggers, functions, views, partitions, ownership and privileges of \
            schemas connvo and reporting, and changes nothing. 0 when nothing differs, 2 when no migration is applied, 3 \
            when something differs.
            """
    )

    @OptionGroup var source: MigrationSource
    @OptionGroup var quietness: QuietOption
    @Flag(help: "Print JSON; `connvo-server help migrations` lists its fields.") var json = false
    @Flag(help: "Print what the database has, one property a line, and compare nothing.") var print = false

    func validate() throws {
        if json, print { throw ValidationError("--json and --print exclude each other") }
    }

    func run() async throws {
        try await reporting(isQuiet: quietness.isQuiet) {
            if print {
                let lines = try await MigrateCommand.run(source) { connection, catalogue in
                    try Migrator(catalogue).schemaLines(on: &connection)
                }
                return Terminal.print(SchemaFingerprint.text(of: lines))
            }
            let (verification, pending, isKnown) = try await MigrateCommand.run(source) { connection, catalogue in
                let migrator = Migrator(catalogue)
                let pending = try migrator.status(on: &connection).pendingText
                return (try migrator.verify(on: &connection), pending, catalogue.fingerprint != nil)
            }
            guard let verification else {
                guard isKnown else { throw CommandFailure(.failed, "\(source.fingerprintPath) does not exist") }
                throw CommandFailure(.pending, pending ?? "no migration is applied")
            }
            if json {
                Terminal.print(try CommandJSON.encode(SchemaVerificationReport(verification)))
            } else {
                for difference in verification.differences { Terminal.print("\(difference)") }
            }
            guard verification.differences.isEmpty else { throw verification.failure }
            Terminal.note("The schema is what the migrations up to \(verification.levelName) make.")
            if let pending { Terminal.note("Note: \(pending)") }
        }
    }
}

extension SchemaVerification {
    var levelName: String {
        let digits = String(level)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    var failure: CommandFailure {
        let count = differences.count == 1 ? "1 difference" : "\(differences.count) differences"
        return CommandFailure(
            .drift,
            """
            \(count) from what the migrations up to \(levelName) make. `migrate up` repairs ownership and privileges; all \
            else has to be put right by hand.
            """
        )
    }
}

/// What `migrate verify --json` prints. The names and the meaning of its fields are public (docs/migrations.md).
struct SchemaVerificationReport: Encodable {
    struct Difference: Encodable {
        let difference: SchemaDifference

        private enum CodingKeys: String, CodingKey {
            case kind, object, partition, expected, found
        }

        /// Every field is there, null where there is nothing to say.
        func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(difference.kind.rawValue, forKey: .kind)
            try fields.encode(difference.object, forKey: .object)
            try fields.encode(difference.partition, forKey: .partition)
            try fields.encode(difference.expected, forKey: .expected)
            try fields.encode(difference.found, forKey: .found)
        }
    }

    let level: Int
    let differences: [Difference]

    init(_ verification: SchemaVerification) {
        level = verification.level
        differences = verification.differences.map { Difference(difference: $0) }
    }
}
