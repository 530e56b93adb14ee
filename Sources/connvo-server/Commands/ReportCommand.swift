internal import ArgumentParser
internal import Domain
internal import Persistence
internal import PostgreSQL
internal import Text

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Answer a question from the database; without a name, list the reports.",
        discussion: """
            Example: connvo-server report tokens --from 2026-11-01 --to 2026-12-01 --format csv
            Example: connvo-server report overview --output overview.html

            Periods begin with --from and end before --to. Dates are days in UTC, and so are all times that are printed. \
            Nothing in the database is changed or locked; every figure is of one moment.
            """
    )

    enum Format: String, CaseIterable {
        case table, csv, json, ndjson, html

        /// The format that a file's name ends with; nil for another ending.
        init?(path: String) {
            guard let dot = path.lastIndex(of: "."), !path[dot...].contains("/") else { return nil }
            switch path[dot...].dropFirst().lowercased() {
            case "txt": self = .table
            case "csv": self = .csv
            case "json": self = .json
            case "ndjson", "jsonl": self = .ndjson
            case "html", "htm": self = .html
            default: return nil
            }
        }
    }

    @Argument(help: "A report, or overview: one page with charts.") var name: String?
    @Option(help: "The first day (UTC) or instant.") var from: String?
    @Option(help: "The first day (UTC) or instant after it.") var to: String?
    @Option(help: "Only this tier.") var tier: String?
    @Option(help: "Only this meeting.") var meeting: String?
    @Option(help: "Only this user.") var user: String?
    @Option(help: "At most so many rows.") var limit: Int?
    @Option(
        help: """
            table, csv, json or ndjson; overview has html. Otherwise as --output ends: .txt, .csv, .json, .ndjson; table \
            at last.
            """,
        completion: .list(Format.allCases.map(\.rawValue)),
        transform: NamedArgument.value
    ) var format: Format?
    @Option(help: "A file, which appears whole or not at all; otherwise standard output.") var output: String?
    @Flag(help: "Exit with 2 when a control is not empty.") var exitCode = false

    func validate() throws { _ = try request() }

    func run() async throws {
        try await reporting(output: output) {
            do {
                try await perform(try request())
            } catch let error as DatabaseError {
                throw Self.failure(error)
            }
        }
    }

    private func perform(_ request: Request) async throws {
        let target = output
        switch request {
        case .list(let format):
            try ReportList.write(as: format, to: CommandOutput.opened(target))
        case .overview(let period):
            let failed = try await AdministrativeConnection.run(purpose: "report", isReadOnly: true) { connection in
                try SchemaRequirement.check(on: &connection)
                var output = try CommandOutput.opened(target)
                let overview = try ReportSession.run(on: &connection) { connection, freshness in
                    try Overview(
                        of: period ?? .lastDays(upTo: freshness.readAt),
                        freshness: freshness,
                        on: &connection
                    )
                }
                try output.write(Array(OverviewPage(overview: overview).html.source.utf8))
                try output.finish()
                return overview.controls.contains { $0.count > 0 }
            }
            if exitCode, failed { throw ExitCode(ExitStatus.pending.rawValue) }
        case .report(let report, let selection, let format):
            let further = report == .signingKeys ? try await SecretColumn() : nil
            let count = try await AdministrativeConnection.run(purpose: "report", isReadOnly: true) { connection in
                try SchemaRequirement.check(on: &connection)
                var output = try CommandOutput.opened(target)
                var format = format
                var count = 0
                try ReportSession.run(on: &connection) { connection, freshness in
                    let heading = ReportHeading(report: report, selection: selection, freshness: freshness)
                    try output.write(format.begin(further.map { heading.adding($0.column) } ?? heading))
                    try ReportSession.read(report, selection, on: &connection) { row in
                        count += 1
                        try output.write(format.row(further.map { row + [$0.value(row)] } ?? row))
                    }
                }
                try output.write(format.end())
                try output.finish()
                return count
            }
            if exitCode, count > 0 { throw ExitCode(ExitStatus.pending.rawValue) }
        }
    }
}

// MARK: - What is asked for

extension ReportCommand {
    private enum Request {
        case list(any ReportFormat & Sendable)
        /// Nil for the last 30 days.
        case overview(Overview.Period?)
        case report(Report, ReportSelection, any ReportFormat & Sendable)
    }

    /// - Throws: `ValidationError` (exit code 64) for a combination of arguments that has no meaning.
    private func request() throws -> Request {
        let selection = try selection()
        guard let name else {
            try refuse(selection.options.first, "without a report there is nothing to narrow")
            if exitCode { throw ValidationError("--exit-code needs a report that is a control") }
            return .list(try rowFormat(for: "the list of reports"))
        }
        if name == "overview" { return .overview(try overviewPeriod(selection)) }
        guard let report = Report.named(name) else { throw ValidationError(Self.unknown(name)) }
        for option in selection.options where !report.options.contains(option) {
            let taken = report.options.map { "--\($0.rawValue)" }.joined(separator: ", ")
            throw ValidationError("report \(report.name) has no --\(option.rawValue); it has \(taken)")
        }
        if !report.needsOneOf.isEmpty, !report.needsOneOf.contains(where: selection.options.contains) {
            let needed = report.needsOneOf.map { "--\($0.rawValue)" }.joined(separator: " or ")
            throw ValidationError("report \(report.name) needs \(needed): the whole of it is every record")
        }
        for (option, bound) in [("--from", selection.from), ("--to", selection.until)] {
            guard let bound, let grain = report.period?.grain, !grain.allows(bound) else { continue }
            throw ValidationError("\(option) \(bound.reportText): report \(report.name) \(grain.remedy)")
        }
        if exitCode, !report.isControl {
            let controls = Report.controls.map(\.name).joined(separator: ", ")
            throw ValidationError("--exit-code is for the controls, which must be empty: \(controls), and overview")
        }
        return .report(report, selection, try rowFormat(for: "report \(report.name)"))
    }

