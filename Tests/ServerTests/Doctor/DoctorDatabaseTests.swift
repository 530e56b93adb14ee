import Foundation
import JOSE
import Synchronization
import TestSupport
import Testing

@testable import connvo_server

/// `doctor` and a real database: what it says, and with which exit code.
@Suite struct DoctorDatabaseTests {
    private static func settings(_ database: TestDatabase, login: String? = nil) -> [String: String] {
        let user = login.map { "\($0)@" } ?? ""
        return DoctorOutput.needed.merging(["DATABASE_URL": "postgresql://\(user)/\(database.name)"]) { $1 }
    }

    private static func migrate(_ database: TestDatabase) async throws {
        let settings = ["DATABASE_URL": "postgresql:///\(database.name)"]
        #expect(try await Binary.run("migrate", "up", settings: settings).status == 0)
    }

    /// Runs `doctor` after a change of a database that is migrated with the binary's own checksums.
    private static func examine(
        _ change: String = "",
        as role: String? = nil,
        _ body: @Sendable (DoctorOutput) throws -> Void
    ) async throws {
        try await withDatabase(.empty) { database in
            try await migrate(database)
            let login = role.map { "\($0)_of_\(database.name)" }
            if let role, let login {
                try await onOwnThread { try database.run("CREATE ROLE \(login) LOGIN IN ROLE \(role)") }
            }
            if !change.isEmpty { try await onOwnThread { try database.run(change) } }
            let output = try await DoctorOutput.of(settings: settings(database, login: login))
            if let login {
                try await onOwnThread {
                    try database.run("DROP OWNED BY \(login)")
                    try database.run("DROP ROLE \(login)")
                }
            }
            try body(output)
        }
    }

    @Test func `the login of serve sees all of it`() async throws {
        try await Self.examine(as: "connvo_app") { output in
            for check in [
                "settings", "stream_secret", "stream_grants", "cryptography", "database", "database_tls",
                "server_version", "pooler", "writing", "schema", "extensions", "grants", "login", "partitions",
                "records",
                "connections", "clock_difference", "descriptors", "listeners", "certificates",
            ] {
                #expect(output.says(check, .ok), "\(output[check])")
            }
            #expect(output.checks.allSatisfy { $0.level != "not_checked" }, "\(output.whole)")
            // The server of the tests does not sync to disk.
            #expect(output["durability"].map(\.level) == ["fault", "warning"])
            #expect(output.status == 1)
        }
    }

