import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// Settings, triggers and other sessions that change what a transaction of the engine meets.
@Suite struct IssuanceSessionTests {
    // MARK: Settings

    @Test(
        arguments: [
            ("off", "on"), ("on", "on"), ("local", "local"), ("remote_write", "remote_write"),
            ("remote_apply", "remote_apply"),
        ]
    )
    func `a COMMIT waits for the disk, also where the role's default does not`(
        setting: String,
        inEffect: String
    ) async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.run(
                "ALTER ROLE CURRENT_USER IN DATABASE \(database.name) SET synchronous_commit = \(setting)"
            )
            try database.noteAtCommit("synchronous_commit")

            let outcome = try TestEngine.run(on: database) { try $0.ask(paid.participant, paid.meeting) }

            #expect(outcome.token != nil)
            #expect(try database.scalar("SELECT value FROM public.noted") == inEffect)
        }
    }

    @Test(arguments: [("isolation", "'serializable'", "read committed"), ("read_only", "on", "off")])
    func `a transaction does not depend on the defaults of the role`(
        name: String,
        setting: String,
        inEffect: String
    ) async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.noteAtCommit("transaction_\(name)")
            try database.run(
                "ALTER ROLE CURRENT_USER IN DATABASE \(database.name) SET default_transaction_\(name) = \(setting)"
            )

            let outcome = try TestEngine.run(on: database) { try $0.ask(paid.participant, paid.meeting) }

            #expect(outcome.token != nil)
            #expect(try database.scalar("SELECT value FROM public.noted") == inEffect)
        }
    }

    // MARK: Rows that do not arrive

    @Test(arguments: ["issued_tokens", "token_refusals"])
    func `a record that a trigger leaves out costs the responses of its batch, and no token leaves`(
        table: String
    )
        async throws
    {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let stranger = try database.user()
            try database.run(
                """
                CREATE FUNCTION public.test_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF NEW.user_id IN ('\(paid.participant)', '\(stranger)') THEN RETURN NULL; END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER test_trigger BEFORE INSERT ON connvo.\(table)
                    FOR EACH ROW EXECUTE FUNCTION public.test_trigger();
                """
            )
            let engine = try TestEngine(on: database, configure: { $0.poolSize = 1 })
            defer { engine.engine.stop() }
            // They wait for the same connection, and so share a batch.
            let responses = [paid.organizer, paid.participant, stranger].map { engine.submit($0, paid.meeting) }
            try engine.engine.start()

            let outcomes = try responses.map { try $0.outcome() }

            #expect(outcomes.map(\.unavailability) == [.commitUnknown, .commitUnknown, .commitUnknown])
            #expect(try database.tokenCount() == (table == "issued_tokens" ? 1 : 2))
            try database.run("DROP FUNCTION public.test_trigger CASCADE")
            #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
            #expect(engine.lostConnections.isEmpty)
        }
    }

    @Test func `a lone record that a trigger leaves out is noticed`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.run(
                """
                CREATE FUNCTION public.test_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
                CREATE TRIGGER test_trigger BEFORE INSERT ON connvo.issued_tokens
                    FOR EACH ROW EXECUTE FUNCTION public.test_trigger();
                """
            )

            let outcome = try TestEngine.run(on: database) { try $0.ask(paid.participant, paid.meeting) }

            #expect(outcome.unavailability == .commitUnknown)
            #expect(try database.tokenCount() == 0)
        }
    }

    // MARK: Trying again

    @Test(arguments: ["40001", "40P01"], [true, false])
    func `a transaction that collided is tried again`(sqlState: String, atCommit: Bool) async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.triggerOnce(atCommit: atCommit, "RAISE EXCEPTION 'no' USING ERRCODE = '\(sqlState)'")

            try TestEngine.run(on: database) { engine in
                let outcome = try engine.ask(paid.participant, paid.meeting)

                #expect(outcome.token != nil)
                #expect(engine.lostConnections.isEmpty)
            }
            #expect(try database.tokenCount() == 1)
        }
    }

    @Test func `a transaction that always collides is given up within the deadline`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.run("CREATE SEQUENCE public.runs")
            try database.trigger(
                atCommit: false,
                "PERFORM nextval('public.runs'); RAISE EXCEPTION 'no' USING ERRCODE = '40001'"
            )

            try TestEngine.run(on: database) { engine in
                let response = engine.submit(paid.participant, paid.meeting, timeLimit: .seconds(2))
                let outcome = try response.outcome()

                #expect(outcome.unavailability == .databaseFailed)
                #expect(response.completionCount == 1)
                #expect(engine.lostConnections.isEmpty)
            }
            #expect(try database.scalar("SELECT last_value > 1 FROM public.runs") == "true")
            #expect(try database.tokenCount() == 0)
        }
    }

    @Test(arguments: ["0A000", "25006", "26000"])
    func `a session that refuses is replaced, and the request is tried once more`(sqlState: String) async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.triggerOnce(atCommit: false, "RAISE EXCEPTION 'no' USING ERRCODE = '\(sqlState)'")

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                let outcome = try engine.ask(paid.participant, paid.meeting)

                #expect(outcome.token != nil)
                #expect(engine.lostConnections.map { $0?.sqlState?.rawValue } == [sqlState])
            }
            #expect(try database.tokenCount() == 1)
        }
    }

    @Test func `a session that always refuses does not keep a request going round`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            try database.trigger(atCommit: false, "RAISE EXCEPTION 'no' USING ERRCODE = '0A000'")

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                let outcome = try engine.ask(paid.participant, paid.meeting)

                #expect(outcome.unavailability == .databaseFailed)
                #expect(waitUntil { engine.lostConnections.count == 2 })
            }
            #expect(try database.tokenCount() == 0)
        }
    }

    @Test func `prepared statements that are gone turn no request away`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                // The statement that commits is prepared from now on.
                _ = try engine.ask(paid.participant, paid.meeting)
                try database.triggerOnce(atCommit: false, "EXECUTE 'DEALLOCATE ALL'")

                let outcome = try engine.ask(paid.participant, paid.meeting)

                #expect(outcome.token != nil)
                #expect(engine.lostConnections.map { $0?.sqlState } == [.invalidStatementName])
            }
            #expect(try database.tokenCount() == 2)
        }
    }

    @Test func `prepared statements that no longer fit the schema turn no request away`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            try TestEngine.run(on: database, configure: { $0.poolSize = 1 }) { engine in
                _ = try engine.ask(paid.participant, paid.meeting)
                try database.run("ALTER TABLE connvo.users ALTER COLUMN display_name TYPE varchar(300)")

                let outcome = try engine.ask(paid.participant, paid.meeting)

                #expect(outcome.token != nil)
                #expect(engine.lostConnections.map { $0?.sqlState } == [.featureNotSupported])
            }
            #expect(try database.tokenCount() == 2)
        }
    }
}

extension TestDatabase {
    /// Keeps what a setting was when a record of a token was committed, in `public.noted`.
    fileprivate func noteAtCommit(_ setting: String) throws {
        try run("CREATE TABLE public.noted (value text)")
        try trigger(atCommit: true, "INSERT INTO public.noted VALUES (current_setting('\(setting)'))")
    }

    /// Makes `statement` run for the next record of a token, and for none after it, also when the transaction is rolled
    /// back.
    fileprivate func triggerOnce(atCommit: Bool, _ statement: String) throws {
        try run("CREATE SEQUENCE public.runs")
        try trigger(atCommit: atCommit, "IF nextval('public.runs') = 1 THEN \(statement); END IF")
    }
}
