import Domain
import Foundation
import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// What a database or a login sets for its sessions does not change what happens: migrate, seed, issue, report, export and
/// maintain have the same results under each setting.
@Suite struct ForeignSettingsTests {
    static let settings: [(name: String, value: String)] = [
        ("default_transaction_isolation", "repeatable read"), ("default_transaction_isolation", "serializable"),
        ("default_transaction_read_only", "on"), ("default_transaction_deferrable", "on"),
        ("statement_timeout", "400ms"), ("lock_timeout", "1ms"), ("idle_in_transaction_session_timeout", "1s"),
        ("idle_session_timeout", "1s"), ("search_path", "pg_temp"), ("search_path", "nowhere"), ("row_security", "off"),
        ("client_min_messages", "error"), ("client_min_messages", "debug1"), ("DateStyle", "German, DMY"),
        ("DateStyle", "SQL, MDY"), ("IntervalStyle", "sql_standard"), ("IntervalStyle", "iso_8601"),
        ("bytea_output", "escape"), ("extra_float_digits", "-15"), ("standard_conforming_strings", "off"),
        ("TimeZone", "America/St_Johns"), ("TimeZone", "Pacific/Kiritimati"), ("lc_messages", "C"),
        ("synchronous_commit", "off"), ("check_function_bodies", "off"), ("default_toast_compression", "lz4"),
        ("session_replication_role", "replica"), ("xmlbinary", "hex"), ("xmloption", "document"),
        ("plan_cache_mode", "force_generic_plan"), ("plan_cache_mode", "force_custom_plan"), ("enable_seqscan", "off"),
        ("enable_indexscan", "off"), ("enable_bitmapscan", "off"), ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"), ("enable_nestloop", "off"), ("enable_sort", "off"), ("jit", "on"),
        ("array_nulls", "off"), ("transform_null_equals", "on"), ("quote_all_identifiers", "on"),
        ("exit_on_error", "on"), ("work_mem", "64kB"), ("client_encoding", "LATIN1"), ("escape_string_warning", "off"),
        ("cursor_tuple_fraction", "1"), ("gin_fuzzy_search_limit", "1"), ("enable_partition_pruning", "off"),
        ("backslash_quote", "on"), ("geqo", "off"), ("constraint_exclusion", "off"),
    ]

    /// Makes a login that may do everything that the commands do, and has the settings in this database.
    private static func login(
        of database: TestDatabase,
        isSuperuser: Bool = false,
        _ settings: [(name: String, value: String)]
    ) throws -> String {
        let login = "set_\(database.name)"
        try database.run(
            """
            CREATE ROLE \(login) LOGIN \(isSuperuser ? "SUPERUSER" : "")
                IN ROLE connvo_owner, connvo_admin, connvo_app, connvo_reporter;
            """
        )
        for setting in settings {
            let value = setting.name == "search_path" ? setting.value : "'\(setting.value)'"
            try database.run("ALTER ROLE \(login) IN DATABASE \(database.name) SET \(setting.name) = \(value)")
        }
        return login
    }

    /// Everything but migrating, as a text of the results.
    private static func circle(_ settings: [(name: String, value: String)]) async throws -> String {
        try await withDatabase { database in
            let needsSuperuser = settings.contains { $0.name == "session_replication_role" }
            let login = try login(of: database, isSuperuser: needsSuperuser, settings)
            defer { try? database.run("DROP OWNED BY \(login); DROP ROLE \(login)") }
            let organizer = try database.user("circle_organizer")
            try database.subscription(user: organizer)
            let meeting = try database.meeting("circle_meeting", organizer: organizer)
            let participant = try database.user("circle_participant")
            try database.participant(meeting: meeting, user: participant)
            try database.run(
                """
                CREATE TABLE connvo.issued_tokens_2020_01 PARTITION OF connvo.issued_tokens
                    FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-02-01 00:00:00+00');
                ALTER TABLE connvo.issued_tokens_2020_01 OWNER TO connvo_owner;
                """
            )
            var lines: [String] = []

            var connection = try database.connect(login: login)
            let batch = SeedBatch(SeederTests.everything)
            let summary = try Seeder.seed(batch, deadline: .after(.seconds(60)), on: &connection)
            lines.append("seeded \(summary.counts.map { "\($0.key.rawValue) \($0.value)" }.sorted())")
            lines.append(
                try database.content()?.replacing(/"id":"[0-9a-f]{8}-[^"]*"|"started_at":"[^"]*"/, with: "") ?? ""
            )

            let outcomes = try TestEngine.run(on: database) { configuration in
                if let target = try? ConnectionTarget(
                    "dbname=\(database.name) user=\(login) options='-c role=connvo_app'",
                    applicationName: TestEngine.applicationName
                ) {
                    configuration.target = target
                }
            } body: { engine in
                try [
                    engine.ask(participant, meeting).token == nil,
                    engine.ask("user_nobody", meeting).token == nil,
                ]
            }
            lines.append("issued \(outcomes), \(try database.tokenCount()) and \(try database.refusalCount())")

            var reporting = try database.connect(login: login)
            try ReportSession.run(on: &reporting) { connection, _ in
                for report in Report.catalogue {
                    var count = 0
                    try ReportSession.read(report, ReportSelection(), on: &connection) { _ in count += 1 }
                    lines.append("\(report.name) \(count)")
                }
            }

            var exporting = try database.connect(login: login)
            try SeedExporter.export([.subscriptionTiers, .organizations], timeout: .seconds(60), on: &exporting) {
                lines.append("\($0) \($1.map { "\($0)" })")
            }

            var maintaining = try database.connect(login: login)
            try Maintainer(keepMonths: 1) { event in
                switch event {
                case .rolledUp: lines.append("rolled up")
                case .kept(let name, _): lines.append("kept \(name)")
                default: lines.append("\(event)")
                }
            }.run(on: &maintaining)
            return lines.joined(separator: "\n")
        }
    }

