extension Subscription {
    /// The id of a subscription: a UUID, as its two halves. Two numbers need no allocation.
    package struct ID: Hashable, Sendable {
        /// The first eight bytes, as a big-endian number.
        package let high: UInt64
        /// The last eight bytes, as a big-endian number.
        package let low: UInt64

        package init(high: UInt64, low: UInt64) {
            (self.high, self.low) = (high, low)
        }
    }
}

extension Subscription.ID: CustomStringConvertible {
    /// The canonical form: 36 lower-case characters.
    package var description: String { uuidText(high: high, low: low) }
}
