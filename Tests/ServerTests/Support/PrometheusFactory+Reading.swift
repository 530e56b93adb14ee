import Prometheus

extension PrometheusFactory {
    /// The value of a sample, found by what stands before it on its line: `name{label="value"}`.
    func value(of series: String) -> Double? {
        for line in String(decoding: text(), as: UTF8.self).split(separator: "\n") where line.hasPrefix(series + " ") {
            return Double(line.dropFirst(series.utf8.count + 1))
        }
        return nil
    }
}
