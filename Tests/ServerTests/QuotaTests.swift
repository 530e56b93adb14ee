import Testing

/// docs/errors.md, row 17: how many requests a person may send in a minute.
@Suite(.serverFixture(["TOKENS_PER_MINUTE": "5"])) struct QuotaTests {
    /// A new user without requests.
    private func newcomer(_ fixture: ServerFixture, isMember: Bool = true) async throws -> String {
        let id = "user_\(ServerFixture.makeRequestID())"
        let membership = """
            INSERT INTO connvo.meeting_participants (meeting_id, user_id, role)
            VALUES ('meeting_123example', '\(id)', 'participant');
            """
        try await fixture.run(
            "INSERT INTO connvo.users (id, email) VALUES ('\(id)', '\(id)@example.com');" + (isMember ? membership : "")
        )
        return id
    }

    private func expectLimited(_ answer: ReceivedResponse) throws {
        #expect(answer.status == 429)
        let seconds = try #require(answer["retry-after"].flatMap { Int($0) })
        #expect((1...60).contains(seconds))
        let body = try answer.decode(FailureBody.self)
        #expect(body.code == "RATE_LIMIT_EXCEEDED")
        #expect(body.errorData.code == "RATE_LIMIT_EXCEEDED")
        #expect(body.errorData.statusCode == 429)
        #expect(body.message.contains("5"))
        #expect(answer["cache-control"] == "no-store")
    }

    @Test func `beyond the quota a user gets 429 with Retry-After and no row, and others do not`() async throws {
        let fixture = try ServerFixture.current
        let user = try await newcomer(fixture)
        for _ in 0..<5 { #expect(try await fixture.call(user).status == 200) }
        for _ in 0..<3 {
            let requestID = ServerFixture.makeRequestID()
            let answer = try await fixture.call(user, requestID: requestID)
            try expectLimited(answer)
            #expect(answer["x-request-id"] == requestID)
            #expect(try await fixture.recordCount(requestID) == 0)
        }
        // It may precede rows 7 to 16, but not rows 1 to 6.
        try expectLimited(try await fixture.call(user, meeting: "meeting_nowhere"))
        let token = try Tokens.bearer(user)
        #expect(try await fixture.send(.call(token, body: "{}")).status == 400)
        #expect(try await fixture.send(.call(token, body: "{").replacing("Content-Type", "text/plain")).status == 415)
        #expect(try await fixture.call().status == 200)
    }

    @Test func `a Convex client gets a 200, and both endpoints share one quota`() async throws {
        let fixture = try ServerFixture.current
        let user = try await newcomer(fixture)
        let token = try Tokens.bearer(user)
        for _ in 0..<3 { #expect(try await fixture.call(user).status == 200) }
        for _ in 0..<2 { #expect(try await fixture.send(.action(token)).text.contains(#""status":"success""#)) }
        let answer = try await fixture.send(.action(token))
        #expect(answer.status == 200)
        #expect(answer["retry-after"] == nil)
        #expect(
            answer.text == """
                {"status":"error","errorMessage":"No more than 5 requests a minute are allowed",\
                "errorData":{"code":"RATE_LIMIT_EXCEEDED","message":"No more than 5 requests a minute are allowed",\
                "statusCode":429.0}}
                """
        )
        try expectLimited(try await fixture.call(user))
    }

    @Test func `refusals count, requests without a decision do not`() async throws {
        let fixture = try ServerFixture.current
        let user = try await newcomer(fixture, isMember: false)
        let token = try Tokens.bearer(user)
        for _ in 0..<10 {
            #expect(try await fixture.send(.call(token, body: "{}")).status == 400)
            #expect(try await fixture.send(.call(token + "x")).status == 401)
        }
        for _ in 0..<5 { #expect(try await fixture.call(user).decode(FailureBody.self).code == "FORBIDDEN") }
        try expectLimited(try await fixture.call(user))
    }

    @Test func `of many concurrent requests the quota is admitted`() async throws {
        let fixture = try ServerFixture.current
        let user = try await newcomer(fixture)
        let statuses = try await withThrowingTaskGroup { group in
            for _ in 0..<20 { group.addTask { try await fixture.call(user).status } }
            return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(statuses == [200: 5, 429: 15])
    }

    @Test func `rows that another process wrote count`() async throws {
        let fixture = try ServerFixture.current
        let user = try await newcomer(fixture)
        try await fixture.run(
            """
            INSERT INTO connvo.token_refusals (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
            SELECT gen_random_uuid(), now() - number * interval '1 second', '\(user)', 'meeting_123example', 'FORBIDDEN',
                'not_a_participant', 'session_1', 'elsewhere'
            FROM generate_series(1, 4) AS number;
            INSERT INTO connvo.token_refusals (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
            SELECT gen_random_uuid(), now() - interval '10 minutes', '\(user)', 'meeting_123example', 'FORBIDDEN',
                'not_a_participant', 'session_1', 'long ago'
            FROM generate_series(1, 9) AS number
            """
        )
        #expect(try await fixture.call(user).status == 200)
        try expectLimited(try await fixture.call(user))
    }
}
