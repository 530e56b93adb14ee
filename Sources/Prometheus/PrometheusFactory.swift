package import CoreMetrics
internal import Synchronization

/// Makes metrics that swift-metrics' types write to, and writes all of them in Prometheus' text format.
///
/// A metric that was declared has the kind, the buckets and the help of its ``MetricDescription``; one that a library
/// makes without a declaration gets those that fit. The same label and dimensions always give the same series.
///
/// ```swift
/// let metrics = PrometheusFactory([MetricDescription("jobs_total", .counter, "Jobs that ended.")])
/// let jobs = Counter(label: "jobs_total", dimensions: [], factory: metrics)
/// jobs.increment()
/// metrics.text()  // # HELP jobs_total Jobs that ended. ...
/// ```
package final class PrometheusFactory: MetricsFactory {
    /// What ``text()`` is to be announced as.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// The metric that counts what ``MetricFamily/series(_:)`` did not make.
    static let refused = MetricDescription(
        "metric_series_refused_total",
        .counter,
        "Requests for a series of this metric that were refused, because it has as many as may be.",
        labels: ["metric"]
    )

    private struct State: Sendable {
        var families: [String: MetricFamily] = [:]
    }

    private let seriesLimit: Int
    private let state: Mutex<State>

    /// - Parameter seriesLimit: The most series of one metric.
    package init(_ descriptions: [MetricDescription] = [], seriesLimit: Int = 1000) {
        self.seriesLimit = seriesLimit
        let families = descriptions.map { ($0.name, MetricFamily($0, limit: seriesLimit)) }
        state = Mutex(State(families: Dictionary(families) { first, _ in first }))
    }

    /// Adds a series of a declared metric whose value is read at each ``text()``: for what is known elsewhere and has no
    /// events.
    ///
    /// - Parameter value: Must not block. Nil leaves the series out.
    package func register(
        _ label: String,
        _ dimensions: [(String, String)] = [],
        value: @escaping @Sendable () -> Double?
    ) {
        let family = state.withLock { $0.families[label] }
        precondition(family != nil, "\(label) is not declared")
        family?.register(LabelSet(dimensions.map { (name: $0.0, value: $0.1) }), value)
    }

    /// All metrics that have a series, sorted by name.
    package func text() -> [UInt8] {
        let families = state.withLock { $0.families.values.sorted { $0.description.name < $1.description.name } }
        var text = TextExposition()
        for family in families { family.write(to: &text) }
        let refused = families.filter { $0.refusedSeries > 0 }
        if !refused.isEmpty { text.begin(Self.refused) }
        for family in refused {
            text.sample(Self.refused.name, LabelSet([("metric", family.description.name)]), family.refusedSeries)
        }
        return text.bytes
    }

    /// - Parameter kind: For a metric that was not declared.
    private func series(
        _ label: String,
        _ dimensions: [(String, String)],
        _ kind: MetricDescription.Kind
    ) -> MetricFamily.Series? {
        var name = LabelSet.sane(label)
        let family = state.withLock { state in
            if let known = state.families[name] { return known }
            if kind == .counter, !name.hasSuffix("_total") { name += "_total" }
            if let known = state.families[name] { return known }
            let description = MetricDescription(name, kind, "Made by a library.")
            let family = MetricFamily(description, limit: seriesLimit)
            state.families[name] = family
            return family
        }
        return family.series(LabelSet(dimensions.map { (name: $0.0, value: $0.1) }))
    }

    // MARK: MetricsFactory

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        guard case .counter(let counter) = series(label, dimensions, .counter) else {
            return NOOPMetricsHandler.instance
        }
        return counter
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        guard case .gauge(let gauge) = series(label, dimensions, .gauge) else { return NOOPMetricsHandler.instance }
        return gauge
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        let kind: MetricDescription.Kind =
            aggregate ? .histogram(bounds: MetricDescription.secondsBounds) : .gauge
        switch series(label, dimensions, kind) {
        case .gauge(let gauge): return gauge
        case .histogram(let histogram): return histogram
        case .counter, .read, nil: return NOOPMetricsHandler.instance
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let kind = MetricDescription.Kind.histogram(bounds: MetricDescription.secondsBounds)
        guard case .histogram(let histogram) = series(label, dimensions, kind) else {
            return NOOPMetricsHandler.instance
        }
        return histogram
    }

    /// A series lives as long as the process: one that vanished between two scrapes would lose what it had counted.
    package func destroyCounter(_ handler: any CounterHandler) {}

    package func destroyMeter(_ handler: any MeterHandler) {}

    package func destroyRecorder(_ handler: any RecorderHandler) {}

    package func destroyTimer(_ handler: any TimerHandler) {}
}
