import Metrics
import Synchronization
import Testing

@testable import Prometheus

@Suite struct PrometheusFactoryTests {
    private func text(_ factory: PrometheusFactory) -> String { String(decoding: factory.text(), as: UTF8.self) }

    @Test func `a counter has its help, its type and one sample for each set of labels`() {
        let factory = PrometheusFactory([
            MetricDescription("jobs_total", .counter, "Jobs that ended.", labels: ["kind"])
        ])
        Counter(label: "jobs_total", dimensions: [("kind", "b")], factory: factory).increment()
        Counter(label: "jobs_total", dimensions: [("kind", "a")], factory: factory).increment(by: 2)
        Counter(label: "jobs_total", dimensions: [("kind", "b")], factory: factory).increment(by: 3)

        #expect(
            text(factory) == """
                # HELP jobs_total Jobs that ended.
                # TYPE jobs_total counter
                jobs_total{kind="a"} 2
                jobs_total{kind="b"} 4

                """
        )
    }

    @Test func `a counter never falls: not by a negative amount, not by a reset`() {
        let factory = PrometheusFactory()
        let counter = Counter(label: "jobs_total", dimensions: [], factory: factory)
        counter.increment(by: 5)
        counter.increment(by: -3)
        counter.reset()
        #expect(text(factory).contains("\njobs_total 5\n"))
    }

    @Test func `the order of the labels does not matter`() {
        let factory = PrometheusFactory()
        Counter(label: "jobs_total", dimensions: [("a", "1"), ("b", "2")], factory: factory).increment()
        Counter(label: "jobs_total", dimensions: [("b", "2"), ("a", "1")], factory: factory).increment()
        #expect(text(factory).contains("\njobs_total{a=\"1\",b=\"2\"} 2\n"))
    }

    @Test func `the values of labels and the help are escaped, the names made valid`() {
        let factory = PrometheusFactory([MetricDescription("jobs_total", .counter, "One \\ two\nthree")])
        Counter(label: "jobs_total", dimensions: [("the-kind", "a\\b\"c\nd é")], factory: factory).increment()
        Counter(label: "9 lives.total", dimensions: [], factory: factory).increment()
        let text = text(factory)
        #expect(text.contains("# HELP jobs_total One \\\\ two\\nthree\n"))
        #expect(text.contains("jobs_total{the_kind=\"a\\\\b\\\"c\\nd é\"} 1\n"))
        #expect(text.contains("\n_9_lives_total 1\n"))
    }

    @Test func `a gauge is set, and goes up and down`() {
        let factory = PrometheusFactory()
        let gauge = Meter(label: "level", dimensions: [], factory: factory)
        gauge.set(2.5)
        gauge.increment(by: 1)
        gauge.decrement(by: 3)
        #expect(text(factory).contains("# TYPE level gauge\nlevel 0.5\n"))
        Gauge(label: "level", dimensions: [], factory: factory).record(7)
        #expect(text(factory).contains("\nlevel 7\n"))
        gauge.set(Double.infinity)
        #expect(text(factory).contains("\nlevel +Inf\n"))
    }

    @Test func `a bucket counts what is at most its bound, and all buckets before it`() {
        let factory = PrometheusFactory([
            MetricDescription("size", .histogram(bounds: [1, 10]), "Sizes."),
            MetricDescription("wait_seconds", .histogram(bounds: [0.001, 0.5]), "Waits.", labels: ["for"]),
        ])
        let size = Recorder(label: "size", dimensions: [], aggregate: true, factory: factory)
        for value in [0, 1, 2, 10, 11] { size.record(value) }
        size.record(Double.nan)
        Timer(label: "wait_seconds", dimensions: [("for", "x")], factory: factory).recordNanoseconds(1_000_000)

        #expect(
            text(factory) == """
                # HELP size Sizes.
                # TYPE size histogram
                size_bucket{le="1"} 2
                size_bucket{le="10"} 4
                size_bucket{le="+Inf"} 5
                size_sum 24
                size_count 5
                # HELP wait_seconds Waits.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{for="x",le="0.001"} 1
                wait_seconds_bucket{for="x",le="0.5"} 1
                wait_seconds_bucket{for="x",le="+Inf"} 1
                wait_seconds_sum{for="x"} 0.001
                wait_seconds_count{for="x"} 1

                """
        )
    }

    @Test func `a metric has so many series, and more are refused and counted`() {
        let factory = PrometheusFactory([], seriesLimit: 3)
        for number in 0..<10 {
            Counter(label: "jobs_total", dimensions: [("n", "\(number)")], factory: factory).increment()
        }
        Counter(label: "jobs_total", dimensions: [("n", "2")], factory: factory).increment()
        let text = text(factory)
        #expect(text.contains("jobs_total{n=\"2\"} 2\n"))
        #expect(!text.contains("n=\"3\""))
        #expect(text.contains("metric_series_refused_total{metric=\"jobs_total\"} 7\n"))
    }

    @Test func `one name is one kind: what asks for another measures nothing`() {
        let factory = PrometheusFactory([MetricDescription("jobs_total", .counter, "Jobs.")])
        Counter(label: "jobs_total", dimensions: [], factory: factory).increment()
        Meter(label: "jobs_total", dimensions: [], factory: factory).set(99)
        Timer(label: "jobs_total", dimensions: [], factory: factory).recordSeconds(1)
        #expect(text(factory) == "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total 1\n")
    }

    @Test func `what is known elsewhere is read at each scrape, and left out while it is not known`() {
        let factory = PrometheusFactory([
            MetricDescription("cpu_seconds_total", .counter, "CPU."), MetricDescription("level", .gauge, "Level."),
        ])
        let reads = Atomic<Int>(0)
        factory.register("cpu_seconds_total") { Double(reads.add(1, ordering: .relaxed).newValue) }
        factory.register("level", [("of", "a")]) { nil }
        factory.register("level", [("of", "b")]) { 0.25 }
        #expect(text(factory).contains("# TYPE cpu_seconds_total counter\ncpu_seconds_total 1\n"))
        let text = text(factory)
        #expect(text.contains("\ncpu_seconds_total 2\n"))
        #expect(text.hasSuffix("# TYPE level gauge\nlevel{of=\"b\"} 0.25\n"))
    }

    @Test func `eight threads of a million increments each are counted exactly`() async {
        let factory = PrometheusFactory([
            MetricDescription("size", .histogram(bounds: [1, 10]), "Sizes.")
        ])
        let counter = Counter(label: "jobs_total", dimensions: [], factory: factory)
        let gauge = Meter(label: "level", dimensions: [], factory: factory)
        let size = Recorder(label: "size", dimensions: [], aggregate: true, factory: factory)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for number in 0..<1_000_000 {
                        counter.increment()
                        if number % 100 == 0 {
                            gauge.increment(by: 1)
                            size.record(5)
                        }
                    }
                }
            }
        }
        let text = text(factory)
        #expect(text.contains("\njobs_total 8000000\n"))
        #expect(text.contains("\nlevel 80000\n"))
        #expect(text.contains("\nsize_bucket{le=\"10\"} 80000\n"))
        #expect(text.contains("\nsize_sum 400000\n"))
    }

    @Test func `a series that is looked up by many threads at once is one series`() async {
        let factory = PrometheusFactory()
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for number in 0..<1000 {
                        Counter(label: "jobs_total", dimensions: [("n", "\(number % 10)")], factory: factory)
                            .increment()
                    }
                }
            }
        }
        let text = text(factory)
        for number in 0..<10 { #expect(text.contains("jobs_total{n=\"\(number)\"} 800\n")) }
    }
}
