import Domain
import PostgreSQL
import Synchronization
import TestSupport
import Testing

@testable import Persistence

/// Partitions ahead, rollups, and retention with its seven days; also when it is interrupted, and twice at once.
@Suite struct MaintainerTests {
    private final class Events: Sendable {
        let all = Mutex<[MaintenanceEvent]>([])

        var list: [MaintenanceEvent] { all.withLock { $0 } }

        func note(_ event: MaintenanceEvent) { all.withLock { $0.append(event) } }
    }

    /// Runs maintenance once and returns what happened.
    @discardableResult
    private static func maintain(_ database: TestDatabase, keepMonths: Int? = nil) throws -> [MaintenanceEvent] {
        let events = Events()
        var connection = try database.connect()
        try Maintainer(keepMonths: keepMonths) { events.note($0) }.run(on: &connection)
        let isIdle = connection.isIdle
        #expect(isIdle)
        return events.list
    }

    /// Makes partitions of 2020 with a record in each, as if they had been kept since, and brings rollups up to date.
    private static func old(_ database: TestDatabase, months: [String] = ["2020-01", "2020-02"]) throws {
        for month in months {
            try database.run(
                """
                SET ROLE connvo_owner;
                SELECT connvo.create_partition('token_refusals', '\(month)-01');
                RESET ROLE;
                INSERT INTO connvo.token_refusals
                    (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
                VALUES
                    (gen_random_uuid(), '\(month)-05T00:00:00Z', 'user_eve', 'meeting_one', 'FORBIDDEN',
                    'not_a_participant', 'session', 'request-1');
                """
            )
        }
    }

    /// The partitions of 2020 that are attached; nil for none.
    private static func partitions(_ database: TestDatabase) throws -> String? {
        try database.scalar(
            """
            SELECT string_agg(partition_name, ' ' ORDER BY partition_name) FROM connvo.partitions()
            WHERE partition_name LIKE 'token_refusals_2020%'
            """
        )
    }

    private static func exists(_ table: String, _ database: TestDatabase) throws -> Bool {
        try database.scalar("SELECT to_regclass('connvo.\(table)') IS NOT NULL") == "true"
    }

    /// Lets so many days pass since a partition was detached.
    private static func age(_ partition: String, days: Int, _ database: TestDatabase) throws {
        try database.run(
            """
            UPDATE connvo.partition_detachments
            SET requested_at = requested_at - interval '\(days) days', detached_at = detached_at - interval '\(days) days'
            WHERE partition_name = '\(partition)'
            """
        )
    }

    // MARK: Partitions and rollups

    @Test func `missing partitions are made, once`() async throws {
        try await withDatabase { database in
            try database.detachMonth(of: "issued_tokens", drop: true)
            let month = try #require(try database.scalar("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')"))

            #expect(try Self.maintain(database).contains(.partitionsMade(["issued_tokens_\(month)"])))
            #expect(try database.scalar("SELECT count(*) FROM connvo.missing_partitions(2)") == "0")
            let isQuiet = try Self.maintain(database).allSatisfy { event in
                if case .partitionsMade = event { false } else { true }
            }
            #expect(isQuiet)
        }
    }

