import Foundation
import TestSupport
import Testing

/// Each failure of `migrate` has its exit code, names the file, says what to do, and changes nothing.
@Suite struct MigrateFailureTests {
    private static let files = [
        "0001_one.sql": "CREATE TABLE connvo.one (id integer);\n",
        "0002_two.sql": "CREATE TABLE connvo.two (id integer);\n",
        "0003_three.sql": "CREATE TABLE connvo.three (id integer);\n",
    ]

    /// Lends migrations of which the first two are applied.
    private static func with(_ body: @Sendable (Migrations) async throws -> Void) async throws {
        try await withDatabase(.empty) { database in
            let migrations = try Migrations(database, files)
            #expect(try await migrations.run("up", "--to", "2").status == 0)
            #expect(try await migrations.run("check").status == 2)
            try await body(migrations)
        }
    }

    /// Expects `up`, `check` and `status --exit-code` to say so, and the database to stay as it was.
    private static func expect(_ status: Int32, saying words: [String], of migrations: Migrations) async throws {
        let tables = try await migrations.tables()
        for command in ["up", "check"] {
            let result = try await migrations.run(command)
            #expect(result.status == status, "\(command): \(result.errors)")
            #expect(result.output.isEmpty)
            for text in words { #expect(result.errors.contains(text), "\(command): \(result.errors)") }
        }
        #expect(try await migrations.run("status", "--exit-code").status == status)
        #expect(try await migrations.run("status").status == 0)
        let plan = try await migrations.run("plan")
        #expect(plan.status == status)
        #expect(plan.output.isEmpty)
        #expect(try await migrations.tables() == tables)
    }

    @Test func `an applied file that was edited is 3`() async throws {
        try await Self.with { migrations in
            try migrations.write("CREATE TABLE connvo.one (id bigint);\n", to: "0001_one.sql")

            try await Self.expect(
                3,
                saying: [
                    "0001_one.sql: changed since", "line 1, database:    CREATE TABLE connvo.one (id integer);",
                    "line 1, this binary: CREATE TABLE connvo.one (id bigint);", "Restore the file as it was",
                ],
                of: migrations
            )
            #expect(try await migrations.run("status").output.contains("CHANGED in line 1"))
        }
    }

    @Test func `what an editor changed without asking is no drift, nor is another name`() async throws {
        try await Self.with { migrations in
            try migrations.remove("0001_one.sql")
            try migrations.write("\u{FEFF}CREATE TABLE connvo.one (id integer);  \r\n\r\n", to: "0001_other_words.sql")

            #expect(try await migrations.run("check").status == 2)
        }
    }

    @Test func `a gap is 3`() async throws {
        try await Self.with { migrations in
            #expect(try await migrations.run("up").status == 0)
            try await migrations.sql("DELETE FROM connvo.schema_migrations WHERE version = 2")

            try await Self.expect(
                3,
                saying: ["0002_two.sql: not applied, though a later one is", "Give it the next free number"],
                of: migrations
            )
        }
    }

    @Test func `a database that is newer is 4`() async throws {
        try await Self.with { migrations in
            #expect(try await migrations.run("up").status == 0)
            try migrations.remove("0003_three.sql")

            try await Self.expect(
                4,
                saying: ["0003_three: applied, but unknown to this binary", "Use the version of connvo-server"],
                of: migrations
            )
            #expect(try await migrations.run("status").output.contains("UNKNOWN"))
        }
    }

    @Test func `a statement that fails in the middle of a file is 1, and nothing of the file stays`() async throws {
        try await Self.with { migrations in
            try migrations.write(
                "CREATE TABLE connvo.three (id integer);\nSELECT nonsense;\nCREATE TABLE connvo.never ();\n",
                to: "0003_three.sql"
            )

            let result = try await migrations.run("up")

            #expect(result.status == 1)
            #expect(result.errors.contains("0003_three.sql:2:8: column \"nonsense\" does not exist"))
            #expect(result.errors.contains("Nothing of it was applied. Correct the file and run this again."))
            #expect(try await migrations.tables() == "one two")
            #expect(try await migrations.run("check").status == 2)
            try migrations.write("CREATE TABLE connvo.three (id integer);\n", to: "0003_three.sql")
            #expect(try await migrations.run("up").status == 0)
            #expect(try await migrations.tables() == "one three two")
        }
    }

    @Test(arguments: [
        ("0005_five.sql", "SELECT 1;", "0005_five.sql: comes where 0004 is expected"),
        ("0003_again.sql", "SELECT 1;", "has the same number as"),
        ("4_four.sql", "SELECT 1;", "4_four.sql: the name must be NNNN_words.sql"),
        ("0004_four.sql", "-- connvo: transactionless\nSELECT 1;", "unknown directive"),
    ])
    func `a file that cannot be a migration is 1, before the database is asked`(
        name: String,
        text: String,
        message: String
    ) async throws {
        try await Self.with { migrations in
            try migrations.write(text, to: name)
            for command in ["up", "check", "status", "plan"] {
                let result = try await migrations.run(command)
                #expect(result.status == 1)
                #expect(result.errors.contains(message), "\(result.errors)")
            }
            #expect(try await migrations.tables() == "one two")
        }
    }

    @Test(arguments: ["up", "plan"])
    func `a version that there is not is 1`(command: String) async throws {
        try await Self.with { migrations in
            let result = try await migrations.run(command, "--to", "9")
            #expect(result.status == 1)
            #expect(result.errors.contains("There is no migration 0009; this binary has 0001 to 0003."))
        }
    }

    @Test(arguments: [
        ["up", "--lock-timeout", "soon"], ["up", "--lock-timeout", "0s"], ["up", "--lock-timeout", "25h"],
        ["up", "--attempts", "0"],
        ["wait", "--timeout", "60"], ["wait", "--timeout", "s"], ["wait", "--timeout", "1.5s"],
    ])
    func `what cannot be read on the command line is 64`(words: [String]) async throws {
        let result = try await Binary.run(["migrate"] + words)
        #expect(result.status == 64)
        #expect(
            result.errors.contains("such as 500ms, 60s or 2m") || result.errors.contains("1 to 1000"),
            "\(result.errors)"
        )
    }

