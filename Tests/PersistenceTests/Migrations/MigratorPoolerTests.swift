import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// A migration needs a session that is always the same.
@Suite(.enabled(if: PgBouncer.isInstalled, "scripts/install-dependencies --tests installs it"))
struct MigratorPoolerTests {
    @Test(arguments: [1, 2, 5])
    func `a pooler in transaction mode is refused before anything is made`(size: Int) async throws {
        try await withDatabase(.empty) { database in
            let pooler = try PgBouncer(poolSize: size, login: "postgres")
            defer { withExtendedLifetime(pooler) {} }
            let target = try ConnectionTarget(
                "host=\(pooler.host) dbname=\(database.name)",
                applicationName: "connvo-tests"
            )
            for _ in 1...2 {
                var connection = try Connection.open(target, deadline: .after(.seconds(20)))

                #expect(throws: MigrationFailure.pooled) { try Migrator(.numbered(2)).up(on: &connection) }

                #expect(try database.scalar("SELECT count(*) FROM pg_namespace WHERE nspname = 'connvo'") == "0")
            }
        }
    }
}
