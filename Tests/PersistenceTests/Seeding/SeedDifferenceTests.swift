import Persistence
import Synchronization
import TestSupport
import Testing

/// What a dry run reports, and that it leaves nothing behind.
@Suite struct SeedDifferenceTests {
    private static let dry = SeedOptions(isDryRun: true, reportsChanges: true)

    private func changes(
        of rows: [SeedRow],
        pruning kinds: Set<SeedKind> = [],
        in database: TestDatabase
    ) throws -> (summary: SeedSummary, changes: [SeedChange]) {
        let changes = Mutex<[SeedChange]>([])
        var options = Self.dry
        options.pruned = kinds
        let summary = try database.seed(rows, options: options) { event in
            if case .change(let change) = event { changes.withLock { $0.append(change) } }
        }
        return (summary, changes.withLock { $0 })
    }

    @Test func `a dry run reports each row and changes nothing`() async throws {
        try await withDatabase { database in
            _ = try database.seed([
                .user(1, "a", ["display_name": .text("Ann")]), .user(2, "b"), .user(3, "gone"),
            ])
            let before = try database.content()

            let (summary, changes) = try changes(
                of: [
                    .user(1, "a", ["display_name": .null, "is_active": .boolean(true)]), .user(2, "b"), .user(4, "new"),
                    .subscription(5, user: "new", from: 0),
                ],
                pruning: [.users],
                in: database
            )

            #expect(try database.content() == before)
            #expect(summary.counts[.users] == .init(inserted: 1, changed: 1, unchanged: 1, removed: 1))
            #expect(changes.map(\.verb) == [.change, .insert, .remove, .insert])
            #expect(changes.map(\.kind) == [.users, .users, .users, .subscriptions])
            let name = try #require(SeedKind.users.index(of: "display_name"))
            #expect(changes[0].formerValues[name] == .text("Ann"))
            #expect(changes[0].values[name] == .null)
            #expect(changes[2].values[0] == .text("gone"))
            #expect(changes.map(\.hasLastingKey) == [true, true, true, false])
        }
    }

    @Test func `no difference is reported as none`() async throws {
        try await withDatabase { database in
            _ = try database.seed(SeederTests.everything)

            let (summary, changes) = try changes(of: SeederTests.everything, in: database)

            #expect(summary.changesNothing)
            #expect(changes.isEmpty)
        }
    }

    @Test func `the hosts that meetings bring are reported, whether they are new, changed or named`() async throws {
        try await withDatabase { database in
            _ = try database.seed([
                .user(1, "a"), .user(2, "b"), .meeting(3, "m", organizer: "a"),
                .participant(4, "m", "b", role: "observer", ["removed_at": .day(1)]),
            ])
            let rows: [SeedRow] = [
                .meeting(1, "m", organizer: "b"), .meeting(2, "n", organizer: "a"), .meeting(3, "o", organizer: "a"),
                .participant(4, "o", "a", role: "co-host"),
            ]

            let (summary, changes) = try changes(of: rows, in: database)
            let participants = changes.filter { $0.kind == .meetingParticipants }
            let done = try database.seed(rows)

            #expect(participants.map(\.verb) == [.change, .insert, .insert])
            let role = try #require(SeedKind.meetingParticipants.index(of: "role"))
            #expect(participants.map { $0.values[role] } == [.text("host"), .text("host"), .text("co-host")])
            #expect(summary == done)
            #expect(
                try database.scalar(
                    "SELECT string_agg(meeting_id || user_id || role || coalesce(removed_at::text, ''), ' ' ORDER BY meeting_id, user_id) FROM connvo.meeting_participants"
                ) == "mahost mbhost nahost oaco-host"
            )
            #expect(try self.changes(of: rows, in: database).changes.isEmpty)
        }
    }
}
