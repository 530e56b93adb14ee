import Testing

/// `REQUESTED_ROLE=ignore`, for a client that sends the same role with every request.
@Suite(.serverFixture(["REQUESTED_ROLE": "ignore", "STREAM_ROLE_OBSERVER": "watcher"])) struct RequestedRoleTests {
    @Test(
        arguments: [
            (SeedData.host, "host"), ("user_cohost", "co-host"), ("user_participant", "participant"),
            ("user_observer", "observer"),
        ],
        [nil, "host", "co-host", "participant", "observer"]
    )
    func `the role held decides, and the record keeps both`(
        caller: (user: String, held: String),
        role: String?
    )
        async throws
    {
        let fixture = try ServerFixture.current
        let requestID = ServerFixture.makeRequestID()
        let answer = try await fixture.call(caller.user, role: role, requestID: requestID)
        #expect(answer.status == 200, "\(answer.text)")
        let record = try await fixture.scalar(
            """
            SELECT concat_ws(' ', coalesce(requested_role, '-'), held_role, granted_role)
            FROM connvo.issued_tokens WHERE request_id = '\(requestID)'
            """
        )
        #expect(record == "\(role ?? "-") \(caller.held) \(caller.held)")
        let faults = try await fixture.scalar(
            "SELECT count(*) FROM reporting.altered_roles_v1 WHERE request_id = '\(requestID)'"
        )
        #expect(faults == "0", "the control takes it for a role that was altered")
    }

    @Test func `a role that does not exist is refused all the same`() async throws {
        let answer = try await ServerFixture.current.call(role: "admin")
        #expect(answer.status == 400)
        #expect(try answer.decode(FailureBody.self).code == "VALIDATION_ERROR")
    }
}