    @Test func `a superuser is a warning`() async throws {
        try await Self.examine { #expect($0.says("login", .warning, "is a superuser"), "\($0.whole)") }
    }

    @Test func `a member of the owner is a warning`() async throws {
        try await Self.examine(as: "connvo_owner") {
            #expect($0.says("login", .warning, "may become the owner"), "\($0.whole)")
        }
    }

    @Test func `a login without rights is a fault, and what it cannot see is said`() async throws {
        try await Self.examine(as: "connvo_reporter") { output in
            #expect(output.says("grants", .fault, "USAGE on schema connvo"), "\(output.whole)")
            for check in ["schema", "partitions", "records"] {
                #expect(output.says(check, .notChecked, "this login may not see it"), "\(output[check])")
            }
            #expect(output.says("clock_difference", .ok))
        }
    }

    @Test func `a grant that is missing is a fault`() async throws {
        try await Self.examine("REVOKE INSERT ON connvo.issued_tokens FROM connvo_app", as: "connvo_app") {
            #expect($0.says("grants", .fault, "INSERT on connvo.issued_tokens"), "\($0.whole)")
            #expect($0.status == 1)
        }
    }

    @Test func `row-level security is a fault`() async throws {
        try await Self.examine("ALTER TABLE connvo.users ENABLE ROW LEVEL SECURITY", as: "connvo_app") {
            #expect($0.says("grants", .fault, "connvo.users"), "\($0.whole)")
        }
    }

    /// Drops the partitions of the month that is so many months ahead.
    private static func dropPartition(_ ahead: Int) -> String {
        """
        DO $$
        DECLARE
            part text;
        BEGIN
            FOR part IN
                SELECT partition_name FROM connvo.partitions()
                WHERE starts_at = (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '\(ahead) months')
                    AT TIME ZONE 'UTC'
            LOOP
                EXECUTE 'DROP TABLE connvo.' || part;
            END LOOP;
        END $$
        """
    }

    @Test(arguments: [(0, Finding.Level.fault), (1, .fault), (2, .warning)])
    func `a partition that is missing`(ahead: Int, level: Finding.Level) async throws {
        try await Self.examine(Self.dropPartition(ahead), as: "connvo_app") {
            #expect($0.says("partitions", level, "issued_tokens 2"), "\($0.whole)")
            #expect($0["partitions"].first?.text.contains("token_refusals 2") == true)
            #expect($0["partitions"].first?.remedy?.contains("connvo-server maintain") == true)
        }
    }

    @Test func `a default partition with rows is a warning`() async throws {
        try await Self.examine(
            """
            CREATE TABLE connvo.stray (LIKE connvo.token_refusals INCLUDING CONSTRAINTS);
            DO $$
            DECLARE
                name text;
                needed text[] := ARRAY(
                    SELECT attname FROM pg_attribute
                    WHERE attrelid = 'connvo.stray'::regclass AND attnum > 0 AND attnotnull
                );
            BEGIN
                FOREACH name IN ARRAY needed LOOP
                    EXECUTE format('ALTER TABLE connvo.stray ALTER COLUMN %I DROP NOT NULL', name);
                END LOOP;
                INSERT INTO connvo.stray DEFAULT VALUES;
                DELETE FROM connvo.stray;
                FOREACH name IN ARRAY needed LOOP
                    EXECUTE format('ALTER TABLE connvo.stray ALTER COLUMN %I SET NOT NULL', name);
                END LOOP;
            END $$;
            ALTER TABLE connvo.token_refusals ATTACH PARTITION connvo.stray DEFAULT;
            """,
            as: "connvo_app"
        ) { #expect($0["partitions"].contains { $0.text.contains("default partition stray") }, "\($0.whole)") }
    }

    @Test func `records without their trigger are a fault`() async throws {
        try await Self.examine(
            "ALTER TABLE ONLY connvo.issued_tokens DISABLE TRIGGER issued_tokens_append_only",
            as: "connvo_app"
        ) { #expect($0.says("records", .fault, "has no enabled trigger"), "\($0.whole)") }
    }

    @Test func `a file that has changed is a warning`() async throws {
        try await Self.examine(
            "UPDATE connvo.schema_migrations SET checksum = sha256('x') WHERE version = 1",
            as: "connvo_app"
        ) { #expect($0.says("schema", .warning, "0001_people.sql is not what was applied"), "\($0.whole)") }
    }

    @Test func `a database that is newer than the program has exit code 4`() async throws {
        func ahead(_ oldest: String) -> String {
            """
            CREATE TEMPORARY TABLE newer AS SELECT * FROM connvo.schema_migrations WHERE version = 1;
            UPDATE newer SET version = 9999, name = 'future', oldest_binary = \(oldest);
            INSERT INTO connvo.schema_migrations SELECT * FROM newer;
            """
        }
        try await Self.examine(ahead("9999"), as: "connvo_app") { output in
            #expect(output.says("schema", .fault, "9999_future"), "\(output.whole)")
            #expect(output.status == 4)
        }
        try await Self.examine(ahead("NULL"), as: "connvo_app") { output in
            #expect(output.says("schema", .ok, "9999_future"), "\(output.whole)")
        }
    }

    @Test func `a database that was never migrated`() async throws {
        try await withDatabase(.empty) { database in
            let output = try await DoctorOutput.of(settings: Self.settings(database))
            #expect(output.says("database", .ok))
            #expect(output.says("schema", .fault, "never migrated"), "\(output.whole)")
            #expect(output.says("extensions", .warning, "btree_gist"))
            for check in ["grants", "records", "partitions"] {
                #expect(output.says(check, .notChecked, "the schema is not there"), "\(output[check])")
            }
            #expect(output.status == 1)
        }
    }

    @Test func `nothing is written`() async throws {
        try await withDatabase(.empty) { database in
            try await Self.migrate(database)
            let counters = """
                SELECT tup_inserted || ' ' || tup_updated || ' ' || tup_deleted FROM pg_stat_database
                WHERE datname = current_database()
                """
            let before = try await onOwnThread { try database.scalar("(\(counters))") }
            let ahead = try await onOwnThread { try database.scalar("SELECT count(*) FROM connvo.partitions()") }
            _ = try await DoctorOutput.of(settings: Self.settings(database))
            try await onOwnThread {
                try database.run("SELECT pg_stat_force_next_flush()")
                #expect(try database.scalar("(\(counters))") == before)
                #expect(try database.scalar("SELECT count(*) FROM connvo.partitions()") == ahead)
            }
        }
    }

    @Test func `a server that cannot be reached leaves the rest of the checks`() async throws {
        let output = try await DoctorOutput.of(
            settings: DoctorOutput.needed.merging(["DATABASE_URL": "postgresql:///connvo?host=/nonexistent"]) { $1 }
        )
        #expect(output.says("database", .fault, "cannot connect"), "\(output.whole)")
        #expect(output.says("schema", .notChecked, "no connection to the database"))
        #expect(output.says("clock_difference", .notChecked, "no connection to the database"))
        #expect(output.says("listeners", .ok))
        #expect(output.says("key_set", .fault))
        #expect(output.status == 69)
    }

    @Test func `a login that does not exist has the exit code of serve`() async throws {
        try await withDatabase { database in
            let output = try await DoctorOutput.of(settings: Self.settings(database, login: "no_such_login"))
            #expect(output.says("database", .fault, "no_such_login"), "\(output.whole)")
            #expect(output.status == 78)
        }
    }

    @Test func `servers that accept and say nothing end in faults`() async throws {
        let silent = try SilentListener()
        let place = "127.0.0.1:\(silent.port)"
        let output = try await DoctorOutput.of(
            settings: DoctorOutput.needed.merging([
                "DATABASE_URL": "postgresql://\(place)/connvo", "WORKOS_JWKS_URL": "https://\(place)/keys",
            ]) { $1 }
        )
        #expect(output.says("database", .fault, "took too long"), "\(output.whole)")
        #expect(output.says("key_set", .fault, "no answer in time"))
        #expect(output.says("partitions", .notChecked))
        #expect(output.status == 69)
    }

    /// A lock that an administrator holds must not make the command hang.
    @Test func `a table that is locked ends in a fault`() async throws {
        try await withDatabase(.empty) { database in
            try await Self.migrate(database)
            try await withLock(on: "connvo.schema_migrations", in: database) {
                let output = try await DoctorOutput.of(settings: Self.settings(database))
                #expect(output.says("schema", .fault, "did not answer in time"), "\(output.whole)")
                #expect(output.says("durability", .notChecked, "lost the connection"))
            }
        }
    }

    private func withLock(
        on table: String,
        in database: TestDatabase,
        _ body: () async throws -> Void
    ) async throws {
        let folder = try Folder()
        try folder.write(Array("BEGIN; LOCK TABLE \(table); SELECT pg_sleep(60);".utf8), to: "lock.sql")
        let holder = try await onOwnThread {
            try ChildProcess(
                "/usr/bin/psql",
                ["-X", "-q", "-d", database.name, "-f", folder.file("lock.sql")],
                environment: Binary.environment([:])
            )
        }
        defer { holder.kill() }
        try await eventually {
            try await onOwnThread {
                try database.scalar(
                    """
                    SELECT count(*) FROM pg_locks WHERE relation = '\(table)'::regclass AND mode = 'AccessExclusiveLock'
                        AND granted
                    """
                ) == "1"
            }
        }
        try await body()
    }

    @Test func `without TLS over the loopback interface`() async throws {
        let forwarder = try TCPForwarder()
        try await withDatabase { database in
            let url = "postgresql://postgres@127.0.0.1:\(forwarder.port)/\(database.name)"
            let output = try await DoctorOutput.of(
                settings: DoctorOutput.needed.merging(["DATABASE_URL": url]) { $1 }
            )
            #expect(output.says("database_tls", .ok, "on this machine"), "\(output.whole)")
        }
    }

    @Test(.enabled(if: PgBouncer.isInstalled)) func `a pooler is seen`() async throws {
        try await withDatabase(.empty) { database in
            try await Self.migrate(database)
            var settings = Self.settings(database)
            // The pooler ends with the thread that has started it.
            let held = try await onOwnThread { try HeldPooler() }
            settings["DATABASE_URL"] = "host=\(held.host) dbname=\(database.name)"
            let prepared = try await DoctorOutput.of(settings: settings)
            #expect(prepared.says("pooler", .warning, "prepared"), "\(prepared.whole)")
            settings["DATABASE_STATEMENTS"] = "unnamed"
            let unnamed = try await DoctorOutput.of(settings: settings)
            #expect(unnamed.says("pooler", .ok), "\(unnamed.whole)")
            held.end()
        }
    }

    /// A server of its own, so that settings of the whole server can be as they should be.
    @Test func `exit codes of a server that syncs to disk`() async throws {
        let server = try await onOwnThread { try OwnServer() }
        let database = server.database
        try await onOwnThread {
            for change in ["SET fsync = on", "SET full_page_writes = on"] { try database.run("ALTER SYSTEM \(change)") }
            try database.run("SELECT pg_reload_conf()")
            try database.run("CREATE ROLE serving LOGIN IN ROLE connvo_app")
        }
        let folder = try Folder()
        let key = try RSAPrivateKey.generate().publicKey
        try folder.write(JWKSet.encode([(kid: "a", key: key)]), to: "jwks.json")
        let settings = DoctorOutput.needed.merging([
            "DATABASE_URL": "host=\(server.host) dbname=postgres user=serving",
            "WORKOS_JWKS_URL": "file://\(folder.file("jwks.json"))",
        ]) { $1 }
        try await eventually { try await DoctorOutput.of(settings: settings).says("durability", .ok) }

        // Development tokens are accepted, and the checksums of the migrations are those of the tests.
        let usual = try await DoctorOutput.of(settings: settings)
        #expect(usual.status == 0, "\(usual.whole)")
        #expect(usual.says("durability", .ok, "fsync is on, synchronous_commit is on"))
        #expect(usual.says("development_tokens", .warning))
        #expect(try await DoctorOutput.of("--strict", settings: settings).status == 1)

        try await onOwnThread { try database.run("ALTER ROLE serving SET synchronous_commit = off") }
        let off = try await DoctorOutput.of(settings: settings)
        #expect(off.says("durability", .warning, "synchronous_commit is off"))
        #expect(off.status == 0)

        try await onOwnThread { try database.run("ALTER ROLE serving CONNECTION LIMIT 3") }
        #expect(try await DoctorOutput.of(settings: settings).says("connections", .warning, "3 of 3 are free"))

        try await onOwnThread { try database.run("ALTER ROLE serving SET default_transaction_read_only = on") }
        let readOnly = try await DoctorOutput.of(settings: settings)
        #expect(readOnly.says("database", .fault, "read-only"), "\(readOnly.whole)")
        #expect(readOnly.status == 69)
    }
}

/// A pooler with a thread that lives as long as it is needed.
private final class HeldPooler: Sendable {
    private struct State {
        var result: Result<PgBouncer, any Error>?
        var isEnding = false
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    private let shared = Shared()
    let host: String

    /// Blocks until it accepts connections.
    init() throws {
        let shared = shared
        Thread.detachNewThread {
            let made = Result { try PgBouncer(poolSize: 2, login: "postgres") }
            shared.state.withLock { $0.result = made }
            while !shared.state.withLock({ $0.isEnding }) { usleep(10_000) }
        }
        while shared.state.withLock({ $0.result == nil }) { usleep(5_000) }
        guard let result = shared.state.withLock({ $0.result }) else { throw CancellationError() }
        host = try result.get().host
    }

    deinit { end() }

    func end() { shared.state.withLock { $0.isEnding = true } }
}
