import Glibc
import PostgreSQL
import Synchronization
import TestSupport
import Testing

@testable import Persistence

/// A synchronous standby that is away: the server accepts everything and acknowledges no COMMIT.
@Suite struct IssuanceStandbyTests {
    private static let poolSize = 2

    private static func withEngine(
        on server: OwnServer,
        _ body: (TestEngine) throws -> Void
    ) throws {
        let target = try ConnectionTarget(
            "dbname=\(server.database.name) host=\(server.host) options='-c role=connvo_app'",
            applicationName: TestEngine.applicationName
        )
        try TestEngine.run(
            on: server.database,
            configure: { configuration in
                configuration.target = target
                configuration.poolSize = poolSize
                configuration.commitProbeTimeout = .milliseconds(500)
            },
            body: body
        )
    }

    @Test func `while no COMMIT is acknowledged backends stay few and no token leaves, and service returns by itself`()
        async throws
    {
        try await onOwnThread {
            let server = try OwnServer()
            let database = server.database
            let paid = try database.paidMeeting()
            let backends = """
                SELECT count(*) FROM pg_stat_activity WHERE application_name = '\(TestEngine.applicationName)'
                """
            try Self.withEngine(on: server) { engine in
                #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
                #expect(engine.engine.obstacle == nil)
                try server.requireStandby(true)
                // The server takes a moment to read its settings.
                #expect(
                    try waitUntil {
                        let response = engine.submit(paid.participant, paid.meeting, timeLimit: .seconds(1))
                        return try response.outcome().unavailability == .commitUnknown
                    }
                )

                var most = 0
                var tokens = 0
                for _ in 0..<12 {
                    let responses = (0..<Self.poolSize).map { _ in
                        engine.submit(paid.participant, paid.meeting, timeLimit: .milliseconds(700))
                    }
                    for response in responses {
                        let outcome = try response.outcomeAtOnce ?? response.outcome()
                        if outcome.token != nil { tokens += 1 }
                    }
                    if engine.engine.obstacle != nil { usleep(500_000) }
                    most = max(most, try database.scalar(backends).flatMap { Int($0) } ?? 0)
                }

                #expect(tokens == 0)
                #expect(most <= Self.poolSize + 1, "\(most) backends")
                #expect(engine.stalls == 1)
                #expect(!engine.engine.isDatabaseReachable)
                #expect(engine.engine.obstacle?.hasPrefix("COMMIT is not acknowledged") == true)
                let refused = engine.submit(paid.participant, paid.meeting)
                #expect(refused.outcomeAtOnce?.unavailability == .databaseAway)

                try server.requireStandby(false)

                #expect(waitUntil { engine.engine.isDatabaseReachable })
                #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
                #expect(engine.engine.obstacle == nil)
                #expect(waitUntil { engine.engine.load.abandonedCommits == 0 })
                #expect(try waitUntil { Int(try database.scalar(backends) ?? "") ?? 99 <= Self.poolSize })
            }
        }
    }

    @Test(arguments: [true, false])
    func `a stall ends when a COMMIT is acknowledged, and when the server refuses to try one`(
        isRefused: Bool
    )
        async throws
    {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.trigger(atCommit: true, "PERFORM pg_sleep(600)")
            if isRefused {
                // Its arguments are others from PostgreSQL 17 on.
                try database.run(
                    """
                    DO $$
                    DECLARE
                        routine regprocedure;
                    BEGIN
                        FOR routine IN SELECT oid FROM pg_proc WHERE proname = 'pg_logical_emit_message' LOOP
                            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', routine);
                        END LOOP;
                    END $$
                    """
                )
            }

            try TestEngine.run(
                on: database,
                configure: { configuration in
                    configuration.poolSize = 1
                    configuration.statementTimeout = .seconds(600)
                },
                body: { engine in
                    let response = engine.submit(paid.participant, paid.meeting, timeLimit: .seconds(3))
                    #expect(try response.outcome().unavailability == .commitUnknown)
                    #expect(waitUntil { engine.stalls == 1 })

                    try database.run("DROP FUNCTION public.test_trigger CASCADE")

                    #expect(waitUntil { engine.engine.isDatabaseReachable })
                    #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
                    #expect(engine.engine.obstacle == nil)
                }
            )
            #expect(try database.tokenCount() == 1)
        }
    }

    @Test func `while no request is decided the engine says so, though the database answers, until half of them are`()
        async throws
    {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try TestEngine.run(on: database) { engine in
                #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
                #expect(engine.engine.hasDecided(within: .seconds(3600)))
                try database.trigger(atCommit: true, "RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'")
                #expect(engine.engine.obstacle == nil)

                var reasons: Set<IssuanceOutcome.Unavailability?> = []
                let isSaid = try waitUntil {
                    reasons.insert(try engine.ask(paid.participant, paid.meeting).unavailability)
                    return engine.engine.obstacle?.hasPrefix("no request has been decided for") == true
                }
                #expect(isSaid)
                #expect(reasons == [.databaseFailed])
                try database.run("DROP FUNCTION public.test_trigger CASCADE")

                let isOver = try waitUntil {
                    let isIssued = try engine.ask(paid.participant, paid.meeting).token != nil
                    return isIssued && engine.engine.obstacle == nil
                }
                #expect(isOver)
            }
        }
    }

    @Test func `while the disk is full for all but one in fifty the engine says so, until it is not`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.run("CREATE SEQUENCE public.runs; GRANT USAGE ON SEQUENCE public.runs TO PUBLIC")
            try TestEngine.run(on: database) { engine in
                let full = "RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'"
                try database.trigger(atCommit: true, "IF nextval('public.runs') % 50 > 0 THEN \(full); END IF")

                let isSaid = try waitUntil {
                    _ = try engine.ask(paid.participant, paid.meeting)
                    return engine.engine.obstacle?.hasPrefix("nearly no request has been recorded for") == true
                }
                #expect(isSaid)
                // Also right behind one that is recorded.
                #expect(try waitUntil { try engine.ask(paid.participant, paid.meeting).token != nil })
                #expect(engine.engine.obstacle != nil)
                try database.run("DROP FUNCTION public.test_trigger CASCADE")

                #expect(
                    try waitUntil {
                        try engine.ask(paid.participant, paid.meeting).token != nil && engine.engine.obstacle == nil
                    }
                )
            }
        }
    }

    @Test func `a COMMIT that was given up is ended on the server`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.trigger(atCommit: true, "PERFORM pg_sleep(600)")

            try TestEngine.run(on: database, configure: { $0.statementTimeout = .seconds(600) }) { engine in
                let outcome = try engine.submit(paid.participant, paid.meeting, timeLimit: .seconds(3)).outcome()

                #expect(outcome.unavailability == .commitUnknown)
                let sleeping =
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
                #expect(try waitUntil { try database.scalar(sleeping) == "0" })
                #expect(waitUntil { engine.engine.load.abandonedCommits == 0 })
                #expect(engine.stalls == 0)
            }
            #expect(try database.tokenCount() == 0)
        }
    }
}

extension TestEngine {
    /// How often COMMIT was found to be stalled.
    fileprivate var stalls: Int {
        reported { event in
            if case .commitsStalled = event { true } else { nil }
        }.count
    }
}
