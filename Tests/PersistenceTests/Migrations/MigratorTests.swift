import Persistence
import PostgreSQL
import Synchronization
import TestSupport
import Testing

@Suite struct MigratorTests {
    @Test func `up applies what is pending, in order, and then nothing`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let migrator = Migrator(try .numbered(3))

            let first = try migrator.up(on: &connection)
            let second = try migrator.up(on: &connection)

            #expect(first.map(\.version) == [1, 2, 3])
            #expect(second.isEmpty)
            #expect(try migrator.status(on: &connection).isUpToDate)
            let isIdle = connection.isIdle
            #expect(isIdle)
            #expect(
                try database.scalar(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                ) == "0"
            )
            #expect(
                try database.scalar(
                    "SELECT string_agg(version || name || applied_by, ',' ORDER BY version) FROM connvo.schema_migrations"
                ) == "1onepostgres,2twopostgres,3threepostgres"
            )
        }
    }

    @Test func `status of a database that was never migrated changes nothing`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()

            let plan = try Migrator(.numbered(2)).status(on: &connection)

            #expect(plan.pending.map(\.version) == [1, 2])
            #expect(try database.scalar("SELECT count(*) FROM pg_namespace WHERE nspname = 'connvo'") == "0")
        }
    }

    @Test func `up to a version stops there`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let migrator = Migrator(try .numbered(3))

            #expect(try migrator.up(to: 2, on: &connection).map(\.version) == [1, 2])
            #expect(try migrator.up(to: 1, on: &connection).isEmpty)
            #expect(throws: MigrationFailure.unknownTarget(4, latest: 3)) { try migrator.up(to: 4, on: &connection) }
            #expect(try migrator.status(on: &connection).pending.map(\.version) == [3])
        }
    }

    @Test(arguments: [2, 8])
    func `several at once apply each file once`(count: Int) async throws {
        try await withDatabase(.empty) { database in
            let applied = try await withThrowingTaskGroup { group in
                for _ in 0..<count {
                    group.addTask {
                        try await onOwnThread {
                            var connection = try database.connect()
                            return try Migrator(.embedded(sha256: testChecksum)).up(on: &connection).count
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(applied.filter { $0 > 0 }.count == 1)
            #expect(applied.count == count)
        }
    }

    @Test func `eight databases of one cluster at once quarrel about roles and end well`() async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    try await withDatabase(.empty) { database in
                        var connection = try database.connect()
                        _ = try Migrator(.embedded(sha256: testChecksum)).up(on: &connection)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `a failing file leaves nothing of itself, and names its place`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let migrator = Migrator(
                try .scratch([
                    ("0001_good.sql", "CREATE TABLE connvo.good (id integer);"),
                    ("0002_bad.sql", "CREATE TABLE connvo.bad (id integer);\nSELECT ä, nonsense;"),
                    ("0003_never.sql", "CREATE TABLE connvo.never (id integer);"),
                ])
            )

            let failure = #expect(throws: MigrationFailure.self) { try migrator.up(on: &connection) }

            #expect(failure?.description.hasPrefix("0002_bad.sql:2:8: column \"ä\" does not exist") == true)
            #expect(
                try database.scalar(
                    "SELECT to_regclass('connvo.bad') IS NULL AND to_regclass('connvo.good') IS NOT NULL"
                ) == "true"
            )
            #expect(try migrator.status(on: &connection).pending.map(\.version) == [2, 3])
            let isIdle = connection.isIdle
            #expect(isIdle)
        }
    }

    @Test func `a changed file is refused with both checksums`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            _ = try Migrator(.scratch([("0001_a.sql", "SELECT 1;")])).up(on: &connection)

            let failure = #expect(throws: MigrationFailure.self) {
                try Migrator(.scratch([("0001_a.sql", "SELECT 2;"), ("0002_b.sql", "SELECT 3;")])).up(on: &connection)
            }

            let text = try #require(failure?.description)
            #expect(text.contains("0001_a.sql"))
            #expect(text.contains(try scratchChecksum("SELECT 1;")))
            #expect(text.contains(try scratchChecksum("SELECT 2;")))
            #expect(try database.scalar("SELECT count(*) FROM connvo.schema_migrations") == "1")
        }
    }

    @Test func `a database that is newer than the binary is refused`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            _ = try Migrator(.numbered(3)).up(on: &connection)

            let failure = #expect(throws: MigrationFailure.self) { try Migrator(.numbered(2)).up(on: &connection) }

            let text = try #require(failure?.description)
            #expect(text.hasPrefix("0003_three: applied, but unknown to this binary"))
            #expect(text.contains("this binary: -   database: 0003_three"))
        }
    }

    @Test func `a gap is refused and shown`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let migrator = Migrator(try .numbered(3))
            _ = try migrator.up(on: &connection)
            try database.run("DELETE FROM connvo.schema_migrations WHERE version = 2")

            let failure = #expect(throws: MigrationFailure.self) { try migrator.up(on: &connection) }

            let text = try #require(failure?.description)
            #expect(text.contains("this binary: 0002_two.sql   database: -"))
            #expect(text.contains("this binary: 0003_three.sql   database: 0003_three"))
        }
    }

    @Test func `who holds the lock is told, then work goes on`() async throws {
        try await withDatabase(.empty) { database in
            var holder = try database.connect()
            let pid = holder.backendPID
            try holder.executeScript(
                "SELECT pg_advisory_lock(\(0x636F_6E6E_766F_0001 as Int64))",
                deadline: .after(.seconds(10))
            )
            var connection = try database.connect()
            var told: [AdvisoryLock.Holder?] = []
            let migrator = Migrator(try .numbered(1)) { event in
                guard case .waitingForLock(let other) = event else { return }
                told.append(other)
                try? holder.executeScript("SELECT pg_advisory_unlock_all()", deadline: .after(.seconds(10)))
            }

            let applied = try migrator.up(on: &connection)

            #expect(applied.count == 1)
            #expect(told.count == 1)
            #expect(told.first??.pid == pid)
            #expect(told.first??.applicationName == "connvo-tests")
            #expect(told.first??.since != nil)
        }
    }

    @Test func `waiting for the lock ends`() async throws {
        try await withDatabase(.empty) { database in
            var holder = try database.connect()
            try holder.executeScript(
                "SELECT pg_advisory_lock(\(0x636F_6E6E_766F_0001 as Int64))",
                deadline: .after(.seconds(10))
            )
            var connection = try database.connect()

            let failure = #expect(throws: MigrationFailure.self) {
                try Migrator(.numbered(1), lockPatience: .milliseconds(300)).up(on: &connection)
            }

            let pid = holder.backendPID
            #expect(failure?.description.contains("pid \(pid)") == true)
        }
    }

    @Test func `a file without a transaction runs one statement and is recorded`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let migrator = Migrator(
                try .scratch([
                    ("0001_table.sql", "CREATE TABLE connvo.things (id integer);"),
                    (
                        "0002_index.sql",
                        "-- connvo: no-transaction\nCREATE INDEX CONCURRENTLY things_id_idx ON connvo.things (id);"
                    ),
                ])
            )

            #expect(try migrator.up(on: &connection).count == 2)
            #expect(
                try database.scalar(
                    "SELECT indisvalid FROM pg_index WHERE indexrelid = 'connvo.things_id_idx'::regclass"
                ) == "true"
            )
            #expect(try migrator.status(on: &connection).isUpToDate)
        }
    }

    @Test func `a file without a transaction may not hold two statements`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let migrator = Migrator(
                try .scratch([("0001_two.sql", "-- connvo: no-transaction\nSELECT 1; SELECT 2;")])
            )

            let failure = #expect(throws: MigrationFailure.self) { try migrator.up(on: &connection) }

            #expect(failure?.description.contains("multiple commands") == true)
            #expect(try migrator.status(on: &connection).pending.count == 1)
        }
    }

    @Test func `migrators that build an index concurrently do not deadlock`() async throws {
        try await withDatabase(.empty) { database in
            let files = [
                (file: "0001_table.sql", sql: "CREATE TABLE connvo.things AS SELECT generate_series(1, 100000) AS id;"),
                (
                    file: "0002_index.sql",
                    sql: "-- connvo: no-transaction\nCREATE INDEX CONCURRENTLY things_id_idx ON connvo.things (id);"
                ),
            ]
            try await withThrowingTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await onOwnThread {
                            var connection = try database.connect()
                            _ = try Migrator(.scratch(files)).up(on: &connection)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `what the server says is handed on with the file's name`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            var said: [String] = []
            let migrator = Migrator(
                try .scratch(
                    [("0001_a.sql", "DO $$ BEGIN RAISE NOTICE 'from the file'; END $$;")],
                    roles: "DO $$ BEGIN RAISE WARNING 'from the roles'; END $$;"
                )
            ) { event in
                if case .notice(let notice, let source) = event {
                    said.append("\(source) \(notice.severity) \(notice.message)")
                }
            }

            _ = try migrator.up(on: &connection)

            #expect(said == ["0001_a.sql NOTICE from the file", "roles.sql WARNING from the roles"])
        }
    }

    @Test func `roles are tried again when another database changes the same ones`() async throws {
        try await withDatabase(.empty) { database in
            try database.run("CREATE SEQUENCE public.attempts")
            var connection = try database.connect()
            // A sequence does not roll back: the third attempt succeeds.
            let roles = """
                DO $$ BEGIN
                    IF nextval('public.attempts') < 3 THEN
                        RAISE EXCEPTION 'tuple concurrently updated' USING ERRCODE = 'internal_error';
                    END IF;
                END $$;
                """

            _ = try Migrator(.scratch([], roles: roles)).up(on: &connection)

            #expect(try database.scalar("SELECT last_value FROM public.attempts") == "3")
        }
    }

    @Test func `an owner who may not make roles ends well, with statements as notices`() async throws {
        try await withDatabase(.empty) { database in
            // What the login may do must not depend on roles that other databases of the cluster have made.
            let login = "login_\(database.name)"
            try database.run("CREATE ROLE \(login) LOGIN; GRANT CREATE ON DATABASE \(database.name) TO \(login)")
            defer { try? database.run("DROP OWNED BY \(login); DROP ROLE \(login)") }
            var connection = try database.connect(login: login)
            var warnings: [String] = []
            let catalogue = try MigrationCatalogue.embedded(sha256: testChecksum)
            let migrator = Migrator(catalogue) { event in
                if case .notice(let notice, "roles.sql") = event { warnings.append(notice.message) }
            }

            let applied = try migrator.up(on: &connection)

            #expect(applied.count == catalogue.latestVersion)
            #expect(warnings.contains { $0.contains("GRANT connvo_owner TO \(login)") })
            #expect(try database.scalar("SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'connvo'") == login)
        }
    }

    @Test func `a member of connvo_owner migrates in its name`() async throws {
        try await withDatabase { database in
            let login = "member_\(database.name)"
            try database.run("CREATE ROLE \(login) LOGIN IN ROLE connvo_owner")
            defer { try? database.run("DROP OWNED BY \(login); DROP ROLE \(login)") }
            let embedded = try MigrationCatalogue.embedded(sha256: testChecksum)
            let next = String(embedded.latestVersion + 1)
            let file = String(repeating: "0", count: 4 - next.count) + next + "_addition.sql"
            let catalogue = try MigrationCatalogue.scratch(
                embedded.migrations.map { ($0.file, $0.sql) } + [(file, "CREATE TABLE connvo.addition (id integer);")],
                roles: embedded.roles
            )
            var connection = try database.connect(login: login)

            let applied = try Migrator(catalogue).up(on: &connection)

            #expect(applied.map(\.name) == ["addition"])
            #expect(
                try database.scalar("SELECT relowner::regrole FROM pg_class WHERE oid = 'connvo.addition'::regclass")
                    == "connvo_owner"
            )
            #expect(
                try database.scalar("SELECT applied_by FROM connvo.schema_migrations ORDER BY version DESC LIMIT 1")
                    == login
            )
            let role = try connection.execute(
                Statement("test.role", "SELECT current_user::text"),
                deadline: .after(.seconds(10))
            )
            #expect(try role.rows.first?.decode(0, as: String.self) == login)
        }
    }

    @Test func `partitions that are missing are made and told`() async throws {
        try await withDatabase { database in
            try database.run(
                """
                DO $$
                DECLARE part text;
                BEGIN
                    FOR part IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'connvo.token_refusals'::regclass
                    LOOP EXECUTE 'DROP TABLE ' || part; END LOOP;
                END $$
                """
            )
            var connection = try database.connect()
            var made: [String] = []
            let migrator = Migrator(try .embedded(sha256: testChecksum)) { event in
                if case .partitionsMade(let names) = event { made += names }
            }

            _ = try migrator.up(on: &connection)

            #expect(made.count == 3)
            #expect(made.allSatisfy { $0.hasPrefix("token_refusals_") })
        }
    }
}
