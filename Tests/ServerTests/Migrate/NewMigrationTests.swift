import Foundation
import TestSupport
import Testing

/// `scripts/new-migration`.
@Suite struct NewMigrationTests {
    private static let script = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../../scripts/new-migration").standardized.path

    private static func run(_ words: [String], in folder: Folder) async throws -> Binary.Result {
        try await onOwnThread {
            let process = try ChildProcess(
                "/bin/bash",
                [script] + words,
                environment: ["PATH": "/usr/bin:/bin", "CONNVO_MIGRATIONS": folder.path],
                streams: .init(output: folder.file("output"), errors: folder.file("errors"))
            )
            let status = try #require(process.exitStatus(within: .seconds(30)))
            return Binary.Result(status: status, output: folder.text("output"), errors: folder.text("errors"))
        }
    }

    @Test func `it makes the next number, with a header`() async throws {
        let folder = try Folder()
        for name in ["0001_a.sql", "0009_b.sql"] { try folder.write([], to: name) }

        let result = try await Self.run(["meeting_rooms_2"], in: folder)

        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "sql/migrations/0010_meeting_rooms_2.sql\n")
        let text = folder.text("0010_meeting_rooms_2.sql")
        for line in ["-- 0010: ", "-- Why: ", "-- Lock: "] { #expect(text.contains(line)) }
        #expect(try await Self.run(["--concurrently", "meetings_title_idx"], in: folder).status == 0)
        #expect(
            folder.text("0011_meetings_title_idx.sql").contains(
                "-- connvo: no-transaction\nCREATE INDEX CONCURRENTLY meetings_title_idx"
            )
        )
    }

    @Test(arguments: [
        "Rooms", "rooms-2", "rooms.sql", "_rooms", "rooms_", "a__b", "", "../rooms", "räume", "a b",
        String(repeating: "a", count: 61),
    ])
    func `a bad name is refused, and makes nothing`(name: String) async throws {
        let folder = try Folder()

        let result = try await Self.run([name], in: folder)

        #expect(result.status == 64)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".sql") }.isEmpty
        )
    }

    @Test func `a name that is taken is refused`() async throws {
        let folder = try Folder()
        try folder.write([], to: "0001_rooms.sql")

        let result = try await Self.run(["rooms"], in: folder)

        #expect(result.status == 64)
        #expect(result.errors.contains("0001_rooms.sql has that name already"))
    }
}
