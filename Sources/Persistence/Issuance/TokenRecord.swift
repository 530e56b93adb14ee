internal import Domain

/// A row of `connvo.issued_tokens`: facts copied at issue time, so that history stays true.
///
/// A class, because each of its 26 columns is handed the whole row.
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

    static let insert = RecordInsert<TokenRecord>(
        into: "connvo.issued_tokens",
        name: "issued_tokens",
        columns: [
            .init("id", .uuid) { $0.issued.id },
            .init("issued_at", .timestamptz) { $0.request.receivedAt },
            .init("expires_at", .timestamptz) { Timestamp(secondsSinceEpoch: $0.issued.expiresAt) },
            .init("user_id", .text) { $0.issued.admission.caller.id },
            .init("meeting_id", .text) { $0.issued.admission.meeting.id },
            .init("organizer_id", .text) { $0.issued.admission.meeting.organizerID },
            .init("organization_id", nullable: .text) { $0.issued.admission.meeting.organizationID },
            .init("requested_role", nullable: .text) { $0.request.admission.requestedRole?.rawValue },
            .init("held_role", .text) { $0.issued.admission.heldRole.rawValue },
            .init("granted_role", .text) { $0.issued.admission.grantedRole.rawValue },
            .init("stream_role", .text) { $0.issued.admission.streamRole },
            .init("tier_id", .text) { $0.issued.admission.subscription.tier.id },
            .init("tier_is_paid", .bool) { $0.issued.admission.subscription.tier.isPaid },
            .init("subscription_id", .uuid) { $0.issued.admission.subscription.id },
            .init("subscription_status", .text) { $0.issued.admission.subscription.status.rawValue },
            .init("subscription_starts_at", .timestamptz) { $0.issued.admission.subscription.startsAt },
            .init("subscription_ends_at", nullable: .timestamptz) { $0.issued.admission.subscription.endsAt },
            .init("call_cid", .text) { $0.issued.admission.call.cid },
            .init("token_sha256", .bytea) { $0.tokenSHA256 },
            .init("signing_key_id", .text) { $0.signingKeyID },
            .init("session_id", .text) { $0.request.sessionID },
            .init("impersonator", nullable: .text) { $0.request.impersonator },
            .init("client_ip", nullable: .text, cast: "inet") { $0.request.clientIP },
            .init("user_agent", nullable: .text) { $0.request.userAgent },
            .init("request_id", .text) { $0.request.requestID },
            .init("trace_id", nullable: .uuid) { $0.request.traceID },
        ]
    )
}
