import Foundation
import PostgreSQL
import TestSupport
import Testing

/// docs/explain.md says what the command does. With `RECORD_DOCUMENTATION=1` its example is written anew.
@Suite struct ExplainDocumentationTests {
    private static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "../../..")

    private static func read(_ path: String) throws -> String {
        try String(contentsOf: folder.appending(path: path), encoding: .utf8)
    }

    /// A database with the demo data.
    private static func withDemo(_ body: @Sendable (TestDatabase, [String: String]) async throws -> Void) async throws {
        try await withDatabase(.empty) { database in
            let settings = ["DATABASE_URL": "postgresql:///\(database.name)"]
            let migrated = try await Binary.run("migrate", settings: settings)
            try #require(migrated.status == 0, "\(migrated.errors)")
            let demo = try read("sql/seed/demo.json")
            let seeded = try await Binary.run(["seed", "demo.json"], settings: settings, files: ["demo.json": demo])
            try #require(seeded.status == 0, "\(seeded.errors)")
            try await body(database, settings)
        }
    }

    @Test func `the example is what the command prints`() async throws {
        let page = try Self.read("docs/explain.md")
        let example = try #require(page.firstMatch(of: /<!-- explain (.+) -->\n```\n((?s:.*?))```/))
        try await Self.withDemo { [arguments = String(example.1), shown = String(example.2)] _, settings in
            let result = try await Binary.run(
                ["explain"] + arguments.split(separator: " ").map(String.init),
                settings: settings
            )
            try #require(result.status == 0, "\(result.errors)")
            let output = result.output.replacing(/\S+Z, now/, with: "2026-11-28T09:00:00.123456Z, now")
            if ProcessInfo.processInfo.environment["RECORD_DOCUMENTATION"] == "1" {
                var page = try Self.read("docs/explain.md")
                page.replace("-->\n```\n\(shown)```", with: "-->\n```\n\(output)```")
                try page.write(to: Self.folder.appending(path: "docs/explain.md"), atomically: true, encoding: .utf8)
            } else {
                #expect(output == shown)
            }
        }
    }

    @Test func `the login with fewer rights can do all of it, and no more`() async throws {
        let page = try Self.read("docs/explain.md")
        let sql = try #require(page.firstMatch(of: /```sql\n((?s:.*?))```/)).1
        try await Self.withDemo { [sql = String(sql)] database, _ in
            // Roles belong to the whole server, so this one gets a name of its own.
            let login = "support_\(database.name)"
            try await onOwnThread { try database.run(sql.replacingOccurrences(of: "connvo_support", with: login)) }
            let settings = ["DATABASE_URL": "postgresql://\(login)@/\(database.name)"]
            let explained = try await Binary.run(
                ["explain", "--user", "alice@example.com", "--meeting", "meeting_123example", "--exit-code"],
                settings: settings
            )
            #expect(explained.status == 0, "\(explained.errors)")
            let searched = try await Binary.run(["explain", "--request-id", "nothing"], settings: settings)
            #expect(searched.errors.contains("no record"), "\(searched.errors)")
            let checked = try await Binary.run(
                ["migrate", "check"],
                settings: ["DATABASE_URL": "postgresql:///\(database.name)"]
            )
            #expect(checked.status == 0, "\(checked.output)\(checked.errors)")
            try await onOwnThread {
                var connection = try database.connect(login: login)
                try connection.executeScript("SET default_transaction_read_only = off", deadline: .after(.seconds(20)))
                for change in ["DELETE FROM connvo.meetings", "DELETE FROM connvo.token_refusals"] {
                    var state: SQLState?
                    do {
                        try connection.executeScript(change, deadline: .after(.seconds(20)))
                    } catch let error as DatabaseError {
                        state = error.sqlState
                    }
                    #expect(state == .insufficientPrivilege, "\(change)")
                }
                try database.run("REVOKE SELECT ON connvo.issued_tokens FROM \(login)")
            }
            let refused = try await Binary.run(["explain", "--request-id", "nothing"], settings: settings)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("this login may not read it"))
            try await onOwnThread { try database.run("DROP OWNED BY \(login); DROP ROLE \(login)") }
        }
    }

    @Test func `every member of the JSON and every option is described`() async throws {
        let page = try Self.read("docs/explain.md")
        let described = page.components(separatedBy: "\n## JSON\n").last ?? ""
        try await Self.withDemo { database, settings in
            try await onOwnThread {
                try database.run(
                    """
                    INSERT INTO connvo.token_refusals
                        (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
                    VALUES ('01a205f0-2db1-73b9-a59c-5c765d37eb7d', now(), 'user_x', 'm', 'NOT_FOUND',
                        'meeting_not_found', 's', 'known')
                    """
                )
            }
            var members: Set<String> = []
            for arguments in [
                ["--user", "alice@example.com", "--meeting", "meeting_123example"],
                ["--user", "frank@example.com", "--meeting", "meeting_on_free_tier"], ["--request-id", "known"],
            ] {
                let result = try await Binary.run(["explain", "--json"] + arguments, settings: settings)
                try #require(result.status == 0, "\(result.errors)")
                members.formUnion(try ExplainedJSON(result.output).members)
            }
            #expect(members.count > 60)
            for member in members {
                let name = member.split(separator: ".").last.map(String.init) ?? member
                #expect(described.contains("`\(name)`") || described.contains(".\(name)`"), "\(member)")
            }
        }
        let help = try await Binary.run("explain", "--help").output
        let options = Set(help.matches(of: /--[a-z-]+/).map { String($0.0) }).subtracting(["--help", "--version"])
        #expect(options.count >= 7)
        for option in options { #expect(page.contains("| `\(option)`"), "\(option)") }
    }
}
