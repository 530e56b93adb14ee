/// What a metric is called, what it measures and how, declared once for all its series.
package struct MetricDescription: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Only grows. Its name ends in `_total`.
        case counter
        /// Goes up and down.
        case gauge
        /// Observations, counted in buckets.
        ///
        /// - Parameter bounds: The upper bounds of the buckets, in the metric's unit, rising. The bucket without a bound
        ///   is added.
        case histogram(bounds: [Double])

        /// The word behind `# TYPE`.
        var word: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    package let name: String
    package let kind: Kind
    /// One sentence, for `# HELP`.
    package let help: String
    /// The names of the labels by which its series differ.
    package let labels: [String]

    package init(_ name: String, _ kind: Kind, _ help: String, labels: [String] = []) {
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
    }

    /// Upper bounds in seconds for what takes from half a millisecond to ten seconds: those that OpenTelemetry's semantic
    /// conventions give `http.server.request.duration`, and finer ones below.
    package static let secondsBounds = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]
}
