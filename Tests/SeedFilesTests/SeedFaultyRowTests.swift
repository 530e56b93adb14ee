import Persistence
import PostgreSQL
import TestSupport
import Testing

@testable import SeedFiles

/// What is said of a row that has a fault of form already.
@Suite struct SeedFaultyRowTests {
    /// `line field: message` of everything that is wrong with a file, in order.
    private func problems(
        _ text: String,
        _ format: SeedFormat,
        name: String,
        in database: TestDatabase
    ) throws -> [String] {
        let source = SeedSource(name: name, format: format, pieces: [Array(text.utf8)])
        let read = try SeedFileReader.read([source])
        #expect(!read.problems.isEmpty)
        var connection = try database.connect(as: "connvo_admin")
        let failure = #expect(throws: SeedFailure.self) {
            try Seeder.seed(
                read.batch,
                foundProblems: read.problems,
                deadline: .after(.seconds(60)),
                on: &connection
            )
        }
        guard case .invalid(let problems) = failure else { return ["\(String(describing: failure))"] }
        return problems.first.map { problem in
            guard case .position(let position) = problem.place else { return "\(problem)" }
            return "\(position.line) \(problem.field ?? ""): \(problem.message)"
        }
    }

    @Test func `a row with a fault is checked for the rest, and others may refer to it`() async throws {
        let text = """
            {"kind": "users", "id": "a", "email": "a@x", "is_active": 5, "organization_id": "none", "avatar_url": "ftp"}
            {"kind": "users", "id": "b", "email": "A@X", "nickname": "x"}
            {"kind": "meetings", "id": "m 1", "organizer_id": "ghost", "title": "T"}
            {"kind": "meetings", "id": "m", "organizer_id": "a", "title": 5}
            {"kind": "meeting_participants", "meeting_id": "m", "user_id": "b", "role": "chief"}
            {"kind": "users", "id": "e", "email": "Taken@x", "display_name": 5}
            {"kind": "subscriptions", "user_id": "a", "tier_id": "none", "status": "on", "starts_at": "2026-01-01T00:00:00Z"}
            """
        try await withDatabase { database in
            try database.user("t", email: "taken@x")

            let problems = try problems(text, .ndjson, name: "rows.ndjson", in: database)

            #expect(
                problems.map { $0.prefix(while: { $0 != ";" }).replacing("'^https?://[^[:space:]]+$'", with: "") }.map {
                    $0.hasPrefix("1 avatar_url: breaks users_avatar_url_valid") ? "1 avatar_url: breaks" : $0
                } == [
                    "1 is_active: expected true or false, found a number",
                    "1 organization_id: no such row in organizations: \"none\"",
                    "1 avatar_url: breaks",
                    "2 email: the same as in rows.ndjson:1:1",
                    "2 nickname: unknown field",
                    "3 id: expected 1 to 64 of the characters A-Z a-z 0-9 _ -",
                    "3 organizer_id: no such row in users: \"ghost\"",
                    "4 title: expected a string, found a number",
                    "5 role: unknown value",
                    "6 email: taken in the database by \"t\"",
                    "6 display_name: expected a string, found a number",
                    "7 tier_id: no such row in subscription_tiers: \"none\"",
                    "7 status: unknown value",
                ]
            )
        }
    }

    @Test func `nothing is said that may not be so`() async throws {
        // The row without a readable id may be the one in the database; the misspelt field may be started_at; fields of
        // a record with a fault of CSV may be others.
        let users = """
            id,email,organization_id
            t 1,taken@x,
            u,u@x,"a"b
            """
        let meetings = """
            {"kind": "meetings", "id": "m", "organizer_id": "t", "title": "T", "state": "active", "startedat": "x"}
            {"kind": "meetings", "id": "n", "organizer_id": "t", "title": "T", "state": "active", "started_at": "x"}
            {"kind": "subscriptions", "id": "x", "user_id": "t", "tier_id": "pro", "status": "active", "starts_at": "2026-01-01T00:00:00Z"}
            {"kind": "subscriptions", "user_id": "t", "organization_id": "o", "tier_id": "pro", "status": "active", "starts_at": "2026-01-02T00:00:00Z"}
            """
        try await withDatabase { database in
            try database.user("t", email: "taken@x")
            try database.run(
                """
                INSERT INTO connvo.subscriptions (user_id, tier_id, status, starts_at)
                VALUES ('t', 'pro', 'active', '2026-01-01T00:00:00Z')
                """
            )

            #expect(
                try problems(users, .csv, name: "users.csv", in: database).map { $0.prefix { $0 != ":" } }
                    == ["2 id", "3 "]
            )
            #expect(
                try problems(meetings, .ndjson, name: "rows.ndjson", in: database).map { $0.prefix { $0 != ":" } }
                    == ["1 startedat", "2 started_at", "3 id", "4 user_id, organization_id"]
            )
        }
    }
}
