internal import ArgumentParser
internal import JOSE
internal import Persistence

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the database to the schema of this binary.",
        discussion: "Example: DATABASE_ADMIN_URL=postgresql:///connvo connvo-server migrate",
        subcommands: [Up.self, Status.self],
        defaultSubcommand: Up.self
    )

    struct Up: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Apply what is pending, in order.",
            discussion: "Example: connvo-server migrate up --to 4"
        )

        @Option(help: "The last version to apply.") var to: Int?

        func run() async throws {
            try await reporting {
                try await MigrateCommand.run { connection, catalogue in
                    let applied = try Migrator(catalogue, report: { Self.show($0) }).up(&connection, to: to)
                    if applied.isEmpty { Terminal.say("Nothing to do: the schema is up to date.") }
                }
            }
        }

        private static func show(_ event: MigrationEvent) {
            switch event {
            case .waitingForLock(let holder):
                Terminal.say("Waiting for another migrator\(holder.map { ": \($0)" } ?? "")")
            case .applying:
                break
            case .applied(let migration, let took):
                Terminal.print("\(migration.file)  \(took.milliseconds) ms")
            case .notice(let notice, let source) where notice.severity != "NOTICE":
                Terminal.say("\(source): \(notice.message)")
            case .notice:
                break
            case .partitionsMade(let names):
                for name in names { Terminal.print("made partition \(name)") }
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what is applied, pending, changed or unknown.",
            discussion: "Example: connvo-server migrate status --exit-code"
        )

        @Flag(help: "Exit with 2 when something is pending, 3 on drift, 4 when the database is newer.")
        var exitCode = false

        func run() async throws {
            try await reporting {
                let plan = try await MigrateCommand.run { connection, catalogue in
                    try Migrator(catalogue).status(&connection)
                }
                Terminal.print(plan.comparison)
                let status = MigrateCommand.exitStatus(of: plan)
                if exitCode, status != .done { throw ExitCode(status.rawValue) }
            }
        }
    }

    /// Runs `body` on a connection with the embedded migrations, and turns failures into exit codes.
    private static func run<Value: Sendable>(
        _ body: @escaping @Sendable (inout Connection, MigrationCatalogue) throws -> Value
    ) async throws -> Value {
        do {
            return try await AdministrativeConnection.run(purpose: "migrate") { connection in
                try body(&connection, .embedded(sha256: { SHA256.hash($0) }))
            }
        } catch let failure as MigrationFailure {
            throw CommandFailure(exitStatus(of: failure), "\(failure)")
        }
    }

    private static func exitStatus(of failure: MigrationFailure) -> ExitStatus {
        switch failure {
        case .changed, .gap: .drift
        case .unknownVersions: .databaseNewer
        case .locked: .unavailable
        case .unusableFile, .unknownTarget, .failed, .endedTransaction, .database: .failed
        }
    }

    private static func exitStatus(of plan: MigrationPlan) -> ExitStatus {
        if !plan.changed.isEmpty || !plan.gaps.isEmpty { return .drift }
        if !plan.unknown.isEmpty { return .databaseNewer }
        return plan.pending.isEmpty ? .done : .pending
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
