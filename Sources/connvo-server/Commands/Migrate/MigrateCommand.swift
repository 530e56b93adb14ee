internal import ArgumentParser
internal import Persistence
internal import PostgreSQL

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the database to the schema of this binary.",
        discussion: """
            Example: DATABASE_ADMIN_URL=postgresql:///connvo connvo-server migrate

            `connvo-server help migrations` says what each failure means and what to do about it.
            """,
        subcommands: [
            MigrateUp.self, MigrateStatus.self, MigratePlan.self, MigrateCheck.self, MigrateVerify.self,
            MigrateRepair.self, MigrateAdopt.self, MigrateWait.self,
        ],
        defaultSubcommand: MigrateUp.self
    )

    /// Runs `body` on a connection, with the migrations of `source`, and turns failures into exit codes.
    static func run<Value: Sendable>(
        _ source: MigrationSource,
        _ body: @escaping @Sendable (inout Connection, MigrationCatalogue) throws -> Value
    ) async throws -> Value {
        do {
            // Meanwhile the database is reached, which takes about as long.
            let reading = try BackgroundWork(named: "migrations") { try source.catalogue() }
            do {
                return try await AdministrativeConnection.run(purpose: "migrate") { connection in
                    try body(&connection, reading.value())
                }
            } catch {
                // A bad file is reported even where there is no database.
                _ = try reading.value()
                throw error
            }
        } catch let failure as MigrationFailure {
            throw CommandFailure(ExitStatus(failure), "\(failure)")
        }
    }
}

extension ExitStatus {
    init(_ failure: MigrationFailure) {
        self =
            switch failure {
            case .changed, .gap, .incomplete: .drift
            case .unknownVersions: .databaseNewer
            case .locked: .unavailable
            case .unusableFile, .unknownTarget, .lockNotHeld, .lockLost, .pooled, .failed, .indexInTheMaking,
                .unrepairedIndexes,
                .endedTransaction, .notRepairable, .repairOutdated, .notAdoptable, .database:
                .failed
            }
    }

    init(_ summary: MigrationStatus.Summary) {
        self =
            switch summary {
            case .upToDate: .done
            case .pending: .pending
            case .drift: .drift
            case .newer: .databaseNewer
            }
    }
}
