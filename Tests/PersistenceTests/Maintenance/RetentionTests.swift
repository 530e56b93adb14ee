import PostgreSQL
import Synchronization
import TestSupport
import Testing

@testable import Persistence

/// What retention may drop, what a detached month is protected from, and what it takes to attach it again.
@Suite struct RetentionTests {
    /// A month of refusals within the last thirteen and not within the last nine.
    private struct Month {
        let name: String
        let partition: String
        let starts: String
        let ends: String

        init(_ database: TestDatabase, ago: Int = 10, records: Int = 50) throws {
            let month = { (ago: Int) in
                try database.scalar(
                    "SELECT to_char(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '\(ago) months', 'YYYY-MM')"
                )
            }
            name = try #require(try month(ago))
            partition = "token_refusals_\(name.replacing("-", with: "_"))"
            starts = "\(name)-01 00:00:00+00"
            ends = "\(try #require(try month(ago - 1)))-01 00:00:00+00"
            try database.run(
                """
                SET ROLE connvo_owner;
                SELECT connvo.create_partition('token_refusals', '\(name)-01');
                RESET ROLE;
                INSERT INTO connvo.token_refusals
                    (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
                SELECT gen_random_uuid(), '\(name)-05T00:00:00Z'::timestamptz + n * interval '1 minute', 'user_eve',
                    'meeting_one', 'FORBIDDEN', 'not_a_participant', 'session', 'request-' || n
                FROM generate_series(1, \(records)) AS n
                """
            )
        }

        var attach: String {
            "ALTER TABLE connvo.token_refusals ATTACH PARTITION connvo.\(partition) FOR VALUES FROM ('\(starts)') TO ('\(ends)')"
        }
        var detach: String { "ALTER TABLE connvo.token_refusals DETACH PARTITION connvo.\(partition)" }
        var unmark: String { "ALTER TABLE connvo.\(partition) DROP COLUMN use_connvo_attach_partition" }

        func exists(_ database: TestDatabase) throws -> Bool {
            try database.scalar("SELECT to_regclass('connvo.\(partition)') IS NOT NULL") == "true"
        }

        func isAttached(_ database: TestDatabase) throws -> Bool {
            try database.scalar(
                "SELECT count(*) FROM connvo.partitions() WHERE partition_name = '\(partition)'"
            ) == "1"
        }
    }

    @discardableResult
    private static func maintain(_ database: TestDatabase, keepMonths: Int?) throws -> [MaintenanceEvent] {
        let events = Mutex<[MaintenanceEvent]>([])
        var connection = try database.connect()
        try Maintainer(keepMonths: keepMonths) { event in events.withLock { $0.append(event) } }.run(on: &connection)
        return events.withLock { $0 }
    }

    /// Lets eight days pass.
    private static func age(_ database: TestDatabase) throws {
        try database.run(
            "UPDATE connvo.partition_detachments SET detached_at = detached_at - interval '8 days' WHERE dropped_at IS NULL"
        )
    }

    // MARK: What is dropped

