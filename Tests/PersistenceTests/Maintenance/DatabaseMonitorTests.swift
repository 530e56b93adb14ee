import Domain
import Glibc
import PostgreSQL
import Synchronization
import TestSupport
import Testing

@testable import Persistence

@Suite struct DatabaseMonitorTests {
    /// A running monitor and what it reported.
    private struct Watch: Sendable {
        let monitor: DatabaseMonitor
        let events: Shared<[DatabaseMonitor.Event]>

        /// Waits until the monitor has seen `condition`, now or before.
        func hasSeen(_ condition: DatabaseHealth.Condition) -> Bool {
            waitUntil { changes.contains(condition) }
        }

        var changes: [DatabaseHealth.Condition] {
            events.value.withLock { events in
                events.compactMap { event in
                    if case .healthChanged(let health) = event { health.condition } else { nil }
                }
            }
        }

        var partitionsMade: [String] {
            events.value.withLock { events in
                events.flatMap { event -> [String] in
                    if case .partitionsMade(let names) = event { names } else { [] }
                }
            }
        }
    }

    /// Lends a monitor that looks as `connvo_app` does.
    private static func watch(
        _ database: TestDatabase,
        target: ConnectionTarget? = nil,
        now: (@Sendable () -> Timestamp)? = nil,
        _ body: (Watch) throws -> Void
    ) throws {
        let events = Shared<[DatabaseMonitor.Event]>([])
        let monitor = try DatabaseMonitor(
            target: target
                ?? ConnectionTarget(
                    "dbname=\(database.name) options='-c role=connvo_app'",
                    applicationName: "monitor"
                ),
            migrations: .embedded,
            preparesStatements: true,
            // A busy machine is not an unreachable database.
            timeLimit: .seconds(30),
            now: now,
            report: { event in events.value.withLock { $0.append(event) } }
        )
        #expect(monitor.health.condition == .unknown)
        try monitor.start()
        defer { monitor.stop() }
        try body(Watch(monitor: monitor, events: events))
    }

    @Test func `what metrics show of the database is measured, also while a partition is missing`() async throws {
        try await withDatabase { database in
            let until = try database.scalar(
                """
                SELECT extract(epoch FROM min(month)::timestamp AT TIME ZONE 'UTC')::bigint
                FROM connvo.missing_partitions(12)
                """
            )
            let border = try database.scalar(
                "SELECT extract(epoch FROM rolled_up_until)::bigint FROM connvo.rollup_state"
            )
            let clock = { @Sendable in Timestamp(secondsSinceEpoch: 1_750_000_000) }
            try Self.watch(database, now: clock) { watch in
                #expect(waitUntil { watch.monitor.figures.clockOffset != nil })
                let offset = try #require(watch.monitor.figures.clockOffset)
                // The clock of the test stands in June 2025.
                #expect(offset < .zero - .days(365))
            }
            try Self.watch(database) { watch in
                #expect(waitUntil { watch.monitor.figures.rolledUpUntil != nil })
                let figures = watch.monitor.figures
                #expect(figures.partitionsUntil.map { "\($0.microsecondsSinceEpoch / 1_000_000)" } == until)
                #expect(figures.rolledUpUntil.map { "\($0.microsecondsSinceEpoch / 1_000_000)" } == border)
            }
        }
    }

    @Test func `a figure that the login may not read is left out, and the database is ready`() async throws {
        try await withDatabase { database in
            try database.run("REVOKE SELECT ON connvo.rollup_state FROM connvo_app")
            try Self.watch(database) { watch in
                #expect(waitUntil { watch.monitor.figures.partitionsUntil != nil })
                #expect(watch.hasSeen(.ready))
                #expect(watch.monitor.figures.rolledUpUntil == nil)
            }
        }
    }

    @Test func `a migrated database is ready`() async throws {
        try await withDatabase { database in
            try Self.watch(database) { watch in
                #expect(watch.hasSeen(.ready))
                #expect(watch.monitor.health.isReady)
                #expect(watch.changes == [.ready])
                #expect(watch.partitionsMade.isEmpty)
            }
        }
    }

