internal import Domain
internal import Persistence

// How many tokens work at once: now, and at the peak of each day.

extension OverviewPage {
    var live: HTML {
        let largest = overview.live.roles.first?.tokens ?? 0
        let table = DataTable(
            caption: "Live tokens by role",
            columns: [
                .init(title: "Role"), .init(title: "Tokens", isNumber: true), .init(title: "Share", isNumber: true),
                .init(title: ""),
            ],
            rows: overview.live.roles.map { role in
                [
                    .name(role.name), .number(role.tokens), .share(role.tokens, of: overview.live.tokens),
                    .bar(share: Double(role.tokens) / Double(max(largest, 1))),
                ]
            }
        )
        return section(
            "Live tokens now, by role",
            "Issued and not yet expired at \(overview.freshness.readAt.minuteText) UTC.",
            overview.live.roles.isEmpty ? "<p class=\"none\">No token works at this moment.</p>\n" : table.html
        )
    }

    var peaks: HTML {
        let time = TimeBuckets(overview.days, at: overview.freshness.readAt)
        let columns = time.buckets.map { bucket in
            let peak = bucket.days.map(\.peak).max() ?? 0
            return ColumnChart.Column(
                label: bucket.label,
                hint: "\(bucket.name): \(Figures.grouped(peak))",
                values: [peak],
                isUnfinished: bucket.isUnfinished
            )
        }
        let highest = columns.map { $0.values[0] }.max() ?? 0
        let chart = ColumnChart(
            id: "peaks",
            title: "Most tokens that worked at once, per \(time.unit.rawValue)",
            summary: "Columns from \(periodText). The highest is \(Figures.grouped(highest)).",
            columns: columns
        )
        let table = DataTable(
            caption: "Most tokens that worked at once, per \(time.unit.rawValue)",
            columns: [.init(title: time.unit.title), .init(title: "Tokens at once", isNumber: true)],
            rows: zip(time.buckets, columns).map { [.text($0.name), .number($1.values[0])] }
        )
        return section(
            "Most tokens at once",
            "The peak of each \(time.unit.rawValue): what capacity has to reach.",
            highest == 0 ? Self.nothing : "\(chart.html)\(unfinishedNote(time))\(table.folded)"
        )
    }
}
