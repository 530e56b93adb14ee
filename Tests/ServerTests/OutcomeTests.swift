import Testing

/// Rows 7 to 16 of the contract: what the rules say, in their order, and what is recorded of it.
@Suite(.serverFixture(["EARLY_JOIN_WINDOW": "15m"])) struct OutcomeTests {
    /// A refusal and all that can be seen of it.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let name: String
        let user: String
        let meeting: String
        var role: String?
        let code: String
        let statusCode: Int
        let message: String
        var metadata: [String: String] = [:]
        let reason: String
        var heldRole: String?

        var testDescription: String { name }

        static func unknownUser(_ name: String, _ user: String, _ meeting: String, role: String? = nil) -> Refusal {
            Refusal(
                name: name,
                user: user,
                meeting: meeting,
                role: role,
                code: "UNAUTHORIZED",
                statusCode: 401,
                message: "User not provisioned. Please complete sign-in and try again.",
                reason: "user_not_provisioned"
            )
        }

        static func deactivated(_ name: String, _ meeting: String, role: String? = nil) -> Refusal {
            Refusal(
                name: name,
                user: "user_deactivated",
                meeting: meeting,
                role: role,
                code: "FORBIDDEN",
                statusCode: 403,
                message: "Account deactivated",
                reason: "user_deactivated"
            )
        }

        static func notFound(_ name: String, _ meeting: String, role: String? = nil) -> Refusal {
            Refusal(
                name: name,
                user: "user_participant",
                meeting: meeting,
                role: role,
                code: "NOT_FOUND",
                statusCode: 404,
                message: "Meeting with ID \(meeting) not found",
                metadata: ["meetingId": meeting],
                reason: "meeting_not_found"
            )
        }

        static func outsider(_ name: String, _ user: String, _ meeting: String, role: String? = nil) -> Refusal {
            Refusal(
                name: name,
                user: user,
                meeting: meeting,
                role: role,
                code: "FORBIDDEN",
                statusCode: 403,
                message: "Access denied: Not a meeting participant",
                metadata: ["meetingId": meeting],
                reason: user == "user_removed" ? "participant_removed" : "not_a_participant"
            )
        }

        static func ended(
            _ name: String,
            _ meeting: String,
            user: String = "user_participant",
            role: String? = nil
        ) -> Refusal {
            Refusal(
                name: name,
                user: user,
                meeting: meeting,
                role: role,
                code: "MEETING_ALREADY_ENDED",
                statusCode: 409,
                message: "Meeting is concluded or cancelled",
                metadata: ["meetingId": meeting],
                reason: "meeting_ended"
            )
        }

        static func tier(
            _ name: String,
            _ meeting: String,
            role: String? = nil,
            user: String = "user_participant"
        ) -> Refusal {
            Refusal(
                name: name,
                user: user,
                meeting: meeting,
                role: role,
                code: "PAID_TIER_REQUIRED",
                statusCode: 403,
                message: "This meeting is not on a paid tier",
                metadata: ["meetingId": meeting],
                reason: "tier_required"
            )
        }

        static func noCall(_ name: String, role: String? = nil, user: String = "user_participant") -> Refusal {
            Refusal(
                name: name,
                user: user,
                meeting: "meeting_without_call",
                role: role,
                code: "VALIDATION_ERROR",
                statusCode: 400,
                message: "Meeting does not have a GetStream call",
                metadata: ["meetingId": "meeting_without_call"],
                reason: "no_stream_call"
            )
        }

        static func above(_ name: String, _ user: String, _ held: String, asks role: String) -> Refusal {
            Refusal(
                name: name,
                user: user,
                meeting: SeedData.meeting,
                role: role,
                code: "INSUFFICIENT_PERMISSIONS",
                statusCode: 403,
                message: "Requires \(role) role",
                metadata: ["meetingId": SeedData.meeting, "requiredRole": role, "currentRole": held],
                reason: "role_above_own"
            )
        }

        static func observer(_ name: String, _ user: String, role: String?) -> Refusal {
            Refusal(
                name: name,
                user: user,
                meeting: SeedData.meeting,
                role: role,
                code: "INSUFFICIENT_PERMISSIONS",
                statusCode: 403,
                message: "Observers cannot receive a call token",
                metadata: ["meetingId": SeedData.meeting],
                reason: "role_not_admitted"
            )
        }
    }

    static let refusals: [Refusal] = [
        .unknownUser("7", "user_nobody", SeedData.meeting),
        .unknownUser("7 before 9", "user_nobody", "meeting_nowhere"),
        .unknownUser("7 before 11", "user_nobody", "meeting_concluded", role: "host"),
        .deactivated("8", SeedData.meeting),
        .deactivated("8 before 9", "meeting_nowhere"),
        .deactivated("8 before 13", "meeting_free_without_call", role: "host"),
        .notFound("9", "meeting_nowhere"),
        .notFound("9, the longest id there is", String(repeating: "m", count: 64), role: "host"),
        .notFound("9, ids know case", "Meeting_123example"),
        .outsider("10", "user_outsider", SeedData.meeting),
        .outsider("10, removed", "user_removed", SeedData.meeting),
        .outsider("10 before 11", "user_outsider", "meeting_concluded"),
        .outsider("10, removed, before 11", "user_removed", "meeting_cancelled"),
        .outsider("10 before 13 and 15", "user_outsider", "meeting_free_without_call", role: "host"),
        .ended("11, concluded", "meeting_concluded"),
        .ended("11, cancelled", "meeting_cancelled"),
        .ended("11, for the host too", "meeting_concluded", user: SeedData.host),
        .ended("11 before 13, 14 and 15", "meeting_concluded_free", role: "host"),
        .ended("11 before 16", "meeting_concluded", user: "user_observer"),
        Refusal(
            name: "12",
            user: "user_participant",
            meeting: "meeting_early",
            code: "MEETING_NOT_ACTIVE",
            statusCode: 409,
            message: "2099-01-01T11:45:00Z",
            metadata: ["meetingId": "meeting_early", "opensAt": "2099-01-01T11:45:00Z"],
            reason: "meeting_not_open"
        ),
        Refusal(
            name: "12 before 13 and 15",
            user: "user_cohost",
            meeting: "meeting_early_free",
            role: "host",
            code: "MEETING_NOT_ACTIVE",
            statusCode: 409,
            message: "2099-01-01T11:45:00Z",
            metadata: ["meetingId": "meeting_early_free", "opensAt": "2099-01-01T11:45:00Z"],
            reason: "meeting_not_open"
        ),
        .tier("13", "meeting_free"),
        .tier("13, for the organizer too", "meeting_free", user: "user_free"),
        .tier("13 before 14 and 15", "meeting_free_without_call", role: "host"),
        .tier("13 before 16", "meeting_free", user: "user_observer"),
        .noCall("14"),
        .noCall("14 before 15", role: "host"),
        .noCall("14 before 16", user: "user_observer"),
        .above("15, participant as host", "user_participant", "participant", asks: "host"),
        .above("15, participant as co-host", "user_participant", "participant", asks: "co-host"),
        .above("15, co-host as host", "user_cohost", "co-host", asks: "host"),
        .above("15 before 16", "user_observer", "observer", asks: "participant"),
        .observer("16", "user_observer", role: nil),
        .observer("16, asked for", "user_observer", role: "observer"),
        .observer("16, by lowering", SeedData.host, role: "observer"),
    ]

    @Test(arguments: refusals)
    func `a refusal says what the contract says, and is recorded`(refusal: Refusal) async throws {
        let fixture = try ServerFixture.current
        let requestID = ServerFixture.makeRequestID()
        let answer = try await fixture.call(
            refusal.user,
            meeting: refusal.meeting,
            role: refusal.role,
            requestID: requestID
        )
        #expect(answer.status == 400)
        #expect(answer["content-type"] == "application/json; charset=utf-8")
        #expect(answer["cache-control"] == "no-store")
        #expect(answer["x-request-id"] == requestID)
        #expect(answer["retry-after"] == nil)
        #expect(answer["www-authenticate"] == nil)
        let body = try answer.decode(FailureBody.self)
        #expect(body.status == "error")
        #expect(body.errorData.code == refusal.code)
        #expect(body.errorData.statusCode == refusal.statusCode)
        if refusal.reason == "meeting_not_open" {
            #expect(body.errorData.message.contains(refusal.message))
        } else {
            #expect(body.errorData.message == refusal.message)
        }
        #expect(body.errorData.metadata ?? [:] == refusal.metadata)
        #expect(body.code == body.errorData.code)
        #expect(body.message == body.errorData.message)
        #expect(body.errorMessage == body.errorData.message)
        #expect(body.requestId == requestID)

        let record = try await fixture.scalar(
            """
            SELECT concat_ws(' ', user_id, meeting_id, coalesce(requested_role, '-'), code, reason, session_id,
            host(client_ip), coalesce(user_agent, '-'))
            FROM connvo.token_refusals WHERE request_id = '\(requestID)'
            """
        )
        #expect(
            record == """
                \(refusal.user) \(refusal.meeting) \(refusal.role ?? "-") \(refusal.code) \(refusal.reason) session_1 \
                127.0.0.1 -
                """
        )
        #expect(try await fixture.recordCount(requestID) == 1)
    }

    @Test func `the envelope is written as documented, byte for byte`() async throws {
        let answer = try await ServerFixture.current.call("user_outsider", requestID: "documented")
        #expect(
            answer.text == """
                {"status":"error","errorMessage":"Access denied: Not a meeting participant",\
                "errorData":{"code":"FORBIDDEN","message":"Access denied: Not a meeting participant","statusCode":403,\
                "metadata":{"meetingId":"meeting_123example"}},\
                "code":"FORBIDDEN","message":"Access denied: Not a meeting participant","requestId":"documented"}
                """
        )
    }

    @Test func `without metadata there is no such member`() async throws {
        let answer = try await ServerFixture.current.call("user_deactivated", requestID: "no-metadata")
        #expect(
            answer.text == """
                {"status":"error","errorMessage":"Account deactivated",\
                "errorData":{"code":"FORBIDDEN","message":"Account deactivated","statusCode":403},\
                "code":"FORBIDDEN","message":"Account deactivated","requestId":"no-metadata"}
                """
        )
    }

    @Test func `a change in the database counts from the next request on`() async throws {
        let fixture = try ServerFixture.current
        try await fixture.run("INSERT INTO connvo.users (id, email) VALUES ('user_changing', 'c@example.com')")
        #expect(try await fixture.call("user_changing").decode(FailureBody.self).code == "FORBIDDEN")
        try await fixture.run(
            "INSERT INTO connvo.meeting_participants (meeting_id, user_id, role) VALUES ('meeting_123example', 'user_changing', 'participant')"
        )
        #expect(try await fixture.call("user_changing").status == 200)
        try await fixture.run(
            "UPDATE connvo.meeting_participants SET removed_at = now() WHERE user_id = 'user_changing'"
        )
        #expect(try await fixture.call("user_changing").decode(FailureBody.self).code == "FORBIDDEN")
    }
}

