import Domain
import Synchronization
import TestSupport
import Testing

@testable import Persistence

/// What is recorded, and that no caller hears of it before it is.
@Suite struct IssuanceRecordTests {
    @Test func `a token has a committed record with every fact of the decision`() async throws {
        try await withDatabase { database in
            let organization = try database.organization()
            let organizer = try database.user(organization: organization)
            try database.subscription(
                organization: organization,
                tier: "business",
                status: "past_due",
                startsAt: "2024-02-03T04:05:06.789Z",
                endsAt: "2199-01-01T00:00:00Z",
                pastDueSince: "2190-01-01T00:00:00Z"
            )
            let meeting = try database.meeting(
                organizer: organizer,
                streamCallType: "livestream",
                streamCallID: "call-1"
            )
            let caller = try database.user()
            try database.participant(meeting: meeting, user: caller, role: "co-host")
            let now = Timestamp.now
            let request = IssuanceRequest(
                admission: AdmissionRequest(
                    callerID: User.ID(rawValue: caller),
                    meetingID: Meeting.ID(rawValue: meeting),
                    requestedRole: .participant
                ),
                receivedAt: now,
                sessionID: "session_é",
                impersonator: "support@example.com",
                clientIP: "2001:db8::1",
                userAgent: "Mozilla/5.0 \"quoted\" 𝄞",
                requestID: "the-request",
                traceID: TraceID(high: 0x4bf9_2f35_77b3_4da6, low: 0xa3ce_929d_0e0e_4736)
            )

            let outcome = try TestEngine.run(on: database) { try $0.submit(request).outcome() }

            let token = try #require(outcome.token)
            let expiresAt = now.secondsSinceEpoch + 3600
            #expect(token.expiresAt == expiresAt)
            #expect(token.token == Array("\(token.id) \(caller) \(now.secondsSinceEpoch - 5) \(expiresAt)".utf8))
            let subscriptionID = try database.scalar("SELECT id FROM connvo.subscriptions")
            let hex = try database.scalar("SELECT encode('\\x\(Self.hex(TestEngine.digest(token.token)))', 'hex')")
            let expected: [String: String?] = [
                "id": "\(token.id)",
                "issued_at": try database.text(of: now),
                "expires_at": try database.text(of: Timestamp(secondsSinceEpoch: expiresAt)),
                "user_id": caller,
                "meeting_id": meeting,
                "organizer_id": organizer,
                "organization_id": organization,
                "requested_role": "participant",
                "held_role": "co-host",
                "granted_role": "participant",
                "stream_role": "call_member",
                "tier_id": "business",
                "tier_is_paid": "true",
                "subscription_id": subscriptionID,
                "subscription_status": "past_due",
                "subscription_starts_at": "2024-02-03T04:05:06.789+00:00",
                "subscription_ends_at": "2199-01-01T00:00:00+00:00",
                "call_cid": "livestream:call-1",
                "token_sha256": hex.map { "\\x" + $0 },
                "signing_key_id": "0123456789abcdef",
                "session_id": "session_é",
                "impersonator": "support@example.com",
                "client_ip": "2001:db8::1",
                "user_agent": "Mozilla/5.0 \"quoted\" 𝄞",
                "request_id": "the-request",
                "trace_id": "4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
            ]
            #expect(try database.record(of: "the-request", in: "issued_tokens") == expected)
            #expect(try database.refusalCount() == 0)
        }
    }

    @Test func `what a token's record does not know is NULL`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let request = IssuanceRequest(
                admission: AdmissionRequest(
                    callerID: User.ID(rawValue: paid.participant),
                    meetingID: Meeting.ID(rawValue: paid.meeting),
                    requestedRole: nil
                ),
                receivedAt: .now,
                sessionID: "s",
                impersonator: nil,
                clientIP: nil,
                userAgent: nil,
                requestID: "bare"
            )

            _ = try TestEngine.run(on: database) { try $0.submit(request).outcome() }

