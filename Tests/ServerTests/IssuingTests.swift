import Foundation
import JOSE
import Testing

/// The function when it grants: the answer, the token and the record.
@Suite(.serverFixture(["EARLY_JOIN_WINDOW": "15m"])) struct IssuingTests {
    /// The claims of a token, and what they are written as.
    private struct Claims: Decodable {
        let user_id: String
        let iat: Int64
        let exp: Int64
        let role: String
        let call_cids: [String]
        let jti: String
    }

    private func segments(_ token: String) throws -> [[UInt8]] {
        try token.split(separator: ".", omittingEmptySubsequences: false).map { segment in
            let standard = segment.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
            let padded = standard + String(repeating: "=", count: (4 - standard.count % 4) % 4)
            return [UInt8](try #require(Data(base64Encoded: padded)))
        }
    }

    private func claims(_ token: String) throws -> Claims {
        try JSONDecoder().decode(Claims.self, from: Data(segments(token)[1]))
    }

    @Test func `the documented request gets the documented answer, byte for byte`() async throws {
        let fixture = try ServerFixture.current
        let before = Tokens.now
        let answer = try await fixture.send(.call(Tokens.bearer(SeedData.host)))
        let after = Tokens.now

        #expect(answer.status == 200)
        #expect(answer["content-type"] == "application/json; charset=utf-8")
        #expect(answer["cache-control"] == "no-store")
        #expect(answer["x-request-id"] != nil)
        #expect(answer["date"] != nil)
        let value = try answer.decode(SuccessBody.self).value
        #expect(
            answer.text == """
                {"status":"success","errorMessage":"","errorData":{},"value":{"token":"\(value.token)",\
                "userId":"user_workos_123","user":{"id":"user_workos_123","name":"Alice Johnson",\
                "image":"https://example.com/avatars/alice.jpg"},"expiresAt":\(value.expiresAt),"success":true}}
                """
        )
        #expect((before + 3600...after + 3600).contains(value.expiresAt))
    }

    @Test func `the token has exactly the documented header and six claims`() async throws {
        let fixture = try ServerFixture.current
        let value = try await fixture.send(.call(Tokens.bearer(SeedData.host))).decode(SuccessBody.self).value
        let segments = try segments(value.token)
        #expect(segments.count == 3)
        #expect(String(decoding: segments[0], as: UTF8.self) == #"{"alg":"HS256","typ":"JWT"}"#)

        let payload = try #require(JSONSerialization.jsonObject(with: Data(segments[1])) as? [String: Any])
        #expect(Set(payload.keys) == ["user_id", "iat", "exp", "role", "call_cids", "jti"])
        let claims = try claims(value.token)
        #expect(claims.user_id == "user_workos_123")
        #expect(claims.exp == value.expiresAt)
        #expect(claims.exp - claims.iat == 3605)
        // The example asks for less than the host's own role.
        #expect(claims.role == "call_member")
        #expect(claims.call_cids == ["default:call_meeting_123example"])
        #expect(UUID(uuidString: claims.jti) != nil)
        #expect(claims.jti[claims.jti.index(claims.jti.startIndex, offsetBy: 14)] == "7")

        let dot = try #require(value.token.lastIndex(of: "."))
        let input = Array(value.token[..<dot].utf8)
        #expect(HMACSHA256(key: Array(fixture.secret.utf8)).authenticate(input) == segments[2])
        let middle = value.token.split(separator: ".")[1]
        #expect(!middle.contains("-") && !middle.contains("_"))
    }

    static let names: [(user: String, name: String, image: String?)] = [
        ("user_workos_123", "Alice Johnson", "https://example.com/avatars/alice.jpg"),
        ("user_participant", "Carol \"CD\" Díaz \\ 🎥", nil),
        ("user_nameless", "nora.kim", nil),
    ]

    @Test(arguments: names)
    func
        `a person is shown by display name or by the local part of the e-mail, and without a picture when there is none`(
            user: String,
            name: String,
            image: String?
        ) async throws
    {
        let answer = try await ServerFixture.current.call(user)
        let value = try answer.decode(SuccessBody.self).value
        #expect(value.userId == user)
        #expect(value.user.id == user)
        #expect(value.user.name == name)
        #expect(value.user.image == image)
        #expect(answer.text.contains(#""image""#) == (image != nil))
        #expect(!answer.text.contains("@example.com"))
        #expect(try claims(value.token).user_id == user)
    }

    static let roles: [(user: String, role: String?, streamRole: String, granted: String)] = [
        ("user_workos_123", nil, "host", "host"),
        ("user_workos_123", "host", "host", "host"),
        ("user_workos_123", "co-host", "moderator", "co-host"),
        ("user_workos_123", "participant", "call_member", "participant"),
        ("user_cohost", nil, "moderator", "co-host"),
        ("user_cohost", "participant", "call_member", "participant"),
        ("user_participant", nil, "call_member", "participant"),
        ("user_participant", "participant", "call_member", "participant"),
        // Leaving is not removal.
        ("user_left", nil, "call_member", "participant"),
    ]

    @Test(arguments: roles)
    func `a request may lower the role, and the granted one is mapped to Stream's`(
        user: String,
        role: String?,
        streamRole: String,
        granted: String
    ) async throws {
        let fixture = try ServerFixture.current
        let requestID = ServerFixture.makeRequestID()
        let answer = try await fixture.call(user, role: role, requestID: requestID)
        try #require(answer.status == 200, "\(answer.text)")
        #expect(try claims(answer.decode(SuccessBody.self).value.token).role == streamRole)
        let record = try await fixture.scalar(
            """
            SELECT concat_ws(' ', coalesce(requested_role, '-'), granted_role, stream_role)
            FROM connvo.issued_tokens WHERE request_id = '\(requestID)'
            """
        )
        #expect(record == "\(role ?? "-") \(granted) \(streamRole)")
    }

    @Test(arguments: ["meeting_123example", "meeting_anytime", "meeting_soon"])
    func `active meetings admit, and scheduled ones that are open`(meeting: String) async throws {
        let answer = try await ServerFixture.current.call("user_participant", meeting: meeting)
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test func `a host may enter early`() async throws {
        let answer = try await ServerFixture.current.call(SeedData.host, meeting: "meeting_early")
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test func `every token has one record, of exactly its bytes`() async throws {
        let fixture = try ServerFixture.current
        let requestID = ServerFixture.makeRequestID()
        let agent = String(repeating: "é", count: 200) + String(repeating: "🎥", count: 100)
        let request = WireRequest.call(try Tokens.bearer(SeedData.host, session: "session_of_the_record"))
            .adding("X-Request-Id", requestID)
            .adding("User-Agent", agent)
            .adding("X-Forwarded-For", "203.0.113.7")
        let answer = try await fixture.send(request)
        try #require(answer.status == 200)
        #expect(answer["x-request-id"] == requestID)
        let token = try answer.decode(SuccessBody.self).value.token
        let claims = try claims(token)
        let columns = """
            concat_ws(' ', user_id, meeting_id, organizer_id, coalesce(organization_id, '-'), requested_role, granted_role,
            stream_role, tier_id, tier_is_paid, subscription_status, call_cid, session_id, coalesce(impersonator, '-'),
            host(client_ip), request_id, char_length(user_agent), extract(epoch FROM expires_at)::bigint)
            """
        let record = try await fixture.scalar("SELECT \(columns) FROM connvo.issued_tokens WHERE id = '\(claims.jti)'")
        #expect(
            record == """
                user_workos_123 meeting_123example user_workos_123 - participant participant \
                call_member pro t active default:call_meeting_123example session_of_the_record - \
                127.0.0.1 \(requestID) 256 \(claims.exp)
                """
        )
        let hash = SHA256.hash(Array(token.utf8)).map { String(format: "%02x", $0) }.joined()
        let stored = try await fixture.scalar(
            "SELECT encode(token_sha256, 'hex') FROM connvo.issued_tokens WHERE id = '\(claims.jti)'"
        )
        #expect(stored == hash)
        let storedAgent = try await fixture.scalar(
            "SELECT user_agent FROM connvo.issued_tokens WHERE id = '\(claims.jti)'"
        )
        #expect(storedAgent == String(String.UnicodeScalarView(agent.unicodeScalars.prefix(256))))
        let issued = try await fixture.scalar(
            "SELECT extract(epoch FROM date_trunc('second', issued_at))::bigint FROM connvo.issued_tokens WHERE id = '\(claims.jti)'"
        )
        #expect(issued == "\(claims.exp - 3600)")
        #expect(try await fixture.recordCount(requestID) == 1)
    }

    @Test func `two requests at once get two tokens and two records`() async throws {
        let fixture = try ServerFixture.current
        let ids = (0..<8).map { _ in ServerFixture.makeRequestID() }
        let tokens = try await withThrowingTaskGroup { group in
            for id in ids {
                group.addTask { try await fixture.call(requestID: id).decode(SuccessBody.self).value.token }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(tokens.count == ids.count)
        for id in ids { #expect(try await fixture.recordCount(id) == 1) }
    }

    @Test func `nothing that is logged holds a token or the secret`() async throws {
        let fixture = try ServerFixture.current
        let bearer = try Tokens.bearer(SeedData.host)
        let token = try await fixture.send(.call(bearer)).decode(SuccessBody.self).value.token
        _ = try await fixture.send(.call(bearer + "x"))
        let log = fixture.server.log
        #expect(!log.contains(bearer))
        #expect(!log.contains(token))
        #expect(!log.contains(fixture.secret))
    }
}
