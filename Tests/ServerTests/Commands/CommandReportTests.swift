import Foundation
import TestSupport
import Testing

/// `migrate up --json` and `maintain --json`: one object on standard output, with the same keys whether the command did
/// something, had nothing to do, or failed.
@Suite struct CommandReportTests {
    private static let migrateKeys: Set = [
        "changes", "applied", "partitions", "roles", "repaired_indexes", "invalid_indexes", "warnings", "error",
    ]
    private static let maintainKeys: Set = [
        "dry_run", "changes", "partitions", "rollups_from", "rolled_up_until", "record_faults", "recomputed",
        "detached", "kept", "dropped", "released", "postponed", "error",
    ]

    private static func object(_ result: Binary.Result) throws -> [String: Any] {
        let parsed = try? JSONSerialization.jsonObject(with: Data(result.output.utf8))
        return try #require(parsed as? [String: Any], "\(result.output)\(result.errors)")
    }

    private static func error(_ object: [String: Any]) throws -> (code: Int, message: String) {
        let error = try #require(object["error"] as? [String: Any])
        #expect(Set(error.keys) == ["exit_code", "message"])
        return (try #require(error["exit_code"] as? Int), try #require(error["message"] as? String))
    }

    @Test func `migrate up says what it applied, and then that there is nothing`() async throws {
        try await withDatabase(.empty) { database in
            let settings = ["DATABASE_ADMIN_URL": "postgresql:///\(database.name)"]
            let first = try await Binary.run("migrate", "up", "--json", settings: settings)
            #expect(first.status == 0)
            let report = try Self.object(first)
            #expect(Set(report.keys) == Self.migrateKeys)
            #expect(report["changes"] as? Bool == true)
            #expect(report["error"] is NSNull)
            let applied = try #require(report["applied"] as? [[String: Any]])
            #expect(applied.first?["file"] as? String == "0001_people.sql")
            #expect(applied.first?["version"] as? Int == 1)
            #expect(applied.first?["name"] as? String == "people")
            for entry in applied {
                #expect(Set(entry.keys) == ["version", "name", "file", "took_ms"])
                #expect(entry["took_ms"] is Int)
            }
            #expect(report["partitions"] is [String])
            #expect((report["roles"] as? [String])?.isEmpty == false)

            _ = try await Binary.run("migrate", "up", settings: settings)
            let second = try await Binary.run("migrate", "--json", settings: settings)
            #expect(second.status == 0)
            #expect(second.errors.isEmpty)
            let nothing = try Self.object(second)
            #expect(Set(nothing.keys) == Self.migrateKeys)
            #expect(nothing["changes"] as? Bool == false)
            #expect((nothing["applied"] as? [Any])?.isEmpty == true)
        }
    }

    @Test func `migrate up says what was applied before it failed`() async throws {
        try await withDatabase(.empty) { database in
            let migrations = try Migrations(
                database,
                [
                    "0001_one.sql": "CREATE TABLE connvo.one (id integer);\n",
                    "0002_bad.sql": "DO $$ BEGIN RAISE WARNING 'look'; END $$;\nSELECT 1/0;\n",
                ]
            )
            let result = try await migrations.run("up", "--json")
            #expect(result.status == 1)
            #expect(result.errors.contains("0002_bad.sql: division by zero"))
            let report = try Self.object(result)
            #expect(Set(report.keys) == Self.migrateKeys)
            #expect((report["applied"] as? [[String: Any]])?.map { $0["file"] as? String } == ["0001_one.sql"])
            let error = try Self.error(report)
            #expect(error.code == 1)
            #expect(error.message.contains("division by zero"))
            #expect(result.errors.contains(error.message))

            try migrations.write("CREATE TABLE connvo.one (id bigint);\n", to: "0001_one.sql")
            let drift = try await migrations.run("up", "--json")
            #expect(drift.status == 3)
            #expect(try Self.error(Self.object(drift)).code == 3)
            #expect(try Self.object(drift)["changes"] as? Bool == false)
        }
    }

    @Test(arguments: [["migrate", "up"], ["maintain"], ["maintain", "--dry-run"]])
    func `what could not begin is an object with the error, too`(arguments: [String]) async throws {
        let away = ["DATABASE_ADMIN_URL": "postgresql:///connvo?host=/nonexistent"]
        let unreachable = try await Binary.run(arguments + ["--json"], settings: away)
        #expect(unreachable.status == 69)
        let report = try Self.object(unreachable)
        #expect(Set(report.keys) == (arguments[0] == "maintain" ? Self.maintainKeys : Self.migrateKeys))
        #expect(try Self.error(report).code == 69)
        #expect(try Self.error(report).message.hasPrefix("cannot connect to the database"))

        let wrong = away.merging(["DATABASE_ADMIN_URL": "nonsense://x"]) { $1 }
        let refused = try await Binary.run(arguments + ["--json"], settings: wrong)
        #expect(refused.status == 78)
        #expect(try Self.error(Self.object(refused)).code == 78)

        let usage = try await Binary.run(arguments + ["--json", "--nonsense"], settings: away)
        #expect(usage.status == 64)
        #expect(usage.output.isEmpty)
    }

    @Test func `maintain counts the faults of the records that it rolls up`() async throws {
        try await withDatabase { database in
            try await onOwnThread {
                try database.run(
                    """
                    SET ROLE connvo_owner;
                    SELECT connvo.create_partition('token_refusals',
                        (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month')::date);
                    RESET ROLE;
                    UPDATE connvo.rollup_state SET rolled_up_until = rolled_up_until - interval '3 hours';
                    INSERT INTO connvo.token_refusals
                        (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
                    SELECT '00000000-0000-4000-8000-000000000000', rolled_up_until, 'user_one', 'meeting_one',
                        'FORBIDDEN', 'not_a_participant', 'session', 'request-1'
                    FROM connvo.rollup_state;
                    """
                )
            }
            let settings = ["DATABASE_ADMIN_URL": "postgresql:///\(database.name)"]
            let result = try await Binary.run("maintain", "--json", settings: settings)
            #expect(result.status == 0)
            #expect(try Self.object(result)["record_faults"] as? Int == 1)
            #expect(result.errors.contains("Z: 1. `connvo-server report record-faults` lists them"))
        }
    }

    @Test func `maintain says what it would do, what it did, and that nothing is left`() async throws {
        try await withDatabase { database in
            try await onOwnThread {
                try database.run(
                    "SET ROLE connvo_owner; SELECT connvo.create_partition('token_refusals', '2020-01-01')"
                )
            }
            let own = ["DATABASE_ADMIN_URL": "postgresql:///\(database.name)"]
            let settings = own.merging(["RECORD_RETENTION_MONTHS": "12"]) { $1 }
            let rolled = try Self.object(try await Binary.run("maintain", "--json", settings: own))
            #expect(Set(rolled.keys) == Self.maintainKeys)
            #expect(rolled["rolled_up_until"] is String)
            #expect(rolled["dry_run"] as? Bool == false)

            let plan = try await Binary.run("maintain", "--dry-run", "--json", settings: settings)
            #expect(plan.status == 2)
            let planned = try Self.object(plan)
            #expect(Set(planned.keys) == Self.maintainKeys)
            #expect(planned["dry_run"] as? Bool == true)
            #expect(planned["changes"] as? Bool == true)
            #expect(planned["error"] is NSNull)
            let due = try #require(planned["detached"] as? [[String: Any]])
            #expect(due.map { $0["name"] as? String } == ["token_refusals_2020_01"])
            #expect(due[0]["records"] is NSNull)

            let done = try Self.object(try await Binary.run("maintain", "--json", settings: settings))
            let detached = try #require(done["detached"] as? [[String: Any]])
            #expect(Set(detached[0].keys) == ["name", "records", "checksum"])
            #expect(detached[0]["records"] as? Int == 0)
            let kept = try #require(done["kept"] as? [[String: Any]])
            #expect(kept.map { $0["name"] as? String } == ["token_refusals_2020_01"])
            #expect(kept[0]["until"] is String)

            let again = try await Binary.run("maintain", "--dry-run", "--json", settings: settings)
            #expect(again.status == 0)
            #expect(try Self.object(again)["changes"] as? Bool == false)
        }
    }

    @Test func `seed is an object with the same keys, whatever came of it`() async throws {
        let keys: Set = ["dry_run", "difference", "changes", "kinds", "error"]
        let good = #"{"users": [{"id": "a", "email": "a@example.com", "display_name": "A"}]}"#
        let bad = #"{"users": [{"id": "a", "mail": "a@example.com"}]}"#
        try await withDatabase { database in
            let settings = ["DATABASE_URL": "postgresql:///\(database.name)"]
            func seed(_ arguments: [String], _ text: String, _ settings: [String: String]) async throws -> Binary.Result
            {
                try await Binary.run(
                    ["seed", "--json", "people.json"] + arguments,
                    settings: settings,
                    files: ["people.json": text]
                )
            }
            for arguments in [[], ["--dry-run"]] {
                let refused = try await seed(arguments, bad, settings)
                #expect(refused.status == 65)
                let report = try Self.object(refused)
                #expect(Set(report.keys) == keys)
                #expect(try Self.error(report).code == 65)
                #expect(try Self.error(report).message.contains("people.json:1:"))
                #expect(report["changes"] is NSNull && report["kinds"] is NSNull)

                let away = try await seed(arguments, good, ["DATABASE_URL": "postgresql:///connvo?host=/nonexistent"])
                #expect(away.status == 69)
                #expect(Set(try Self.object(away).keys) == keys)
            }
            let done = try Self.object(try await seed([], good, settings))
            #expect(Set(done.keys) == keys)
            #expect(done["difference"] is NSNull && done["error"] is NSNull)
            #expect(done["changes"] as? Bool == true)
        }
    }
}
