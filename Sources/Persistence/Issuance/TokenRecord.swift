internal import Domain

/// A row of `connvo.issued_tokens`: facts copied at issue time, so that history stays true.
///
/// A class, so that each of its 26 columns is handed one reference.
final class TokenRecord: Sendable {
    let request: IssuanceRequest
    let issued: IssuedToken
    let tokenSHA256: [UInt8]
    let signingKeyID: String

    init(
        request: IssuanceRequest,
        issued: IssuedToken,
        tokenSHA256: [UInt8],
        signingKeyID: String
    ) {
        self.request = request
        self.issued = issued
        self.tokenSHA256 = tokenSHA256
        self.signingKeyID = signingKeyID
    }

    static let insert = RecordInsert<TokenRecord>(into: "connvo.issued_tokens", name: "issued_tokens")
}

extension TokenRecord: AppendedRecord {
    static func list(in columns: inout some RecordColumns<TokenRecord>) {
        columns.add("id", .uuid) { $0.issued.id }
        columns.add("issued_at", .timestamptz) { $0.request.receivedAt }
        columns.add("expires_at", .timestamptz) { Timestamp(secondsSinceEpoch: $0.issued.expiresAt) }
        columns.add("user_id", .text) { $0.issued.admission.caller.id }
        columns.add("meeting_id", .text) { $0.issued.admission.meeting.id }
        columns.add("organizer_id", .text) { $0.issued.admission.meeting.organizerID }
        columns.add("organization_id", .text) { $0.issued.admission.meeting.organizationID }
        columns.add("requested_role", .text) { $0.request.admission.requestedRole?.rawValue }
        columns.add("held_role", .text) { $0.issued.admission.heldRole.rawValue }
        columns.add("granted_role", .text) { $0.issued.admission.grantedRole.rawValue }
        columns.add("stream_role", .text) { $0.issued.admission.streamRole }
        columns.add("tier_id", .text) { $0.issued.admission.subscription.tier.id }
        columns.add("tier_is_paid", .bool) { $0.issued.admission.subscription.tier.isPaid }
        columns.add("subscription_id", .uuid) { $0.issued.admission.subscription.id }
        columns.add("subscription_status", .text) { $0.issued.admission.subscription.status.rawValue }
        columns.add("subscription_starts_at", .timestamptz) { $0.issued.admission.subscription.startsAt }
        columns.add("subscription_ends_at", .timestamptz) { $0.issued.admission.subscription.endsAt }
        columns.add("call_cid", .text) { $0.issued.admission.call.cid }
        columns.add("token_sha256", .bytea) { $0.tokenSHA256 }
        columns.addShared("signing_key_id", .text) { $0.signingKeyID }
        columns.add("session_id", .text) { $0.request.sessionID }
        columns.add("impersonator", .text) { $0.request.impersonator }
        columns.add("client_ip", .inet) { $0.request.clientIP }
        columns.add("user_agent", .text) { $0.request.userAgent }
        columns.add("request_id", .text) { $0.request.requestID }
        columns.add("trace_id", .uuid) { $0.request.traceID }
    }
}
