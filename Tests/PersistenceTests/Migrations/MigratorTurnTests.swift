import PostgreSQL
import Synchronization
import TestSupport
import Testing

@testable import Persistence

/// Any login of a database can hold the advisory lock of migrators: it keeps none from migrating, and two migrators still take
/// turns.
@Suite struct MigratorTurnTests {
    private static let second = "CREATE TABLE connvo.two (id integer); SELECT pg_sleep(0.3);"

    private static func catalogue() throws -> MigrationCatalogue {
        let embedded = try MigrationCatalogue.embedded(sha256: testChecksum)
        let next = embedded.latestVersion + 1
        let number = String(repeating: "0", count: 4 - String(next).count) + String(next)
        let after = String(repeating: "0", count: 4 - String(next + 1).count) + String(next + 1)
        return try .scratch(
            embedded.migrations.map { ($0.file, $0.sql) } + [
                ("\(number)_two.sql", second),
                (
                    "\(after)_index.sql",
                    "-- connvo: no-transaction\nCREATE INDEX CONCURRENTLY two_id ON connvo.two (id);"
                ),
            ],
            roles: embedded.roles
        )
    }

    /// Lends a login that may do nothing but connect, and that has the lock.
    private static func withStranger(
        in database: TestDatabase,
        _ body: (inout Connection) throws -> Void
    ) throws {
        let login = "connvo_anyone_\(database.name)"
        try database.run("CREATE ROLE \(login) LOGIN")
        defer { try? database.run("DROP ROLE \(login)") }
        var stranger = try database.connect(login: login)
        #expect(try AdvisoryLock.migration.acquire(patience: .seconds(5), on: &stranger) { _ in } == .acquired)
        try body(&stranger)
    }

    @Test func `a login without rights that holds the lock stops no migration`() async throws {
        try await withDatabase { database in
            try Self.withStranger(in: database) { stranger in
                var ignored: [Int32] = []
                let migrator = Migrator(try Self.catalogue(), lockPatience: .milliseconds(300)) { event in
                    if case .lockIgnored(let holder) = event { ignored.append(holder.pid) }
                }
                var connection = try database.connect()

                let applied = try migrator.up(on: &connection)

                #expect(applied.count == 2)
                #expect(ignored == [stranger.backendPID])
                #expect(try database.scalar("SELECT count(*) FROM connvo.two") == "0")
                let isIdle = connection.isIdle
                #expect(isIdle)
                let locks = "SELECT count(*) FROM pg_locks WHERE mode = 'ShareUpdateExclusiveLock'"
                #expect(try waitUntil { try database.scalar(locks) == "0" })
            }
        }
    }

    @Test func `two migrators take turns beside it`() async throws {
        try await withDatabase { database in
            try Self.withStranger(in: database) { _ in
                let counts = Shared<[Int]>([])
                let threads = try (0..<3).map { number in
                    try DedicatedThread(name: "migrator-\(number)") {
                        #expect(throws: Never.self) {
                            var connection = try database.connect()
                            let applied = try Migrator(Self.catalogue(), lockPatience: .seconds(60)).up(on: &connection)
                            counts.value.withLock { $0.append(applied.count) }
                        }
                    }
                }
                for thread in threads { thread.join() }
                #expect(counts.value.withLock { $0.sorted() } == [0, 0, 2])
            }
        }
    }

    @Test func `one that gets the lock waits for one that went on without it`() async throws {
        try await withDatabase { database in
            // As a migrator that began beside a stranger holds it.
            var first = try database.connect()
            try first.executeScript(
                "BEGIN; LOCK TABLE connvo.schema_migrations IN SHARE UPDATE EXCLUSIVE MODE",
                deadline: .after(.seconds(10))
            )
            let pid = first.backendPID
            var connection = try database.connect()
            let migrator = Migrator(try Self.catalogue(), lockPatience: .milliseconds(300))

            let failure = #expect(throws: MigrationFailure.self) { try migrator.up(on: &connection) }

            guard case .locked(let holder?, _) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(holder.pid == pid)
            try first.executeScript("ROLLBACK", deadline: .after(.seconds(10)))
            #expect(try migrator.up(on: &connection).count == 2)
        }
    }

    @Test func `a migrator that holds the lock is waited for`() async throws {
        try await withDatabase { database in
            var first = try database.connect()
            #expect(try AdvisoryLock.migration.acquire(patience: .zero, on: &first) { _ in } == .acquired)
            var connection = try database.connect()
            let migrator = Migrator(try Self.catalogue(), lockPatience: .milliseconds(300))
            #expect(throws: MigrationFailure.self) { try migrator.up(on: &connection) }
            #expect(try database.scalar("SELECT to_regclass('connvo.two') IS NULL") == "true")
        }
    }
}