            let record = try #require(try database.record(of: "bare", in: "issued_tokens"))
            #expect(
                Set(record.filter { $0.value == nil }.keys) == [
                    "organization_id", "requested_role", "subscription_ends_at", "impersonator", "client_ip",
                    "user_agent", "trace_id",
                ]
            )
        }
    }

    /// One reason to be refused.
    enum Obstacle: CaseIterable, Sendable {
        case unprovisioned, deactivated, noMeeting, outsider, removed, concluded, cancelled, early, unpaid, noCall,
            above, observer

        /// Reason, code, and whether the record knows a role and an organizer.
        var expected: (reason: String, code: String, held: String?, hasOrganizer: Bool) {
            switch self {
            case .unprovisioned: ("user_not_provisioned", "UNAUTHORIZED", nil, true)
            case .deactivated: ("user_deactivated", "FORBIDDEN", "participant", true)
            case .noMeeting: ("meeting_not_found", "NOT_FOUND", nil, false)
            case .outsider: ("not_a_participant", "FORBIDDEN", nil, true)
            case .removed: ("participant_removed", "FORBIDDEN", "participant", true)
            case .concluded, .cancelled: ("meeting_ended", "MEETING_ALREADY_ENDED", "participant", true)
            case .early: ("meeting_not_open", "MEETING_NOT_ACTIVE", "participant", true)
            case .unpaid: ("tier_required", "PAID_TIER_REQUIRED", "participant", true)
            case .noCall: ("no_stream_call", "VALIDATION_ERROR", "participant", true)
            case .above: ("role_above_own", "INSUFFICIENT_PERMISSIONS", "participant", true)
            case .observer: ("role_not_admitted", "INSUFFICIENT_PERMISSIONS", "participant", true)
            }
        }

        var requestedRole: Role? {
            switch self {
            case .above: .host
            case .observer: .observer
            default: nil
            }
        }

        /// Makes the rows, and returns organizer, meeting and caller.
        func arrange(in database: TestDatabase) throws -> (organizer: String, meeting: String, caller: String) {
            let organizer = try database.user()
            if self != .unpaid { try database.subscription(user: organizer) }
            let meeting: String
            switch self {
            case .concluded: meeting = try database.meeting(organizer: organizer, state: "concluded")
            case .cancelled: meeting = try database.meeting(organizer: organizer, state: "cancelled")
            case .early:
                meeting = try database.meeting(
                    organizer: organizer,
                    state: "scheduled",
                    scheduledAt: "2190-01-01T00:00:00Z"
                )
            case .noCall: meeting = try database.meeting(organizer: organizer, streamCallID: .some(nil))
            default: meeting = try database.meeting(organizer: organizer)
            }
            if self == .unprovisioned { return (organizer, meeting, "user_nobody") }
            let caller = try database.user(isActive: self != .deactivated)
            if self != .outsider {
                let removedAt = self == .removed ? "2024-01-01T00:00:00Z" : nil
                try database.participant(meeting: meeting, user: caller, removedAt: removedAt)
            }
            return (organizer, self == .noMeeting ? "meeting_none" : meeting, caller)
        }
    }

    @Test(arguments: Obstacle.allCases)
    func `a refusal is recorded with its reason`(obstacle: Obstacle) async throws {
        try await withDatabase { database in
            let (organizer, meeting, caller) = try obstacle.arrange(in: database)
            let now = Timestamp.now

            let outcome = try TestEngine.run(on: database, policy: AdmissionPolicy(earlyJoinWindow: .seconds(600))) {
                try $0.submit(caller, meeting, role: obstacle.requestedRole, id: "refused", at: now).outcome()
            }

            let expected = obstacle.expected
            #expect(outcome.refusal?.reason == expected.reason)
            var record = try #require(try database.record(of: "refused", in: "token_refusals"))
            let id = try #require(record.removeValue(forKey: "id") ?? nil)
            #expect(UUIDv7(id).map { $0.instant <= now && now - .milliseconds(1) < $0.instant } == true)
            let columns: [String: String?] = [
                "refused_at": try database.text(of: now),
                "user_id": caller,
                "meeting_id": meeting,
                "organizer_id": expected.hasOrganizer ? organizer : nil,
                "requested_role": obstacle.requestedRole?.rawValue,
                "held_role": expected.held,
                "code": expected.code,
                "reason": expected.reason,
                "session_id": "session_\(caller)",
                "impersonator": nil,
                "client_ip": "192.0.2.7",
                "user_agent": "tests/1",
                "request_id": "refused",
                "trace_id": "00000000-0000-0000-0000-000000000001",
            ]
            #expect(record == columns)
            #expect(try database.tokenCount() == 0)
        }
    }

    @Test func `no caller hears of a token before other sessions can see its record`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let seen = Shared<String?>(nil)

            _ = try TestEngine.run(on: database) { engine in
                try engine.submit(paid.participant, paid.meeting) { outcome in
                    guard let id = outcome.token?.id else { return }
                    let count = try? database.scalar("SELECT count(*) FROM connvo.issued_tokens WHERE id = '\(id)'")
                    seen.value.withLock { $0 = count }
                }.outcome()
            }

            #expect(seen.value.withLock { $0 } == "1")
        }
    }

    @Test func `no caller hears of a refusal before other sessions can see its record`() async throws {
        try await withDatabase { database in
            let seen = Shared<String?>(nil)

            _ = try TestEngine.run(on: database) { engine in
                try engine.submit("user_nobody", "meeting_none", id: "refused") { _ in
                    let count = try? database.scalar(
                        "SELECT count(*) FROM connvo.token_refusals WHERE request_id = 'refused'"
                    )
                    seen.value.withLock { $0 = count }
                }.outcome()
            }

            #expect(seen.value.withLock { $0 } == "1")
        }
    }

    @Test func `unnamed statements record the same`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()

            let outcomes = try TestEngine.run(on: database, configure: { $0.preparesStatements = false }) { engine in
                try (0..<3).map { _ in try engine.ask(paid.participant, paid.meeting) }
            }

            #expect(outcomes.compactMap(\.token).count == 3)
            #expect(try database.tokenCount() == 3)
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return bytes.map { "\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }.joined()
    }
}

/// A value that several threads share.
final class Shared<Value: Sendable>: Sendable {
    let value: Mutex<Value>

    init(_ value: Value) {
        self.value = Mutex(value)
    }
}