    @Test(arguments: [false, true])
    func `a month that was attached again is not dropped, whoever detaches it then`(byHand: Bool) async throws {
        try await withDatabase { database in
            let month = try Month(database)
            try Self.maintain(database, keepMonths: nil)
            #expect(try Self.maintain(database, keepMonths: 9).contains { $0.isDetach(of: month.partition) })
            try database.run(
                byHand ? "\(month.unmark); \(month.attach)" : "SELECT connvo.attach_partition('\(month.partition)')"
            )
            try Self.age(database)
            // To archive it.
            try database.run(month.detach)

            for keepMonths in [13, 9, 9] { try Self.maintain(database, keepMonths: keepMonths) }
            #expect(try month.exists(database))
            #expect(try database.scalar("SELECT count(*) FROM connvo.\(month.partition)") == "50")
            #expect(
                try database.scalar(
                    "SELECT attached_at IS NOT NULL AND dropped_at IS NULL FROM connvo.partition_detachments"
                )
                    == "true"
            )
        }
    }

    @Test func `a setting raised again spares what waits to be dropped`() async throws {
        try await withDatabase { database in
            let month = try Month(database)
            try Self.maintain(database, keepMonths: nil)
            try Self.maintain(database, keepMonths: 9)
            try Self.age(database)

            #expect(try Self.maintain(database, keepMonths: 13).contains(.spared(month.partition)))
            var connection = try database.connect()
            let plan = try Maintainer(keepMonths: 13).plan(on: &connection)
            #expect(plan.detached.map(\.isKept) == [true])
            #expect(try month.exists(database))

            #expect(try Self.maintain(database, keepMonths: 9).contains(.dropped(month.partition)))
            #expect(try database.scalar("SELECT dropped_by FROM connvo.partition_detachments") != nil)
        }
    }

    @Test func `a table of the same name is not the one that was detached`() async throws {
        try await withDatabase { database in
            let month = try Month(database)
            try Self.maintain(database, keepMonths: nil)
            try Self.maintain(database, keepMonths: 9)
            try Self.age(database)
            try database.run(
                "DROP TABLE connvo.\(month.partition); CREATE TABLE connvo.\(month.partition) (LIKE connvo.token_refusals)"
            )
            try Self.maintain(database, keepMonths: 9)
            #expect(try month.exists(database))
        }
    }

    // MARK: What it is protected from

    @Test func `a detached month is append-only, under a replication role too`() async throws {
        try await withDatabase { database in
            let month = try Month(database)
            try Self.maintain(database, keepMonths: nil)
            let changes = ["UPDATE %@ SET user_id = 'x'", "DELETE FROM %@", "TRUNCATE %@"]
            func refuses(_ table: String) throws {
                for change in changes {
                    for role in ["origin", "replica"] {
                        let error = databaseError {
                            try database.run(
                                "SET session_replication_role = \(role); \(change.replacing("%@", with: table))"
                            )
                        }
                        #expect(error?.sqlState == .insufficientPrivilege, "\(role): \(change) of \(table)")
                    }
                }
            }
            try refuses("connvo.\(month.partition)")
            try refuses("connvo.token_refusals")
            try Self.maintain(database, keepMonths: 9)
            #expect(try !month.isAttached(database))
            try refuses("connvo.\(month.partition)")
            #expect(try database.scalar("SELECT count(*) FROM connvo.\(month.partition)") == "50")
            #expect(try database.scalar("SELECT count(*) FROM reporting.partition_faults_v1") == "0")
        }
    }

    @Test func `the login of the hourly job can neither alter nor disable anything`() async throws {
        try await withDatabase { database in
            let month = try Month(database)
            try Self.maintain(database, keepMonths: nil)
            try Self.maintain(database, keepMonths: 9)
            let login = "connvo_cron_\(database.name)"
            try database.run("CREATE ROLE \(login) LOGIN IN ROLE connvo_maintainer")
            defer { try? database.run("DROP ROLE \(login)") }
            var connection = try database.connect(login: login)
            for statement in [
                "UPDATE connvo.\(month.partition) SET user_id = 'x'", "DELETE FROM connvo.\(month.partition)",
                "ALTER TABLE connvo.\(month.partition) DISABLE TRIGGER ALL", "DROP TABLE connvo.\(month.partition)",
                "SELECT connvo.protect_partition('connvo.\(month.partition)', 'token_refusals')",
                "UPDATE connvo.partition_detachments SET detached_at = NULL",
                "SELECT count(*) FROM connvo.token_refusals",
                "SELECT connvo.create_partition('token_refusals', '2001-01-01')", "SET ROLE connvo_owner",
                "SELECT connvo.rewind_rollups('2001-01-01')", "DELETE FROM connvo.rollup_bursts", month.attach,
            ] {
                let error = databaseError { try connection.executeScript(statement, deadline: .soon) }
                #expect(error?.sqlState == .insufficientPrivilege, "\(statement): \(String(describing: error))")
            }
            for call in ["drop_detached_partition('\(month.partition)', 1)", "drop_detached_partition('users', 1)"] {
                let error = databaseError { try connection.executeScript("SELECT connvo.\(call)", deadline: .soon) }
                #expect(error?.sqlState == SQLState(rawValue: "55000"), "\(call)")
            }
        }
    }

    // MARK: Attaching

    @Test func `a month is not attached unawares, and not altered`() async throws {
        try await withDatabase { database in
            let month = try Month(database)
            try Self.maintain(database, keepMonths: nil)
            try Self.maintain(database, keepMonths: 9)

            // As the documentation of version 1 said, and as the owner.
            let unawares = databaseError { try database.run("SET ROLE connvo_owner; \(month.attach)") }
            #expect(unawares?.message.contains("use_connvo_attach_partition") == true)

            try database.run(
                """
                SET ROLE connvo_owner;
                ALTER TABLE connvo.\(month.partition) DISABLE TRIGGER ALL;
                UPDATE connvo.\(month.partition) SET user_id = 'user_x' WHERE request_id = 'request-7';
                """
            )
            #expect(
                try database.scalar(
                    "SELECT string_agg(DISTINCT fault || ' ' || partition_name, ', ') FROM reporting.partition_faults_v1"
                ) == "trigger_disabled \(month.partition)"
            )
            let attach = "SELECT connvo.attach_partition('\(month.partition)')"
            let disabled = databaseError { try database.run(attach) }
            #expect(disabled?.message.contains("is missing or disabled") == true)

            try database.run(
                "SET ROLE connvo_owner; SELECT connvo.protect_partition('connvo.\(month.partition)', 'token_refusals')"
            )
            let altered = databaseError { try database.run(attach) }
            #expect(altered?.message.contains("was altered after it was detached") == true)
            #expect(try !month.isAttached(database))

            try database.run("SELECT connvo.attach_partition('\(month.partition)', true)")
            #expect(try month.isAttached(database))
            #expect(
                try database.scalar("SELECT string_agg(fault, ', ') FROM reporting.partition_faults_v1")
                    == "altered_while_detached"
            )
        }
    }

    @Test func `a month that was detached before the records gained a column gets it when it is attached`() async throws
    {
        try await withDatabase { database in
            let month = try Month(database)
            try Self.maintain(database, keepMonths: nil)
            try Self.maintain(database, keepMonths: 9)
            // As a month that was detached by version 19 of the schema.
            try database.run(
                """
                SET ROLE connvo_owner;
                ALTER TABLE connvo.\(month.partition) DROP COLUMN trace_id;
                UPDATE connvo.partition_detachments AS noted
                SET checksum_columns = earlier.columns,
                    checksum = (SELECT checksum FROM connvo.record_checksum('connvo.\(month.partition)', earlier.columns))
                FROM (
                    SELECT array_remove(checksum_columns, 'trace_id') AS columns
                    FROM connvo.partition_detachments
                    WHERE partition_name = '\(month.partition)'
                ) AS earlier
                WHERE noted.partition_name = '\(month.partition)';
                """
            )

            try database.run("SELECT connvo.attach_partition('\(month.partition)')")

            #expect(try month.isAttached(database))
            #expect(
                try database.scalar("SELECT count(*) FROM connvo.\(month.partition) WHERE trace_id IS NULL") == "50"
            )
            #expect(
                try database.scalar(
                    """
                    SELECT count(*) FROM pg_attribute
                    WHERE attrelid IN ('connvo.\(month.partition)'::regclass, 'connvo.token_refusals'::regclass)
                        AND attname = 'trace_id' AND col_description(attrelid, attnum) LIKE 'The trace of the request%'
                    """
                ) == "2"
            )
            #expect(try database.scalar("SELECT count(*) FROM reporting.partition_faults_v1") == "0")
        }
    }

    @Test(arguments: ["UPDATE", "DELETE", "INSERT", "none"])
    func `what was altered and attached by hand is found by the next run`(change: String) async throws {
        try await withDatabase { database in
            let month = try Month(database)
            try Self.maintain(database, keepMonths: nil)
            try Self.maintain(database, keepMonths: 9)
            let statement =
                switch change {
                case "UPDATE": "UPDATE connvo.\(month.partition) SET user_agent = 'x' WHERE request_id = 'request-7'"
                case "DELETE": "DELETE FROM connvo.\(month.partition) WHERE request_id = 'request-7'"
                case "INSERT":
                    "INSERT INTO connvo.\(month.partition) SELECT gen_random_uuid(), refused_at, user_id, meeting_id,"
                        + " organizer_id, requested_role, held_role, code, reason, session_id, impersonator, client_ip,"
                        + " user_agent, request_id FROM connvo.\(month.partition) LIMIT 1"
                default: "SELECT 1"
                }
            try database.run(
                """
                SET ROLE connvo_owner;
                ALTER TABLE connvo.\(month.partition) DISABLE TRIGGER ALL;
                \(month.unmark);
                \(statement);
                SELECT connvo.protect_partition('connvo.\(month.partition)', 'token_refusals');
                \(month.attach);
                """
            )
            let isAltered = change != "none"
            #expect(
                try Self.maintain(database, keepMonths: nil).contains(.released(month.partition, isAltered: isAltered))
            )
            #expect(
                try database.scalar("SELECT count(*) FROM reporting.partition_faults_v1") == (isAltered ? "1" : "0")
            )
            #expect(try Self.maintain(database, keepMonths: nil).isEmpty)
        }
    }

    @Test func `the checksum is that of the records, in every session`() async throws {
        try await withDatabase { database in
            let month = try Month(database)
            let sum = """
                SELECT checksum FROM connvo.record_checksum('connvo.\(month.partition)',
                    ARRAY['id', 'refused_at', 'client_ip', 'user_id', 'user_agent'])
                """
            let plain = try database.scalar(sum)
            var connection = try database.connect()
            try connection.executeScript(
                "SET TimeZone = 'Pacific/Kiritimati'; SET DateStyle = 'German'; SET bytea_output = 'escape'",
                deadline: .soon
            )
            #expect(try connection.text("(\(sum))") == plain)
        }
    }

    // MARK: Names and bounds

    @Test func `an attached partition of another name disturbs neither maintenance nor reports`() async throws {
        try await withDatabase { database in
            let month = try Month(database)
            let now = try #require(try database.scalar("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')"))
            try database.run(
                """
                ALTER TABLE connvo.\(month.partition) RENAME TO "Old 'records'";
                ALTER TABLE connvo.issued_tokens_\(now) RENAME TO january;
                """
            )
            #expect(try database.scalar("SELECT count(*) FROM connvo.missing_partitions(2)") == "0")
            #expect(
                try database.scalar(
                    "SELECT records_from = date_trunc('month', now(), 'UTC') FROM reporting.freshness_v1",
                    as: "connvo_reporter"
                ) == "true"
            )
            try Self.maintain(database, keepMonths: nil)
            #expect(try Self.maintain(database, keepMonths: 9).contains { $0.isDetach(of: "Old 'records'") })
            try Self.age(database)
            #expect(try Self.maintain(database, keepMonths: 9).contains(.dropped("Old 'records'")))
        }
    }

    @Test(arguments: [false, true])
    func `a coming month that was detached by hand is made anew, and its table left alone`(half: Bool) async throws {
        try await withDatabase { database in
            let next = try #require(
                try database.scalar("SELECT to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY_MM')")
            )
            let detach = "ALTER TABLE connvo.issued_tokens DETACH PARTITION connvo.issued_tokens_\(next)"
            if half {
                var reader = try database.connect()
                try reader.executeScript("BEGIN; SELECT count(*) FROM connvo.issued_tokens", deadline: .soon)
                var detacher = try database.connect()
                try detacher.executeScript("SET lock_timeout = '200ms'", deadline: .soon)
                let error = databaseError {
                    try detacher.execute(Statement("test.detach", "\(detach) CONCURRENTLY"), deadline: .soon)
                }
                #expect(error?.sqlState == .lockNotAvailable)
                try reader.executeScript("ROLLBACK", deadline: .soon)
            } else {
                try database.run(detach)
            }
            #expect(
                try Self.maintain(database, keepMonths: nil).contains(.partitionsMade(["issued_tokens_\(next)_2"]))
            )
            #expect(try database.scalar("SELECT count(*) FROM connvo.missing_partitions(2)") == "0")
            #expect(try database.scalar("SELECT to_regclass('connvo.issued_tokens_\(next)') IS NOT NULL") == "true")
            #expect(try database.scalar("SELECT count(*) FROM reporting.partition_faults_v1") == "0")
        }
    }

    @Test func `a partition that holds a part of a month is told, and the other months are made`() async throws {
        try await withDatabase { database in
            let next = try #require(
                try database.scalar("SELECT to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY_MM')")
            )
            let day = next.replacing("_", with: "-")
            try database.detachMonth(of: "token_refusals", drop: true)
            try database.run(
                """
                DROP TABLE connvo.issued_tokens_\(next);
                CREATE TABLE connvo.part PARTITION OF connvo.issued_tokens
                    FOR VALUES FROM ('\(day)-03 00:00:00+00') TO ('\(day)-05 00:00:00+00');
                """
            )
            let events = try Self.maintain(database, keepMonths: nil)
            #expect(events.contains(.postponed("making issued_tokens_\(next)", heldBy: nil)), "\(events)")
            #expect(
                try database.scalar("SELECT string_agg(record_table, ' ') FROM connvo.missing_partitions(2)")
                    == "issued_tokens"
            )
        }
    }
}
