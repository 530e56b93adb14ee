internal import Domain

/// A row of `connvo.issued_tokens`: facts copied at issue time, so that history stays true.
///
/// A class, because each of its 25 columns is handed the whole row.
final class TokenRecord: Sendable {
    let id: UUIDv7
    let request: IssuanceRequest
    let admission: Admission
    let expiresAt: Timestamp
    let tokenSHA256: [UInt8]
    let signingKeyID: String

    init(
        id: UUIDv7,
        request: IssuanceRequest,
        admission: Admission,
        expiresAt: Timestamp,
        tokenSHA256: [UInt8],
        signingKeyID: String
    ) {
        self.id = id
        self.request = request
        self.admission = admission
        self.expiresAt = expiresAt
        self.tokenSHA256 = tokenSHA256
        self.signingKeyID = signingKeyID
    }

    static let insert = RecordInsert<TokenRecord>(
        into: "connvo.issued_tokens",
        name: "issued_tokens",
        columns: [
            .init("id", .uuid) { $0.id },
            .init("issued_at", .timestamptz) { $0.request.receivedAt },
            .init("expires_at", .timestamptz) { $0.expiresAt },
            .init("user_id", .text) { $0.admission.caller.id },
            .init("meeting_id", .text) { $0.admission.meeting.id },
            .init("organizer_id", .text) { $0.admission.meeting.organizerID },
            .init("organization_id", nullable: .text) { $0.admission.meeting.organizationID },
            .init("requested_role", nullable: .text) { $0.request.admission.requestedRole?.rawValue },
            .init("held_role", .text) { $0.admission.heldRole.rawValue },
            .init("granted_role", .text) { $0.admission.grantedRole.rawValue },
            .init("stream_role", .text) { $0.admission.streamRole },
            .init("tier_id", .text) { $0.admission.subscription.tier.id },
            .init("tier_is_paid", .bool) { $0.admission.subscription.tier.isPaid },
            .init("subscription_id", .text, cast: "uuid") { $0.admission.subscription.id },
            .init("subscription_status", .text) { $0.admission.subscription.status.rawValue },
            .init("subscription_starts_at", .timestamptz) { $0.admission.subscription.startsAt },
            .init("subscription_ends_at", nullable: .timestamptz) { $0.admission.subscription.endsAt },
            .init("call_cid", .text) { $0.admission.call.cid },
            .init("token_sha256", .bytea) { $0.tokenSHA256 },
            .init("signing_key_id", .text) { $0.signingKeyID },
            .init("session_id", .text) { $0.request.sessionID },
            .init("impersonator", nullable: .text) { $0.request.impersonator },
            .init("client_ip", nullable: .text, cast: "inet") { $0.request.clientIP },
            .init("user_agent", nullable: .text) { $0.request.userAgent },
            .init("request_id", .text) { $0.request.requestID },
        ]
    )
}