    @Test func `rollups are brought up to date, a part at a time`() async throws {
        try await withDatabase { database in
            try database.run(
                "UPDATE connvo.rollup_state SET rolled_up_until = date_trunc('day', now(), 'UTC') - interval '30 days'"
            )
            let events = try Self.maintain(database)

            let parts = events.count { event in
                if case .rolledUp = event { true } else { false }
            }
            #expect(parts > 1)
            #expect(
                try database.scalar(
                    """
                    SELECT rolled_up_until = date_trunc('hour', now() - interval '10 minutes', 'UTC')
                    FROM connvo.rollup_state
                    """
                ) == "true"
            )
            #expect(try Self.maintain(database).isEmpty)
        }
    }

    @Test func `faults of records are told once, when the records are rolled up`() async throws {
        try await withDatabase { database in
            try database.run(
                """
                SET ROLE connvo_owner;
                SELECT connvo.create_partition('issued_tokens',
                    (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month')::date);
                RESET ROLE;
                UPDATE connvo.rollup_state SET rolled_up_until = rolled_up_until - interval '3 hours';
                INSERT INTO connvo.issued_tokens
                    (id, issued_at, expires_at, user_id, meeting_id, organizer_id, granted_role, stream_role, tier_id,
                    tier_is_paid, subscription_id, subscription_status, subscription_starts_at, call_cid, token_sha256,
                    signing_key_id, session_id, request_id)
                SELECT overlay(
                        '00000000000070008000000000000000'
                        PLACING lpad(to_hex((extract(epoch FROM state.rolled_up_until) * 1000)::bigint), 12, '0') FROM 1
                    )::uuid,
                    state.rolled_up_until, state.rolled_up_until + interval '1 hour', '', 'meeting_one', 'user_one', 'host',
                    'admin', 'pro', true, gen_random_uuid(), 'paid', state.rolled_up_until, 'default:one',
                    decode(repeat('ab', 32), 'hex'), '0123456789abcdef', 'session_one', 'request-1'
                FROM connvo.rollup_state AS state;
                """
            )
            let faults = try Self.maintain(database).compactMap { event in
                if case .recordFaults(let count, let from, let until) = event {
                    (count: count, hours: (until.microsecondsSinceEpoch - from.microsecondsSinceEpoch) / 3_600_000_000)
                } else {
                    nil
                }
            }
            #expect(faults.map(\.count) == [2], "user_id and subscription_status")
            #expect((faults.first?.hours ?? 0) >= 3)
            #expect(try Self.maintain(database).isEmpty)
        }
    }

    @Test func `a writer that does not end postpones the rollups, not the rest`() async throws {
        try await withDatabase { database in
            try database.run(
                "UPDATE connvo.rollup_state SET rolled_up_until = date_trunc('day', now(), 'UTC') - interval '2 days'"
            )
            try database.detachMonth(of: "token_refusals", drop: true)
            var writer = try database.connect()
            try writer.executeScript(
                "BEGIN; LOCK TABLE connvo.issued_tokens IN ROW EXCLUSIVE MODE",
                deadline: .soon
            )
            let events = try Self.maintain(database)
            try writer.executeScript("ROLLBACK", deadline: .soon)

            #expect(events.contains(.postponed("the rollups", heldBy: nil)))
            #expect(try database.scalar("SELECT count(*) FROM connvo.missing_partitions(2)") == "0")
        }
    }

    // MARK: Retention

    @Test func `nothing is taken away unless a retention is set`() async throws {
        try await withDatabase { database in
            try Self.old(database)
            try Self.maintain(database)

            #expect(try Self.partitions(database) == "token_refusals_2020_01 token_refusals_2020_02")
            #expect(try database.scalar("SELECT count(*) FROM connvo.partition_detachments") == "0")
        }
    }

    @Test func `old months are detached, kept for seven days, and dropped`() async throws {
        try await withDatabase { database in
            try Self.old(database)
            let first = try Self.maintain(database, keepMonths: 12)
            #expect(first.contains { $0.isDetach(of: "token_refusals_2020_01") })
            #expect(first.contains { $0.isDetach(of: "token_refusals_2020_02") })
            #expect(try Self.partitions(database) == nil)
            #expect(try Self.exists("token_refusals_2020_01", database))
            #expect(try database.scalar("SELECT count(*) FROM connvo.token_refusals_2020_01") == "1")

            try Self.age("token_refusals_2020_01", days: 8, database)
            try Self.age("token_refusals_2020_02", days: 1, database)
            let second = try Self.maintain(database, keepMonths: 12)
            #expect(second.contains(.dropped("token_refusals_2020_01")))
            #expect(try !Self.exists("token_refusals_2020_01", database))
            #expect(try Self.exists("token_refusals_2020_02", database))
            let kept = second.contains { event in
                if case .kept("token_refusals_2020_02", _) = event { true } else { false }
            }
            #expect(kept)
        }
    }

    @Test func `the current month and so many before it stay`() async throws {
        try await withDatabase { database in
            // The months of 14 to 11 months ago; keeping twelve takes those that are wholly older.
            try database.run(
                """
                SET ROLE connvo_owner;
                SELECT connvo.create_partition('token_refusals',
                    (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => ago))::date)
                FROM generate_series(11, 14) AS ago
                """
            )
            let expected = try database.scalar(
                """
                SELECT string_agg(to_char(date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => ago),
                    '"token_refusals_"YYYY_MM'), ' ' ORDER BY ago DESC)
                FROM generate_series(13, 14) AS ago
                """
            )
            let detached = try Self.maintain(database, keepMonths: 12).compactMap { event in
                if case .detached(let name, _) = event { name } else { nil as String? }
            }
            #expect(detached.joined(separator: " ") == expected)
        }
    }

    @Test func `a dry run tells all and changes nothing`() async throws {
        try await withDatabase { database in
            try Self.old(database, months: ["2020-01", "2020-02", "2020-03"])
            try Self.maintain(database, keepMonths: 12)
            try Self.age("token_refusals_2020_01", days: 8, database)
            try database.run("SELECT connvo.attach_partition('token_refusals_2020_03')")
            try Self.old(database, months: ["2020-04"])
            try database.detachMonth(of: "issued_tokens", drop: true)
            try database.run("UPDATE connvo.rollup_state SET rolled_up_until = rolled_up_until - interval '3 hours'")
            let state = """
                SELECT md5(string_agg(entry, ' ' ORDER BY entry)) FROM (
                    SELECT oid || relname || xmin FROM pg_class WHERE relnamespace = 'connvo'::regnamespace
                    UNION ALL SELECT 'inherits ' || inhrelid || inhparent || inhdetachpending FROM pg_inherits
                    UNION ALL SELECT 'state ' || state::text || xmin FROM connvo.rollup_state AS state
                    UNION ALL SELECT 'detached ' || noted::text || xmin FROM connvo.partition_detachments AS noted
                ) AS found (entry)
                """
            let before = try database.scalar(state)
            var connection = try database.connect()
            let plan = try Maintainer(keepMonths: 12).plan(on: &connection)

            #expect(try database.scalar(state) == before)
            let isIdle = connection.isIdle
            #expect(isIdle)
            #expect(plan.partitions.count == 1)
            #expect(plan.rollupsFrom != nil)
            #expect(plan.expired.map(\.name) == ["token_refusals_2020_03", "token_refusals_2020_04"])
            #expect(plan.detached.filter(\.isDue).map(\.name) == ["token_refusals_2020_01"])
            #expect(plan.detached.map(\.name).contains("token_refusals_2020_02"))
            #expect(!plan.isEmpty)

            // And what it foretold is what happens.
            let events = try Self.maintain(database, keepMonths: 12)
            #expect(events.contains { $0.isDetach(of: "token_refusals_2020_03") })
            #expect(events.contains(.dropped("token_refusals_2020_01")))
            let after = try Maintainer(keepMonths: 12).plan(on: &connection)
            #expect(after.isEmpty)
        }
    }

    // MARK: Interrupted

    @Test func `a detach that was cut short is finished`() async throws {
        try await withDatabase { database in
            try Self.old(database)
            try Self.maintain(database)
            try Self.detachHalf("token_refusals_2020_01", database)
            let events = try Self.maintain(database, keepMonths: 12)

            #expect(events.contains { $0.isDetach(of: "token_refusals_2020_01") })
            #expect(events.contains { $0.isDetach(of: "token_refusals_2020_02") })
            #expect(try Self.partitions(database) == nil)
        }
    }

    @Test func `a detach begun by hand is finished, and its table is never dropped`() async throws {
        try await withDatabase { database in
            let month = try #require(
                try database.scalar("SELECT to_char(now() AT TIME ZONE 'UTC' - interval '2 months', 'YYYY_MM')")
            )
            try Self.old(database, months: [month.replacing("_", with: "-")])
            try Self.detachHalf("token_refusals_\(month)", database)
            let events = try Self.maintain(database, keepMonths: 12)
            #expect(events.contains { $0.isDetach(of: "token_refusals_\(month)") })

            try Self.age("token_refusals_\(month)", days: 30, database)
            try Self.maintain(database, keepMonths: 12)
            #expect(try Self.exists("token_refusals_\(month)", database))
        }
    }

    /// Leaves a DETACH CONCURRENTLY half done: it waits for a reader, and is cancelled there.
    private static func detachHalf(_ partition: String, _ database: TestDatabase) throws {
        var reader = try database.connect()
        try reader.executeScript("BEGIN; SELECT count(*) FROM connvo.token_refusals", deadline: .soon)
        var detacher = try database.connect()
        try detacher.executeScript("SET lock_timeout = '200ms'", deadline: .soon)
        let sql = "ALTER TABLE connvo.token_refusals DETACH PARTITION connvo.\(partition) CONCURRENTLY"
        let error = databaseError {
            try detacher.execute(
                Statement(
                    "test.detach",
                    sql
                ),
                deadline: .soon
            )
        }
        #expect(error?.sqlState == .lockNotAvailable)
        try reader.executeScript("ROLLBACK", deadline: .soon)
        #expect(
            try database.scalar(
                "SELECT is_detach_pending FROM connvo.partitions() WHERE partition_name = '\(partition)'"
            )
                == "true"
        )
    }

    // MARK: Beside others

    @Test func `a reader that does not end postpones the detach, and the next run finishes it`() async throws {
        try await withDatabase { database in
            try Self.old(database, months: ["2020-01"])
            try Self.maintain(database)
            var reader = try database.connect()
            try reader.executeScript("BEGIN; SELECT count(*) FROM connvo.token_refusals", deadline: .soon)
            let events = try Self.maintain(database, keepMonths: 12)
            let heldBy = events.compactMap { event in
                if case .postponed(_, let heldBy?) = event { heldBy } else { nil as String? }
            }
            #expect(heldBy.count == 1)
            #expect(heldBy.first?.contains("pid \(reader.backendPID) of login ") == true, "\(heldBy)")
            // Meanwhile records are written and read as ever.
            try database.run(
                """
                INSERT INTO connvo.token_refusals
                    (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
                VALUES
                    (gen_random_uuid(), now(), 'user_eve', 'meeting_one', 'FORBIDDEN', 'not_a_participant', 's', 'r')
                """
            )
            try reader.executeScript("ROLLBACK", deadline: .soon)

            #expect(try Self.maintain(database, keepMonths: 12).contains { $0.isDetach(of: "token_refusals_2020_01") })
        }
    }

    @Test func `two at once take turns, and each thing is done once`() async throws {
        try await withDatabase { database in
            try await onOwnThread {
                try Self.old(database, months: ["2020-01", "2020-02", "2020-03"])
                try database.detachMonth(of: "issued_tokens", drop: true)
            }
            let runs = try await withThrowingTaskGroup(of: [MaintenanceEvent].self) { group in
                for _ in 0..<4 {
                    group.addTask { try await onOwnThread { try Self.maintain(database, keepMonths: 12) } }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let events = runs.joined()
            for month in ["2020_01", "2020_02", "2020_03"] {
                #expect(events.count { $0.isDetach(of: "token_refusals_\(month)") } == 1)
            }
            let made = events.count { event in
                if case .partitionsMade = event { true } else { false }
            }
            #expect(made == 1)
            let left = try await onOwnThread { try Self.partitions(database) }
            #expect(left == nil)
        }
    }

    @Test func `one that waits too long says for whom`() async throws {
        try await withDatabase { database in
            var holder = try database.connect()
            _ = try AdvisoryLock.migration.acquire(patience: .seconds(5), on: &holder) { _ in }
            var connection = try database.connect()
            let events = Events()
            let failure = #expect(throws: MaintenanceFailure.self) {
                try Maintainer(keepMonths: nil, lockPatience: .milliseconds(300)) { events.note($0) }.run(
                    on: &connection
                )
            }
            guard case .locked(let found, _) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(found?.pid == holder.backendPID)
            #expect(events.list == [.waitingForLock(found)])
        }
    }

    @Test func `a login without the owner's rights is told so`() async throws {
        try await withDatabase { database in
            let login = "connvo_server_\(database.name)"
            try database.run("CREATE ROLE \(login) LOGIN IN ROLE connvo_app")
            defer { try? database.run("DROP ROLE \(login)") }
            var connection = try database.connect(login: login)
            let failure = #expect(throws: MaintenanceFailure.self) {
                try Maintainer(keepMonths: 12).run(on: &connection)
            }
            #expect(failure?.description.contains("a member of connvo_maintainer or of connvo_owner") == true)
        }
    }

    @Test(arguments: ["connvo_owner", "connvo_maintainer"])
    func `a login that is a member of one role can do all of it`(role: String) async throws {
        try await withDatabase { database in
            try Self.old(database, months: ["2020-01", "2020-02"])
            let login = "connvo_cron_\(database.name)"
            try database.run("CREATE ROLE \(login) LOGIN IN ROLE \(role)")
            defer { try? database.run("DROP ROLE \(login)") }
            let events = Events()
            var connection = try database.connect(login: login)
            try Maintainer(keepMonths: 12) { events.note($0) }.run(on: &connection)
            #expect(events.list.contains { $0.isDetach(of: "token_refusals_2020_01") })

            try Self.age("token_refusals_2020_01", days: 8, database)
            try database.run("UPDATE connvo.rollup_state SET rolled_up_until = rolled_up_until - interval '1 day'")
            try database.detachMonth(of: "issued_tokens", drop: true)
            let plan = try Maintainer(keepMonths: 12).plan(on: &connection)
            #expect(plan.detached.filter(\.isDue).map(\.name) == ["token_refusals_2020_01"])
            try Maintainer(keepMonths: 12) { events.note($0) }.run(on: &connection)
            #expect(events.list.contains(.dropped("token_refusals_2020_01")))
            #expect(try database.scalar("SELECT count(*) FROM connvo.missing_partitions(2)") == "0")
            #expect(try connection.text("current_user") == login)
        }
    }

    @Test func `a login without rights that holds the lock stops nothing`() async throws {
        try await withDatabase { database in
            let login = "connvo_anyone_\(database.name)"
            try database.run("CREATE ROLE \(login) LOGIN")
            defer { try? database.run("DROP ROLE \(login)") }
            try Self.old(database, months: ["2020-01"])
            try database.detachMonth(of: "issued_tokens", drop: true)
            var stranger = try database.connect(login: login)
            _ = try AdvisoryLock.migration.acquire(patience: .seconds(5), on: &stranger) { _ in }
            // The key by which functions of migration 0005 took turns.
            try stranger.executeScript(
                "SELECT pg_advisory_lock(hashtextextended('connvo.ensure_partitions', 0))",
                deadline: .soon
            )
            var connection = try database.connect()
            let events = Events()
            try Maintainer(keepMonths: 12, lockPatience: .milliseconds(300)) { events.note($0) }.run(on: &connection)

            let ignored = events.list.contains { event in
                if case .lockIgnored(let holder) = event { holder.pid == stranger.backendPID } else { false }
            }
            #expect(ignored, "\(events.list)")
            #expect(events.list.contains { $0.isDetach(of: "token_refusals_2020_01") })
            #expect(try database.scalar("SELECT count(*) FROM connvo.missing_partitions(2)") == "0")
        }
    }
}

extension MaintenanceEvent {
    func isDetach(of partition: String) -> Bool {
        if case .detached(partition, _) = self { true } else { false }
    }
}
