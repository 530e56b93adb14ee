/// Writes metrics in Prometheus' text format, version 0.0.4 ("Exposition formats" in its documentation).
struct TextExposition {
    private(set) var bytes: [UInt8] = []

    /// Writes what stands once before all samples of a metric.
    mutating func begin(_ description: MetricDescription) {
        bytes += "# HELP \(description.name) ".utf8
        for byte in description.help.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes += "\\\\".utf8
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            default: bytes.append(byte)
            }
        }
        bytes += "\n# TYPE \(description.name) \(description.kind.word)\n".utf8
    }

    mutating func sample(_ name: String, _ labels: LabelSet, _ value: Int64) {
        line(name, labels.text, "\(value)")
    }

    mutating func sample(_ name: String, _ labels: LabelSet, _ value: Double) {
        line(name, labels.text, Self.number(value))
    }

    /// A bucket's sample counts its own observations and those of all buckets before it.
    mutating func histogram(_ name: String, _ labels: LabelSet, _ histogram: HistogramSeries.Snapshot) {
        let prefix = labels.text.isEmpty ? "" : labels.text + ","
        var count: Int64 = 0
        for (index, own) in histogram.counts.enumerated() {
            count += own
            let bound = index < histogram.bounds.count ? Self.number(histogram.bounds[index]) : "+Inf"
            line(name + "_bucket", "\(prefix)le=\"\(bound)\"", "\(count)")
        }
        line(name + "_sum", labels.text, Self.number(histogram.sum))
        line(name + "_count", labels.text, "\(count)")
    }

    private mutating func line(_ name: String, _ labels: String, _ value: String) {
        bytes += name.utf8
        if !labels.isEmpty {
            bytes.append(UInt8(ascii: "{"))
            bytes += labels.utf8
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: " "))
        bytes += value.utf8
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // As Prometheus' own clients write whole numbers.
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }
}
