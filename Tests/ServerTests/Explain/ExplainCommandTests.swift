import Domain
import Foundation
import TestSupport
import Testing

@testable import connvo_server

/// The command `explain`, beside a running server.
@Suite(.serverFixture(["EARLY_JOIN_WINDOW": "15m"])) struct ExplainCommandTests {
    private static let meeting = SeedData.meeting

    /// Runs the command with the settings of the fixture's server.
    private func run(_ arguments: [String], _ settings: [String: String] = [:]) async throws -> Binary.Result {
        let fixture = try ServerFixture.current
        let own = [
            "DATABASE_URL": "postgresql:///\(fixture.database.name)", "EARLY_JOIN_WINDOW": "15m",
            "TOKENS_PER_MINUTE": "0",
        ]
        return try await Binary.run(["explain"] + arguments, settings: own.merging(settings) { $1 })
    }

    private func json(_ arguments: [String], _ settings: [String: String] = [:]) async throws -> ExplainedJSON {
        let result = try await run(arguments + ["--json"], settings)
        try #require(result.status == 0, "\(result.errors)")
        return try ExplainedJSON(result.output)
    }

    // MARK: The decision

    @Test(arguments: OutcomeTests.refusals)
    func `it says what the endpoint says, now and of the record`(refusal: OutcomeTests.Refusal) async throws {
        let requestID = ServerFixture.makeRequestID()
        let answer = try await ServerFixture.current.call(
            refusal.user,
            meeting: refusal.meeting,
            role: refusal.role,
            requestID: requestID
        ).decode(FailureBody.self)
        let role = refusal.role.map { ["--role", $0] } ?? []

        let now = try await json(["--user", refusal.user, "--meeting", refusal.meeting] + role)
        let then = try await json(["--request-id", requestID])

        for decision in [now.decision, then.decision] {
            #expect(decision["code"] as? String == answer.code)
            #expect(decision["message"] as? String == answer.message)
            #expect(decision["reason"] as? String == refusal.reason)
            #expect(decision["http_status"] as? Int == 400)
            #expect((decision["opens_at"] as? String) == answer.errorData.metadata?["opensAt"])
        }
        let record = try #require(then.record)
        #expect(record["reason"] as? String == refusal.reason)
        #expect(record["code"] as? String == refusal.code)
        #expect(record["user_id"] as? String == refusal.user)
        #expect(record["requested_role"] as? String == refusal.role)
        let held = try await ServerFixture.current.scalar(
            "SELECT held_role FROM connvo.token_refusals WHERE request_id = '\(requestID)'"
        )
        #expect(record["held_role"] as? String == held)
        #expect(now.record == nil)
        let deciding = now.rules.filter { $0["decides"] as? Bool == true }
        #expect(deciding.map { $0["reason"] as? String } == [refusal.reason])
        #expect(deciding.allSatisfy { ($0["remedy"] as? String)?.isEmpty == false })
    }

    @Test func `a token is explained, and its record`() async throws {
        let requestID = ServerFixture.makeRequestID()
        let answer = try await ServerFixture.current.call(role: "participant", requestID: requestID)
        #expect(answer.status == 200)

        let explained = try await json(["--request-id", requestID])

        #expect(explained.decision["outcome"] as? String == "admitted")
        #expect(explained.decision["role"] as? String == "participant")
        #expect(explained.decision["stream_role"] as? String == "call_member")
        #expect(explained.record?["outcome"] as? String == "admitted")
        #expect(explained.record?["call_cid"] as? String == "default:call_\(Self.meeting)")
        #expect(explained.rules.allSatisfy { $0["verdict"] as? String == "passes" })
        let text = try await run(["--request-id", requestID])
        #expect(text.output.contains("a token for default:call_\(Self.meeting) as participant (call_member at Stream)"))
        #expect(text.output.contains("What would be decided now"))
    }

    @Test(arguments: [(SeedData.host, true), ("user_nobody", true), (SeedData.host, false)])
    func `the record's trace is shown, as the log has it`(user: String, isTraced: Bool) async throws {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        let requestID = ServerFixture.makeRequestID()
        var request = WireRequest.call(try Tokens.bearer(user)).adding("X-Request-Id", requestID)
        if isTraced { request = request.adding("traceparent", "00-\(trace)-00f067aa0ba902b7-01") }
        _ = try await ServerFixture.current.send(request)

        let record = try #require(try await json(["--request-id", requestID]).record)
        #expect(record["trace_id"] as? String == (isTraced ? trace : nil))
        #expect(record["trace_id"] is NSNull == !isTraced)
        let text = try await run(["--request-id", requestID]).output
        #expect(text.contains("Trace     \(trace)\n") == isTraced)
    }

    @Test func `the quota decides before the rules, and counts records up to the time`() async throws {
        let answer = try await ServerFixture.current.call("user_cohost")
        #expect(answer.status == 200)
        let request = ["--user", "user_cohost", "--meeting", "meeting_cancelled"]
        let settings = ["TOKENS_PER_MINUTE": "1"]

        let now = try await json(request, settings)

        #expect(now.decision["outcome"] as? String == "rate_limited")
        #expect(now.decision["http_status"] as? Int == 429)
        #expect(now.quota["recorded"] as? Int ?? 0 >= 1)
        // The rule that would refuse next is shown, too.
        let refusing = now.rules.filter { $0["verdict"] as? String == "refuses" }.map { $0["reason"] as? String }
        #expect(refusing == ["rate_limited", "meeting_ended"])
        let hourAgo = Timestamp(secondsSinceEpoch: SystemClock.now().secondsSinceEpoch - 3600).rfc3339
        let then = try await json(request + ["--at", hourAgo], settings)
        #expect(then.decision["reason"] as? String == "meeting_ended")
        #expect(then.quota["recorded"] as? Int == 0)
    }

    @Test func `at another time the rules are those of that time, and the facts those of now`() async throws {
        let request = ["--user", "user_participant", "--meeting", "meeting_early"]
        #expect(try await json(request + ["--at", "2099-01-01T11:44:59.999999Z"]).reason == "meeting_not_open")
        #expect(try await json(request + ["--at", "2099-01-01T11:45:00Z"]).outcome == "admitted")
        let before = try await json(request + ["--at", "2019-12-31T23:59:59+00:00"])
        #expect(before.reason == "meeting_not_open")
        let refusing = before.rules.filter { $0["verdict"] as? String == "refuses" }.map { $0["reason"] as? String }
        #expect(refusing == ["meeting_not_open", "tier_required"])
        #expect(
            try await run(request + ["--at", "2099-01-01T11:45:00Z"]).output.contains("The tables hold the present")
        )
    }

    @Test func `the settings of the rules count, and are shown`() async throws {
        let request = ["--user", "user_participant", "--meeting", Self.meeting, "--role", "host"]
        #expect(try await json(request).reason == "role_above_own")
        let ignoring = try await json(request, ["REQUESTED_ROLE": "ignore"])
        #expect(ignoring.outcome == "admitted")
        let shown = ignoring.settings.first { $0["name"] as? String == "REQUESTED_ROLE" }
        #expect(shown?["value"] as? String == "ignore")
        #expect(shown?["is_default"] as? Bool == false)
        let early = ["--user", "user_participant", "--meeting", "meeting_early"]
        #expect(try await json(early, ["EARLY_JOIN_WINDOW": ""]).outcome == "admitted")
    }

    // MARK: Who and what

    @Test func `a user is found by e-mail address in letters of either case`() async throws {
        let explained = try await json(["--user", "Carol@Example.COM", "--meeting", Self.meeting])
        #expect(explained.user == "user_participant")
        let unknown = try await run(["--user", "nobody@example.com", "--meeting", Self.meeting])
        #expect(unknown.status == 1)
        #expect(unknown.output.isEmpty)
        #expect(unknown.errors.contains("no user has the e-mail address nobody@example.com"))
    }

    @Test func `an id that a client sent twice shows both, and others narrow the search`() async throws {
        let requestID = ServerFixture.makeRequestID()
        let fixture = try ServerFixture.current
        _ = try await fixture.call("user_outsider", requestID: requestID)
        _ = try await fixture.call("user_participant", requestID: requestID)

        let latest = try await json(["--request-id", requestID])
        #expect(latest.record?["user_id"] as? String == "user_participant")
        #expect((latest.record?["other_records_at"] as? [String])?.count == 1)
        for narrowed in [["--user", "otto@example.com"], ["--user", "user_outsider", "--meeting", Self.meeting]] {
            let first = try await json(["--request-id", requestID] + narrowed)
            #expect(first.record?["user_id"] as? String == "user_outsider")
            #expect((first.record?["other_records_at"] as? [String])?.isEmpty == true)
        }
    }

    @Test func `an id that the server made is found by its time, one of a client with another clock, too`() async throws
    {
        let fixture = try ServerFixture.current
        let body = #"{"args":{"meetingId":"\#(Self.meeting)"}}"#
        let request = try WireRequest.call(Tokens.bearer("user_outsider"), body: body)
        let made = try await fixture.send(request).decode(FailureBody.self).requestId
        #expect(try await json(["--request-id", made]).record?["reason"] as? String == "not_a_participant")
        let foreign = "01a205f0-2db1-73b9-a59c-5c765d37eb7d"
        _ = try await fixture.send(request.adding("X-Request-Id", foreign))
        #expect(try await json(["--request-id", foreign]).record?["reason"] as? String == "not_a_participant")
    }

    @Test func `a request without a record is named as such, with the outcomes that leave none`() async throws {
        let requestID = ServerFixture.makeRequestID()
        let answer = try await ServerFixture.current.send(.call("no.bearer.token").adding("X-Request-Id", requestID))
        #expect(answer.status == 401)
        let result = try await run(["--request-id", requestID, "--json"])
        #expect(result.status == 1)
        #expect(result.output.isEmpty)
        for part in [requestID, "401", "429", "500, 503", "RECORD_RETENTION_MONTHS", "token inspect"] {
            #expect(result.errors.contains(part), "\(part)")
        }
    }

    // MARK: The command

    @Test(
        arguments: [
            [], ["--user", "u"], ["--meeting", "m"], ["--user", "", "--meeting", "m"],
            ["--user", "u", "--meeting", "a meeting"], ["--user", "u", "--meeting", "m", "--role", "admin"],
            ["--user", "u", "--meeting", "m", "--at", "yesterday"], ["--request-id", "a b"], ["--request-id", ""],
            ["--request-id", "x", "--role", "host"], ["--user", "u", "--meeting", "m", "surplus"],
        ]
    )
    func `arguments without a meaning end with 64`(arguments: [String]) async throws {
        let result = try await run(arguments)
        #expect(result.status == 64)
        #expect(result.output.isEmpty)
        #expect(!result.errors.isEmpty)
    }

    @Test func `the exit code tells a refusal only when asked to`() async throws {
        let refused = ["--user", "user_outsider", "--meeting", Self.meeting]
        #expect(try await run(refused).status == 0)
        #expect(try await run(refused + ["--exit-code"]).status == 2)
        #expect(try await run(["--user", SeedData.host, "--meeting", Self.meeting, "--exit-code"]).status == 0)
    }

    @Test func `settings, connection and schema that are wrong are named`() async throws {
        let request = ["--user", "u", "--meeting", "m"]
        #expect(try await run(request, ["EARLY_JOIN_WINDOW": "soon"]).status == 78)
        #expect(try await run(request, ["DATABASE_URL": "postgresql:///connvo?host=/nonexistent"]).status == 69)
        try await withDatabase(.empty) { database in
            let result = try await self.run(request, ["DATABASE_URL": "postgresql:///\(database.name)"])
            #expect(result.status == 1)
            #expect(result.errors.contains("connvo-server migrate"))
        }
    }

    @Test func `it waits for no writer, and takes no lock that a writer would wait for`() async throws {
        try await withDatabase { database in
            try await onOwnThread { try database.run(SeedData.sql) }
            // EXCLUSIVE goes together with ACCESS SHARE only.
            let lock = try await TableLock(
                on: database,
                """
                connvo.users, connvo.meetings, connvo.meeting_participants, connvo.subscriptions,
                connvo.subscription_tiers, connvo.issued_tokens, connvo.token_refusals IN EXCLUSIVE MODE
                """
            )
            let settings = ["DATABASE_URL": "postgresql:///\(database.name)"]
            let result = try await self.run(["--user", SeedData.host, "--meeting", Self.meeting], settings)
            let search = try await self.run(["--request-id", "nothing"], settings)
            try await lock.release()
            #expect(result.status == 0, "\(result.errors)")
            #expect(search.errors.contains("no record"))
        }
    }

    @Test func `text that a terminal would obey is shown as escapes`() async throws {
        try await ServerFixture.current.run(
            """
            INSERT INTO connvo.users (id, email, display_name)
            VALUES ('user_terminal', 'terminal@example.com', E'\\x1b[31mRed\\x1b]0;title\\x07')
            """
        )
        let result = try await run(["--user", "user_terminal", "--meeting", Self.meeting])
        #expect(result.status == 0)
        #expect(!result.output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        #expect(result.output.contains("\\u{1B}[31mRed"))
    }

    @Test func `behind a pooler in transaction mode it works each time`() async throws {
        try #require(PgBouncer.isInstalled)
        let name = try ServerFixture.current.database.name
        let pooler = try PgBouncer(poolSize: 2, login: "postgres")
        defer { withExtendedLifetime(pooler) {} }
        for _ in 0..<3 {
            let url = "postgresql:///\(name)?host=\(pooler.host)"
            let result = try await run(["--user", SeedData.host, "--meeting", Self.meeting], ["DATABASE_URL": url])
            #expect(result.status == 0, "\(result.errors)")
        }
    }
}
