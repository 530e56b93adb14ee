import Foundation
import TestSupport
import Testing

@testable import connvo_server

/// The log of a running server.
@Suite struct AccessLogTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    /// Sends `count` calls that are answered with a token, then one that is refused, and returns the lines of the former.
    private func lines(_ fixture: ServerFixture, of count: Int) async throws -> [[String: Any]] {
        for _ in 0..<count {
            let status = try await fixture.call().status
            #expect(status == 200)
        }
        let last = ServerFixture.makeRequestID()
        _ = try await fixture.call("user_nobody", requestID: last)
        let all = try await access(fixture) { $0.contains { $0["request_id"] as? String == last } }
        return all.filter { $0["outcome"] as? String == "issued" }
    }

    /// The access lines, as soon as they are enough.
    private func access(
        _ fixture: ServerFixture,
        until isEnough: ([[String: Any]]) -> Bool
    ) async throws -> [[String: Any]] {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let lines = fixture.server.log.split(separator: "\n").compactMap { line in
                (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
            }.filter { $0["message"] as? String == "Answered a request" }
            if isEnough(lines) { return lines }
            try #require(ContinuousClock.now < deadline, "\(fixture.server.log)")
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test(arguments: [("all", 30), ("0", 0)])
    func `LOG_SUCCESSES_PER_SECOND says how many tokens have a line`(setting: String, lines: Int) async throws {
        try await ServerFixture.with(["LOG_SUCCESSES_PER_SECOND": setting]) { fixture in
            let issued = try await self.lines(fixture, of: 30)
            #expect(issued.count == lines)
        }
    }

    @Test func `the trace of a request is in its line and in its record, of a token and of a refusal`() async throws {
        try await ServerFixture.with(["LOG_SUCCESSES_PER_SECOND": "all"]) { fixture in
            for (user, table) in [(SeedData.host, "issued_tokens"), ("user_nobody", "token_refusals")] {
                for (header, expected) in [
                    ("00-\(Self.trace)-00f067aa0ba902b7-01", Self.trace), ("00-\(Self.trace)-00f067aa0ba902b7", nil),
                ] as [(String, String?)] {
                    let id = ServerFixture.makeRequestID()
                    let request = WireRequest.call(try Tokens.bearer(user)).adding("X-Request-Id", id)
                        .adding("traceparent", header)
                    _ = try await fixture.send(request)

                    let recorded = try await fixture.scalar(
                        "SELECT coalesce(replace(trace_id::text, '-', ''), 'null') FROM connvo.\(table) WHERE request_id = '\(id)'"
                    )
                    #expect(recorded == expected ?? "null")
                    let lines = try await access(fixture) { $0.contains { $0["request_id"] as? String == id } }
                    let line = try #require(lines.first { $0["request_id"] as? String == id })
                    #expect(line["trace_id"] as? String == expected)
                }
            }
        }
    }

    @Test func `no line holds a token, a secret, an e-mail address or the id of a user`() async throws {
        try await ServerFixture.with([
            "LOG_SUCCESSES_PER_SECOND": "all", "LOG_LEVEL": "trace", "ALLOW_IMPERSONATION": "true",
            "TOKENS_PER_MINUTE": "9",
        ]) { fixture in
            var secrets = [fixture.secret, "@"]
            var last = ""
            for user in [SeedData.host, "user_participant", "user_nobody", "user_left"] {
                for role in [nil, "host", "observer"] as [String?] {
                    let token = try Tokens.bearer(user)
                    last = ServerFixture.makeRequestID()
                    let body =
                        #"{"args":{"meetingId":"meeting_123example"\#(role.map { #","role":"\#($0)""# } ?? "")}}"#
                    let answer = try await fixture.send(.call(token, body: body).adding("X-Request-Id", last))
                    if let issued = try? answer.decode(SuccessBody.self).value.token { secrets.append(issued) }
                    secrets.append(token)
                }
                secrets.append(user)
            }
            for token in ["not.a.token", try Tokens.bearer(SeedData.host) + "x"] {
                last = ServerFixture.makeRequestID()
                _ = try await fixture.send(.call(token).adding("X-Request-Id", last))
                secrets.append(token)
            }
            let lines = try await access(fixture) { $0.contains { $0["request_id"] as? String == last } }

            let log = fixture.server.log
            #expect(secrets.filter { log.contains($0) } == [])
            // Each user has a text of its own, that cannot be computed without the secret.
            let users = Set(lines.compactMap { $0["user"] as? String })
            #expect(users.count == 4)
            #expect(users.allSatisfy { $0.count == 32 })
        }
    }
}
