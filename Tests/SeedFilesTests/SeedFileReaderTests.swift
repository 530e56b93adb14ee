import Foundation
import PostgreSQL
import TestSupport
import Testing

@testable import Persistence
@testable import SeedFiles

@Suite struct SeedFileReaderTests {
    private static func read(
        _ text: String,
        _ format: SeedFormat = .json,
        name: String = "seed.json",
        kind: SeedKind? = nil,
        pieceSize: Int = 1 << 20
    ) throws -> SeedFileReader.Result {
        let bytes = Array(text.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: pieceSize).map {
            Array(bytes[$0..<min($0 + pieceSize, bytes.count)])
        }
        return try SeedFileReader.read([SeedSource(name: name, format: format, pieces: pieces)], kind: kind)
    }

    /// What the reader says, however the text is cut into pieces.
    private func problems(_ text: String) throws -> [String] {
        let whole = try Self.read(text).problems.first.map(\.description)
        #expect(try Self.read(text, pieceSize: 1).problems.first.map(\.description) == whole)
        return whole
    }

    private static func copied(_ batch: SeedBatch, _ kind: SeedKind) -> String {
        (0..<batch.chunkCount(kind)).map { String(decoding: batch.chunk($0, of: kind), as: UTF8.self) }.joined()
    }

    @Test(arguments: [1, 7, 1 << 20])
    func `rows are read with their places`(pieceSize: Int) throws {
        let text = """
            {"users": [
              {"id": "user_1", "email": "ä@example.com", "avatar_url": null, "is_active": false}],
             "subscription_tiers": [{"id": "pro", "display_name": "P\\u0072o", "is_paid": true, "rank": 10}]}
            """

        let read = try Self.read(text, pieceSize: pieceSize)

        #expect(read.problems.isEmpty)
        #expect(Self.copied(read.batch, .users) == "0\t43\t63\tuser_1\tä@example.com\t\\N\t\\N\t\\N\tf\n")
        #expect(Self.copied(read.batch, .subscriptionTiers) == "0\t15\t15\tpro\tPro\tt\t10\n")
        #expect(read.batch.position(ofRow: 0, of: .users).description == "seed.json:2:3")
        #expect(read.batch.position(of: ["is_active"], inRow: 0, of: .users).description == "seed.json:2:79")
        // What is null gives way to what is not; what is left out to both.
        #expect(
            read.batch.position(of: ["display_name", "avatar_url"], inRow: 0, of: .users).description
                == "seed.json:2:60"
        )
        #expect(read.batch.position(of: ["avatar_url", "id"], inRow: 0, of: .users).description == "seed.json:2:10")
        #expect(read.batch.position(of: ["rank"], inRow: 0, of: .subscriptionTiers).description == "seed.json:3:92")
        #expect(read.batch.namedKinds == [.users, .subscriptionTiers])
    }

    @Test(arguments: [SeedFormat.json, .ndjson, .csv])
    func `the same rows are the same in every format`(format: SeedFormat) throws {
        let text =
            switch format {
            case .json:
                #"{"users": [{"id": "u", "email": "a@b", "display_name": "x, \"y\"\nz", "organization_id": null}]}"#
            case .ndjson:
                #"{"kind": "users", "id": "u", "email": "a@b", "display_name": "x, \"y\"\nz", "organization_id": null}"#
            case .csv: "organization_id,id,email,display_name\r\n,u,a@b,\"x, \"\"y\"\"\nz\"\r\n"
            }

        let read = try Self.read(text, format, name: "users.csv")

        #expect(read.problems.isEmpty)
        #expect(Self.copied(read.batch, .users) == "0\t23\t63\tu\ta@b\tx, \"y\"\\nz\t\\N\t\\N\t\\N\n")
    }

    @Test(arguments: SeedFormat.allCases, [1, 2, 1 << 20])
    func `a byte order mark is skipped in every format, and counts for no column`(
        format: SeedFormat,
        pieceSize: Int
    ) throws {
        let text =
            switch format {
            case .json: #"{"users": [{"id": "u", "email": "a@b"}]}"#
            case .ndjson: #"{"kind": "users", "id": "u", "email": "a@b"}"#
            case .csv: "id,email\nu,a@b\n"
            }

        let marked = try Self.read("\u{FEFF}" + text, format, name: "users.csv", pieceSize: pieceSize)
        let plain = try Self.read(text, format, name: "users.csv")

        #expect(marked.problems.isEmpty)
        #expect(marked.batch.count(.users) == 1)
        #expect(Self.copied(marked.batch, .users) == Self.copied(plain.batch, .users))
        #expect(marked.batch.position(ofRow: 0, of: .users) == plain.batch.position(ofRow: 0, of: .users))
    }

    @Test(arguments: SeedFormat.allCases)
    func `a file of nothing but a byte order mark is as empty as one without`(format: SeedFormat) throws {
        let marked = try Self.read("\u{FEFF}", format, name: "users.csv")

        #expect(marked.problems.first == (try Self.read("", format, name: "users.csv").problems.first))
        // A part of the mark is no mark.
        let part = try SeedFileReader.read([SeedSource(name: "x", format: .json, pieces: [[0xEF], [0xBB]])])
        #expect(!part.problems.isEmpty)
    }

    @Test func `every fault of a file is reported, in order`() throws {
        let text = """
            {"users": [
              {"id": "user 1", "email": 5, "nickname": "x"},
              {"email": null},
              "no row"],
             "rooms": [],
             "organizations": {},
             "meetings": [
              {"id": "m", "organizer_id": "u", "title": "T", "state": "asleep", "scheduled_at": "2026-01-05 09:00"}],
             "subscription_tiers": [{"id": "t", "display_name": "T\\u0000", "is_paid": "yes", "rank": 1.5}],
             "subscriptions": [
              {"id": "1", "tier_id": "pro", "status": "active", "starts_at": "2026-01-01T00:00:00Z", "user_id": "u"},
              {"tier_id": "pro", "status": "active", "starts_at": "2026-01-01T00:00:00Z"},
              {"user_id": "u", "organization_id": "o", "tier_id": "pro", "status": "active", "starts_at": "2026-01-01T00:00:00Z"}],
             "meeting_participants": [{"meeting_id": "m", "user_id": "u", "role": null}]}
            """

        #expect(
            try problems(text) == [
                "seed.json:2:10: id: expected 1 to 255 of the characters A-Z a-z 0-9 _ @ -",
                "seed.json:2:29: email: expected a string, found a number",
                "seed.json:2:32: nickname: unknown field; users have id, email, display_name, avatar_url, organization_id, is_active",
                "seed.json:3:3: id: missing",
                "seed.json:3:13: email: may not be null",
                "seed.json:4:3: users: expected an object, found a string",
                "seed.json:5:2: unknown kind \"rooms\"; known are organizations, users, subscription_tiers, subscriptions, meetings, meeting_participants",
                "seed.json:6:19: organizations: expected an array, found an object",
                "seed.json:8:59: state: unknown value; known are scheduled, active, concluded, cancelled",
                "seed.json:8:85: scheduled_at: expected a time as in RFC 3339, with its zone, such as 2026-01-05T09:00:00Z",
                "seed.json:9:53: display_name: may not contain U+0000",
                "seed.json:9:75: is_paid: expected true or false, found a string",
                "seed.json:9:90: rank: expected an integer from -2147483648 to 2147483647",
                "seed.json:11:10: id: expected a UUID",
                "seed.json:12:3: user_id, organization_id: one of them must be set",
                "seed.json:13:3: user_id, organization_id: only one of them may be set",
                "seed.json:14:71: role: may not be null",
            ]
        )
    }

    @Test(arguments: [
        ("", "seed.json:1:1: empty input"),
        ("[]", "seed.json:1:1: expected an object of arrays, found an array"),
        ("{\n \"users\": [}", "seed.json:2:12: unexpected character"),
        ("{\"users\": [],\n \"users\": []}", "seed.json:2:2: duplicate key \"users\""),
        ("\u{FEFF}\u{FEFF}{}", "seed.json:1:1: byte order mark"),
        ("{\"users\": [],}", "seed.json:1:14: trailing comma"),
        ("{\"users\": [ , ]}", "seed.json:1:13: unexpected character"),
        ("{\"users\": [{\"id\": \"a\"", "seed.json:1:22: unexpected end"),
        ("{\"users\": [{\"id\": a}]}", "seed.json:1:19: unexpected character"),
        ("{\"users\" []}", "seed.json:1:10: unexpected character"),
        ("{} {}", "seed.json:1:4: unexpected text after the value"),
    ])
    func `a text that is no seed file is refused with a place`(text: String, problem: String) throws {
        #expect(try problems(text) == [problem])
    }

    @Test func `lines say their kind, or the command does`() throws {
        let text = """
            {"kind": "users", "id": "a", "email": "a@x"}

            {"id": "b", "email": "b@x"}
            {"kind": "rooms", "id": "c"}
            {"kind": 5}
            []
            {"kind": "users", "id": "d",
            {"kind": "users", "kind": "users"}
            {"kind": "organizations", "id": "o", "name": "O"}\r
            """
        let read = try Self.read(text, .ndjson, name: "x.ndjson")

        #expect(
            read.problems.first.map(\.description) == [
                "x.ndjson:3:1: kind: missing; or give --kind",
                "x.ndjson:4:10: kind: unknown kind \"rooms\"; known are \(SeedRowReader.kindNames)",
                "x.ndjson:5:10: kind: expected a string; known are \(SeedRowReader.kindNames)",
                "x.ndjson:6:1: expected an object, found an array",
                "x.ndjson:7:29: unexpected end",
                "x.ndjson:8:19: duplicate key \"kind\"",
            ]
        )
        #expect(read.batch.count(.users) == 1 && read.batch.count(.organizations) == 1)
        #expect(read.batch.incompleteKinds == Set(SeedKind.allCases))

        let named = try Self.read(text.components(separatedBy: "\n")[2], .ndjson, kind: .users)
        #expect(named.problems.isEmpty && named.batch.count(.users) == 1)
        let other = try Self.read(#"{"kind": "users", "id": "a", "email": "a@x"}"#, .ndjson, name: "x", kind: .meetings)
        #expect(other.problems.first.map(\.description) == ["x:1:10: kind: users, but --kind says meetings"])
    }

    @Test func `a row that has a fault keeps what could be read`() throws {
        let read = try Self.read(#"{"users": [{"id": "a", "email": 5}, {"email": "b@x"}]}"#)

        #expect(Self.copied(read.batch, .users).hasPrefix("0\t1\t61\ta\t\\N"))
        #expect(read.problems.count == 2)
        #expect(read.batch.incompleteKinds.isEmpty)
    }

    @Test func `an empty file is none in JSON and CSV, and no rows in NDJSON`() throws {
        #expect(try Self.read("", .json).problems.first.map(\.description) == ["seed.json:1:1: empty input"])
        #expect(
            try Self.read("", .csv, name: "users.csv").problems.first.map(\.description)
                == ["users.csv:1:1: empty input; the first line must name the fields"]
        )
        let lines = try Self.read("", .ndjson)
        #expect(lines.problems.isEmpty && lines.batch.namedKinds.isEmpty)
        #expect(try Self.read(#"{"users": []}"#).batch.namedKinds == [.users])
        #expect(try Self.read("id,email\n", .csv, name: "users.csv").batch.namedKinds == [.users])
    }

    @Test func `what a message quotes cannot steer a terminal`() throws {
        let text = #"{"users": [{"\u001b[2Jx": 1, "id": "a", "email": "a@x"}], "\u0007": []}"#

        #expect(
            try problems(text) == [
                "seed.json:1:13: \u{FFFD}[2Jx: unknown field; users have id, email, display_name, avatar_url, organization_id, is_active",
                "seed.json:1:59: unknown kind \"\u{FFFD}\"; known are \(SeedRowReader.kindNames)",
            ]
        )
    }

    @Test(arguments: SeedFormat.allCases)
    func `a row that never ends is refused after a megabyte`(format: SeedFormat) throws {
        let start =
            switch format {
            case .json: #"{"users": [{"id": ""#
            case .ndjson: #"{"kind": "users", "id": ""#
            case .csv: "id,email\n\""
            }
        // Far more than is kept: a reader that holds all of it shows here.
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16)
        let pieces = [Array(start.utf8)] + Array(repeating: piece, count: 1 << 8)

        let read = try SeedFileReader.read([SeedSource(name: "users.csv", format: format, pieces: pieces)])

        #expect(read.problems.count == 1)
        #expect(read.problems.first.first?.message.contains("1 MiB") == true)
        #expect(!read.batch.incompleteKinds.isEmpty)
    }

    @Test func `the demo data is seeded, and the second time changes nothing`() async throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().resolvingSymlinksInPath()
            .appending(path: "../../sql/seed/demo.json")
        let demo = try Self.read(String(decoding: Data(contentsOf: file), as: UTF8.self))
        #expect(demo.problems.isEmpty)

        try await withDatabase { database in
            var connection = try database.connect(as: "connvo_admin")
            let first = try Seeder.seed(demo.batch, deadline: .after(.seconds(60)), on: &connection)
            let second = try Seeder.seed(demo.batch, deadline: .after(.seconds(60)), on: &connection)

            #expect(!first.changesNothing)
            #expect(second.changesNothing)
        }
    }
}
