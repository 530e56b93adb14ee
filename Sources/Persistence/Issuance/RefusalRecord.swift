internal import Domain

/// A row of `connvo.token_refusals`: a verified caller who was refused by docs/errors.md, rows 7 to 16.
final class RefusalRecord: Sendable {
    let id: UUIDv7
    let request: IssuanceRequest
    let refusal: Refusal
    let facts: RequestFacts

    init(id: UUIDv7, request: IssuanceRequest, refusal: Refusal, facts: RequestFacts) {
        self.id = id
        self.request = request
        self.refusal = refusal
        self.facts = facts
    }

    static let insert = RecordInsert<RefusalRecord>(into: "connvo.token_refusals", name: "token_refusals")
}

extension RefusalRecord: AppendedRecord {
    static func list(in columns: inout some RecordColumns<RefusalRecord>) {
        columns.add("id", .uuid) { $0.id }
        columns.add("refused_at", .timestamptz) { $0.request.receivedAt }
        columns.add("user_id", .text) { $0.request.admission.callerID }
        columns.add("meeting_id", .text) { $0.request.admission.meetingID }
        columns.add("organizer_id", .text) { $0.facts.admission.meeting?.organizerID }
        columns.add("requested_role", .text) { $0.request.admission.requestedRole?.rawValue }
        columns.add("held_role", .text) { $0.facts.admission.participation?.role.rawValue }
        columns.add("code", .text) { $0.refusal.code.rawValue }
        columns.add("reason", .text) { $0.refusal.reason }
        columns.add("session_id", .text) { $0.request.sessionID }
        columns.add("impersonator", .text) { $0.request.impersonator }
        columns.add("client_ip", .inet) { $0.request.clientIP }
        columns.add("user_agent", .text) { $0.request.userAgent }
        columns.add("request_id", .text) { $0.request.requestID }
        columns.add("trace_id", .uuid) { $0.request.traceID }
    }
}
