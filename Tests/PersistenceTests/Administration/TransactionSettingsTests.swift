import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// The transactions of seed, report and export state their settings, whatever a database or a login has set.
@Suite struct TransactionSettingsTests {
    /// What every one of them has, and what their login has set otherwise.
    private static let foreign: [(name: String, foreign: String, stated: String)] = [
        ("lock_timeout", "5min", "0"), ("idle_in_transaction_session_timeout", "7min", "0"),
        ("idle_session_timeout", "9min", "0"), ("search_path", "pg_temp", "public"),
        ("DateStyle", "German, DMY", "ISO, MDY"), ("IntervalStyle", "sql_standard", "postgres"),
        ("TimeZone", "Asia/Kolkata", "UTC"), ("bytea_output", "escape", "hex"), ("extra_float_digits", "-15", "1"),
        ("standard_conforming_strings", "off", "on"), ("transform_null_equals", "on", "off"),
        ("array_nulls", "off", "on"),
        ("quote_all_identifiers", "on", "off"), ("xmloption", "document", "content"), ("row_security", "off", "on"),
        ("plan_cache_mode", "force_generic_plan", "auto"), ("client_min_messages", "error", "notice"),
        ("exit_on_error", "on", "off"),
    ]

    private struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let isolation: String
        let isReadOnly: Bool
        /// What it states otherwise than the others.
        let own: [String: String]
        let run: @Sendable (inout Connection, (inout Connection) throws -> Void) throws -> Void
    }

    private static let cases = [
        Case(
            testDescription: "seed",
            isolation: "read committed",
            isReadOnly: false,
            own: ["statement_timeout": "0"],
            run: { try inScript(SeedStatements.begin, &$0, $1) }
        ),
        Case(
            testDescription: "seed --dry-run",
            isolation: "repeatable read",
            isReadOnly: false,
            own: ["statement_timeout": "0", "lock_timeout": "10s"],
            run: { try inScript(SeedStatements.beginDryRun, &$0, $1) }
        ),
        Case(
            testDescription: "export",
            isolation: "repeatable read",
            isReadOnly: true,
            own: ["statement_timeout": "0", "cursor_tuple_fraction": "1"],
            run: { try inScript(SeedExporter.begin, &$0, $1) }
        ),
        Case(
            testDescription: "report",
            isolation: "repeatable read",
            isReadOnly: true,
            // An administrator's limit for statements stays.
            own: ["statement_timeout": "11min", "idle_in_transaction_session_timeout": "5min", "jit": "off"],
            run: { connection, look in try ReportSession.run(on: &connection) { connection, _ in try look(&connection) }
            }
        ),
    ]

    private static func inScript(
        _ begin: String,
        _ connection: inout Connection,
        _ look: (inout Connection) throws -> Void
    ) throws {
        try connection.executeScript(begin, deadline: .after(.seconds(20)))
        try look(&connection)
        _ = try connection.execute(.rollback, deadline: .after(.seconds(20)))
    }

    @Test(arguments: cases)
    private func `every setting is stated, and gone afterwards`(transaction: Case) async throws {
        try await withDatabase { database in
            let login = "stated_\(database.name)"
            try database.run(
                "CREATE ROLE \(login) LOGIN IN ROLE connvo_owner, connvo_admin, connvo_reporter"
            )
            defer { try? database.run("DROP OWNED BY \(login); DROP ROLE \(login)") }
            for (name, foreign, _) in Self.foreign + [("statement_timeout", "11min", "")] {
                let value = name == "search_path" ? foreign : "'\(foreign)'"
                try database.run("ALTER ROLE \(login) SET \(name) = \(value)")
            }
            for (name, value) in [
                ("default_transaction_isolation", "serializable"), ("default_transaction_read_only", "on"),
                ("default_transaction_deferrable", "on"),
            ] {
                try database.run("ALTER ROLE \(login) SET \(name) = '\(value)'")
            }
            var connection = try database.connect(login: login)

            try transaction.run(&connection) { connection in
                var wanted = Dictionary(uniqueKeysWithValues: Self.foreign.map { ($0.name, $0.stated) })
                wanted.merge(transaction.own) { $1 }
                wanted["transaction_isolation"] = transaction.isolation
                wanted["transaction_read_only"] = transaction.isReadOnly ? "on" : "off"
                for (name, value) in wanted {
                    let stated = try Self.setting(name, &connection)
                    #expect(stated == value, "\(name)")
                }
                // Newer than PostgreSQL 15.
                let limit = try Self.setting("transaction_timeout", &connection)
                #expect(["", "0"].contains(limit))
            }

            for (name, foreign, _) in Self.foreign where name != "client_min_messages" {
                let restored = try Self.setting(name, &connection)
                #expect(restored == foreign, "\(name)")
            }
        }
    }

    private static func setting(_ name: String, _ connection: inout Connection) throws -> String {
        let query = Statement("test.setting.\(name)", "SELECT coalesce(current_setting('\(name)', true), '')")
        return try connection.execute(query, deadline: .after(.seconds(20))).rows.first?.decode(0) ?? ""
    }

    /// A lock of a migration in the way is waited for, also where the login waits for none.
    @Test func `an export and a report wait for a lock where their login would not`() async throws {
        try await withDatabase { database in
            let login = "hasty_\(database.name)"
            try database.run("CREATE ROLE \(login) LOGIN IN ROLE connvo_admin, connvo_reporter")
            defer { try? database.run("DROP OWNED BY \(login); DROP ROLE \(login)") }
            try database.run("ALTER ROLE \(login) SET lock_timeout = '20ms'")
            var migrating = try database.connect()
            try migrating.executeScript("BEGIN; LOCK TABLE connvo.organizations", deadline: .after(.seconds(20)))
            let exporter = try DedicatedThread(name: "exporter") {
                var connection = try? database.connect(login: login)
                #expect(throws: Never.self) {
                    try SeedExporter.export([.organizations], timeout: .seconds(60), on: &connection!) { _, _ in }
                }
                connection = nil
            }
            let waiting = """
                SELECT count(*) > 0 FROM pg_locks
                WHERE NOT granted AND relation = 'connvo.organizations'::regclass
                """
            _ = try waitUntil { try database.scalar(waiting) == "true" }
            // Longer than the login's limit.
            pause(for: .milliseconds(200))
            try migrating.executeScript("COMMIT", deadline: .after(.seconds(20)))
            exporter.join()
        }
    }
}
