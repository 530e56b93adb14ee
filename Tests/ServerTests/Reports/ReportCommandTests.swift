import Foundation
import TestSupport
import Testing

@testable import Persistence

/// `connvo-server report`, as people and scripts meet it.
@Suite struct ReportCommandTests {
    /// Lends a database with ``History`` in it.
    private static func withHistory(
        _ body: @Sendable (TestDatabase, [String: String]) async throws -> Void
    ) async throws {
        try await withDatabase { database in
            try await onOwnThread { try History.write(to: database) }
            try await body(database, ["DATABASE_URL": "postgresql:///\(database.name)"])
        }
    }

    private static func report(
        _ arguments: String...,
        settings: [String: String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let result = try await Binary.run(["report"] + arguments, settings: settings)
        #expect(result.status == 0, "\(result.errors)", sourceLocation: sourceLocation)
        #expect(result.errors.isEmpty, sourceLocation: sourceLocation)
        return result.output
    }

    private static func lines(_ csv: String) -> [String] {
        csv.components(separatedBy: "\r\n").dropLast()
    }

    // MARK: Answers

    /// Counted by hand from ``History``.
    static let answers: [(arguments: [String], lines: [String])] = [
        (
            ["tokens"],
            [
                "day_utc,tier_id,granted_role,tokens,users,meetings", "2026-01-05,business,host,1,1,1",
                "2026-01-05,pro,host,1,1,1", "2026-01-05,pro,participant,1,1,1", "2026-01-06,business,host,1,1,1",
                "2026-02-01,pro,participant,1,1,1",
            ]
        ),
        (
            ["hours", "--to", "2026-01-31"],
            [
                "hour_starts_at,weekday_utc,hour_of_day_utc,tier_id,tokens", "2026-01-05T09:00:00Z,1,9,pro,2",
                "2026-01-05T23:00:00Z,1,23,business,1", "2026-01-06T00:00:00Z,2,0,business,1",
            ]
        ),
        (
            ["active-users"],
            [
                "month_utc,tier_id,users,subscriptions,tokens", "2026-01-01,business,1,1,2", "2026-01-01,pro,2,1,2",
                "2026-02-01,pro,1,1,1",
            ]
        ),
        (
            ["refusals"],
            [
                "hour_starts_at,reason,code,refusals,users,meetings",
                "2026-01-05T10:00:00Z,not_a_participant,FORBIDDEN,1,1,1",
                "2026-01-06T10:00:00Z,tier_required,PAID_TIER_REQUIRED,1,1,1",
            ]
        ),
        (
            ["paywall"],
            [
                "month_utc,organizer_id,organization_id,refusals,users,meetings,first_refused_at,last_refused_at,pays_now",
                #"2026-01-01,"'=HYPERLINK(""http://evil.example"",""win"")",,1,1,1,2026-01-06T10:15:00Z,"#
                    + "2026-01-06T10:15:00Z,false",
            ]
        ),
        (
            ["concurrent-tokens", "--from", "2026-01-01", "--to", "2026-01-06"],
            ["day_utc,peak_tokens,peak_at", "2026-01-05,2,2026-01-05T09:30:00Z"]
        ),
        (
            ["meeting-use", "--meeting", "meeting_two"],
            [
                "day_utc,meeting_id,organizer_id,tier_id,tokens,users,first_issued_at,last_issued_at",
                "2026-01-05,meeting_two,user_organizer,business,1,1,2026-01-05T23:59:59.750000Z,"
                    + "2026-01-05T23:59:59.750000Z",
                "2026-01-06,meeting_two,user_organizer,business,1,1,2026-01-06T00:00:00Z,2026-01-06T00:00:00Z",
            ]
        ),
        (
            ["token-holders", "--meeting", "meeting_one"],
            [
                "meeting_id,user_id,granted_role,tokens,addresses,first_issued_at,last_issued_at,last_expires_at",
                "meeting_one,user_ann,host,1,1,2026-01-05T09:00:00Z,2026-01-05T09:00:00Z,2026-01-05T10:00:00Z",
                "meeting_one,user_bob,participant,1,1,2026-01-05T09:30:00Z,2026-01-05T09:30:00Z,2026-01-05T10:30:00Z",
            ]
        ),
        (
            ["signing-keys"],
            [
                "signing_key_id,tokens,first_issued_at,last_issued_at,last_expires_at,is_newest,may_retire,secret",
                "00000000000000aa,5,2026-01-05T09:00:00Z,2026-02-01T00:00:00Z,2026-02-01T01:00:00Z,true,false,",
            ]
        ),
    ]

    @Test func `reports say what was counted by hand`() async throws {
        try await Self.withHistory { _, settings in
            for (arguments, lines) in Self.answers {
                let result = try await Binary.run(["report"] + arguments + ["--format", "csv"], settings: settings)
                #expect(result.status == 0, "\(arguments): \(result.errors)")
                #expect(Self.lines(result.output) == lines, "\(arguments)")
            }
        }
    }

    @Test func `every format of every report has the same rows`() async throws {
        try await Self.withHistory { _, settings in
            for report in Report.catalogue {
                let needed = report.needsOneOf.isEmpty ? [] : ["--meeting", "meeting_one"]
                func rows(_ format: String) async throws -> String {
                    let arguments = ["report", report.name, "--format", format] + needed
                    let result = try await Binary.run(arguments, settings: settings)
                    #expect(result.status == 0, "\(arguments): \(result.errors)")
                    return result.output
                }
                // A column that the view has not.
                let names = report.columns.map(\.name) + (report == .signingKeys ? ["secret"] : [])
                let csv = Self.lines(try await rows("csv"))
                #expect(csv.first == names.joined(separator: ","))

                let document = try JSONSerialization.jsonObject(with: Data(try await rows("json").utf8))
                let object = try #require(document as? [String: Any])
                #expect(object["report"] as? String == report.name)
                #expect(object["time_zone"] as? String == "UTC")
                let objects = try #require(object["rows"] as? [[String: Any]])
                #expect(objects.count == csv.count - 1, "\(report.name)")
                #expect(objects.allSatisfy { Set($0.keys) == Set(names) })

                let ndjson = try await rows("ndjson").split(separator: "\n")
                #expect(ndjson.count == objects.count)

                let table = try await rows("table")
                #expect(table.contains("UTC"))
                #expect(table.hasSuffix(objects.count == 1 ? "\n1 row\n" : "\n\(objects.count) rows\n"))
            }
        }
    }

    @Test func `a report has the same rows before and after its records are rolled up`() async throws {
        try await Self.withHistory { database, settings in
            let before = try await Self.report("tokens", "--format", "csv", settings: settings)
            try await onOwnThread {
                try database.run(
                    "DO $$ BEGIN WHILE NOT (SELECT is_current FROM connvo.refresh_rollups()) LOOP END LOOP; END $$"
                )
            }
            #expect(try await Self.report("tokens", "--format", "csv", settings: settings) == before)
        }
    }

    // MARK: Narrowing

    @Test func `a period holds its beginning and not its end`() async throws {
        try await Self.withHistory { _, settings in
            func days(_ arguments: String...) async throws -> [String] {
                let arguments = ["report", "tokens", "--format", "csv"] + arguments
                let output = try await Binary.run(arguments, settings: settings).output
                return Self.lines(output).dropFirst().map { String($0.prefix(10)) }
            }
            #expect(try await days("--from", "2026-01-06") == ["2026-01-06", "2026-02-01"])
            #expect(try await days("--to", "2026-01-06").count == 3)
            #expect(try await days("--from", "2026-01-06", "--to", "2026-02-01") == ["2026-01-06"])
            #expect(try await days("--from", "2026-01-06T05:45:00+05:45") == ["2026-01-06", "2026-02-01"])
            #expect(try await days("--from", "2026-03-01").isEmpty)

            let holders = try await Self.report(
                "token-holders",
                "--user",
                "user_ann",
                "--from",
                "2026-01-05T23:59:59.750000Z",
                "--to",
                "2026-01-06T00:00:00.000001Z",
                "--format",
                "ndjson",
                settings: settings
            )
            #expect(holders.split(separator: "\n").count == 1)
        }
    }

    @Test func `filters narrow, and hold any text`() async throws {
        try await Self.withHistory { _, settings in
            let pro = try await Self.report("tokens", "--tier", "pro", "--format", "ndjson", settings: settings)
            #expect(pro.split(separator: "\n").count == 3)
            let two = try await Self.report("tokens", "--limit", "2", "--format", "ndjson", settings: settings)
            #expect(two.split(separator: "\n").count == 2)
            let hostile = try await Self.report(
                "tokens",
                "--tier",
                "' OR 1=1; DROP SCHEMA reporting CASCADE; --",
                "--format",
                "ndjson",
                settings: settings
            )
            #expect(hostile.isEmpty)
            let formula = try await Self.report(
                "paywall",
                "--user",
                History.formula,
                "--format",
                "ndjson",
                settings: settings
            )
            #expect(formula.split(separator: "\n").count == 1)
        }
    }

    @Test func `a view's own name will do`() async throws {
        try await Self.withHistory { _, settings in
            let mine = try await Self.report("tokens", "--format", "csv", settings: settings)
            for name in ["token_issuance_daily_v1", "reporting.token_issuance_daily_v1"] {
                #expect(try await Self.report(name, "--format", "csv", settings: settings) == mine)
            }
        }
    }

    // MARK: Files

    @Test func `a file is written in the format that its name says, and --format wins`() async throws {
        try await Self.withHistory { _, settings in
            let folder = try Folder()
            let stdout = ["table", "csv", "json", "ndjson"]
            var expected: [String: String] = [:]
            for format in stdout {
                expected[format] = try await Self.report("tokens", "--format", format, settings: settings)
            }
            for (name, format) in [
                ("t.csv", "csv"), ("t.CSV", "csv"), ("t.json", "json"), ("t.ndjson", "ndjson"), ("t.jsonl", "ndjson"),
                ("t.txt", "table"), ("t", "table"), ("t.csv.out", "table"), ("t.2026-11", "table"),
            ] {
                #expect(try await Self.report("tokens", "--output", folder.file(name), settings: settings).isEmpty)
                // The instant of the reading differs from run to run.
                func comparable(_ text: String?) -> String? {
                    text?.replacing(#/As of [^.,]*|"as_of":"[^"]*"/#, with: "")
                }
                #expect(comparable(folder.text(name)) == comparable(expected[format]), "\(name)")
            }
            let path = folder.file("contradiction.json")
            _ = try await Self.report("tokens", "--format", "csv", "--output", path, settings: settings)
            #expect(folder.text("contradiction.json") == expected["csv"])
            for arguments in [
                ["--output", folder.file("o.html")], ["--output", folder.file("o")],
                ["--format", "html", "--output", folder.file("o.csv")],
            ] {
                #expect(try await Binary.run(["report", "overview"] + arguments, settings: settings).status == 0)
                let path = try #require(arguments.last)
                let page = try String(contentsOfFile: path, encoding: .utf8)
                #expect(page.hasPrefix("<!DOCTYPE html>"), "\(path)")
            }
            // The list of reports, too.
            _ = try await Self.report("--output", folder.file("list.csv"), settings: settings)
            #expect(folder.text("list.csv").hasPrefix("name,shows,options\r\n"))
        }
    }

    // MARK: The list

    @Test func `without a name the reports are listed, without a database`() async throws {
        let away = ["DATABASE_URL": "postgresql:///connvo?host=/nonexistent"]
        let list = try await Self.report(settings: away)
        for report in Report.catalogue {
            #expect(list.contains(report.name) && list.contains(report.summary))
        }
        let json = try await Self.report("--format", "json", settings: away)
        let document = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        #expect((document?["rows"] as? [Any])?.count == Report.catalogue.count + 1)
    }

    // MARK: Refusals

    @Test(arguments: [
        (["tokns"], "did you mean tokens?"),
        (["nothing-like-it"], "connvo-server report lists them"),
        (["live-tokens", "--from", "2026-01-01"], "has no --from; it has --meeting, --limit"),
        (["tokens", "--user", "u"], "has no --user"),
        (["token-holders"], "needs --meeting or --user"),
        (["tokens", "--from", "2026-13-01"], "give a date such as"),
        (["tokens", "--from", "2026-01-02", "--to", "2026-01-02"], "is not before --to"),
        (["tokens", "--from", "2026-01-01T09:00:00Z"], "counts whole days"),
        (["active-users", "--from", "2026-01-02"], "counts whole months"),
        (["hours", "--from", "2026-01-01T09:30:00Z"], "counts whole hours"),
        (["tokens", "--limit", "0"], "give a number above 0"),
        (["tokens", "--tier", ""], "--tier is empty"),
        (["tokens", "--format", "html"], "has no --format html"),
        (["tokens", "--output", "tokens.html"], "has no --format html"),
        (["tokens", "--format", "xml"], "xml"),
        (["tokens", "--exit-code"], "--exit-code is for the controls"),
        (["overview", "--format", "csv"], "overview is --format html"),
        (["overview", "--output", "overview.csv"], "the name overview.csv says another format"),
        (["overview", "--from", "2026-01-01"], "needs both"),
        (["overview", "--from", "0001-01-01", "--to", "2026-01-01"], "at most"),
        (["overview", "--limit", "3"], "overview has no --limit"),
        (["--tier", "pro"], "without a report"),
        (["to\u{1B}[2Jkens"], #"to\u{1B}[2Jkens"#),
    ])
    func `what cannot be meant is said, with 64, before any database is asked`(
        arguments: [String],
        message: String
    ) async throws {
        let away = ["DATABASE_URL": "postgresql:///connvo?host=/nonexistent"]
        let result = try await Binary.run(["report"] + arguments, settings: away)

        #expect(result.status == 64)
        #expect(result.errors.contains(message), "\(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test func `each failure has its own code and says what to do`() async throws {
        let away = ["DATABASE_URL": "postgresql:///connvo?host=/nonexistent"]
        #expect(try await Binary.run("report", "tokens", settings: away).status == 69)

        try await withDatabase(.empty) { database in
            let settings = ["DATABASE_URL": "postgresql:///\(database.name)"]
            let older = try await Binary.run("report", "tokens", settings: settings)
            #expect(older.status == 1)
            #expect(older.errors.contains("connvo-server migrate"))
        }

        try await Self.withHistory { database, settings in
            let unwritable = try await Binary.run(
                "report",
                "tokens",
                "--output",
                "/nonexistent/file.csv",
                settings: settings
            )
            #expect(unwritable.status == 1)
            #expect(unwritable.errors.contains("/nonexistent/file.csv cannot be written"))

            let login = "connvo_stranger_\(database.name)"
            try await onOwnThread { try database.run("CREATE ROLE \(login) LOGIN") }
            let other = ["DATABASE_ADMIN_URL": "postgresql://\(login)@/\(database.name)"]
            let refused = try await Binary.run("report", "tokens", settings: other)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("GRANT connvo_reporter"))
            #expect(refused.output.isEmpty)

            // No more than that membership is needed.
            try await onOwnThread { try database.run("GRANT connvo_reporter TO \(login)") }
            #expect(try await Binary.run("report", "tokens", settings: other).status == 0)
            #expect(try await Binary.run("report", "overview", settings: other).status == 0)
            try await onOwnThread { try database.run("REVOKE connvo_reporter FROM \(login); DROP ROLE \(login)") }

            // Even a superuser changes nothing by it: the report runs in a read-only transaction.
            try await onOwnThread {
                try database.run(
                    """
                    CREATE TABLE public.touched (at timestamptz);
                    CREATE FUNCTION public.touch() RETURNS bigint LANGUAGE sql
                        AS $$ INSERT INTO public.touched VALUES (now()); SELECT 1::bigint $$;
                    CREATE OR REPLACE VIEW reporting.live_tokens_v1 AS
                        SELECT meeting_id::text COLLATE "C" AS meeting_id, 'host'::text AS granted_role,
                            public.touch() AS tokens, 1::bigint AS users, now() AS first_expires_at,
                            now() AS last_expires_at
                        FROM connvo.issued_tokens;
                    """
                )
            }
            let writing = try await Binary.run("report", "live-tokens", settings: settings)
            #expect(writing.status == 1)
            #expect(writing.errors.contains("read-only transaction"), "\(writing.errors)")

            try await onOwnThread {
                try database.run(
                    """
                    CREATE OR REPLACE VIEW reporting.live_tokens_v1 AS
                        SELECT meeting_id::text COLLATE "C" AS meeting_id, 'host'::text AS granted_role,
                            CASE WHEN pg_sleep(5) IS NULL THEN 0::bigint END AS tokens, 1::bigint AS users,
                            now() AS first_expires_at, now() AS last_expires_at
                        FROM connvo.issued_tokens;
                    """
                )
                try database.run("ALTER DATABASE \(database.name) SET statement_timeout = '100ms'")
            }
            let slow = try await Binary.run("report", "live-tokens", settings: settings)
            #expect(slow.status == 1)
            #expect(slow.errors.contains("statement timeout"), "\(slow.errors)")
        }
    }

    // MARK: Where it goes

    @Test func `a reader that has seen enough ends it quietly`() async throws {
        try await Self.withHistory { database, settings in
            // Far more than a pipe holds.
            try await onOwnThread {
                try database.run(
                    """
                    INSERT INTO connvo.token_refusals
                        (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
                    SELECT gen_random_uuid(), '2026-01-05T00:00:00Z'::timestamptz + number * interval '1 second',
                        'user_eve', 'meeting_one', 'FORBIDDEN', 'not_a_participant', 'session', repeat('r', 100)
                    FROM generate_series(1, 20000) AS number
                    """
                )
            }
            for format in ["csv", "json", "ndjson", "table"] {
                let result = try await onOwnThread {
                    let folder = try Folder()
                    let shell = try ChildProcess(
                        "/bin/sh",
                        [
                            "-c", #"{ "$0" report record-faults --format "$1"; echo "code $?" >&2; } | head -n 1"#,
                            Binary.url.path, format,
                        ],
                        environment: Binary.environment(settings),
                        streams: .init(output: folder.file("output"), errors: folder.file("errors"))
                    )
                    return (shell.exitStatus(within: .seconds(60)), folder.text("output"), folder.text("errors"))
                }
                #expect(result.0 == 0)
                #expect(!result.1.isEmpty)
                #expect(result.2 == "code 141\n", "\(format)")
            }
        }
    }

    @Test func `a full disk is an error`() async throws {
        try await Self.withHistory { _, settings in
            let result = try await Binary.run(
                "report",
                "tokens",
                "--format",
                "csv",
                "--output",
                "/dev/full",
                settings: settings
            )
            #expect(result.status == 1)
            #expect(result.errors.contains("/dev/full cannot be written"))
        }
    }

    @Test func `a file appears whole or not at all`() async throws {
        try await Self.withHistory { database, settings in
            let folder = try Folder()
            let file = folder.file("tokens.csv")
            let direct = try await Self.report("tokens", "--format", "csv", settings: settings)
            #expect(try await Self.report("tokens", "--format", "csv", "--output", file, settings: settings).isEmpty)
            #expect(folder.text("tokens.csv") == direct)

            // It fails half-way, at the five-thousandth row: what was there stays, and nothing lies beside it.
            try await onOwnThread {
                try database.run(
                    """
                    CREATE OR REPLACE VIEW reporting.live_tokens_v1 AS
                        SELECT 'm'::text COLLATE "C" AS meeting_id, 'host'::text AS granted_role,
                            (1 / (5000 - number))::bigint AS tokens, 1::bigint AS users, now() AS first_expires_at,
                            now() AS last_expires_at
                        FROM generate_series(1, 9000) AS number;
                    """
                )
            }
            try folder.write(Array("before".utf8), to: "live.csv")
            let failed = try await Binary.run(
                "report",
                "live-tokens",
                "--format",
                "csv",
                "--output",
                folder.file("live.csv"),
                settings: settings
            )
            #expect(failed.status == 1)
            #expect(folder.text("live.csv") == "before")
            #expect(
                Set(try FileManager.default.contentsOfDirectory(atPath: folder.path)) == ["tokens.csv", "live.csv"]
            )

            // A link stays a link, and what is no file stays what it is.
            try FileManager.default.createSymbolicLink(atPath: folder.file("link.csv"), withDestinationPath: file)
            _ = try await Self.report(
                "tokens",
                "--limit",
                "1",
                "--format",
                "csv",
                "--output",
                folder.file("link.csv"),
                settings: settings
            )
            #expect(Self.lines(folder.text("tokens.csv")).count == 2)
            #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link.csv"))) == file)
            _ = try await Self.report("tokens", "--output", "/dev/null", settings: settings)
            var status = stat()
            #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
        }
    }

    // MARK: Controls and the overview

    @Test func `a control that is not empty exits with 2 when asked to`() async throws {
        try await Self.withHistory { database, settings in
            let control = ["report", "record-faults", "--from", "2026-01-01", "--to", "2026-03-01"]
            let overview = [
                "report", "overview", "--from", "2026-01-01", "--to", "2026-03-01", "--exit-code", "--output",
                "/dev/null",
            ]
            #expect(try await Binary.run(control + ["--exit-code"], settings: settings).status == 0)
            #expect(try await Binary.run(overview, settings: settings).status == 0)
            try await onOwnThread {
                try database.run(
                    """
                    INSERT INTO connvo.token_refusals
                        (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
                    VALUES
                        (gen_random_uuid(), '2026-01-07T00:00:00Z', 'user_eve', 'meeting_one', 'FORBIDDEN',
                        'not_a_participant', 'session', 'request-8')
                    """
                )
            }
            #expect(try await Binary.run(control, settings: settings).status == 0)
            #expect(try await Binary.run(control + ["--exit-code"], settings: settings).status == 2)
            #expect(try await Binary.run(overview, settings: settings).status == 2)
        }
    }

    @Test func `the overview has the figures of the reports`() async throws {
        try await Self.withHistory { database, settings in
            try await onOwnThread {
                try database.run(
                    """
                    INSERT INTO connvo.token_refusals
                        (id, refused_at, user_id, meeting_id, organizer_id, code, reason, session_id, request_id)
                    VALUES
                        (gen_random_uuid(), '2026-01-07T00:00:00Z', 'user_eve', 'meeting_free',
                        '\(History.markup.replacing("'", with: "''"))', 'PAID_TIER_REQUIRED', 'tier_required', 'session',
                        'request-9')
                    """
                )
            }
            let page = try await Self.report(
                "overview",
                "--from",
                "2026-01-01",
                "--to",
                "2026-02-01",
                settings: settings
            )
            #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
            for figure in [
                "1 Jan 2026 to 31 Jan 2026, UTC", #"<dt>Tokens</dt><dd class="value">4</dd>"#,
                #"<dt>Refusals</dt><dd class="value">3</dd>"#, #"<dt>Meetings</dt><dd class="value">2</dd>"#,
                #"<dt>Most at once</dt><dd class="value">2</dd>"#, #"<dt>Live now</dt><dd class="value">0</dd>"#,
                "5 Jan 2026: 3 (business 1, pro 2)", "Mon 09:00: 2", "Tue 00:00: 1",
                "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;",
            ] {
                #expect(page.contains(figure), "\(figure)")
            }
            #expect(!page.contains("<script"))

            let empty = try await Self.report(
                "overview",
                "--from",
                "2024-01-01",
                "--to",
                "2024-02-01",
                settings: settings
            )
            #expect(empty.contains("Nothing in this period."))
        }
    }

    @Test func `an empty database has a page`() async throws {
        try await withDatabase { database in
            let page = try await Self.report(
                "overview",
                "--format",
                "html",
                settings: ["DATABASE_URL": "postgresql:///\(database.name)"]
            )
            #expect(page.contains("Nothing has been recorded yet"))
        }
    }
}
