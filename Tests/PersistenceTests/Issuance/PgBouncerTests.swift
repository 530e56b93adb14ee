import Domain
import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// Behind a pooler in transaction mode, where each transaction may be on another connection to the server.
@Suite(.enabled(if: PgBouncer.isInstalled, "scripts/install-dependencies --tests installs it"))
struct PgBouncerTests {
    /// Lends an engine behind a pooler.
    private static func withEngine<Value>(
        on database: TestDatabase,
        connections: Int = 4,
        toServer serverConnections: Int = 2,
        preparesStatements: Bool = false,
        // As the program connects: it asks for a server that takes writes.
        sessionAttributes: ConnectionTarget.SessionAttributes? = .readWrite,
        body: (TestEngine) throws -> Value
    ) throws -> Value {
        let login = "\(database.name)_app"
        try database.run("CREATE ROLE \(login) LOGIN IN ROLE connvo_app")
        defer { try? database.run("DROP ROLE \(login)") }
        let pooler = try PgBouncer(poolSize: serverConnections, login: login)
        let target = try ConnectionTarget(
            "host=\(pooler.host) dbname=\(database.name)",
            applicationName: TestEngine.applicationName,
            sessionAttributes: sessionAttributes
        )
        defer { withExtendedLifetime(pooler) {} }
        return try TestEngine.run(
            on: database,
            configure: {
                $0.target = target
                $0.poolSize = connections
                $0.preparesStatements = preparesStatements
                $0.terms.requestsPerMinute = 10_000
            },
            body: body
        )
    }

    /// Every token has its record, with its caller.
    private static func checkTokens(_ outcomes: [IssuanceOutcome], in database: TestDatabase) throws {
        var connection = try database.connect()
        let query = Statement(
            "test.tokens",
            "SELECT id::text, user_id || ' ' || encode(token_sha256, 'hex') FROM connvo.issued_tokens"
        )
        var records: [String: String] = [:]
        for row in try connection.execute(query, deadline: .soon).rows {
            records[try row.decode(0)] = try row.decode(1)
        }
        let tokens = outcomes.compactMap(\.token)
        for token in tokens {
            let digest = TestEngine.digest(token.token).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(records["\(token.id)"] == "\(token.admission.caller.id) \(digest)")
        }
        #expect(Set(tokens.map(\.id)).count == tokens.count)
    }

    @Test func `lone requests and batches are issued and recorded over two connections`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let callers = [paid.participant, paid.organizer]

            let outcomes = try Self.withEngine(on: database) { engine in
                let alone = try (0..<100).map { try engine.ask(callers[$0 % 2], paid.meeting) }
                let responses = (0..<500).map { engine.submit(callers[$0 % 2], paid.meeting) }
                let together = try responses.map { try $0.outcomeAtOnce ?? $0.outcome() }

                #expect(engine.committedSizes.contains { $0 > 1 })
                #expect(engine.lostConnections.isEmpty)
                let backends = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                // And the one that asks.
                #expect([2, 3].contains(Int(try database.scalar(backends) ?? "")))
                return alone + together
            }

            #expect(outcomes.map { $0.token?.admission.caller.id.rawValue } == (0..<600).map { callers[$0 % 2] })
            #expect(try database.tokenCount() == 600)
            try Self.checkTokens(outcomes, in: database)
        }
    }

    @Test func `refusals are recorded, too`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            let outcomes = try Self.withEngine(on: database) { engine in
                try (0..<20).map { _ in engine.submit("user_nobody", paid.meeting) }.map {
                    try $0.outcomeAtOnce ?? $0.outcome()
                }
            }

            #expect(outcomes.compactMap(\.refusal).count == 20)
            #expect(try database.refusalCount() == 20)
        }
    }

    @Test func `connections that end under load cost no token its record, and it goes on`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            let outcomes = try Self.withEngine(on: database) { engine in
                var responses: [PendingResponse] = []
                for round in 0..<40 {
                    responses += (0..<10).map { _ in engine.submit(paid.participant, paid.meeting) }
                    if round % 10 == 5 {
                        _ = try database.scalar(
                            """
                            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                            WHERE datname = current_database() AND pid <> pg_backend_pid()
                            """
                        )
                    }
                    _ = try responses[responses.count - 1].token()
                }
                #expect(try waitUntil { try engine.submit(paid.participant, paid.meeting).token() != nil })
                return try responses.map { try $0.outcomeAtOnce ?? $0.outcome() }
            }

            #expect(outcomes.allSatisfy { $0.token != nil || $0.unavailability != nil })
            #expect(outcomes.contains { $0.token != nil })
            try Self.checkTokens(outcomes, in: database)
        }
    }

    @Test func `prepared statements there are noticed at once, named, and not used any more`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let callers = [paid.participant, paid.organizer]

            // Nothing that a new connection asks of the server first: the only one to the server is held.
            let outcomes = try Self.withEngine(
                on: database,
                connections: 2,
                toServer: 1,
                preparesStatements: true,
                sessionAttributes: nil
            ) { engine in
                // One connection of the engine after the other, on the same connection to the server.
                let pair = try database.withMeetingsLocked {
                    let first = engine.submit(callers[0], paid.meeting)
                    try engine.waitForBlocked(1)
                    let second = engine.submit(callers[1], paid.meeting)
                    #expect(waitUntil { engine.connectionCount == 2 })
                    return [first, second]
                }
                var outcomes = try pair.map { try $0.outcomeAtOnce ?? $0.outcome() }
                #expect(outcomes[0].token != nil)
                // "prepared statement already exists": it is tried again without, and decided.
                #expect(outcomes[1].token != nil)
                #expect(engine.engine.warning?.contains("DATABASE_STATEMENTS=unnamed") == true)
                let found = engine.reported { event in
                    if case .sessionsShared(let error) = event { error.sqlState } else { nil }
                }
                #expect(found == [.duplicatePreparedStatement])
                for _ in 0..<20 {
                    let responses = (0..<10).map { engine.submit(callers[$0 % 2], paid.meeting) }
                    outcomes += try responses.map { try $0.outcomeAtOnce ?? $0.outcome() }
                }
                return outcomes
            }

            #expect(outcomes.allSatisfy { $0.token != nil })
            try Self.checkTokens(outcomes, in: database)
        }
    }
}

extension TestEngine {
    /// How many connections were made.
    fileprivate var connectionCount: Int {
        reported { event in
            if case .connected = event { true } else { nil }
        }.count
    }
}

extension PendingResponse {
    /// The token, nil when there is another outcome. Blocks.
    fileprivate func token() throws -> IssuedToken? {
        try (outcomeAtOnce ?? outcome()).token
    }
}
