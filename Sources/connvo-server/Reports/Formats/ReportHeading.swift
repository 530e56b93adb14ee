internal import Domain
internal import Persistence

/// What is known about a report before its first row.
struct ReportHeading: Sendable {
    /// Lines above a table.
    let title: [String]
    private(set) var columns: [ReportColumn]
    /// What stands beside the rows of a document, with NULL where it does not apply.
    let members: [(name: String, value: ReportValue)]

    init(title: String, columns: [ReportColumn]) {
        self.title = [title]
        self.columns = columns
        members = []
    }

    /// The heading with one more column, behind those of the view.
    func adding(_ column: ReportColumn) -> ReportHeading {
        var heading = self
        heading.columns.append(column)
        return heading
    }

    init(report: Report, selection: ReportSelection, freshness: ReportFreshness) {
        let period =
            switch (selection.from, selection.until) {
            case (nil, nil): ""
            case (let from?, nil): ", from \(from.clockText)"
            case (nil, let until?): ", before \(until.clockText)"
            case (let from?, let until?): ", from \(from.clockText) until before \(until.clockText)"
            }
        let last = freshness.lastIssuedAt.map { ", last token \($0.clockText)" } ?? ""
        title = [report.summary + period, "Times are UTC. As of \(freshness.readAt.clockText)\(last)."]
        columns = report.columns
        func instant(_ instant: Timestamp?) -> ReportValue { instant.map(ReportValue.instant) ?? .null }
        members = [
            ("report", .text(report.name)), ("view", .text(report.view)), ("time_zone", .text("UTC")),
            ("as_of", .instant(freshness.readAt)), ("last_issued_at", instant(freshness.lastIssuedAt)),
            ("rolled_up_until", instant(freshness.rolledUpUntil)), ("from", instant(selection.from)),
            ("to", instant(selection.until)),
        ]
    }
}
