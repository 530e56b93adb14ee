import Domain
import TestSupport
import Testing

@Suite struct TokenContentsTests {
    private static let admission = Admission(
        caller: User(
            id: User.ID(rawValue: "user_a"),
            email: "a@example.com",
            displayName: nil,
            avatarURL: nil,
            isActive: true
        ),
        meeting: Meeting(
            id: Meeting.ID(rawValue: "meeting_a"),
            organizerID: User.ID(rawValue: "user_b"),
            organizationID: nil,
            state: .active,
            scheduledAt: nil,
            streamCall: call
        ),
        call: call,
        heldRole: .coHost,
        grantedRole: .participant,
        streamRole: "call_member",
        subscription: Subscription(
            id: Subscription.ID(high: 0, low: 1),
            owner: .user(User.ID(rawValue: "user_b")),
            tier: SubscriptionTier(id: SubscriptionTier.ID(rawValue: "pro"), isPaid: true, rank: 1),
            status: .active,
            startsAt: .distantPast,
            endsAt: nil,
            pastDueSince: nil
        )
    )
    private static let call = StreamCall(type: "default", id: "call_a")

    @Test(arguments: [0, 1, 999_999] as [Int64])
    func `a token lives for an hour from the second of its request, and was issued five seconds before`(
        microseconds: Int64
    ) {
        var generator = SeededGenerator(seed: 1)
        let now = Timestamp(microsecondsSinceEpoch: 1_700_000_000_000_000 + microseconds)

        let contents = TokenContents(id: UUIDv7(at: now, using: &generator), admission: Self.admission, now: now)

        #expect(contents.issuedAt == 1_699_999_995)
        #expect(contents.expiresAt == 1_700_003_600)
    }

    @Test func `a token names the caller, the role at Stream and the one call`() {
        var generator = SeededGenerator(seed: 1)
        let id = UUIDv7(at: .distantPast, using: &generator)

        let contents = TokenContents(id: id, admission: Self.admission, now: Timestamp(secondsSinceEpoch: 0))

        #expect(contents.id == id)
        #expect(contents.userID == User.ID(rawValue: "user_a"))
        #expect(contents.role == "call_member")
        #expect(contents.callCID == "default:call_a")
    }
}
