internal import Domain
internal import Persistence

// The figures at the top.

extension OverviewPage {
    var tiles: HTML {
        let decided = overview.tokenCount + overview.refusalCount
        let busiest = overview.days.max { $0.peak < $1.peak }
        let shown = TimeBuckets(overview.days, at: overview.freshness.readAt).buckets
        func course(_ value: (Overview.Day) -> Int64, _ together: (Int64, Int64) -> Int64 = (+)) -> HTML {
            SparkColumns(
                values: shown.map { $0.days.reduce(0) { together($0, value($1)) } },
                isLastUnfinished: shown.last?.isUnfinished ?? false
            ).html
        }
        return """
            <dl class="tiles">
            \(tile("Tokens", overview.tokenCount, change(overview.comparison), course(\.total)))\
            \(tile(
                "Refusals",
                overview.refusalCount,
                "<b>\(Figures.share(overview.refusalCount, of: decided))</b> of all requests decided",
                course(\.refusals)
            ))\
            \(tile("Meetings", overview.meetingCount, "with a token in the period", .nothing))\
            \(tile("Most at once", busiest?.peak ?? 0, "\(busiestDay(busiest))", course(\.peak, max)))\
            \(tile(
                "Live now",
                overview.live.tokens,
                "in \(Figures.counted(overview.live.meetings, "meeting")), not expired yet",
                .nothing
            ))</dl>

            """
    }

    private func tile(_ name: String, _ value: Int64, _ note: HTML, _ course: HTML) -> HTML {
        """
        <div><dt>\(name)</dt><dd class="value">\(Figures.grouped(value))</dd><dd class="note">\(note)</dd>\
        <dd class="course">\(course)</dd></div>

        """
    }

    private func busiestDay(_ day: Overview.Day?) -> String {
        guard let day, day.peak > 0 else { return "no token in the period" }
        return "tokens that worked, on \(day.day.dayMonthYear)"
    }

    private func change(_ comparison: Overview.Comparison?) -> HTML {
        let length = overview.period.dayCount
        guard let comparison, comparison.tokensBefore > 0 else { return "in \(Figures.counted(Int64(length), "day"))" }
        let before = comparison.tokensBefore
        let change = Double(comparison.tokens - before) / Double(before)
        let sign = change > 0 ? "+" : change < 0 ? "−" : "±"
        let days = length == 1 ? "day" : "\(length) days"
        return "<b>\(sign)\(Figures.percent(change.magnitude))</b> against the \(days) before"
    }
}