    @Test func `a directory that is not there is 1`() async throws {
        let result = try await Binary.run("migrate", "check", "--from", "/nonexistent")
        #expect(result.status == 1)
        #expect(result.errors.contains("/nonexistent cannot be read as a directory"))
    }

    @Test func `the password of the database is never shown`() async throws {
        try await withDatabase(.empty) { database in
            let migrations = try Migrations(database, Self.files)
            try migrations.write("SELECT nonsense;", to: "0003_three.sql")
            let host = ProcessInfo.processInfo.environment["PGHOST"] ?? ""
            let encoded = host.replacing("/", with: "%2F")
            let secret = "s3cret-of-the-administrator"
            let targets = [
                "postgresql://postgres:\(secret)@/\(database.name)?host=\(encoded)",
                "postgresql://postgres:\(secret)@/nonexistent?host=\(encoded)",
                "postgresql://postgres:\(secret)@nonexistent.invalid/\(database.name)",
                "postgresql://postgres:\(secret)@[/nonsense",
            ]
            for target in targets {
                for words in [
                    ["up"], ["status"], ["status", "--json"], ["plan"], ["check"], ["wait", "--timeout", "300ms"],
                ] {
                    let source = words[0] == "wait" ? [] : ["--from", migrations.folder.file("migrations")]
                    let result = try await Binary.run(
                        ["migrate"] + words + source,
                        settings: ["DATABASE_ADMIN_URL": target]
                    )
                    #expect(!(result.output + result.errors).contains(secret), "\(words)")
                    if target != targets[0] { #expect([69, 78].contains(result.status), "\(words) \(result.errors)") }
                }
            }
            #expect(try await migrations.tables() == "one two")
        }
    }
}
