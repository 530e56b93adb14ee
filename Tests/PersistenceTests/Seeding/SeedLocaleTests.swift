import Persistence
import PostgreSQL
import TestSupport
import Testing

/// What is unique does not depend on the database's locale.
@Suite(.enabled("this server is built without ICU") { try TestServer.hasICU() })
struct SeedLocaleTests {
    @Test func `an address is unique without regard to the case of ASCII letters, in Turkish as well`() async throws {
        try await withDatabase(.emptyInLocale("tr-TR")) { database in
            var connection = try database.connect()
            _ = try Migrator(.embedded(sha256: testChecksum)).up(on: &connection)
            // The letters are Turkish.
            #expect(try database.scalar("SELECT lower('INFO') = 'info'") == "false")
            try database.run("INSERT INTO connvo.users (id, email) VALUES ('a', 'INFO@example.com')")

            let failure = #expect(throws: DatabaseError.self) {
                try database.run("INSERT INTO connvo.users (id, email) VALUES ('b', 'info@example.com')")
            }
            #expect(failure?.constraint == "users_email_ascii_key")
            #expect(
                try database.problems(of: [.user(1, "b", email: "info@example.com")])
                    == ["seed.json:1:3: email: taken in the database by \"a\""]
            )
            #expect(
                try database.problems(of: [.user(1, "c", email: "HI@x"), .user(2, "d", email: "hi@x")])
                    == ["seed.json:2:3: email: the same as in seed.json:1:1"]
            )
            // They swap their addresses, which differ by case alone from each other's former ones.
            _ = try database.seed([.user(1, "a", email: "info@example.com"), .user(2, "e", email: "I@x")])
            _ = try database.seed([.user(1, "a", email: "i@X"), .user(2, "e", email: "Info@example.com")])
            #expect(
                try database.scalar("SELECT string_agg(email, ' ' ORDER BY id) FROM connvo.users")
                    == "i@X Info@example.com"
            )
        }
    }
}
