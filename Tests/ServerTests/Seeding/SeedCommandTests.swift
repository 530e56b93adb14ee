import Foundation
import Persistence
import PostgreSQL
import TestSupport
import Testing

@testable import connvo_server

/// `seed` as a process: what it prints, what it leaves, and how it exits.
@Suite struct SeedCommandTests {
    private func settings(_ database: TestDatabase) -> [String: String] {
        ["DATABASE_URL": "postgresql:///\(database.name)"]
    }

    private func scalar(_ sql: String, in database: TestDatabase) async throws -> String? {
        try await onOwnThread { try database.scalar(sql) }
    }

    private func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }

    private static let people = """
        {"users": [
          {"id": "a", "email": "ann@example.com", "display_name": "Ann"},
          {"id": "b", "email": "bob@example.com", "display_name": "Bob"}]}

        """

    @Test func `a thousand bad rows are a thousand lines, and nothing is written`() async throws {
        try await withDatabase { database in
            let rows = (0..<1000).map { index in
                switch index % 5 {
                case 0: #"{"kind": "users", "id": "u \#(index)", "email": "u\#(index)@x"}"#
                case 1: #"{"kind": "users", "id": "u\#(index)", "email": "no address \#(index)"}"#
                case 2: #"{"kind": "users", "id": "u\#(index)", "email": "u\#(index)@x", "nickname": "x"}"#
                case 3: #"{"kind": "meetings", "id": "m\#(index)", "organizer_id": "nobody\#(index)", "title": "T"}"#
                default: #"{"kind": "users", "id": "u\#(index)", "email": "TAKEN@x"}"#
                }
            }
            let good = #"{"kind": "users", "id": "good", "email": "taken@x"}"#

            let result = try await Binary.run(
                "seed",
                "rows.ndjson",
                "--all-problems",
                settings: settings(database),
                files: ["rows.ndjson": ([good] + rows).joined(separator: "\n")]
            )

            #expect(result.status == 65)
            #expect(result.output.isEmpty)
            let reported = lines(result.errors)
            #expect(reported.first == "connvo-server: 1000 problems; nothing was seeded")
            #expect(reported.dropFirst().map { $0.prefix { $0 != ":" } }.allSatisfy { $0 == "rows.ndjson" })
            #expect(Set(reported.dropFirst().map { $0.split(separator: ":")[1] }).count == 1000)
            #expect(reported.contains("rows.ndjson:2:25: id: expected 1 to 255 of the characters A-Z a-z 0-9 _ @ -"))
            #expect(reported.contains("rows.ndjson:5:50: organizer_id: no such row in users: \"nobody3\""))
            #expect(reported.contains("rows.ndjson:6:40: email: the same as in rows.ndjson:1:1"))
            #expect(try await scalar("SELECT count(*) FROM connvo.users", in: database) == "0")

            // Unless all are asked for, the first ones and how many more there are, in files and database together.
            let capped = try await Binary.run(
                "seed",
                "rows.ndjson",
                settings: settings(database),
                files: ["rows.ndjson": ([good] + rows).joined(separator: "\n")]
            )
            #expect(capped.status == 65)
            #expect(lines(capped.errors) == reported.prefix(101) + ["... and 900 more (--all-problems shows all)"])
        }
    }

    @Test func `files of all formats are one transaction, with references across them`() async throws {
        try await withDatabase { database in
            let files = [
                "people.json": Self.people,
                "meetings.csv": "id,organizer_id,title\r\nm,a,\"Planning, again\"\r\n",
                "more.ndjson": #"{"kind": "meeting_participants", "meeting_id": "m", "user_id": "c", "role": "host"}"#,
            ]
            let arguments = ["seed", "more.ndjson", "meetings.csv", "people.json", "-", "--format", "ndjson"]

            let mixed = try await Binary.run(
                ["seed", "more.ndjson", "meetings.csv", "people.json"],
                settings: settings(database),
                files: files
            )
            #expect(mixed.status == 65)
            #expect(lines(mixed.errors).last == "more.ndjson:1:64: user_id: no such row in users: \"c\"")
            #expect(try await Binary.run(arguments, settings: settings(database), files: files).status == 65)

            try await onOwnThread { _ = try database.user("c") }
            let done = try await Binary.run(
                ["seed", "more.ndjson", "meetings.csv", "people.json"],
                settings: settings(database),
                files: files
            )
            #expect(done.status == 0)
            #expect(
                lines(done.output) == [
                    "users: 2 inserted, 0 changed, 0 unchanged, 0 removed",
                    "meetings: 1 inserted, 0 changed, 0 unchanged, 0 removed",
                    "meeting_participants: 2 inserted, 0 changed, 0 unchanged, 0 removed",
                ]
            )
            #expect(done.errors.isEmpty)
        }
    }

    @Test func `standard input needs a format, and is read once`() async throws {
        try await withDatabase { database in
            let settings = settings(database)
            #expect(try await Binary.run("seed", "-", settings: settings, input: Self.people).status == 64)
            #expect(try await Binary.run("seed", "-", "-", "--format", "json", settings: settings).status == 64)
            #expect(try await Binary.run("seed", "x.txt", settings: settings, files: ["x.txt": ""]).status == 64)
            #expect(try await Binary.run("seed", "x.csv", settings: settings, files: ["x.csv": ""]).status == 64)
            #expect(try await Binary.run("seed", "a.json", "--prune", "people", settings: settings).status == 64)

            let json = try await Binary.run("seed", "-", "--format", "json", settings: settings, input: Self.people)
            #expect(json.status == 0)
            let csv = try await Binary.run(
                ["seed", "-", "--format", "csv", "--kind", "users"],
                settings: settings,
                input: "id,email\nc,c@x\nd\n"
            )
            #expect(csv.status == 65)
            #expect(lines(csv.errors).last == "stdin:3:1: expected 2 fields, found 1")
        }
    }

    @Test func `a dry run prints the difference without personal data, and exits with 2 when there is one`()
        async throws
    {
        try await withDatabase { database in
            let settings = settings(database)
            let files = [
                "one.json": Self.people,
                "two.json": """
                {"users": [{"id": "b", "email": "rob@example.com", "is_active": false},
                  {"id": "c", "email": "cleo@example.com", "display_name": "Cleo"}]}
                """,
            ]
            #expect(try await Binary.run("seed", "one.json", settings: settings, files: files).status == 0)
            #expect(try await Binary.run("seed", "--dry-run", "one.json", settings: settings, files: files).status == 0)
            let arguments = ["seed", "--dry-run", "two.json", "--prune", "users"]

            let hidden = try await Binary.run(arguments, settings: settings, files: files)
            let shown = try await Binary.run(arguments + ["--show-values"], settings: settings, files: files)
            let json = try await Binary.run(arguments + ["--json"], settings: settings, files: files)

            #expect([hidden.status, shown.status, json.status] == [2, 2, 2])
            #expect(
                lines(hidden.output) == [
                    "~ users b: email *** → ***, is_active true → false",
                    "+ users c: email ***, display_name ***, is_active true",
                    "- users a",
                    "users: 1 inserted, 1 changed, 0 unchanged, 1 removed",
                ]
            )
            #expect(hidden.errors == "Dry run: nothing was written.\n")
            #expect(
                lines(shown.output).first
                    == #"~ users b: email "bob@example.com" → "rob@example.com", is_active true → false"#
            )
            #expect(
                json.output == """
                    {"dry_run":true,"difference":[
                    {"verb":"change","kind":"users","key":{"id":"b"},"fields":{"email":{"from":"***","to":"***",\
                    "hidden":true},"is_active":{"from":true,"to":false,"hidden":false}}},
                    {"verb":"insert","kind":"users","key":{"id":"c"},"fields":{"email":{"from":null,"to":"***",\
                    "hidden":true},"display_name":{"from":null,"to":"***","hidden":true},\
                    "is_active":{"from":null,"to":true,"hidden":false}}},
                    {"verb":"remove","kind":"users","key":{"id":"a"},"fields":{}}
                    ],"changes":true,"kinds":{"users":{"inserted":1,"changed":1,"unchanged":0,"removed":1}},"error":null}

                    """
            )
            let open = try await Binary.run(arguments + ["--json", "--show-values"], settings: settings, files: files)
            #expect(open.output.contains(#""email":{"from":"bob@example.com","to":"rob@example.com","hidden":false}"#))
            let unchanged = try await Binary.run(
                "seed",
                "--dry-run",
                "--json",
                "one.json",
                settings: settings,
                files: files
            )
            #expect(unchanged.status == 0)
            #expect(
                unchanged.output.hasPrefix(
                    "{\"dry_run\":true,\"difference\":[\n],\"changes\":false,\"kinds\":{\"users\""
                )
            )
            #expect(try await scalar("SELECT count(*) FROM connvo.users WHERE is_active", in: database) == "2")
            #expect(
                try await Binary.run(
                    ["seed", "two.json", "--prune", "users", "--yes"],
                    settings: settings,
                    files: files
                )
                .status == 0
            )
            #expect(try await scalar("SELECT string_agg(id, '' ORDER BY id) FROM connvo.users", in: database) == "bc")
        }
    }

    @Test func `pruning asks on a terminal, needs --yes elsewhere, and says how many rows go`() async throws {
        try await withDatabase { database in
            let settings = settings(database)
            let files = ["all.json": Self.people, "one.json": #"{"users": [{"id": "b", "email": "bob@example.com"}]}"#]
            let ids = "SELECT string_agg(id, '' ORDER BY id) FROM connvo.users"
            #expect(try await Binary.run("seed", "all.json", settings: settings, files: files).status == 0)
            let arguments = ["seed", "one.json", "--prune", "users"]

            let refused = try await Binary.run(arguments, settings: settings, files: files)
            #expect(refused.status == 1)
            #expect(
                lines(refused.errors) == [
                    "This removes 1 row of users.",
                    "connvo-server: nothing was changed: standard input is no terminal, so this needs --yes",
                ]
            )
            #expect(try await scalar(ids, in: database) == "ab")
            // Where nothing goes there is nothing to ask.
            let none = try await Binary.run(["seed", "all.json", "--prune", "users"], settings: settings, files: files)
            #expect(none.status == 0 && none.errors.isEmpty)

            let (no, noErrors) = try await answering("no\n", arguments, settings, files)
            #expect(no == 1)
            #expect(noErrors.contains("This removes 1 row of users.\nSeed, and remove them? Type yes to go on: "))
            #expect(try await scalar(ids, in: database) == "ab")
            let (yes, yesErrors) = try await answering("yes\n", arguments, settings, files)
            #expect(yes == 0)
            #expect(yesErrors.hasSuffix("Removing 1 row of users.\n"))
            #expect(try await scalar(ids, in: database) == "b")

            #expect(try await Binary.run("seed", "all.json", settings: settings, files: files).status == 0)
            let given = try await Binary.run(arguments + ["--yes"], settings: settings, files: files)
            #expect(given.status == 0)
            #expect(given.errors == "Removing 1 row of users.\n")
            #expect(try await scalar(ids, in: database) == "b")
        }
    }

    /// The exit code, and what it says, of a command that gets `answer` typed on its terminal.
    private func answering(
        _ answer: String,
        _ arguments: [String],
        _ settings: [String: String],
        _ files: [String: String]
    ) async throws -> (status: Int32?, errors: String) {
        let terminal = try PseudoTerminal()
        let folder = try Folder()
        for (name, text) in files { try folder.write(Array(text.utf8), to: name) }
        try terminal.type(answer)
        let process = try await onOwnThread {
            try ChildProcess(
                Binary.url.path,
                arguments,
                environment: Binary.environment(settings),
                directory: folder.path,
                streams: .init(input: .file(terminal.path), errors: folder.file("errors"))
            )
        }
        let status = try await onOwnThread { process.exitStatus(within: .seconds(30)) }
        return (status, folder.text("errors"))
    }

    @Test func `no message quotes an address or a name`() async throws {
        try await withDatabase { database in
            let settings = settings(database)
            let text = """
                {"users": [
                  {"id": "a", "email": "secret person", "display_name": "Secret"},
                  {"id": "b", "email": "secret@example.com"}, {"id": "c", "email": "Secret@example.com"},
                  {"id": "d", "email": "d@example.com", "avatar_url": "secret"}]}
                """
            try await onOwnThread {
                try database.run(
                    """
                    CREATE UNIQUE INDEX unforeseen ON connvo.users (display_name);
                    INSERT INTO connvo.users (id, email, display_name) VALUES ('x', 'x@x', 'Secret');
                    """
                )
            }

            let bad = try await Binary.run("seed", "--dry-run", "x.json", settings: settings, files: ["x.json": text])
            #expect(bad.status == 65)
            #expect(lines(bad.errors).count == 4)
            #expect(!bad.errors.lowercased().contains("secret"))

            let unforeseen = #"{"users": [{"id": "y", "email": "y@x", "display_name": "Secret"}]}"#
            let files = ["x.json": unforeseen]
            let refused = try await Binary.run("seed", "x.json", settings: settings, files: files)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("constraint unforeseen"))
            #expect(!refused.errors.contains("Secret"))
            let shown = try await Binary.run("seed", "x.json", "--show-values", settings: settings, files: files)
            #expect(shown.errors.contains("Secret"))
        }
    }

    @Test func `a file that cannot be read is named, all of them, before anything is done`() async throws {
        try await withDatabase { database in
            let result = try await Binary.run(
                ["seed", "x.json", "missing.json", ".", "--format", "json"],
                settings: settings(database),
                files: ["x.json": Self.people]
            )

            #expect(result.status == 1)
            #expect(
                lines(result.errors) == [
                    "connvo-server: missing.json cannot be read: No such file or directory",
                    "connvo-server: . cannot be read: Is a directory",
                ]
            )
            #expect(try await scalar("SELECT count(*) FROM connvo.users", in: database) == "0")
        }
    }

    @Test func `what is wrong with the files is said even when the database is away`() async throws {
        let away = ["DATABASE_URL": "postgresql:///connvo?host=/nonexistent"]

        let bad = try await Binary.run("seed", "x.json", settings: away, files: ["x.json": #"{"users": [{}]}"#])
        #expect(bad.status == 65)
        #expect(bad.errors.contains("x.json:1:12: email: missing\nx.json:1:12: id: missing\n"))
        #expect(bad.errors.contains("nothing was compared with the database"))
        #expect(try await Binary.run("seed", "x.json", settings: away, files: ["x.json": Self.people]).status == 69)
    }

    @Test func `a seed that is killed in the middle leaves nothing`() async throws {
        try await withDatabase { database in
            try await onOwnThread {
                let owner = try database.user("owner")
                try database.meeting("locked", organizer: owner)
                let before = try database.scalar("SELECT md5(string_agg(u::text, '' ORDER BY id)) FROM connvo.users u")
                // A locked row stops it after users are written and before meetings are.
                var other = try database.connect()
                try other.executeScript(
                    "BEGIN; SELECT * FROM connvo.meetings WHERE id = 'locked' FOR UPDATE",
                    deadline: .after(.seconds(20))
                )
                let folder = try Folder()
                let text = """
                    {"users": [{"id": "owner", "email": "new@example.com"}, {"id": "b", "email": "b@example.com"}],
                     "meetings": [{"id": "locked", "organizer_id": "owner", "title": "Changed"}]}
                    """
                try folder.write(Array(text.utf8), to: "x.json")
                let process = try LaunchedProcess(["seed", "x.json"], settings: settings(database), folder: folder)
                let session = """
                    FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'connvo-server/seed'
                    """
                let deadline = ContinuousClock.now + .seconds(30)
                while try database.scalar(
                    "SELECT bool_or(wait_event_type = 'Lock' AND query LIKE '%UPDATE connvo.meetings%') \(session)"
                ) != "true" {
                    try #require(
                        ContinuousClock.now < deadline,
                        "it never came to the meeting: \(folder.text("errors"))"
                    )
                    usleep(5000)
                }
                process.kill()
                try other.executeScript("ROLLBACK", deadline: .after(.seconds(20)))
                while try database.scalar("SELECT count(*) \(session)") != "0" {
                    try #require(ContinuousClock.now < deadline, "its session stays")
                    usleep(5000)
                }

                let after = try database.scalar("SELECT md5(string_agg(u::text, '' ORDER BY id)) FROM connvo.users u")
                #expect(after == before)
                #expect(try database.scalar("SELECT title FROM connvo.meetings") == "Planning")
            }
        }
    }

    @Test func `several seeds at once take turns, and say for whom they wait`() async throws {
        try await withDatabase { database in
            let lock = try await TableLock(on: database, "connvo.users")
            let settings = settings(database)
            async let results = withThrowingTaskGroup { group in
                for _ in 0..<3 {
                    group.addTask {
                        try await Binary.run("seed", "x.json", settings: settings, files: ["x.json": Self.people])
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // One has the turn and waits for the table, two wait for it.
            try await eventually {
                try await scalar(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'connvo-server/seed' AND xact_start < now() - interval '500 ms'",
                    in: database
                ) == "3"
            }
            try await lock.release()

            let ended = try await results
            #expect(ended.map(\.status) == [0, 0, 0])
            #expect(ended.count { $0.output.contains("users: 2 inserted") } == 1)
            #expect(ended.count { $0.errors.contains(/Waiting for pid \d+, "connvo-server\/seed"/) } == 2)
        }
    }

    @Test func `a terminal shows progress after half a second, a pipe does not`() async throws {
        try await withDatabase { database in
            let lock = try await TableLock(on: database, "connvo.users")
            let terminal = try PseudoTerminal()
            let folder = try Folder()
            try folder.write(Array(Self.people.utf8), to: "x.json")
            let settings = settings(database)
            let process = try await onOwnThread {
                try ChildProcess(
                    Binary.url.path,
                    ["seed", "x.json"],
                    environment: Binary.environment(settings),
                    directory: folder.path,
                    streams: .init(output: folder.file("output"), errors: terminal.path)
                )
            }
            var text = ""
            try await eventually {
                text += terminal.read()
                return text.contains("\u{1B}[Kwaiting, ")
            }
            try await lock.release()
            #expect(try await onOwnThread { process.exitStatus(within: .seconds(30)) } == 0)
            text += terminal.read()

            // The bar is gone at the end.
            #expect(text.hasSuffix("\r\u{1B}[K"))
            #expect(folder.text("output").contains("users: 2 inserted"))
        }
    }

    @Test func `a large set is seeded, and again without a single write`() async throws {
        try await withDatabase { database in
            let settings = settings(database)
            let folder = try Folder()
            try folder.write(Array(Self.generated(users: 2000).utf8), to: "set.ndjson")
            let first = try await Binary.run("seed", folder.file("set.ndjson"), settings: settings)
            #expect(first.status == 0)
            let writes = """
                SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE schemaname = 'connvo'
                """
            // A session hands its counts in when it ends.
            try await eventually { try await scalar(writes, in: database).flatMap { Int($0) } ?? 0 >= 4400 }
            let before = try await scalar(writes, in: database)

            let second = try await Binary.run("seed", folder.file("set.ndjson"), settings: settings)

            #expect(second.status == 0)
            #expect(
                second.output
                    == first.output.replacing(/(\d+) inserted, 0 changed, 0/) {
                        "0 inserted, 0 changed, \($0.output.1)"
                    }
            )
            let flushed =
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'connvo-server/seed' AND datname = current_database()"
            try await eventually { try await scalar(flushed, in: database) == "0" }
            #expect(try await scalar(writes, in: database) == before)
        }
    }

    /// Users, a meeting for every five of them, and two participants each.
    static func generated(users: Int) -> String {
        var lines: [String] = [#"{"kind": "organizations", "id": "org", "name": "Acme"}"#]
        for index in 0..<users {
            lines.append(
                #"{"kind": "users", "id": "user_\#(index)", "email": "person.\#(index)@example.com", "display_name": "Péter \"\#(index)\"", "organization_id": "org"}"#
            )
            if index % 5 == 0 {
                lines.append(
                    #"{"kind": "meetings", "id": "m_\#(index)", "organizer_id": "user_\#(index)", "title": "T"}"#
                )
                lines.append(
                    #"{"kind": "subscriptions", "user_id": "user_\#(index)", "tier_id": "pro", "status": "active", "starts_at": "2026-01-01T00:00:00.\#(index % 10)Z"}"#
                )
            }
            lines.append(
                #"{"kind": "meeting_participants", "meeting_id": "m_\#(index / 5 * 5)", "user_id": "user_\#(index)", "role": "\#(index % 5 == 0 ? "host" : "observer")"}"#
            )
        }
        return lines.joined(separator: "\n")
    }
}
