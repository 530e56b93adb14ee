import Domain
import Testing

/// When a subscription pays, and which of several is recorded.
@Suite struct SubscriptionTests {
    struct Labelled<Value: Sendable>: Sendable, CustomTestStringConvertible {
        let value: Value
        let pays: Bool
        let testDescription: String

        init(_ value: Value, pays: Bool, _ description: String) {
            self.value = value
            self.pays = pays
            self.testDescription = description
        }
    }

    struct Standing: Sendable {
        var status: Subscription.Status
        var pastDueSince: Timestamp?
    }

    struct Period: Sendable {
        var startsAt: Timestamp
        var endsAt: Timestamp?
    }

    static let owners: [Labelled<Subscription.Owner>] = [
        .init(.user(AdmissionCase.organizerID), pays: true, "the organizer's"),
        .init(.organization(AdmissionCase.organizationID), pays: true, "the organization's"),
        .init(.user(AdmissionCase.callerID), pays: false, "the caller's"),
        .init(.organization(.init(rawValue: "org_other")), pays: false, "another organization's"),
    ]

    static let standings: [Labelled<Standing>] = [
        .init(Standing(status: .trialing), pays: true, "trialing"),
        .init(Standing(status: .active), pays: true, "active"),
        .init(Standing(status: .paused), pays: false, "paused"),
        .init(Standing(status: .unpaid), pays: false, "unpaid"),
        .init(Standing(status: .incomplete), pays: false, "incomplete"),
        .init(Standing(status: .canceled), pays: false, "canceled"),
        .init(Standing(status: .pastDue, pastDueSince: .offset(86_400)), pays: true, "past due from tomorrow"),
        .init(Standing(status: .pastDue, pastDueSince: .offset(-259_200, 1)), pays: true, "past due, in grace"),
        .init(Standing(status: .pastDue, pastDueSince: .offset(-259_200)), pays: false, "past due, grace just over"),
        .init(Standing(status: .pastDue, pastDueSince: .offset(-259_200, -1)), pays: false, "past due, grace over"),
        .init(Standing(status: .pastDue, pastDueSince: .distantPast), pays: false, "past due since -infinity"),
        .init(Standing(status: .pastDue, pastDueSince: .distantFuture), pays: true, "past due since infinity"),
        .init(Standing(status: .pastDue, pastDueSince: nil), pays: false, "past due, unknown since when"),
    ]

    static let periods: [Labelled<Period>] = [
        .init(Period(startsAt: .offset(-100), endsAt: nil), pays: true, "without an end"),
        .init(Period(startsAt: .offset(-100), endsAt: .offset(100)), pays: true, "around now"),
        .init(Period(startsAt: .offset(0), endsAt: .offset(0, 1)), pays: true, "this microsecond alone"),
        .init(Period(startsAt: .offset(0, 1), endsAt: nil), pays: false, "from the next microsecond"),
        .init(Period(startsAt: .offset(-100), endsAt: .offset(0)), pays: false, "until now"),
        .init(Period(startsAt: .offset(-100), endsAt: .offset(0, -1)), pays: false, "ended a microsecond ago"),
        .init(Period(startsAt: .offset(0), endsAt: .offset(0)), pays: false, "empty"),
        .init(Period(startsAt: .distantPast, endsAt: .distantFuture), pays: true, "always"),
        .init(Period(startsAt: .distantFuture, endsAt: nil), pays: false, "never yet"),
        .init(Period(startsAt: .distantPast, endsAt: .distantPast), pays: false, "never"),
    ]

    static let tiers: [Labelled<SubscriptionTier>] = [
        .init(.free, pays: false, "free"),
        .init(.pro, pays: true, "pro"),
        .init(SubscriptionTier(id: .init(rawValue: "gift"), isPaid: false, rank: .max), pays: false, "free, top rank"),
        .init(SubscriptionTier(id: .init(rawValue: "odd"), isPaid: true, rank: .min), pays: true, "paid, lowest rank"),
    ]

    static func answer(_ subscriptions: [Subscription], organizationID: Organization.ID?) -> Result<Admission, Refusal>
    {
        let facts = AdmissionFacts(
            caller: .example(),
            meeting: .example(organizationID: organizationID),
            participation: Participation(role: .participant, removedAt: nil),
            subscriptions: subscriptions
        )
        return AdmissionPolicy(pastDueGrace: AdmissionCase.grace).answer(AdmissionCase().request, facts: facts)
    }

    @Test(arguments: owners, standings)
    func `a subscription pays when owner, status, period and tier are all right`(
        owner: Labelled<Subscription.Owner>,
        standing: Labelled<Standing>
    ) {
        for period in Self.periods {
            for tier in Self.tiers {
                let subscription = Subscription.example(
                    owner: owner.value,
                    tier: tier.value,
                    status: standing.value.status,
                    startsAt: period.value.startsAt,
                    endsAt: period.value.endsAt,
                    pastDueSince: standing.value.pastDueSince
                )
                let expected = [owner.pays, standing.pays, period.pays, tier.pays].allSatisfy(\.self)

                let answer = Self.answer([subscription], organizationID: AdmissionCase.organizationID)

                switch answer {
                case .success(let admission):
                    #expect(expected, "paid \(period.testDescription), \(tier.testDescription)")
                    #expect(admission.subscription == subscription)
                case .failure(let refusal):
                    #expect(!expected, "did not pay \(period.testDescription), \(tier.testDescription)")
                    #expect(refusal == .tierRequired)
                }
            }
        }
    }

