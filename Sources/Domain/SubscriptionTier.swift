/// A tier: what a subscription pays for, such as a free or a paid plan.
package struct SubscriptionTier: Hashable, Sendable {
    package typealias ID = Identifier<SubscriptionTier>

    package let id: ID
    package let isPaid: Bool
    /// Orders tiers: of several subscriptions that pay for a meeting, the one of the highest rank counts.
    package let rank: Int32

    package init(id: ID, isPaid: Bool, rank: Int32) {
        self.id = id
        self.isPaid = isPaid
        self.rank = rank
    }
}
