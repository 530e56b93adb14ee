import Foundation
import Prometheus
import Testing

@testable import connvo_server

/// docs/metrics.md has exactly the metrics that the server declares.
///
/// Run with `RECORD_DOCUMENTATION=1` to write the rows into the document.
@Suite struct MetricDocumentationTests {
    private static let document = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "docs/metrics.md")

    private static func row(_ metric: ServerMetric) -> String {
        let description = metric.description
        let type =
            switch description.kind {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        let labels = description.labels.map { "`\($0)`" }.joined(separator: ", ")
        return "| `\(description.name)` | \(type) | \(labels) | \(description.help) |\n"
    }

    @Test func `the document has exactly the declared metrics`() throws {
        let text = try String(contentsOf: Self.document, encoding: .utf8)
        let header = "| name | type | labels | meaning |\n|---|---|---|---|\n"
        let start = try #require(text.range(of: header)).upperBound
        let end = try #require(text.range(of: "\n\n", range: text.index(before: start)..<text.endIndex)).lowerBound
        var expected = text
        expected.replaceSubrange(
            start..<max(start, end),
            with: String(ServerMetric.allCases.map(Self.row).joined().dropLast())
        )
        if ProcessInfo.processInfo.environment["RECORD_DOCUMENTATION"] != nil {
            try expected.write(to: Self.document, atomically: true, encoding: .utf8)
        }
        #expect(text == expected, "run this test again with RECORD_DOCUMENTATION=1 to write the rows")
    }
}
