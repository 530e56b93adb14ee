internal import Domain
internal import Persistence

/// The overview as one page of HTML: no script, nothing from elsewhere, legible in print.
///
/// Everything a chart shows is in a table, too. Names from the database are text and nothing else, whatever they hold.
struct OverviewPage {
    let overview: Overview

    /// More series than this are put together: nobody tells five shades apart.
    private static let seriesLimit = 4

    var html: HTML {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta name="color-scheme" content="light dark"/>
        <meta name="referrer" content="no-referrer"/>
        <title>Connvo tokens, \(periodText)</title>
        <style>
        \(OverviewStyle.sheet)</style>
        </head>
        <body>
        \(header)<main>
        \(overview.isEmpty ? emptiness : content)</main>
        \(footer)</body>
        </html>

        """
    }

    // MARK: - Around it

    private var periodText: String {
        let last = overview.period.until - .seconds(1)
        return "\(overview.period.from.dayMonthYear) to \(last.dayMonthYear)"
    }

    private var header: HTML {
        let freshness = overview.freshness
        var parts = ["As of \(freshness.readAt.minuteText) UTC"]
        if let last = freshness.lastIssuedAt { parts.append("last token \(last.minuteText)") }
        if let until = freshness.rolledUpUntil { parts.append("rolled up to \(until.minuteText)") }
        return """
            <header>
            <p class="eyebrow">connvo-server · database <bdi>\(overview.database)</bdi></p>
            <h1>Tokens issued</h1>
            <p class="period">\(periodText), UTC</p>
            <p class="fresh">\(parts.joined(separator: " · "))</p>
            </header>

            """
    }

    private var footer: HTML {
        """
        <footer><p>All days and hours are UTC. Every figure was read in one transaction, at \
        \(overview.freshness.readAt.reportText), by connvo-server \(ServerVersion.current). The views are in schema \
        reporting of the database; connvo-server report lists them.</p></footer>

        """
    }

    private var emptiness: HTML {
        """
        <div class="empty">
        <h2>Nothing has been recorded yet</h2>
        <p>The database holds no token and no refusal. As soon as somebody has asked for a token, this page has \
        something to show: make it again then.</p>
        </div>

        """
    }

    private var content: HTML {
        """
        \(tiles)\(controls)\(tokens)<div class="pair">
        \(refusals)<div>
        \(live)\(months)</div></div>
        \(hours)<div class="pair">
        \(peaks)\(paywall)</div>
        \(meetings)
        """
    }

    private func section(_ title: String, _ explanation: String, _ content: HTML) -> HTML {
        """
        <section>
        <h2>\(title)</h2>
        <p>\(explanation)</p>
        \(content)</section>

        """
    }

    private static let nothing: HTML = "<p class=\"none\">Nothing in this period.</p>\n"
}

// MARK: - Figures at the top

extension OverviewPage {
    private var tiles: HTML {
        let decided = overview.tokenCount + overview.refusalCount
        let busiest = overview.days.max { $0.peak < $1.peak }
        let shown = TimeBuckets(overview.days).buckets
        func course(_ value: (Overview.Day) -> Int64, _ together: (Int64, Int64) -> Int64 = (+)) -> HTML {
            SparkColumns(values: shown.map { $0.days.reduce(0) { together($0, value($1)) } }).html
        }
        return """
            <dl class="tiles">
            \(tile("Tokens", overview.tokenCount, change(overview.before?.tokens, overview.tokenCount), course(\.total)))\
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
        <div><dt>\(name)</dt><dd class="value">\(Figures.grouped(value))</dd><dd class="note">\(note)</dd>\(course)</div>

        """
    }

    private func busiestDay(_ day: Overview.Day?) -> String {
        guard let day, day.peak > 0 else { return "no token in the period" }
        return "tokens that worked, on \(day.day.dayMonthYear)"
    }

    private func change(_ before: Int64?, _ now: Int64) -> HTML {
        let length = overview.period.dayCount
        guard let before, before > 0 else { return "in \(Figures.counted(Int64(length), "day"))" }
        let change = Double(now - before) / Double(before)
        let sign = change > 0 ? "+" : change < 0 ? "−" : "±"
        let days = length == 1 ? "day" : "\(length) days"
        return "<b>\(sign)\(Figures.percent(change.magnitude))</b> against the \(days) before"
    }
}

// MARK: - Controls

extension OverviewPage {
    private var controls: HTML {
        let failed = overview.controls.count { $0.count > 0 }
        let title =
            failed == 0
            ? "Controls: all \(overview.controls.count) pass"
            : "Controls: \(failed) of \(overview.controls.count) fail"
        let lines = overview.controls.map { control -> HTML in
            guard control.count > 0 else {
                return """
                    <li class="pass"><b>✓ Pass</b> <span>\(control.report.summary)</span> <span class="count">none</span></li>

                    """
            }
            let period = overview.period
            let first = control.first.map { ", the first at \($0.minuteText)" } ?? ""
            return """
                <li class="fail"><b>✕ Fail</b> <span>\(control.report.summary)</span> \
                <span class="count">\(Figures.grouped(control.count))\(first)</span> \
                <span class="how"><code>connvo-server report \(control.report.name) --from \(period.from.dayText) \
                --to \(period.until.dayText)</code></span></li>

                """
        }
        return section(
            title,
            "What must be empty, checked against the facts that were recorded with each token.",
            "<ul class=\"controls\">\n\(lines)</ul>\n"
        )
    }
}

// MARK: - Tokens, refusals, hours

extension OverviewPage {
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

    private var tokens: HTML {
        let time = TimeBuckets(overview.days)
        let totals = counts(overview.days[...])
        let columns = time.buckets.map { bucket in
            let counts = counts(bucket.days)
            let parts = zip(series, counts).filter { $0.1 > 0 }.map { "\($0.0) \(Figures.grouped($0.1))" }
            return ColumnChart.Column(
                label: bucket.label,
                hint: "\(bucket.name): \(Figures.grouped(counts.reduce(0, +)))"
                    + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"),
                values: counts
            )
        }
        let legend = zip(series, totals).enumerated().map { index, entry -> HTML in
            #"""
            <li><i class="s\#(index + 1)"></i><b><bdi>\#(entry.0)</bdi></b> \#
            \#(Figures.grouped(entry.1)), \#(Figures.share(entry.1, of: overview.tokenCount))</li>

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
                + series.map { .init(title: $0, isNumber: true) } + [.init(title: "All", isNumber: true)],
            rows: time.buckets.map { bucket in
                let counts = counts(bucket.days)
                return [.text(bucket.name)] + (counts + [counts.reduce(0, +)]).map { .number($0) }
            }
        )
        let content: HTML =
            overview.tokenCount == 0
            ? Self.nothing : "<ul class=\"legend\">\n\(legend)</ul>\n\(chart.html)\(table.folded)"
        return section(
            "Tokens per \(time.unit.rawValue)",
            "By the tier that paid for the meeting.",
            content
        )
    }

    private var refusals: HTML {
        let largest = overview.refusals.first?.count ?? 0
        let table = DataTable(
            caption: "Refusals by reason",
            columns: [
                .init(title: "Reason"), .init(title: "Refusals", isNumber: true), .init(title: "Share", isNumber: true),
                .init(title: ""),
            ],
            rows: overview.refusals.map { refusal in
                [
                    .names(Self.words(for: refusal.reason), beneath: refusal.reason),
                    .number(refusal.count), .share(refusal.count, of: overview.refusalCount),
                    .bar(share: Double(refusal.count) / Double(max(largest, 1))),
                ]
            }
        )
        return section(
            "Refusals by reason",
            "Signed-in people who got no token.",
            overview.refusals.isEmpty ? Self.nothing : table.html
        )
    }

    /// The reasons of `token_refusals`, in words.
    private static func words(for reason: String) -> String {
        switch reason {
        case "user_not_provisioned": "Unknown user"
        case "user_deactivated": "User is deactivated"
        case "meeting_not_found": "No such meeting"
        case "not_a_participant": "Not invited"
        case "participant_removed": "Removed from the meeting"
        case "meeting_ended": "Meeting has ended"
        case "meeting_not_open": "Meeting is not open yet"
        case "tier_required": "No paid tier"
        case "no_stream_call": "Meeting has no call"
        case "role_above_own": "Asked for more than their role"
        case "role_not_admitted": "Role is not admitted"
        default: "Other"
        }
    }

    private var hours: HTML {
        let hours = overview.hours
        var busiest: (day: Int, hour: Int, count: Int64) = (0, 0, 0)
        for (day, counts) in hours.enumerated() {
            for (hour, count) in counts.enumerated() where count > busiest.count { busiest = (day, hour, count) }
        }
        let peak = "\(HeatMap.weekdays[busiest.day]) \(busiest.hour.hourText)"
        let map = HeatMap(
            id: "hours",
            title: "Tokens by hour of the day and day of the week",
            summary: "Seven rows of 24 hours, in UTC. Most tokens: \(peak), \(Figures.grouped(busiest.count)).",
            counts: hours
        )
        let table = DataTable(
            caption: "Tokens by hour of the day and day of the week",
            columns: [.init(title: "Hour")] + HeatMap.weekdays.map { .init(title: $0, isNumber: true) },
            rows: (0..<24).map { hour in [.text(hour.hourText)] + hours.map { .number($0[hour]) } }
        )
        let shades = (0...HeatMap.shades).map { shade -> HTML in #"<i class="h\#(shade)"></i>"# }
        return section(
            "Busiest hours",
            busiest.count == 0
                ? "Tokens by weekday and hour, UTC."
                : "Tokens by weekday and hour, UTC. Most: \(peak), \(Figures.grouped(busiest.count)).",
            busiest.count == 0
                ? Self.nothing
                : """
                \(map.html)<div class="steps" aria-hidden="true"><span>0</span>\(shades)\
                <span>\(Figures.grouped(busiest.count))</span></div>
                \(table.folded)
                """
        )
    }
}

