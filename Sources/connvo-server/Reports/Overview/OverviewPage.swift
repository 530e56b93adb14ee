internal import Domain
internal import Persistence

/// The overview as one page of HTML: no script, nothing from elsewhere, legible in print.
///
/// Everything a chart shows is in a table, too. Names from the database are escaped, so that they are
/// always text.
struct OverviewPage {
    let overview: Overview

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

    var periodText: String {
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
            <p class="eyebrow">connvo-server · database \(HTML.name(overview.database))</p>
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
        <p>The database holds no token and no refusal. As soon as a user has asked for a token, this page has \
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

    func section(_ title: String, _ explanation: String, _ content: HTML) -> HTML {
        """
        <section>
        <h2>\(title)</h2>
        <p>\(explanation)</p>
        \(content)</section>

        """
    }

    /// What the lighter column of a chart is; nothing where all of its time is over.
    func unfinishedNote(_ time: TimeBuckets) -> HTML {
        guard time.buckets.contains(where: \.isUnfinished) else { return .nothing }
        return """
            <p class="unfinished"><i></i>Not over yet: this page was made at \(overview.freshness.readAt.minuteText) UTC.</p>

            """
    }

    static let nothing: HTML = "<p class=\"none\">Nothing in this period.</p>\n"
}
