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

    @Test func `it is rolled back and tried again, so often, and who is in the way is told each time`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            _ = try Migrator(Self.catalogue()).up(to: 1, on: &connection)
            let reader = try Reader(database)
            var attempts: [Int] = []
            var holders: Set<Int32> = []
            let migrator = Migrator(try Self.catalogue(), lockRetry: Self.retry) { event in
                if case .retrying(let migration, let attempt, of: 3, _, let found) = event, migration.version == 2 {
                    attempts.append(attempt)
                    holders.formUnion(found.map(\.pid))
                }
            }

            let failure = #expect(throws: MigrationFailure.self) { try migrator.up(on: &connection) }

            #expect(attempts == [1, 2])
            #expect(holders == [reader.pid])
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
            let migrator = Migrator(try Self.catalogue(), lockRetry: Self.retry) { event in
                if case .retrying(_, _, _, _, let holders) = event {
                    told += holders.map(\.relation)
                    reader.leave()
                }
            }

            let applied = try migrator.up(on: &connection)

            #expect(applied.map(\.version) == [2])
            #expect(told == ["connvo.one"])
            #expect(try database.scalar("SELECT to_regclass('connvo.two') IS NOT NULL") == "true")
        }
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