    private func selection() throws -> ReportSelection {
        let selection = ReportSelection(
            from: try Self.bound("--from", from),
            until: try Self.bound("--to", to),
            tier: try Self.text("--tier", tier),
            meeting: try Self.text("--meeting", meeting),
            user: try Self.text("--user", user),
            limit: limit
        )
        if let limit, limit < 1 { throw ValidationError("--limit \(limit): give a number above 0") }
        if let from = selection.from, let until = selection.until, from >= until {
            throw ValidationError("--from \(from.reportText) is not before --to \(until.reportText)")
        }
        return selection
    }

    private func overviewPeriod(_ selection: ReportSelection) throws -> Overview.Period? {
        for option in selection.options where option != .from && option != .to {
            throw ValidationError("overview has no --\(option.rawValue); it has --from and --to")
        }
        guard format == nil || format == .html else {
            throw ValidationError("overview is --format html; each of its figures is a report of its own, too")
        }
        if format == nil, let output, let named = Format(path: output), named != .html {
            throw ValidationError(
                """
                overview is an HTML page, and the name \(output.safe(for: .table)) says another format: give a name such as \
                overview.html, or --format html
                """
            )
        }
        for (option, bound) in [("--from", selection.from), ("--to", selection.until)] {
            guard let bound, !Report.Period.Grain.day.allows(bound) else { continue }
            throw ValidationError("\(option) \(bound.reportText): overview \(Report.Period.Grain.day.remedy)")
        }
        switch (selection.from, selection.until) {
        case (nil, nil): return nil
        case (let from?, let until?):
            let period = Overview.Period(from: from, until: until)
            guard period.dayCount <= Overview.Period.longest else {
                throw ValidationError("overview shows at most \(Overview.Period.longest) days")
            }
            return period
        default: throw ValidationError("overview needs both --from and --to, or neither for the last 30 days")
        }
    }

    private func rowFormat(for what: String) throws -> any ReportFormat & Sendable {
        switch format ?? output.flatMap({ Format(path: $0) }) ?? .table {
        case .table: TableFormat()
        case .csv: CSVFormat()
        case .json: JSONFormat()
        case .ndjson: NDJSONFormat()
        case .html: throw ValidationError("\(what) has no --format html; it has table, csv, json and ndjson")
        }
    }

    private func refuse(_ option: ReportOption?, _ reason: String) throws {
        if let option { throw ValidationError("--\(option.rawValue): \(reason)") }
    }

    private static func bound(_ option: String, _ text: String?) throws -> Timestamp? {
        guard let text else { return nil }
        guard let bound = PeriodBound.parse(text) else {
            throw ValidationError("\(option) \(text.safe(for: .table)): \(PeriodBound.remedy)")
        }
        return bound
    }

    /// PostgreSQL's text cannot hold U+0000, but neither can an argument of a process.
    private static func text(_ option: String, _ text: String?) throws -> String? {
        if text == "" { throw ValidationError("\(option) is empty: leave it out to see all") }
        return text
    }

    private static func unknown(_ name: String) -> String {
        let names = Report.catalogue.map(\.name) + ["overview"]
        let hint = NearNames.hint(for: name, in: names) ?? "connvo-server report lists them"
        return "there is no report \"\(name.safe(for: .table))\"; \(hint)"
    }
}

// MARK: - What can go wrong

extension ReportCommand {
    private static func failure(_ error: DatabaseError) -> CommandFailure {
        if let failure = SchemaRequirement.failure(for: error) { return failure }
        return switch error.sqlState {
        case .insufficientPrivilege:
            CommandFailure(
                .failed,
                "\(error.message): this login may not read the reports; make it a member: GRANT connvo_reporter TO …"
            )
        case .queryCanceled:
            CommandFailure(
                .failed,
                "\(error.message): narrow it with --from and --to, or give the login a longer statement_timeout"
            )
        case .idleInTransactionTimeout:
            CommandFailure(.failed, "the output was not read for five minutes, so the report was given up")
        default:
            CommandFailure(error.sqlState == nil ? .unavailable : .failed, error.fullDescription)
        }
    }
}

extension Overview.Period {
    /// Longer ones make no picture.
    fileprivate static let longest = 3660

    /// The day of an instant and the 29 before it.
    fileprivate static func lastDays(upTo instant: Timestamp) -> Overview.Period {
        let today = instant.startOfDay
        return Overview.Period(from: today - .days(29), until: today + .days(1))
    }
}