    @Test(
        arguments: [
            ("IN ROLE connvo_app", nil), ("SUPERUSER", "is a superuser"),
            ("IN ROLE connvo_app, connvo_owner", "may become the owner of schema connvo"),
            ("CREATEROLE IN ROLE connvo_app", "may make roles, and with them itself a member of the owner"),
        ] as [(String, String?)]
    )
    func `a login that can change what was recorded is warned of`(options: String, rights: String?) async throws {
        try await withDatabase { database in
            let login = "serving_\(database.name)"
            try database.run("CREATE ROLE \(login) LOGIN \(options)")
            defer { try? database.run("DROP ROLE \(login)") }

            try Self.watch(database, target: database.target(login: login)) { watch in
                #expect(watch.hasSeen(.ready))
                #expect(watch.monitor.health.excessiveRights == rights)
                #expect(watch.monitor.health.warnings.count == (rights == nil ? 0 : 1))
            }
        }
    }

    private static let clocks:
        [(offset: Int64, condition: DatabaseHealth.Condition, warning: ClockDifference.Direction?)] = [
            (-3600, .clock(.behind), nil), (3_456_000, .clock(.ahead), nil), (-30, .ready, .behind),
            (30, .ready, .ahead),
            (0, .ready, nil),
        ]

    @Test(arguments: clocks)
    func `a clock that differs is a warning, then an obstacle`(
        clock: (offset: Int64, condition: DatabaseHealth.Condition, warning: ClockDifference.Direction?)
    ) async throws {
        try await withDatabase { database in
            let now: @Sendable () -> Timestamp = {
                var time = timespec()
                clock_gettime(CLOCK_REALTIME, &time)
                return Timestamp(secondsSinceEpoch: Int64(time.tv_sec) + clock.offset)
            }
            try Self.watch(database, now: now) { watch in
                #expect(watch.hasSeen(clock.condition))
                #expect(watch.monitor.health.clockWarning == clock.warning)
                let warnings = watch.monitor.health.warnings.filter { $0.contains("clock") }
                #expect(warnings.isEmpty == (clock.warning == nil))
            }
        }
    }

    @Test func `a database that was never migrated is named so`() async throws {
        try await withDatabase(.empty) { database in
            try Self.watch(database) { watch in
                #expect(watch.hasSeen(.schema(.unmigrated)))
                #expect(!watch.monitor.health.isReady)
            }
        }
    }

    @Test func `a schema that is behind is named, and ready once it has caught up`() async throws {
        try await withDatabase { database in
            let latest = try #require(MigrationCatalogue.embedded(sha256: testChecksum).migrations.last)
            try database.run(
                """
                CREATE TABLE public.kept AS SELECT * FROM connvo.schema_migrations WHERE version = \(latest.version);
                DELETE FROM connvo.schema_migrations WHERE version = \(latest.version);
                """
            )

            try Self.watch(database) { watch in
                #expect(watch.hasSeen(.schema(.missing(["\(Migration.digits(of: latest.version))_\(latest.name)"]))))
                try database.run("INSERT INTO connvo.schema_migrations SELECT * FROM public.kept")
                #expect(watch.hasSeen(.ready))
            }
        }
    }

    @Test func `a newer schema is ready, and named`() async throws {
        try await withDatabase { database in
            try database.run(
                """
                INSERT INTO connvo.schema_migrations (version, name, checksum, applied_at, took_ms, applied_by)
                SELECT 9000, 'future', checksum, now(), 1, applied_by FROM connvo.schema_migrations LIMIT 1
                """
            )

            try Self.watch(database) { watch in
                #expect(watch.hasSeen(.ready))
                #expect(watch.monitor.health.newerMigrations == ["9000_future"])
            }
        }
    }

    @Test(arguments: ["issued_tokens", "token_refusals"])
    func `a missing partition is seen and made again`(table: String) async throws {
        try await withDatabase { database in
            let month = try #require(try database.scalar("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')"))

            // Before the first look: its daily call would make the partition again before a second look sees anything.
            try database.detachMonth(of: table, drop: true)

            try Self.watch(database) { watch in
                #expect(watch.hasSeen(.partitionsMissing(["\(table) \(month)"])))
                #expect(waitUntil { watch.monitor.health.isReady })
                #expect(watch.partitionsMade == ["\(table)_\(month.replacing("-", with: "_"))"])
            }
            #expect(try database.scalar("SELECT count(*) FROM connvo.missing_partitions(2)") == "0")
        }
    }

