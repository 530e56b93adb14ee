internal import Domain

/// A row of `connvo.token_refusals`: a verified caller who was refused by docs/errors.md, rows 7 to 16.
final class RefusalRecord: Sendable {
    let id: UUIDv7
    let request: IssuanceRequest
    let refusal: Refusal
    let facts: AdmissionFacts

    init(id: UUIDv7, request: IssuanceRequest, refusal: Refusal, facts: AdmissionFacts) {
        self.id = id
        self.request = request
        self.refusal = refusal
        self.facts = facts
    }

    static let insert = RecordInsert<RefusalRecord>(
        into: "connvo.token_refusals",
        name: "token_refusals",
        columns: [
            .init("id", .uuid) { $0.id },
            .init("refused_at", .timestamptz) { $0.request.receivedAt },
            .init("user_id", .text) { $0.request.admission.callerID },
            .init("meeting_id", .text) { $0.request.admission.meetingID },
            .init("organizer_id", nullable: .text) { $0.facts.meeting?.organizerID },
            .init("requested_role", nullable: .text) { $0.request.admission.requestedRole?.rawValue },
            .init("held_role", nullable: .text) { $0.facts.participation?.role.rawValue },
            .init("code", .text) { $0.refusal.code.rawValue },
            .init("reason", .text) { $0.refusal.reason },
            .init("session_id", .text) { $0.request.sessionID },
            .init("impersonator", nullable: .text) { $0.request.impersonator },
            .init("client_ip", nullable: .text, cast: "inet") { $0.request.clientIP },
            .init("user_agent", nullable: .text) { $0.request.userAgent },
            .init("request_id", .text) { $0.request.requestID },
            .init("trace_id", nullable: .uuid) { $0.request.traceID },
        ]
    )
}
