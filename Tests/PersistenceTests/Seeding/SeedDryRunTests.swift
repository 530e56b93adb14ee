import Persistence
import PostgreSQL
import Synchronization
import TestSupport
import Testing

/// A dry run only reads: writers do not wait for it, nor it for them, and it leaves no trace.
@Suite struct SeedDryRunTests {
    private static let changes: [SeedRow] = [
        .user(1, "user_a", email: "new@example.com"), .user(2, "user_new"),
        .meeting(3, "meeting_1", organizer: "user_new"),
    ]

    private static let dryRun = SeedOptions(
        isDryRun: true,
        reportsChanges: true,
        pruned: [.meetingParticipants],
        patience: .milliseconds(10)
    )

    private static func batch() -> SeedBatch {
        var batch = SeedBatch(changes)
        batch.name(.meetingParticipants)
        return batch
    }

    @Test func `no writer waits for a dry run`() async throws {
        try await withDatabase { database in
            _ = try database.seed(SeederTests.everything)
            var writer = try database.connect(as: "connvo_admin")
            try writer.executeScript("SET lock_timeout = '100ms'", deadline: .after(.seconds(10)))
            var connection = try database.connect(as: "connvo_admin")
            var steps: [String] = []
            var failures: [String] = []

            let summary = try Seeder.seed(
                Self.batch(),
                options: Self.dryRun,
                deadline: .after(.seconds(60)),
                on: &connection
            ) { event in
                switch event {
                case .change: steps.append("change")
                case .progress(let step, _, _): steps.append(step)
                default: return
                }
                do {
                    // Another table, a row that the dry run would change, and a new row of the same table.
                    try writer.executeScript(
                        """
                        INSERT INTO connvo.organizations (id, name) VALUES ('other_\(steps.count)', 'Other');
                        UPDATE connvo.users SET display_name = 'Step \(steps.count)' WHERE id = 'user_a';
                        INSERT INTO connvo.users (id, email) VALUES ('other_\(steps.count)', 'other_\(steps.count)@x')
                        """,
                        deadline: .after(.seconds(10))
                    )
                } catch {
                    failures.append("\(steps.last ?? ""): \(error)")
                }
            }

            #expect(failures.isEmpty, "\(failures)")
            #expect(steps.contains("change") && steps.contains { $0.hasPrefix("checking") })
            #expect(summary.counts[.users] == .init(inserted: 1, changed: 1))
        }
    }

    @Test func `a dry run waits for no writer and for no other seed`() async throws {
        try await withDatabase { database in
            _ = try database.seed(SeederTests.everything)
            var writer = try database.connect()
            try writer.executeScript(
                """
                BEGIN;
                SELECT pg_advisory_xact_lock(\(0x636F_6E6E_766F_0002 as Int64));
                LOCK TABLE connvo.organizations, connvo.users, connvo.meetings IN SHARE ROW EXCLUSIVE MODE;
                UPDATE connvo.users SET display_name = 'Other'
                """,
                deadline: .after(.seconds(10))
            )

            let summary = try database.seed([.user(1, "user_a", email: "new@example.com")], options: Self.dryRunOfUsers)

            #expect(summary.counts[.users] == .init(changed: 1))
        }
    }

    private static let dryRunOfUsers = SeedOptions(isDryRun: true, patience: .milliseconds(10))

    @Test func `a dry run writes no row, dead ones included`() async throws {
        try await withDatabase { database in
            // On one connection: what another one has counted is there only when its process has ended.
            var connection = try database.connect(as: "connvo_admin")
            _ = try Seeder.seed(SeedBatch(SeederTests.everything), deadline: .after(.seconds(60)), on: &connection)
            func counters(_ connection: inout Connection) throws -> String? {
                let flush = Statement("test.flush", "SELECT pg_stat_force_next_flush()::text")
                _ = try connection.execute(flush, deadline: .after(.seconds(10)))
                return try database.scalar(
                    """
                    SELECT string_agg(
                        concat_ws(' ', relname, n_tup_ins, n_tup_upd, n_tup_del, n_dead_tup), E'\\n' ORDER BY relname
                    )
                    FROM pg_stat_user_tables
                    WHERE schemaname = 'connvo'
                    """
                )
            }
            let before = try counters(&connection)

            let summary = try Seeder.seed(
                Self.batch(),
                options: Self.dryRun,
                deadline: .after(.seconds(60)),
                on: &connection
            )

            #expect(summary.counts[.meetingParticipants]?.removed == 2)
            #expect(try counters(&connection) == before)
        }
    }

    @Test func `what a dry run says is what the seed then does`() async throws {
        try await withDatabase { database in
            _ = try database.seed(SeederTests.everything)
            var connection = try database.connect(as: "connvo_admin")
            var options = Self.dryRun
            options.pruned = [.meetingParticipants, .subscriptions]
            var batch = Self.batch()
            batch.name(.subscriptions)

            let plan = try Seeder.seed(batch, options: options, deadline: .after(.seconds(60)), on: &connection)
            options.isDryRun = false
            options.confirmedRemovals = plan.removals
            options.patience = .seconds(60)
            let done = try Seeder.seed(batch, options: options, deadline: .after(.seconds(60)), on: &connection)

            #expect(plan == done)
            #expect(plan.removals == [.meetingParticipants: 2, .subscriptions: 2])
        }
    }

    @Test func `no more is removed than was confirmed`() async throws {
        try await withDatabase { database in
            _ = try database.seed(SeederTests.everything)
            let before = try database.content()
            var events: [[SeedKind: Int]] = []
            var connection = try database.connect(as: "connvo_admin")
            func seed(confirmed: [SeedKind: Int]?, on connection: inout Connection) throws -> SeedSummary {
                try Seeder.seed(
                    Self.batch(),
                    options: SeedOptions(pruned: [.meetingParticipants], confirmedRemovals: confirmed),
                    deadline: .after(.seconds(60)),
                    on: &connection
                ) { event in
                    if case .removing(let removals) = event { events.append(removals) }
                }
            }

            for confirmed in [[:], [.meetingParticipants: 1], [.users: 9]] as [[SeedKind: Int]] {
                let failure = #expect(throws: SeedFailure.self) {
                    try seed(confirmed: confirmed, on: &connection)
                }
                #expect(
                    failure?.description.hasPrefix(
                        "the tables have changed since it was asked: 2 rows of meeting_participants would be removed now"
                    ) == true
                )
            }
            #expect(events.isEmpty)
            #expect(try database.content() == before)

            let summary = try seed(confirmed: [.meetingParticipants: 2], on: &connection)
            #expect(summary.removals == [.meetingParticipants: 2])
            #expect(events == [[.meetingParticipants: 2]])
        }
    }
}
