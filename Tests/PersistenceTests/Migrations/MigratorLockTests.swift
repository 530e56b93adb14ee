import Persistence
import PostgreSQL
import TestSupport
import Testing

/// What happens when a file does not get its locks.
@Suite struct MigratorLockTests {
    private static let retry = LockRetry(
        lockTimeout: .milliseconds(100),
        attempts: 3,
        firstPause: .milliseconds(10),
        longestPause: .milliseconds(20)
    )

    /// A table that is there, and a file that makes another one before it needs a lock on the first.
    private static func catalogue() throws -> MigrationCatalogue {
        try .scratch([
            ("0001_one.sql", "CREATE TABLE connvo.one (id integer);\n"),
            ("0002_column.sql", "CREATE TABLE connvo.two (id integer); ALTER TABLE connvo.one ADD COLUMN word text;"),
        ])
    }

    /// A session that has read the table and not yet ended its transaction.
    private final class Reader {
        private var connection: Connection?
        let pid: Int32

        init(_ database: TestDatabase) throws {
            var connection = try database.connect()
            try connection.executeScript(
                "BEGIN; LOCK TABLE connvo.one IN ACCESS SHARE MODE",
                deadline: .after(.seconds(10))
            )
            pid = connection.backendPID
            self.connection = consume connection
        }

        func leave() { connection = nil }
    }

    @Test func `it is rolled back and tried again, so often`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            _ = try Migrator(Self.catalogue()).up(to: 1, on: &connection)
            let reader = try Reader(database)
            var attempts: [Int] = []
            let migrator = Migrator(try Self.catalogue(), lockRetry: Self.retry) { event in
                if case .retrying(let migration, let attempt, of: 3, _, _) = event, migration.version == 2 {
                    attempts.append(attempt)
                }
            }

            let failure = #expect(throws: MigrationFailure.self) { try migrator.up(on: &connection) }

            #expect(attempts == [1, 2])
            let text = try #require(failure?.description)
            #expect(text.hasPrefix("0002_column.sql: canceling statement due to lock timeout"))
            #expect(text.contains("Nothing of it was applied, in 3 attempts"))
            #expect(try database.scalar("SELECT to_regclass('connvo.two') IS NULL") == "true")
            #expect(try database.scalar("SELECT max(version) FROM connvo.schema_migrations") == "1")
            let isIdle = connection.isIdle
            #expect(isIdle)
            reader.leave()
        }
    }

    @Test func `it is applied once the lock is free`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            _ = try Migrator(Self.catalogue()).up(to: 1, on: &connection)
            let reader = try Reader(database)
            var told: [String] = []
            let slow = LockRetry(lockTimeout: .seconds(4), attempts: 2, firstPause: .milliseconds(10))
            let migrator = Migrator(try Self.catalogue(), lockRetry: slow) { event in
                if case .retrying(_, _, _, _, let holders) = event {
                    told += holders.compactMap(\.relation)
                    reader.leave()
                }
            }

            let applied = try migrator.up(on: &connection)

            #expect(applied.map(\.version) == [2])
            #expect(told == ["connvo.one"])
            #expect(try database.scalar("SELECT to_regclass('connvo.two') IS NOT NULL") == "true")
        }
    }

    /// A session that asks for a lock and does not get it. It ends with its thread's statement.
    private static func queue(_ sql: String, in database: TestDatabase) throws -> DedicatedThread {
        try DedicatedThread(name: "queue") {
            guard var connection = try? database.connect() else { return }
            try? connection.executeScript(
                "BEGIN; SET LOCAL lock_timeout = '20s'; \(sql)",
                deadline: .after(.seconds(30))
            )
        }
    }

    @Test func `sessions that queue behind it are not named, the one that holds it up is`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            _ = try Migrator(Self.catalogue()).up(to: 1, on: &connection)
            let reader = try Reader(database)
            let pid = connection.backendPID
            let slow = LockRetry(lockTimeout: .seconds(4), attempts: 2, firstPause: .milliseconds(10))
            var found: [Int32] = []
            let migrator = Migrator(try Self.catalogue(), lockRetry: slow) { event in
                if case .retrying(_, _, _, _, let holders) = event {
                    found += holders.map(\.pid)
                    reader.leave()
                }
            }
            // One that has asked for longer than the migrator and waits itself, and one that comes behind it.
            let before = try Self.queue("LOCK TABLE connvo.one IN ACCESS EXCLUSIVE MODE", in: database)
            let here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> \(pid) AND \(here)"
            #expect(try waitUntil(within: .seconds(10)) { try database.scalar(waiting) == "1" })
            let behind = try DedicatedThread(name: "behind") {
                let isWaiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = \(pid)"
                _ = try? waitUntil(within: .seconds(10)) { try database.scalar(isWaiting) == "1" }
                (try? Self.queue("LOCK TABLE connvo.one IN ACCESS SHARE MODE", in: database))?.join()
            }

            let applied = try migrator.up(on: &connection)

            #expect(applied.count == 1)
            #expect(found == [reader.pid])
            before.join()
            behind.join()
        }
    }

    @Test func `the last attempt names them in the failure, and what a login may not see`() async throws {
        try await withDatabase(.empty) { database in
            let login = "blind_\(database.name)"
            try database.run("CREATE ROLE \(login) LOGIN; GRANT CREATE ON DATABASE \(database.name) TO \(login)")
            defer { try? database.run("DROP OWNED BY \(login); DROP ROLE \(login)") }
            var connection = try database.connect(login: login)
            _ = try Migrator(Self.catalogue()).up(to: 1, on: &connection)
            let reader = try Reader(database)
            let once = LockRetry(lockTimeout: .seconds(4), attempts: 1)

            let failure = #expect(throws: MigrationFailure.self) {
                try Migrator(Self.catalogue(), lockRetry: once).up(on: &connection)
            }

            let text = try #require(failure?.description)
            #expect(text.contains("locked by pid \(reader.pid) \"connvo-tests\" of postgres"), "\(text)")
            #expect(text.contains("pg_read_all_stats"), "\(text)")
            reader.leave()
        }
    }

    @Test func `by default it asks briefly and often`() {
        #expect(LockRetry().lockTimeout == .milliseconds(200))
        #expect(LockRetry().attempts == 50)
    }

    @Test func `a file that holds others up is cut off, not waited for`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            var setting = ""
            let migrator = Migrator(
                try .scratch([("0001_a.sql", "DO $$ BEGIN RAISE NOTICE '%', current_setting('lock_timeout'); END $$;")]
                ),
                lockRetry: Self.retry
            ) { event in
                if case .notice(let notice, _) = event { setting = notice.message }
            }

            _ = try migrator.up(on: &connection)

            #expect(setting == "100ms")
            #expect(
                try connection.execute(
                    Statement("test.setting", "SELECT current_setting('lock_timeout')"),
                    deadline: .after(.seconds(10))
                ).rows.first?.decode(0, as: String.self) == "0"
            )
        }
    }
}
