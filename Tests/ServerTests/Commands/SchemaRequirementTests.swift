import Foundation
import JOSE
import TestSupport
import Testing

/// What every command says of a database whose schema is not this program's: one message with the remedy, and the
/// documented exit code.
@Suite struct SchemaRequirementTests {
    fileprivate enum State: String, CaseIterable {
        /// Nothing was ever migrated.
        case empty
        /// Up to 0003: the business tables are there, records and reports are not.
        case half
        /// As after a restore without connvo.schema_migrations.
        case unrecorded
        /// A later migration asks for a later program.
        case demanding
        /// A later migration that this program can live with.
        case newer
    }

    private static let secret = String(repeating: "s", count: 32)
    private static let seedFile = #"{"users": [{"id": "user_1", "email": "a@example.com", "display_name": "A"}]}"#

    private static func prepare(_ database: TestDatabase, _ state: State) async throws -> [String: String] {
        let settings = [
            "DATABASE_URL": "postgresql:///\(database.name)", "STREAM_API_SECRET": secret, "LOG_FORMAT": "text",
            "ALLOW_DEVELOPMENT_TOKENS": "true",
        ]
        guard state != .empty else { return settings }
        let levels = state == .half ? ["--to", "3"] : []
        #expect(try await Binary.run(["migrate", "up"] + levels, settings: settings).status == 0)
        let script: String? =
            switch state {
            case .empty, .half: nil
            case .unrecorded: "DROP TABLE connvo.schema_migrations CASCADE"
            case .demanding, .newer:
                """
                CREATE TEMPORARY TABLE newer AS SELECT * FROM connvo.schema_migrations WHERE version = 1;
                UPDATE newer SET version = 9999, name = 'future', oldest_binary = \(state == .newer ? "NULL" : "9999");
                INSERT INTO connvo.schema_migrations SELECT * FROM newer;
                """
            }
        if let script { try await onOwnThread { try database.run(script) } }
        return settings
    }

    private static func token() throws -> String {
        let token = try StreamTokenSigner(secret: Array(secret.utf8)).sign(
            userID: "u",
            role: "host",
            callCID: "default:c",
            jti: "01a205f0-2db1-73b9-a59c-5c765d37eb7d",
            issuedAt: 1,
            expiresAt: 4_000_000_000
        )
        return String(decoding: token, as: UTF8.self)
    }

    /// The commands that work with our tables.
    private static let working = [
        ["seed", "people.json"], ["seed", "--dry-run", "people.json"], ["seed", "--json", "people.json"],
        ["seed", "--dry-run", "--json", "people.json"], ["export"], ["export", "--kind", "users", "--format", "csv"],
        ["report", "tokens"], ["report", "altered-roles"], ["report", "overview"], ["maintain"],
        ["explain", "--user", "user_1", "--meeting", "meeting_1"], ["maintain", "--dry-run"], ["maintain", "--json"],
        ["token", "inspect", "-"],
        ["token", "inspect", "-", "--json"],
    ]

