internal import Domain
internal import Persistence

// The reports that must be empty, and whether they are.

extension OverviewPage {
    var controls: HTML {
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