    @Test func `a partition that cannot be made is reported, and readiness stays away`() async throws {
        try await withDatabase { database in
            try database.detachMonth(of: "issued_tokens", drop: false)
            try database.run(
                """
                CREATE OR REPLACE FUNCTION connvo.create_partition(record_table text, month date) RETURNS text
                LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$
                """
            )

            try Self.watch(database) { watch in
                let hasFailed = waitUntil {
                    watch.events.value.withLock { events in
                        events.contains { event in
                            if case .partitionsFailed = event { true } else { false }
                        }
                    }
                }

                #expect(hasFailed)
                #expect(!watch.monitor.health.isReady)
            }
        }
    }

    @Test(
        arguments: [
            (
                "ALTER TABLE ONLY connvo.issued_tokens %s TRIGGER issued_tokens_append_only",
                "issued_tokens has no enabled trigger against UPDATE and DELETE"
            ),
            (
                """
                ALTER TABLE connvo.token_refusals_MONTH %s TRIGGER token_refusals_append_only;
                ALTER TABLE connvo.token_refusals_MONTH %s TRIGGER token_refusals_own_append_only
                """,
                "token_refusals_MONTH has no enabled trigger against UPDATE and DELETE"
            ),
            (
                "ALTER TABLE connvo.issued_tokens_MONTH %s TRIGGER issued_tokens_no_truncate",
                "issued_tokens_MONTH has no enabled trigger against TRUNCATE"
            ),
        ]
    )
    func `a database whose records can be altered is not ready`(sql: String, lack: String) async throws {
        try await withDatabase { database in
            let month = try #require(try database.scalar("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')"))
            let sql = sql.replacing("MONTH", with: month)

            try Self.watch(database) { watch in
                #expect(watch.hasSeen(.ready))
                try database.run(sql.replacing("%s", with: "DISABLE"))
                #expect(watch.hasSeen(.recordsUnprotected([lack.replacing("MONTH", with: month)])))
                try database.run(sql.replacing("%s", with: "ENABLE ALWAYS"))
                #expect(waitUntil { watch.monitor.health.isReady })
            }
        }
    }

    @Test func `a database without a primary key of its records is not ready`() async throws {
        try await withDatabase { database in
            try database.run("ALTER TABLE connvo.issued_tokens DROP CONSTRAINT issued_tokens_pkey")

            try Self.watch(database) { watch in
                #expect(waitUntil { "\(watch.monitor.health)".contains("issued_tokens has no valid primary key") })
            }
        }
    }

    @Test func `a read-only database is not ready`() async throws {
        try await withDatabase { database in
            try database.run("ALTER DATABASE \(database.name) SET default_transaction_read_only = on")

            try Self.watch(database) { watch in
                #expect(watch.hasSeen(.readOnly))
            }
        }
    }

    @Test func `a database that goes away is unreachable, and ready when it is back`() async throws {
        try await withDatabase { database in
            try Self.watch(database) { watch in
                #expect(watch.hasSeen(.ready))
                try database.shut()
                defer { try? database.open() }

                #expect(waitUntil { watch.monitor.health.isUnreachable })
                try database.open()
                #expect(waitUntil { watch.monitor.health.isReady })
            }
        }
    }

    @Test func `an error of the server is named, and reported once`() async throws {
        try await withDatabase { database in
            try Self.watch(database) { watch in
                #expect(watch.hasSeen(.ready))
                try database.run("REVOKE SELECT ON connvo.schema_migrations FROM connvo_app, PUBLIC")

                #expect(waitUntil { !watch.monitor.health.isReady })
                let health = watch.monitor.health
                #expect("\(health)".contains("permission denied"))
                #expect("\(health)".contains("42501"))
                #expect(!"\(health)".contains("reached"))
                let next = Deadline.after(.seconds(3))
                _ = waitUntil { next.hasPassed }
                #expect(watch.changes == [.ready, health.condition])
            }
        }
    }