/// Rows 18 and 19: our own faults.
@Suite(.serverFixture(), .serialized) struct FaultTests {
    @Test func `a database that does not answer in time is 503 with Retry-After, and leaves no record`() async throws {
        let fixture = try ServerFixture.current
        let requestID = ServerFixture.makeRequestID()
        let lock = try await TableLock(on: fixture.database, "connvo.issued_tokens")
        let answer = try await fixture.call(requestID: requestID)
        try await lock.release()
        #expect(answer.status == 503)
        #expect(answer["retry-after"].flatMap { Int($0) }.map { $0 > 0 } == true)
        let body = try answer.decode(FailureBody.self)
        #expect(body.code == "SERVICE_UNAVAILABLE")
        #expect(body.errorData.statusCode == 503)
        #expect(try await fixture.recordCount(requestID) == 0)
        #expect(try await fixture.call().status == 200)
    }

    @Test func `a Convex client hears of it as of every failure that is not the function's`() async throws {
        let fixture = try ServerFixture.current
        let lock = try await TableLock(on: fixture.database, "connvo.issued_tokens")
        let answer = try await fixture.send(.action(Tokens.bearer(SeedData.host)))
        try await lock.release()
        #expect(answer.status == 503)
        #expect(answer["retry-after"] != nil)
        let body = try answer.decode(FailureBody.self)
        #expect(body.code == "SERVICE_UNAVAILABLE")
        #expect(!body.message.isEmpty)
    }

    @Test func `a record that cannot be written is 500, for that one request`() async throws {
        let fixture = try ServerFixture.current
        try await fixture.run(
            "ALTER TABLE connvo.issued_tokens ADD CONSTRAINT secret_name CHECK (user_id <> 'user_bug')"
        )
        let requestID = ServerFixture.makeRequestID()
        async let good = fixture.call()
        let bad = try await fixture.call("user_bug", requestID: requestID)
        #expect(try await good.status == 200)
        #expect(bad.status == 500)
        let convex = try await fixture.send(.action(Tokens.bearer("user_bug")))
        #expect(convex.status == 500)
        #expect(try convex.decode(FailureBody.self).code == "INTERNAL_ERROR")
        #expect(
            bad.text == """
                {"status":"error","errorMessage":"Your request couldn't be completed. Try again later.",\
                "errorData":{"code":"INTERNAL_ERROR","message":"Your request couldn't be completed. Try again later.",\
                "statusCode":500},"code":"INTERNAL_ERROR",\
                "message":"Your request couldn't be completed. Try again later.","requestId":"\(requestID)"}
                """
        )
        #expect(try await fixture.recordCount(requestID) == 0)
        try await fixture.run("ALTER TABLE connvo.issued_tokens DROP CONSTRAINT secret_name")
        #expect(try await fixture.call("user_bug").status == 200)
    }
}
