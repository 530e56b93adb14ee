internal import Synchronization

/// All series of one metric.
final class MetricFamily: Sendable {
    enum Series: Sendable {
        case counter(CounterSeries)
        case gauge(GaugeSeries)
        case histogram(HistogramSeries)
        /// Of a counter or a gauge, known elsewhere.
        case read(@Sendable () -> Double?)
    }

    private struct State: Sendable {
        var series: [LabelSet: Series] = [:]
        var refused: Int64 = 0
    }

    let description: MetricDescription
    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: The most series it has.
    init(_ description: MetricDescription, limit: Int) {
        self.description = description
        self.limit = limit
    }

    /// The series with these labels, which is made when there is none. Nil when there are as many as may be: what it
    /// would measure is lost, and counted in ``refusedSeries``.
    func series(_ labels: LabelSet) -> Series? {
        state.withLock { state in
            if let known = state.series[labels] { return known }
            guard state.series.count < limit else {
                state.refused += 1
                return nil
            }
            let new: Series =
                switch description.kind {
                case .counter: .counter(CounterSeries())
                case .gauge: .gauge(GaugeSeries())
                case .histogram(let bounds): .histogram(HistogramSeries(bounds: bounds))
                }
            state.series[labels] = new
            return new
        }
    }

    /// Adds a series whose value is read when the metric is written; nil leaves it out.
    func register(_ labels: LabelSet, _ value: @escaping @Sendable () -> Double?) {
        state.withLock { $0.series[labels] = .read(value) }
    }

    /// How often a series was wanted and not made, because there were as many as may be.
    var refusedSeries: Int64 { state.withLock { $0.refused } }

    /// Writes the metric in the text format, series sorted by their labels; nothing while it has no series.
    func write(to text: inout TextExposition) {
        let series = state.withLock { $0.series }
        guard !series.isEmpty else { return }
        text.begin(description)
        for (labels, series) in series.sorted(by: { $0.key < $1.key }) {
            switch series {
            case .counter(let counter): text.sample(description.name, labels, counter.value)
            case .gauge(let gauge): text.sample(description.name, labels, gauge.value)
            case .histogram(let histogram): text.histogram(description.name, labels, histogram.snapshot())
            case .read(let value):
                if let value = value() { text.sample(description.name, labels, value) }
            }
        }
    }
}