    @Test(
        arguments: [
            "USAGE on schema connvo", "SELECT on connvo.users",
            "SELECT on connvo.subscription_tiers", "SELECT on connvo.subscriptions", "SELECT on connvo.meetings",
            "SELECT on connvo.meeting_participants", "INSERT on connvo.issued_tokens",
            "SELECT on connvo.issued_tokens", "INSERT on connvo.token_refusals", "SELECT on connvo.token_refusals",
            "EXECUTE on connvo.missing_partitions()",
        ]
    )
    func `a privilege that is lacking is named, and no caller is refused for it`(privilege: String) async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try Self.watch(database) { watch in
                #expect(watch.hasSeen(.ready))
                let isFunction = privilege.hasPrefix("EXECUTE")
                let revoked = isFunction ? "EXECUTE ON FUNCTION connvo.missing_partitions" : privilege
                try database.run("REVOKE \(revoked) FROM connvo_app, PUBLIC")

                #expect(watch.hasSeen(.privilegesMissing([privilege])))
                #expect("\(watch.monitor.health)".contains(privilege))
            }
            let outcomes = try TestEngine.run(on: database, configure: { $0.terms.requestsPerMinute = 60 }) { engine in
                [try engine.ask(paid.participant, paid.meeting), try engine.ask("user_unknown", paid.meeting)]
            }
            #expect(outcomes[0].refusal == nil)
            // The function is the monitor's.
            #expect(outcomes.contains { $0.unavailability == .databaseFailed } || privilege.hasPrefix("EXECUTE"))
        }
    }

    @Test func `what the monitor looks for is all that issuance needs`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let login = "\(database.name)_login"
            try database.run(
                """
                CREATE ROLE \(login) LOGIN;
                GRANT USAGE ON SCHEMA connvo TO \(login);
                GRANT SELECT ON connvo.schema_migrations, connvo.users,
                    connvo.subscription_tiers, connvo.subscriptions, connvo.meetings, connvo.meeting_participants
                    TO \(login);
                GRANT SELECT, INSERT ON connvo.issued_tokens, connvo.token_refusals TO \(login);
                GRANT EXECUTE ON FUNCTION connvo.missing_partitions TO \(login);
                """
            )
            defer { try? database.run("DROP OWNED BY \(login); DROP ROLE \(login)") }
            let target = try ConnectionTarget("dbname=\(database.name) user=\(login)", applicationName: "monitor")

            try Self.watch(database, target: target) { watch in #expect(watch.hasSeen(.ready)) }
            try TestEngine.run(
                on: database,
                configure: { configuration in
                    configuration.target = target
                    configuration.terms.requestsPerMinute = 60
                },
                body: { engine in
                    let issued = try engine.ask(paid.participant, paid.meeting)
                    let refused = try engine.ask("user_unknown", paid.meeting)
                    #expect(issued.token != nil)
                    #expect(refused.refusal != nil)
                }
            )
        }
    }

    @Test(
        arguments: [
            "users", "subscription_tiers", "subscriptions", "meetings", "meeting_participants",
            "issued_tokens", "token_refusals", "schema_migrations",
        ]
    )
    func `row-level security is an obstacle, and refuses no caller as unknown`(table: String) async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try Self.watch(database) { watch in
                #expect(watch.hasSeen(.ready))
                try database.run("ALTER TABLE connvo.\(table) ENABLE ROW LEVEL SECURITY")

                #expect(watch.hasSeen(.rowSecurity(["connvo.\(table)"])))
                #expect("\(watch.monitor.health)".contains("row-level security"))
            }
            try TestEngine.run(on: database, configure: { $0.terms.requestsPerMinute = 60 }) { engine in
                let outcome = try engine.ask(paid.participant, paid.meeting)

                #expect(outcome.refusal == nil)
                #expect((outcome.unavailability == .databaseFailed) == (table != "schema_migrations"))
            }
        }
    }

    @Test func `a server without a connection left for the login is named so, and lives`() async throws {
        try await withDatabase { database in
            let login = "serving_\(database.name)"
            try database.run("CREATE ROLE \(login) LOGIN IN ROLE connvo_app CONNECTION LIMIT 1")
            defer { try? database.run("DROP ROLE \(login)") }
            try withExtendedLifetime(database.connect(login: login)) {
                try Self.watch(database, target: database.target(login: login)) { watch in
                    #expect(waitUntil { watch.monitor.health.condition != .unknown })
                    guard case .full(let cause) = watch.monitor.health.condition else {
                        Issue.record("\(watch.monitor.health)")
                        return
                    }
                    #expect(cause.contains("too many connections"))
                    #expect(!watch.monitor.health.isReady)
                }
            }
        }
    }

    @Test func `a server that stops answering is found out, and one that only has a lock is not`() async throws {
        try await withDatabase { database in
            let forwarder = try TCPForwarder()
            let monitor = try DatabaseMonitor(
                target: ConnectionTarget(
                    "host=127.0.0.1 port=\(forwarder.port) dbname=\(database.name) options='-c role=connvo_app'",
                    applicationName: "monitor"
                ),
                migrations: .embedded,
                preparesStatements: true,
                timeLimit: .milliseconds(500),
                report: { _ in }
            )
            try monitor.start()
            defer { monitor.stop() }
            #expect(waitUntil { monitor.health.isReady })
            var holder = try database.connect()
            try holder.executeScript(
                "BEGIN; LOCK TABLE connvo.schema_migrations IN ACCESS EXCLUSIVE MODE",
                deadline: .soon
            )
            #expect(waitUntil { monitor.health.isUnreachable })
            let looks = Deadline.after(.seconds(3))
            _ = waitUntil { looks.hasPassed }
            #expect(monitor.serverFellSilent == nil)
            try holder.executeScript("ROLLBACK", deadline: .soon)
            #expect(waitUntil { monitor.health.isReady })

            forwarder.swallow(true)

            #expect(waitUntil { monitor.serverFellSilent != nil })
            forwarder.swallow(false)
            #expect(waitUntil { monitor.health.isReady })
        }
    }

    @Test func `a look that waits for a lock leaves few backends behind, and they end`() async throws {
        try await withDatabase { database in
            let events = Shared<[DatabaseMonitor.Event]>([])
            let monitor = try DatabaseMonitor(
                target: ConnectionTarget(
                    "dbname=\(database.name) options='-c role=connvo_app'",
                    applicationName: "monitor"
                ),
                migrations: .embedded,
                preparesStatements: true,
                timeLimit: .milliseconds(200),
                report: { event in events.value.withLock { $0.append(event) } }
            )
            var holder = try database.connect()
            try holder.executeScript(
                "BEGIN; LOCK TABLE connvo.schema_migrations IN ACCESS EXCLUSIVE MODE",
                deadline: .soon
            )
            try monitor.start()
            defer { monitor.stop() }
            let waiting = """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'monitor' AND wait_event_type = 'Lock'
                """
            #expect(waitUntil { monitor.health.isUnreachable })

            // A look that was given up is ended, so the next one is the only one that waits.
            let end = Deadline.after(.seconds(6))
            var most = 0
            while !end.hasPassed {
                most = max(most, Int(try database.scalar(waiting) ?? "") ?? 99)
                usleep(50_000)
            }

            #expect(most <= 2, "\(most) wait")
            try holder.executeScript("ROLLBACK", deadline: .soon)
            #expect(waitUntil { monitor.health.isReady })
        }
    }

    @Test func `a refused connection is named, and the connection string is not`() async throws {
        try await onOwnThread {
            let events = Shared<[DatabaseMonitor.Event]>([])
            let monitor = try DatabaseMonitor(
                target: ConnectionTarget(
                    "host=127.0.0.1 port=1 user=u dbname=d password=secret-of-u",
                    applicationName: "monitor"
                ),
                migrations: .embedded,
                preparesStatements: true,
                timeLimit: .seconds(30),
                report: { event in events.value.withLock { $0.append(event) } }
            )
            try monitor.start()
            defer { monitor.stop() }

            #expect(waitUntil { monitor.health.isUnreachable })
            #expect("\(monitor.health)".contains("Connection refused"))
            #expect(!"\(monitor.health)".contains("secret-of-u"))
            #expect(!"\(monitor.health)".contains("\n"))
            let next = Deadline.after(.seconds(3))
            _ = waitUntil { next.hasPassed }
            #expect(events.value.withLock { $0.count } == 1)
        }
    }

    @Test func `a server that does not answer is unreachable, and does not keep the monitor from stopping`()
        async throws
    {
        let silent = try SilentListener()
        try await onOwnThread {
            let monitor = try DatabaseMonitor(
                target: ConnectionTarget(
                    "host=127.0.0.1 port=\(silent.port) user=u dbname=d",
                    applicationName: "monitor"
                ),
                migrations: .embedded,
                preparesStatements: true,
                report: { _ in }
            )
            try monitor.start()

            #expect(waitUntil { monitor.health.isUnreachable })
            let took = ContinuousClock().measure { monitor.stop() }

            #expect(took < .seconds(5))
        }
        withExtendedLifetime(silent) {}
    }
}

extension DatabaseHealth {
    fileprivate var isUnreachable: Bool {
        if case .unreachable = condition { true } else { false }
    }
}