    @Test func `seed, issue, report, export and maintain do the same under every setting`() async throws {
        let plain = try await Self.circle([])
        #expect(plain.contains("issued [false, true], 1 and 1"))
        #expect(plain.contains("issued_tokens_2020_01"))

        // One after the other: each circle is a good deal of work for the database.
        for settings in Self.groups {
            do {
                let result = try await Self.circle(settings)
                let lines = plain.split(separator: "\n")
                let difference = result.split(separator: "\n").filter { !lines.contains($0) }
                #expect(difference.isEmpty, "\(settings)")
                #expect(result.count == plain.count, "\(settings)")
            } catch {
                Issue.record("\(settings): \(error)")
            }
        }
    }

    /// The schema, and how it prints in a session without such settings.
    private static func migrate(_ settings: [(name: String, value: String)]) async throws -> String {
        try await withDatabase(.empty) { database in
            for setting in settings {
                let value = setting.name == "search_path" ? setting.value : "'\(setting.value)'"
                try TestServer.run("ALTER DATABASE \(database.name) SET \(setting.name) = \(value)")
            }
            let embedded = try MigrationCatalogue.embedded(sha256: testChecksum)
            let last = embedded.latestVersion + 1
            let number = String(repeating: "0", count: 4 - String(last).count) + String(last)
            let migrator = Migrator(
                try .scratch(
                    embedded.migrations.map { ($0.file, $0.sql) } + [
                        (
                            "\(number)_index.sql",
                            "-- connvo: no-transaction\nCREATE INDEX CONCURRENTLY users_name ON connvo.users (display_name);"
                        )
                    ],
                    roles: embedded.roles
                )
            )
            // Last: a session may not be idle for long.
            var connection = try database.connect()
            let applied = try migrator.up(on: &connection).count
            #expect(try migrator.up(on: &connection).isEmpty)
            for setting in settings { try TestServer.run("ALTER DATABASE \(database.name) RESET \(setting.name)") }
            return "\(applied)\n\(try database.scalar(MigrationPlanTests.picture) ?? "")"
        }
    }

    /// In the long form each setting by itself, so that none hides another one; otherwise in groups, no name twice in one.
    static let groups: [[(name: String, value: String)]] =
        ProcessInfo.processInfo.environment["CONNVO_TESTS_FULL"] == nil ? fewGroups : settings.map { [$0] }

    private static let fewGroups: [[(name: String, value: String)]] = settings.reduce(into: []) { groups, setting in
        // What makes a statement fail where it is not stated must not hide another one.
        let place = groups.firstIndex { group in
            group.count < 9 && !group.contains { $0.name == setting.name }
        }
        if let place { groups[place].append(setting) } else { groups.append([setting]) }
    }

    @Test func `migrate makes the same schema under every setting`() async throws {
        let plain = try await Self.migrate([])

        for settings in Self.groups {
            let result = try await Self.migrate(settings)
            #expect(result == plain, "\(settings)")
        }
    }

    @Test(arguments: ["statement_timeout", "lock_timeout"])
    func `an index is built concurrently under no timeout`(setting: String) async throws {
        try await withDatabase(.empty) { database in
            let migrator = Migrator(
                try .scratch([
                    ("0001_one.sql", "CREATE TABLE connvo.one (id integer);"),
                    (
                        "0002_idx.sql",
                        "-- connvo: no-transaction\nCREATE INDEX CONCURRENTLY one_idx ON connvo.one (id);"
                    ),
                ])
            )
            var connection = try database.connect()
            _ = try migrator.up(to: 1, on: &connection)
            try TestServer.run("ALTER DATABASE \(database.name) SET \(setting) = '300ms'")
            // It waits for a session that is writing, and for longer than the timeout.
            let writer = try DedicatedThread(name: "writer") {
                guard var connection = try? database.connect() else { return }
                try? connection.executeScript(
                    "SET statement_timeout = 0; BEGIN; LOCK TABLE connvo.one IN ROW EXCLUSIVE MODE",
                    deadline: .after(.seconds(20))
                )
                let building = "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()"
                _ = try? waitUntil(within: .seconds(20)) { try database.scalar(building) == "1" }
                pause(for: .milliseconds(700))
                try? connection.executeScript("COMMIT", deadline: .after(.seconds(20)))
            }
            let locked = """
                SELECT count(*) FROM pg_locks
                WHERE mode = 'RowExclusiveLock' AND relation = 'connvo.one'::regclass
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """
            #expect(try waitUntil(within: .seconds(20)) { try database.scalar(locked) == "1" })

            var building = try database.connect()
            let failure = Result { try migrator.up(on: &building) }

            writer.join()
            #expect(throws: Never.self) { try failure.get() }
            let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('connvo.one_idx')"
            #expect(try database.scalar(valid) == "true")
        }
    }
}
