import Foundation
import Persistence
import TestSupport
import Testing

@testable import connvo_server

@Suite struct SeedFileReaderTests {
    private func problems(_ text: String) -> [String] {
        do {
            let rows = try SeedFileReader.read([("seed.json", Array(text.utf8))])
            Issue.record("\(rows.count) rows were read")
            return []
        } catch {
            guard case .invalid(let problems) = error else { return ["\(error)"] }
            return problems.map(\.description)
        }
    }

    @Test func `rows are read with their places`() throws {
        let text = """
            {"users": [
              {"id": "user_1", "email": "ä@example.com", "avatar_url": null, "is_active": false}],
             "subscription_tiers": [{"id": "pro", "display_name": "Pro", "is_paid": true, "rank": 10}]}
            """

        let rows = try SeedFileReader.read([("seed.json", Array(text.utf8))])

        try #require(rows.count == 2)
        #expect(rows[0].kind == .users)
        #expect(rows[0].position.description == "seed.json:2:3")
        #expect(rows[0].position(of: "avatar_url").description == "seed.json:2:60")
        #expect(rows[0]["email"] == .text("ä@example.com"))
        #expect(rows[0]["avatar_url"] == .null)
        #expect(rows[0]["display_name"] == .absent)
        #expect(rows[0]["is_active"] == .boolean(false))
        #expect(rows[1]["rank"] == .integer(10))
        #expect(rows[1].position(of: "rank").line == 3)
    }

    @Test func `every fault of a file is reported, in order`() {
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
            problems(text) == [
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
    ])
    func `a text that is no seed file is refused with a place`(text: String, problem: String) {
        #expect(problems(text) == [problem])
    }

    @Test func `a row named twice is reported with both places, across files too`() {
        let one = #"{"users":[{"id":"a","email":"a@x"},{"id":"a","email":"b@x"}]}"#
        let two = #"""
            {"users":[{"id":"a","email":"c@x"}],
             "meeting_participants":[{"meeting_id":"m","user_id":"a","role":"host"},
              {"meeting_id":"m","user_id":"a","role":"host"},{"meeting_id":"m","user_id":"b","role":"host"}],
             "subscriptions":[{"user_id":"a","tier_id":"pro","status":"active","starts_at":"2026-01-01T00:00:00Z"},
              {"user_id":"a","organization_id":null,"tier_id":"pro","status":"active","starts_at":"2026-01-01T01:00:00+01:00"}]}
            """#
        var found: [String] = []
        do {
            _ = try SeedFileReader.read([("one.json", Array(one.utf8)), ("two.json", Array(two.utf8))])
        } catch {
            if case .invalid(let problems) = error { found = problems.map(\.description) }
        }

        #expect(
            found == [
                "one.json:1:42: id: the same as in one.json:1:11",
                "two.json:1:17: id: the same as in one.json:1:11",
                "two.json:3:17: meeting_id, user_id: the same as in two.json:2:26",
                "two.json:5:14: user_id, organization_id, starts_at: the same as in two.json:4:19",
            ]
        )
    }

    @Test func `the demo data is seeded, and the second time changes nothing`() async throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().resolvingSymlinksInPath()
            .appending(path: "../../../sql/seed/demo.json")
        let rows = try SeedFileReader.read([("demo.json", Array(Data(contentsOf: file)))])

        try await withDatabase { database in
            var connection = try database.connect(as: "connvo_admin")
            let first = try Seeder.seed(rows, on: &connection, deadline: .after(.seconds(60)))
            let second = try Seeder.seed(rows, on: &connection, deadline: .after(.seconds(60)))

            #expect(!first.changesNothing)
            #expect(second.changesNothing)
        }
    }
}
