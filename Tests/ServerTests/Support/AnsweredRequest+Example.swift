import Domain

@testable import Persistence
@testable import connvo_server

extension AnsweredRequest {
    /// A call at the documented endpoint that ended like this.
    static func example(
        _ result: Result,
        status: Int = 200,
        method: MethodLabel = .post,
        route: RouteLabel = .run,
        traceID: TraceID? = nil,
        answeredAt: UInt64 = 0
    ) -> AnsweredRequest {
        var timing = IssuanceTiming()
        timing.queued = 250_000
        timing.inDatabase = 1_500_000
        return AnsweredRequest(
            requestID: "request-1",
            traceID: traceID,
            method: method,
            route: route,
            status: status,
            answeredAt: answeredAt,
            duration: 2_345_000,
            timing: timing,
            result: result
        )
    }

    /// What became of a request that got a token.
    static func issued(to caller: User.ID) -> Result {
        let call = StreamCall(type: "default", id: "call_1")
        let admission = Admission(
            caller: User(
                id: caller,
                email: "person@example.com",
                displayName: "A Person",
                avatarURL: nil,
                isActive: true
            ),
            meeting: Meeting(
                id: Meeting.ID(rawValue: "meeting_1"),
                organizerID: caller,
                organizationID: nil,
                state: .active,
                scheduledAt: nil,
                streamCall: call
            ),
            call: call,
            heldRole: .host,
            grantedRole: .host,
            streamRole: "host",
            subscription: Subscription(
                id: Subscription.ID(high: 0x4000, low: 0x8000_0000_0000_0001),
                owner: .user(caller),
                tier: SubscriptionTier(id: SubscriptionTier.ID(rawValue: "pro"), isPaid: true, rank: 20),
                status: .active,
                startsAt: Timestamp(secondsSinceEpoch: 0),
                endsAt: nil,
                pastDueSince: nil
            )
        )
        var random = SystemRandomNumberGenerator()
        let id = UUIDv7(at: Timestamp(secondsSinceEpoch: 1_750_000_000), using: &random)
        let token = IssuedToken(id: id, admission: admission, token: Array("a.b.c".utf8), expiresAt: 1_750_003_600)
        return .decided(.issued(token), caller: caller)
    }
}
