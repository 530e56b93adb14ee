internal import Domain
internal import Persistence

// Tokens over time, by tier.

extension OverviewPage {
    /// More series than this are put together: five shades are hard to tell apart.
    private static let seriesLimit = 4

    /// Names of the series, the last of them for all tiers that have none of their own.
    private var series: [String] {
        overview.tiers.count <= Self.seriesLimit
            ? overview.tiers : overview.tiers.prefix(Self.seriesLimit) + ["other tiers"]
    }

    private func counts(_ days: ArraySlice<Overview.Day>) -> [Int64] {
        var counts = [Int64](repeating: 0, count: series.count)
        for day in days {
            for (index, count) in day.tokens.enumerated() { counts[min(index, counts.count - 1)] += count }
        }
        return counts
    }

    var tokens: HTML {
        let time = TimeBuckets(overview.days, at: overview.freshness.readAt)
        let totals = counts(overview.days[...])
        let columns = time.buckets.map { bucket in
            let counts = counts(bucket.days)
            let parts = zip(series, counts).filter { $0.1 > 0 }.map { "\($0.0) \(Figures.grouped($0.1))" }
            return ColumnChart.Column(
                label: bucket.label,
                hint: "\(bucket.name): \(Figures.grouped(counts.reduce(0, +)))"
                    + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"),
                values: counts,
                isUnfinished: bucket.isUnfinished
            )
        }
        let legend = zip(series, totals).enumerated().map { index, entry -> HTML in
            #"""
            <li><i class="s\#(index + 1)"></i><b>\#(HTML.name(entry.0))</b> \#
            <span>\#(Figures.grouped(entry.1)), \#(Figures.share(entry.1, of: overview.tokenCount))</span></li>

            """#
        }
        let chart = ColumnChart(
            id: "tokens",
            title: "Tokens per \(time.unit.rawValue) by tier",
            summary: "Columns from \(periodText), stacked by tier; in all \(Figures.grouped(overview.tokenCount)).",
            columns: columns
        )
        let table = DataTable(
            caption: "Tokens per \(time.unit.rawValue) by tier",
            columns: [.init(title: time.unit.title)]
                + series.map { .init(title: $0, isNumber: true, isName: true) } + [.init(title: "All", isNumber: true)],
            rows: time.buckets.map { bucket in
                let counts = counts(bucket.days)
                return [.text(bucket.name)] + (counts + [counts.reduce(0, +)]).map { .number($0) }
            }
        )
        let content: HTML =
            overview.tokenCount == 0
            ? Self.nothing
            : "<ul class=\"legend\">\n\(legend)</ul>\n\(chart.html)\(unfinishedNote(time))\(table.folded)"
        return section(
            "Tokens per \(time.unit.rawValue)",
            "By the tier that paid for the meeting.",
            content
        )
    }
}