// MARK: - Load and people

extension OverviewPage {
    private var live: HTML {
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

    private var peaks: HTML {
        let time = TimeBuckets(overview.days)
        let columns = time.buckets.map { bucket in
            let peak = bucket.days.map(\.peak).max() ?? 0
            return ColumnChart.Column(
                label: bucket.label,
                hint: "\(bucket.name): \(Figures.grouped(peak))",
                values: [peak]
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
            highest == 0 ? Self.nothing : "\(chart.html)\(table.folded)"
        )
    }

    /// A row for each month and a column for each tier, with the users of each.
    private var months: HTML {
        let tiers = overview.months.reduce(into: [String]()) { tiers, month in
            if !tiers.contains(month.tier) { tiers.append(month.tier) }
        }.sorted()
        let byMonth = Dictionary(grouping: overview.months, by: \.month)
        let table = DataTable(
            caption: "Active users by month and tier",
            columns: [.init(title: "Month")] + tiers.map { .init(title: $0, isNumber: true) },
            rows: byMonth.sorted { $0.key > $1.key }.map { month, entries in
                [.text(month.monthAndYear)]
                    + tiers.map { tier in .number(entries.first { $0.tier == tier }?.users ?? 0) }
            }
        )
        return section(
            "Active users by month",
            "People who got at least one token, by the tier that paid. One who met on two tiers counts in both.",
            overview.months.isEmpty ? Self.nothing : table.html
        )
    }

    private var meetings: HTML {
        let largest = overview.topMeetings.first?.tokens ?? 0
        let table = DataTable(
            caption: "Meetings with the most tokens",
            columns: [
                .init(title: "Meeting, organizer"), .init(title: "Tokens", isNumber: true), .init(title: ""),
                .init(title: "Most users in a day", isNumber: true, isMinor: true),
                .init(title: "Last token", isNumber: true, isMinor: true),
            ],
            rows: overview.topMeetings.map { meeting in
                [
                    .names(meeting.id, beneath: meeting.organizer), .number(meeting.tokens),
                    .bar(share: Double(meeting.tokens) / Double(max(largest, 1))), .number(meeting.users),
                    .figure(meeting.lastIssuedAt.minuteText),
                ]
            }
        )
        return section(
            "Top meetings",
            "Of \(Figures.grouped(overview.meetingCount)) meetings, those with the most tokens.",
            overview.topMeetings.isEmpty ? Self.nothing : table.html
        )
    }

    private var paywall: HTML {
        let largest = overview.paywall.first?.refusals ?? 0
        let table = DataTable(
            caption: "Organizers whose meetings were closed for want of a paid tier",
            columns: [
                .init(title: "Organizer"), .init(title: "Refusals", isNumber: true), .init(title: ""),
                .init(title: "Pays now"),
            ],
            rows: overview.paywall.map { organizer in
                [
                    .name(organizer.id), .number(organizer.refusals),
                    .bar(share: Double(organizer.refusals) / Double(max(largest, 1))),
                    .text(organizer.paysNow ? "Yes" : "No"),
                ]
            }
        )
        return section(
            "Who meets the paywall",
            "Organizers whose meetings were closed most often for want of a paid tier, in the months of the period.",
            overview.paywall.isEmpty ? Self.nothing : table.html
        )
    }
}

extension DataTable.Cell {
    fileprivate static func share(_ part: Int64, of whole: Int64) -> DataTable.Cell {
        .figure(Figures.share(part, of: whole))
    }
}
