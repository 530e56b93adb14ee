/// An axis that begins at nothing and ends at a round number, with at most five steps between.
struct AxisScale: Hashable, Sendable {
    /// The value at the end of the axis; above zero.
    let top: Double
    /// The distance of two grid lines.
    let step: Double

    /// The smallest round axis that holds `largest`. Counts have no halves: a step is never below one.
    init(holding largest: Int64) {
        let wanted = max(Double(largest), 1) / 4
        var step = 1.0
        // 1, 2, 5, 10, 20, 50 …
        for factor in Self.factors where step < wanted { step *= factor }
        self.step = step
        top = max((Double(largest) / step).rounded(.up), 1) * step
    }

    /// The values with a grid line, from nothing up.
    var ticks: [Double] { stride(from: 0, through: top, by: step).map { $0 } }

    private static let factors: [Double] = (0..<57).map { $0 % 3 == 1 ? 2.5 : 2 }
}