    @Test(arguments: State.allCases)
    fileprivate func `a command that works with our tables refuses, with the remedy`(state: State) async throws {
        try await withDatabase(.empty) { database in
            let settings = try await Self.prepare(database, state)
            let token = try Self.token()
            for arguments in Self.working {
                let result = try await Binary.run(
                    arguments,
                    settings: settings,
                    input: token,
                    files: ["people.json": Self.seedFile]
                )
                let place: Comment = "\(state) \(arguments): \(result.errors)"
                switch state {
                case .empty:
                    #expect(result.status == 1, place)
                    #expect(
                        result.errors
                            == "connvo-server: the database was never migrated; run connvo-server migrate up\n",
                        place
                    )
                case .half:
                    #expect(result.status == 1, place)
                    #expect(
                        result.errors.contains(
                            #/^connvo-server: the database lacks \d+ migrations, 0004_token_records to \w+; run connvo-server migrate up\n$/#
                        ),
                        place
                    )
                case .unrecorded:
                    #expect(result.status == 1, place)
                    #expect(
                        result.errors.contains(
                            "no record of the migrations that made it; run connvo-server migrate adopt"
                        ),
                        place
                    )
                case .demanding:
                    #expect(result.status == 4, place)
                    #expect(result.errors.contains("9999_future, which needs a binary that knows 9999"), place)
                    #expect(result.errors.contains("use a later version of connvo-server"), place)
                case .newer:
                    // The token has no record.
                    #expect(result.status == (arguments[0] == "token" ? 1 : 0), place)
                }
                if state != .newer {
                    #expect(result.errors.split(separator: "\n").count == 1, place)
                    // A result is printed only by what reports its failure in it.
                    #expect(result.output.isEmpty == !(arguments[0] != "token" && arguments.contains("--json")), place)
                }
            }
        }
    }

    /// Arguments, and for each state the exit code and a part of what is printed.
    private static let migrating: [(arguments: [String], expected: [State: (status: Int32, text: String)])] = [
        (
            ["migrate", "status", "--exit-code"],
            [
                .empty: (2, "The database was never migrated: run connvo-server migrate up."),
                .half: (2, "pending: run connvo-server migrate up."), .demanding: (4, "older than the database"),
                .newer: (4, "older than the database"),
            ]
        ),
        (
            ["migrate", "check"],
            [
                .empty: (2, "the database was never migrated; "), .half: (2, "are pending, 0004_token_records.sql to "),
                .demanding: (4, "Use the version of connvo-server that applied it"), .newer: (4, "9999_future"),
            ]
        ),
        (
            ["migrate", "verify"],
            [
                .empty: (2, "the database was never migrated; "), .half: (0, "Run connvo-server migrate up."),
                .demanding: (4, "Use the version of connvo-server"), .newer: (4, "9999_future"),
            ]
        ),
        (
            ["migrate", "plan"],
            [
                .empty: (0, "-- ==== 0001_people.sql"), .half: (0, "-- ==== 0004_token_records.sql"),
                .demanding: (4, "Use the version of connvo-server"), .newer: (4, "9999_future"),
            ]
        ),
        (
            ["migrate", "repair", "--yes"],
            [
                .empty: (0, "the database was never migrated; "), .half: (0, "Run connvo-server migrate up."),
                .demanding: (4, "Use the version of connvo-server"), .newer: (4, "9999_future"),
            ]
        ),
        (
            ["migrate", "adopt", "--yes"],
            [
                .empty: (1, "was never migrated. Run connvo-server migrate up."),
                .half: (1, "it says itself which migrations are applied"),
                .demanding: (1, "it says itself which migrations are applied"),
                .newer: (1, "it says itself which migrations are applied"),
            ]
        ),
        (
            ["migrate", "up"],
            [
                .empty: (0, "0001_people.sql"), .half: (0, "0004_token_records.sql"),
                .demanding: (4, "Use the version of connvo-server"), .newer: (4, "9999_future"),
            ]
        ),
    ]

    @Test(arguments: [State.empty, .half, .demanding, .newer])
    fileprivate func `a subcommand of migrate names it, too`(state: State) async throws {
        try await withDatabase(.empty) { database in
            let settings = try await Self.prepare(database, state)
            for (arguments, expected) in Self.migrating {
                let result = try await Binary.run(arguments, settings: settings)
                let expected = try #require(expected[state])
                let place: Comment = "\(state) \(arguments): \(result.output)\(result.errors)"
                #expect(result.status == expected.status, place)
                #expect((result.output + result.errors).contains(expected.text), place)
            }
        }
    }

    @Test func `a login that may not look is told the same by what is missing, or which role it needs`() async throws {
        try await withDatabase(.empty) { database in
            _ = try await Self.prepare(database, .half)
            let logins = ["connvo_reporter", "connvo_admin", "connvo_maintainer", "connvo_app"].map { role in
                (role: role, login: "\(role)_of_\(database.name)")
            }
            try await onOwnThread {
                for (role, login) in logins { try database.run("CREATE ROLE \(login) LOGIN IN ROLE \(role)") }
            }
            for (role, login) in logins {
                let settings = ["DATABASE_URL": "postgresql://\(login)@/\(database.name)"]
                let arguments =
                    switch role {
                    case "connvo_reporter": ["report", "tokens"]
                    case "connvo_maintainer": ["maintain"]
                    default: ["export"]
                    }
                let result = try await Binary.run(arguments, settings: settings)
                #expect(result.status == 1, "\(role): \(result.errors)")
                #expect(result.errors.hasSuffix("run connvo-server migrate up\n"), "\(role): \(result.errors)")
                #expect(result.output.isEmpty)

                let check = try await Binary.run("migrate", "check", settings: settings)
                if role == "connvo_app" || role == "connvo_admin" {
                    #expect(check.status == 2, "\(role): \(check.errors)")
                } else {
                    #expect(check.status == 1, "\(role): \(check.errors)")
                    #expect(check.errors.contains("for `status` and `check` a member of connvo_app will do"))
                }
            }
            try await onOwnThread {
                for (_, login) in logins { try database.run("DROP ROLE \(login)") }
            }
        }
    }

    @Test func `adopting repairs what lost its record`() async throws {
        try await withDatabase(.empty) { database in
            let settings = try await Self.prepare(database, .unrecorded)
            #expect(try await Binary.run("migrate", "adopt", "--yes", settings: settings).status == 0)
            #expect(try await Binary.run("migrate", "up", settings: settings).status == 0)
            #expect(try await Binary.run("export", settings: settings).status == 0)
        }
    }

    @Test(arguments: [
        (State.empty, "the database was never migrated; run connvo-server migrate up"),
        (.half, "run connvo-server migrate up"),
    ])
    fileprivate func `serve says it in its log and is not ready`(state: State, text: String) async throws {
        try await withDatabase(.empty) { database in
            let settings = try await Self.prepare(database, state)
            let folder = try Folder()
            try folder.write(Array(#"{"keys": []}"#.utf8), to: RunningServer.keySetFile)
            let server = try await onOwnThread { try RunningServer.start(settings, folder: folder) }
            try await server.waitUntilReady(503)
            try await eventually { server.log.contains(text) }
            server.terminate()
        }
    }
}
