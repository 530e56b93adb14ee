internal import Persistence

/// The list of reports, as a report.
enum ReportList {
    private static let columns: [ReportColumn] = [.text("name"), .text("shows"), .text("options")]

    static func write(as format: any ReportFormat, to output: consuming CommandOutput) throws {
        var format = format
        var output = output
        try output.write(format.begin(ReportHeading(title: "Reports", columns: columns)))
        for report in Report.catalogue {
            let mark = report.isControl ? " (a control: must be empty)" : ""
            try output.write(format.row(row(report.name, report.summary + mark, report.options)))
        }
        try output.write(format.row(row("overview", "One page of HTML with charts of the reports", [.from, .to])))
        try output.write(format.end())
        try output.finish()
    }

    private static func row(_ name: String, _ summary: String, _ options: [ReportOption]) -> [ReportValue] {
        [.text(name), .text(summary), .text(options.map { "--\($0.rawValue)" }.joined(separator: " "))]
    }
}
