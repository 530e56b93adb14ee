/// A plan that subscriptions are for.
package struct SubscriptionTier: Hashable, Sendable {
    package typealias ID = Identifier<SubscriptionTier>

    package let id: ID
    package let isPaid: Bool
    /// Orders tiers: when several subscriptions cover a meeting, the highest rank counts.
    package let rank: Int32

    package init(id: ID, isPaid: Bool, rank: Int32) {
        self.id = id
        self.isPaid = isPaid
        self.rank = rank
    }
}
