import Domain
import Testing

/// The subscriptions in the facts, and the one that pays for the meeting, written by hand.
struct Funding: CustomTestStringConvertible {
    let name: String
    let subscriptions: [Subscription]
    /// The subscription that pays; nil when none does.
    let payer: Subscription?

    var testDescription: String { name }

    private static func paying(_ name: String, _ subscription: Subscription) -> Funding {
        Funding(name: name, subscriptions: [subscription], payer: subscription)
    }

    private static func idle(_ name: String, _ subscription: Subscription) -> Funding {
        Funding(name: name, subscriptions: [subscription], payer: nil)
    }

    static let paid = paying("active", .example())
    static let none = Funding(name: "none", subscriptions: [], payer: nil)

    /// Every relation of one subscription, or none, to the meeting, with the limits of each.
    static let all: [Funding] = [
        none,
        idle("free tier", .example(tier: .free)),
        paying("trialing", .example(status: .trialing)),
        paid,
        idle("paused", .example(status: .paused)),
        idle("unpaid", .example(status: .unpaid)),
        idle("incomplete", .example(status: .incomplete)),
        idle("canceled", .example(status: .canceled)),
        paying("past due, now", .example(status: .pastDue, pastDueSince: .offset(0))),
        paying("past due, last instant of grace", .example(status: .pastDue, pastDueSince: .offset(-259_200, 1))),
        idle("past due, grace just over", .example(status: .pastDue, pastDueSince: .offset(-259_200))),
        idle("past due, grace long over", .example(status: .pastDue, pastDueSince: .offset(-900_000))),
        idle("past due, since when unknown", .example(status: .pastDue, pastDueSince: nil)),
        idle("begins next microsecond", .example(startsAt: .offset(0, 1))),
        paying("begins now", .example(startsAt: .offset(0))),
        paying("last microsecond", .example(endsAt: .offset(0, 1))),
        idle("ends now", .example(endsAt: .offset(0))),
        idle("ended a day ago", .example(endsAt: .offset(-86_400))),
        paying("ends at infinity", .example(startsAt: .distantPast, endsAt: .distantFuture)),
        paying("organization's", .example(owner: .organization(AdmissionCase.organizationID))),
        idle("another organization's", .example(owner: .organization(.init(rawValue: "org_other")))),
        idle("another person's", .example(owner: .user(.init(rawValue: "user_other")))),
        idle("the caller's own", .example(owner: .user(AdmissionCase.callerID))),
        idle(
            "an organization with the organizer's id",
            .example(owner: .organization(.init(rawValue: AdmissionCase.organizerID.rawValue)))
        ),
        Funding(
            name: "one that pays among many that do not",
            subscriptions: [
                .example(id: "a", tier: .free),
                .example(id: "b", tier: .business, endsAt: .offset(0)),
                .example(id: "c"),
                .example(id: "d", owner: .user(AdmissionCase.callerID), tier: .business),
                .example(id: "e", tier: .business, status: .unpaid),
            ],
            payer: .example(id: "c")
        ),
    ]
}

extension Subscription {
    /// By default an active subscription of the organizer that started long ago and has no end.
    static func example(
        id: String = "subscription_1",
        owner: Owner = .user(AdmissionCase.organizerID),
        tier: SubscriptionTier = .pro,
        status: Status = .active,
        startsAt: Timestamp = .offset(-8_640_000),
        endsAt: Timestamp? = nil,
        pastDueSince: Timestamp? = nil
    ) -> Subscription {
        Subscription(
            // The last eight letters, as the database's numbers would make a test hard to read.
            id: ID(high: 0, low: id.utf8.reduce(0) { $0 << 8 | UInt64($1) }),
            owner: owner,
            tier: tier,
            status: status,
            startsAt: startsAt,
            endsAt: endsAt,
            pastDueSince: pastDueSince
        )
    }
}

extension SubscriptionTier {
    static let free = SubscriptionTier(id: ID(rawValue: "free"), isPaid: false, rank: 0)
    static let pro = SubscriptionTier(id: ID(rawValue: "pro"), isPaid: true, rank: 10)
    static let business = SubscriptionTier(id: ID(rawValue: "business"), isPaid: true, rank: 20)
}

extension Timestamp {
    /// An instant at a distance from the `now` of the cases, computed without the arithmetic under test.
    static func offset(_ seconds: Int64, _ microseconds: Int64 = 0) -> Timestamp {
        Timestamp(microsecondsSinceEpoch: 1_767_607_200_000_000 + seconds * 1_000_000 + microseconds)
    }
}
