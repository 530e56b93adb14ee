/// The indices below a capacity in the order in which they were last used. Every operation takes the same short time.
struct RecencyOrder {
    private struct Neighbours {
        var older: Int32
        var newer: Int32
    }

    /// A ring through all indices. The last element stands between the newest and the oldest.
    private var ring: [Neighbours]

    /// No index has been used: they are in ascending order.
    ///
    /// - Parameter capacity: 1…2^31 - 1.
    init(capacity: Int) {
        let count = Int32(capacity) + 1
        ring = (0..<count).map { Neighbours(older: ($0 + count - 1) % count, newer: ($0 + 1) % count) }
    }

    /// The index that was not used for the longest time.
    var oldest: Int { Int(ring[ring.count - 1].newer) }

    /// Makes `index` the newest.
    mutating func use(_ index: Int) {
        let old = ring[index]
        ring[Int(old.older)].newer = old.newer
        ring[Int(old.newer)].older = old.older
        let end = ring.count - 1
        let newest = ring[end].older
        ring[index] = Neighbours(older: newest, newer: Int32(end))
        ring[Int(newest)].newer = Int32(index)
        ring[end].older = Int32(index)
    }
}
