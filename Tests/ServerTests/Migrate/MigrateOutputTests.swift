import Foundation
import TestSupport
import Testing

/// What `migrate` prints for programs, and what it takes from where.
@Suite struct MigrateOutputTests {
    private static let files = [
        "0001_one.sql": "-- 0001: one.\n-- Lock: none.\nCREATE TABLE connvo.one (id integer);\n",
        "0002_two.sql":
            "-- 0002: two.\n-- Lock: SHARE on one.\n-- connvo: oldest-binary 0001\nCREATE TABLE connvo.two (id integer);\n",
        "0003_one_idx.sql":
            "-- 0003: index.\n-- connvo: no-transaction\nCREATE INDEX CONCURRENTLY one_idx ON connvo.one (id);\n",
    ]

    private static func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func `status as JSON has every field, before and after`() async throws {
        try await withDatabase(.empty) { database in
            let migrations = try Migrations(database, Self.files)
            let names: Set = [
                "version", "name", "state", "file", "checksum", "lock", "transaction", "applied_checksum", "applied_at",
                "applied_by", "took_ms", "oldest_binary", "first_difference",
            ]
            let empty = try Self.object(try await migrations.run("status", "--json").output)
            #expect(Set(empty.keys) == ["state", "latest_known", "latest_applied", "migrations", "invalid_indexes"])
            #expect(empty["state"] as? String == "pending")
            #expect(empty["latest_applied"] as? Int == 0)
            #expect(empty["latest_known"] as? Int == 3)

            #expect(try await migrations.run("up", "--to", "2").status == 0)
            try migrations.write("CREATE TABLE connvo.one (id bigint);\n", to: "0001_one.sql")
            let report = try Self.object(try await migrations.run("status", "--json").output)

            #expect(report["state"] as? String == "drift")
            let entries = try #require(report["migrations"] as? [[String: Any]])
            #expect(entries.map { $0["state"] as? String } == ["changed", "applied", "pending"])
            for entry in entries { #expect(Set(entry.keys) == names) }
            let difference = try #require(entries[0]["first_difference"] as? [String: Any])
            #expect(difference["line"] as? Int == 1)
            #expect(difference["applied"] as? String == "-- 0001: one.")
            #expect(difference["known"] as? String == "CREATE TABLE connvo.one (id bigint);")
            #expect(entries[1]["lock"] as? String == "SHARE on one.")
            #expect(entries[1]["oldest_binary"] as? Int == 1)
            #expect(entries[1]["applied_by"] as? String == "postgres")
            #expect(entries[1]["checksum"] as? String == entries[1]["applied_checksum"] as? String)
            #expect(entries[2]["transaction"] as? Bool == false)
            #expect(entries[2]["applied_at"] is NSNull)
            #expect(entries[2]["lock"] is NSNull)
        }
    }

    @Test func `a plan shows each file with what it locks, and changes nothing`() async throws {
        try await withDatabase(.empty) { database in
            let migrations = try Migrations(database, Self.files)
            let text = try await migrations.run("plan", "--to", "2")
            #expect(text.status == 0)
            #expect(
                text.output.contains(
                    """
                    -- ==== 0001_one.sql
                    -- Lock: none.
                    BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE, NOT DEFERRABLE;
                    SET LOCAL lock_timeout = '200ms';
                    """
                )
            )
            #expect(text.output.contains("-- ==== 0002_two.sql\n-- Lock: SHARE on one."))
            #expect(!text.output.contains("0003"))
            let json = try Self.object(try await migrations.run("plan", "--json").output)
            let steps = try #require(json["steps"] as? [[String: Any]])
            #expect(
                steps.map { $0["title"] as? String }
                    == ["preparation", "0001_one.sql", "0002_two.sql", "0003_one_idx.sql", "roles.sql"]
            )
            for step in steps {
                #expect(
                    Set(step.keys)
                        == ["title", "version", "file", "lock", "transaction", "oldest_binary", "statements"]
                )
            }
            #expect(steps[3]["transaction"] as? Bool == false)
            #expect(
                (steps[3]["statements"] as? [String])?.first
                    == Self.files["0003_one_idx.sql"]?.trimmingCharacters(in: .newlines)
            )
            #expect(try await migrations.scalar("SELECT to_regnamespace('connvo') IS NULL") == "true")
        }
    }

    @Test func `roles come from the parent of the directory, and from the binary where it has none`() async throws {
        try await withDatabase(.empty) { database in
            let migrations = try Migrations(database, Self.files)
            try migrations.folder.write(Array("CREATE TABLE public.made_by_roles ();".utf8), to: "roles.sql")
            #expect(try await migrations.run("up", "--to", "1").status == 0)
            #expect(try await migrations.scalar("SELECT to_regclass('public.made_by_roles') IS NOT NULL") == "true")
            try migrations.folder.remove("roles.sql")
            #expect(try await migrations.run("up").status == 0)
            #expect(
                try await migrations.scalar("SELECT relowner::regrole FROM pg_class WHERE oid = 'connvo.two'::regclass")
                    == "connvo_owner"
            )
        }
    }

    @Test func `waiting ends when the database answers`() async throws {
        let name = "connvo_test_\(ProcessInfo.processInfo.processIdentifier)_awaited"
        let folder = try Folder()
        let process = try LaunchedProcess(
            ["migrate", "wait", "--timeout", "1m"],
            settings: ["DATABASE_ADMIN_URL": "postgresql:///\(name)"],
            folder: folder
        )
        try await eventually { folder.text("errors").contains("waiting for the database: ") }
        #expect(process.isRunning)
        try await onOwnThread { try TestServer.run("CREATE DATABASE \(name) TEMPLATE template0") }

        #expect(try await onOwnThread { process.exitStatus(within: .seconds(60)) } == 0, "\(folder.text("errors"))")
        try await onOwnThread { try TestServer.run("DROP DATABASE \(name) WITH (FORCE)") }
    }

    @Test func `waiting in vain is 69, and says for what`() async throws {
        let result = try await Binary.run(
            "migrate",
            "wait",
            "--timeout",
            "300ms",
            settings: ["DATABASE_ADMIN_URL": "postgresql:///connvo?host=/nonexistent"]
        )
        #expect(result.status == 69)
        #expect(result.errors.contains("did not answer within 300ms"))
        #expect(result.errors.contains("/nonexistent"))
    }
}
