import Persistence
import PostgreSQL
import Synchronization
import TestSupport
import Testing

/// Seeds meet each other, and others who write.
@Suite struct SeedLockTests {
    private func waiting(_ events: borrowing Mutex<[SeedEvent]>) -> [SeedLock.Holder?] {
        events.withLock { events in
            events.compactMap { event in
                if case .waiting(let holder) = event { .some(holder) } else { nil }
            }
        }
    }

    @Test func `a seed says which seed it waits for, and gives up in time`() async throws {
        try await withDatabase { database in
            var other = try database.connect()
            try other.executeScript(
                "SET application_name = 'other seed'; BEGIN; SELECT pg_advisory_xact_lock(\(0x636F_6E6E_766F_0002 as Int64))",
                deadline: .after(.seconds(10))
            )
            let events = Mutex<[SeedEvent]>([])

            let failure = #expect(throws: SeedFailure.self) {
                try database.seed([.user(1, "a")], options: SeedOptions(patience: .milliseconds(300))) { event in
                    events.withLock { $0.append(event) }
                }
            }

            #expect(waiting(events).map { $0?.pid } == [other.backendPID])
            #expect(failure?.description.contains("\"other seed\"") == true)
            guard case .busy = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            try other.executeScript("ROLLBACK", deadline: .after(.seconds(10)))
            #expect(try database.seed([.user(1, "a")]).counts[.users] == .init(inserted: 1))
        }
    }

    @Test func `a seed says who keeps it from the tables, and readers do not`() async throws {
        try await withDatabase { database in
            var reader = try database.connect()
            try reader.executeScript("BEGIN; SELECT * FROM connvo.users", deadline: .after(.seconds(10)))
            var writer = try database.connect()
            try writer.executeScript(
                "BEGIN; INSERT INTO connvo.organizations (id, name) VALUES ('o', 'O')",
                deadline: .after(.seconds(10))
            )
            let events = Mutex<[SeedEvent]>([])

            #expect(throws: SeedFailure.self) {
                try database.seed([.user(1, "a")], options: SeedOptions(patience: .milliseconds(10))) { event in
                    events.withLock { $0.append(event) }
                }
            }

            #expect(waiting(events).map { $0?.pid } == [writer.backendPID])
            try writer.executeScript("COMMIT", deadline: .after(.seconds(10)))
            #expect(try database.seed([.user(1, "a")]).counts[.users] == .init(inserted: 1))
        }
    }

    @Test func `a row that another session keeps locked ends the seed, and nothing was written`() async throws {
        try await withDatabase { database in
            _ = try database.seed([.user(1, "a"), .user(2, "b")])
            let before = try database.content()
            var other = try database.connect()
            try other.executeScript(
                "BEGIN; SELECT * FROM connvo.users WHERE id = 'b' FOR UPDATE",
                deadline: .after(.seconds(10))
            )

            let failure = #expect(throws: SeedFailure.self) {
                try database.seed([
                    .user(1, "a", ["is_active": .boolean(false)]), .user(2, "b", ["is_active": .boolean(false)]),
                ])
            }

            #expect(failure?.description.hasPrefix("writing users: another session kept a row locked") == true)
            #expect(try database.content() == before)
        }
    }
}