    @Test func `every status is in the table`() {
        #expect(Set(Self.standings.map(\.value.status)) == Set(Subscription.Status.allCases))
    }

    @Test(arguments: owners)
    func `without an organization only the organizer's subscription pays`(
        owner: Labelled<Subscription.Owner>
    ) {
        let answer = Self.answer([.example(owner: owner.value)], organizationID: nil)

        let isAdmitted = (try? answer.get()) != nil
        #expect(isAdmitted == (owner.value == .user(AdmissionCase.organizerID)))
    }

    @Test(arguments: [(Duration.zero, false), (.microseconds(1), true), (.seconds(Int64.max), true)])
    func `the grace period counts from the instant at which payment became late`(grace: Duration, pays: Bool) {
        let policy = AdmissionPolicy(pastDueGrace: grace)
        let facts = AdmissionFacts(
            caller: .example(),
            meeting: .example(),
            participation: Participation(role: .participant, removedAt: nil),
            subscriptions: [.example(status: .pastDue, pastDueSince: .offset(0))]
        )

        let answer = policy.answer(AdmissionCase().request, facts: facts)

        #expect(((try? answer.get()) != nil) == pays)
    }

    struct Contest: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let winner: Subscription
        let others: [Subscription]
    }

    static let organization = Subscription.Owner.organization(AdmissionCase.organizationID)

    static let contests: [Contest] = [
        Contest(
            testDescription: "a higher rank beats an organization's and a later beginning",
            winner: .example(id: "w", tier: .business, startsAt: .offset(-900)),
            others: [
                .example(id: "a", owner: organization, startsAt: .offset(-1)),
                .example(id: "b", startsAt: .offset(0)),
                .example(id: "c", startsAt: .offset(-100)),
            ]
        ),
        Contest(
            testDescription: "at equal rank an organization's beats a later beginning",
            winner: .example(id: "w", owner: organization, startsAt: .offset(-900)),
            others: [
                .example(id: "a", startsAt: .offset(0)),
                .example(id: "b", startsAt: .offset(-1)),
                .example(id: "c", startsAt: .offset(-1000)),
            ]
        ),
        Contest(
            testDescription: "at equal rank and owner the later beginning counts",
            winner: .example(id: "w", startsAt: .offset(-1)),
            others: [
                .example(id: "a", startsAt: .offset(-1, -1)),
                .example(id: "b", startsAt: .offset(-900)),
                .example(id: "c", startsAt: .distantPast),
            ]
        ),
        Contest(
            testDescription: "what does not pay does not compete",
            winner: .example(id: "w", startsAt: .offset(-900)),
            others: [
                .example(id: "a", tier: .business, status: .canceled),
                .example(id: "b", owner: organization, tier: .business, startsAt: .offset(0, 1)),
                .example(id: "c", owner: .user(AdmissionCase.callerID), tier: .business),
                .example(
                    id: "d",
                    owner: organization,
                    tier: SubscriptionTier(id: .init(rawValue: "gift"), isPaid: false, rank: .max)
                ),
            ]
        ),
        Contest(
            testDescription: "status does not rank: a late payer's higher tier wins",
            winner: .example(id: "w", tier: .business, status: .pastDue, pastDueSince: .offset(-1)),
            others: [.example(id: "a"), .example(id: "b", owner: organization, status: .trialing)]
        ),
        Contest(
            testDescription: "ranks compare as numbers at their borders",
            winner: .example(id: "w", tier: SubscriptionTier(id: .init(rawValue: "t"), isPaid: true, rank: .max)),
            others: [
                .example(id: "a", tier: SubscriptionTier(id: .init(rawValue: "u"), isPaid: true, rank: .min)),
                .example(id: "b", tier: SubscriptionTier(id: .init(rawValue: "v"), isPaid: true, rank: -1)),
            ]
        ),
    ]

    @Test(arguments: contests)
    func `one subscription is recorded, in any order that they come in`(contest: Contest) throws {
        for subscriptions in permutations(of: [contest.winner] + contest.others) {
            let answer = Self.answer(subscriptions, organizationID: AdmissionCase.organizationID)

            #expect(try answer.get().subscription == contest.winner, "from \(subscriptions.map(\.id))")
        }
    }
}

private func permutations<Element>(of elements: [Element]) -> [[Element]] {
    guard elements.count > 1 else { return [elements] }
    return elements.indices.flatMap { index in
        var rest = elements
        let first = rest.remove(at: index)
        return permutations(of: rest).map { [first] + $0 }
    }
}
