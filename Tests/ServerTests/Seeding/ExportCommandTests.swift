import Foundation
import PostgreSQL
import SeedFiles
import TestSupport
import Testing

@testable import Persistence
@testable import connvo_server

/// `export` as a process, and back by `seed`.
@Suite struct ExportCommandTests {
    private func settings(_ database: TestDatabase) -> [String: String] {
        ["DATABASE_URL": "postgresql:///\(database.name)"]
    }

    private static let demo: String = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().resolvingSymlinksInPath()
            .appending(path: "../../../sql/seed/demo.json")
        return String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self)
    }()

    /// Values that are hard to write: everything that CSV and JSON treat in a way of its own.
    private static let hard = """
        {"organizations": [{"id": "o", "name": "\\"A\\", B\\r\\nC\\t\\u0001 \\\\ ä\\ud83d\\ude00,"}],
         "users": [{"id": "Z", "email": "Z@x", "display_name": " ' "}, {"id": "a", "email": "a@x", "display_name": "\\"", "is_active": false}],
         "subscriptions": [{"id": "5F0C1C3E-0000-4000-8000-000000000001", "user_id": "a", "tier_id": "pro", "status": "past_due",
           "starts_at": "0001-01-01T00:00:00Z", "ends_at": "9999-12-31T23:59:59.999999Z", "past_due_since": "1969-12-31T23:59:59.5Z"}],
         "meetings": [{"id": "m", "organizer_id": "a", "title": "=cmd|' /C calc'!A0", "scheduled_at": "2026-07-01T12:00:00+05:45"}]}
        """

    @Test(arguments: [SeedFormat.json, .ndjson, .csv])
    func `an export that is seeded into an empty database exports the same bytes`(format: SeedFormat) async throws {
        for set in [Self.demo, Self.hard] {
            try await roundTrip(["set.json": set], format)
        }
        try await roundTrip(["set.ndjson": SeedCommandTests.generated(users: 3000)], format)
    }

    private func roundTrip(_ set: [String: String], _ format: SeedFormat) async throws {
        try await withDatabase { one in
            let seeded = try await Binary.run(["seed"] + set.keys, settings: settings(one), files: set)
            try #require(seeded.status == 0, "\(seeded.errors)")
            let folder = try Folder()
            let files = try await export(from: one, format, into: folder, "one")
            try await withDatabase { two in
                let again = try await Binary.run(["seed"] + files, settings: settings(two))
                try #require(again.status == 0, "\(again.errors)")
                let others = try await export(from: two, format, into: folder, "two")
                for (file, other) in zip(files, others) {
                    let bytes = FileManager.default.contents(atPath: file)
                    #expect(bytes?.isEmpty == false)
                    #expect(FileManager.default.contents(atPath: other) == bytes)
                }
                // And what was exported is what is there.
                let unchanged = try await Binary.run(["seed", "--dry-run"] + files, settings: settings(one))
                #expect(unchanged.status == 0, "\(unchanged.output)\(unchanged.errors)")
            }
        }
    }

    /// CSV is a file for each kind.
    private func export(
        from database: TestDatabase,
        _ format: SeedFormat,
        into folder: Folder,
        _ name: String
    ) async throws -> [String] {
        try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: true)
        let kinds: [SeedKind?] = format == .csv ? SeedKind.allCases : [nil]
        var files: [String] = []
        for kind in kinds {
            let file = folder.file("\(name)/\(kind?.rawValue ?? "all").\(format.rawValue)")
            let arguments = ["export", "--output", file] + (kind.map { ["--kind", $0.rawValue] } ?? [])
            let result = try await Binary.run(arguments, settings: settings(database))
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.isEmpty && result.errors.isEmpty)
            files.append(file)
        }
        return files
    }

    @Test func `the formats look as documented`() async throws {
        try await withDatabase { database in
            try await onOwnThread { _ = try database.organization("o", name: "A, \"B\"") }
            func export(_ arguments: String...) async throws -> String {
                let result = try await Binary.run(
                    ["export", "--kind", "organizations"] + arguments,
                    settings: settings(database)
                )
                #expect(result.status == 0)
                return result.output
            }

            #expect(
                try await export("--kind", "users") == """
                    {
                      "organizations": [
                        {"id": "o", "name": "A, \\"B\\""}
                      ],
                      "users": []
                    }

                    """
            )
            #expect(
                try await export("--format", "ndjson")
                    == #"{"kind": "organizations", "id": "o", "name": "A, \"B\""}"# + "\n"
            )
            #expect(try await export("--format", "csv") == "id,name\no,\"A, \"\"B\"\"\"\n")
        }
    }

    @Test func `CSV takes one kind`() async throws {
        #expect(try await Binary.run("export", "--format", "csv").status == 64)
        #expect(
            try await Binary.run("export", "--output", "x.csv", "--kind", "users", "--kind", "meetings").status == 64
        )
    }

    @Test func `a file appears complete, a new one for its owner, and a failure leaves the old one`() async throws {
        try await withDatabase { database in
            let folder = try Folder()
            try folder.write(Array("old".utf8), to: "real.json")
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: folder.file("real.json"))
            try FileManager.default.createSymbolicLink(
                atPath: folder.file("link.json"),
                withDestinationPath: folder.file("real.json")
            )
            let arguments = ["export", "--output", folder.file("link.json")]

            let away = try await Binary.run(arguments, settings: ["DATABASE_URL": "postgresql:///x?host=/nonexistent"])
            #expect(away.status == 69)
            try await onOwnThread { try database.run("DROP TABLE connvo.meeting_participants CASCADE") }
            let broken = try await Binary.run(arguments, settings: settings(database))
            #expect(broken.status == 1)
            #expect(folder.text("real.json") == "old")

            let done = try await Binary.run(arguments + ["--kind", "users"], settings: settings(database))
            #expect(done.status == 0)
            #expect(folder.text("real.json") == "{\n  \"users\": []\n}\n")
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.file("real.json"))
            #expect(attributes[.posixPermissions] as? Int == 0o640)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["link.json", "real.json"]
            )
            let new = try await Binary.run(
                "export",
                "--kind",
                "users",
                "--output",
                folder.file("new.json"),
                settings: settings(database)
            )
            #expect(new.status == 0)
            let newAttributes = try FileManager.default.attributesOfItem(atPath: folder.file("new.json"))
            #expect(newAttributes[.posixPermissions] as? Int == 0o600)
            let device = try await Binary.run(
                "export",
                "--kind",
                "users",
                "--output",
                "/dev/null",
                settings: settings(database)
            )
            #expect(device.status == 0)
        }
    }

    @Test func `a reader that goes away ends it quietly`() async throws {
        try await withDatabase { database in
            let folder = try Folder()
            let seeded = try await Binary.run(
                "seed",
                "x.ndjson",
                settings: settings(database),
                files: ["x.ndjson": SeedCommandTests.generated(users: 5000)]
            )
            try #require(seeded.status == 0)
            let environment = Binary.environment(settings(database))
            for trap in ["", "trap '' PIPE; "] {
                let status = try await onOwnThread {
                    try ChildProcess(
                        "/bin/sh",
                        ["-c", "\(trap)\"$0\" export | head -n 2", Binary.url.path],
                        environment: environment,
                        streams: .init(output: folder.file("output"), errors: folder.file("errors"))
                    ).exitStatus(within: .seconds(60))
                }
                #expect(status == 0)
                #expect(folder.text("output") == "{\n  \"organizations\": [\n")
                #expect(folder.text("errors").isEmpty)
            }
        }
    }

    @Test func `a time that no file can hold is named`() async throws {
        try await withDatabase { database in
            try await onOwnThread {
                let user = try database.user("u")
                // The schema refuses such a time; a database that lacks migration 0016 may have one.
                try database.run("ALTER TABLE connvo.meetings DROP CONSTRAINT meetings_times_writable")
                try database.run(
                    "INSERT INTO connvo.meetings (id, organizer_id, title, scheduled_at) VALUES ('m', '\(user)', 'T', '12345-01-01Z')"
                )
            }

            let result = try await Binary.run("export", settings: settings(database))

            #expect(result.status == 1)
            #expect(result.errors == "connvo-server: meetings m: a time outside the years 1 to 9999\n")
        }
    }

    @Test func `administrators may export`() async throws {
        try await withDatabase { database in
            try database.user("u")
            var connection = try database.connect(as: "connvo_admin")
            var rows: [SeedKind] = []

            try SeedExporter.export(SeedKind.allCases, timeout: .seconds(60), on: &connection) { kind, _ in
                rows.append(kind)
            }

            #expect(rows == [.users, .subscriptionTiers, .subscriptionTiers, .subscriptionTiers, .subscriptionTiers])
            let isIdle = connection.isIdle
            #expect(isIdle)
        }
    }
}
