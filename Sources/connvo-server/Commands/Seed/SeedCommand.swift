internal import ArgumentParser
internal import Persistence
internal import PostgreSQL
internal import SeedFiles

struct SeedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seed",
        abstract: "Make the database hold what seed files say.",
        discussion: """
            Example: connvo-server seed --dry-run people.json meetings.ndjson

            All files are one transaction: either every row is as the files say, or nothing has changed and everything \
            that is wrong is listed (exit code 65). Run again, nothing changes. Nothing is removed without --prune, \
            which asks on a terminal, and elsewhere needs --yes. `connvo-server help seeding` says more.
            """
    )

    @Argument(help: "Files; - is standard input.") var files: [String]

    @Option(
        help: ArgumentHelp("json, ndjson or csv; otherwise as the file's name ends.", valueName: "format"),
        completion: SeedFormatName.completion,
        transform: SeedFormatName.parse
    )
    var format: SeedFormatName?

    @Option(
        help: ArgumentHelp(
            "The kind of the rows in CSV, and of lines of NDJSON that do not say theirs. CSV says it by the name of the "
                + "file otherwise: users.csv.",
            valueName: "kind"
        ),
        completion: SeedKindName.completion,
        transform: SeedKindName.parse
    )
    var kind: SeedKindName?

    @Flag(help: "Print what would change, change nothing, and exit with 2 if something would.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "Remove the rows of this kind that the files do not name; may be repeated.",
            valueName: "kind"
        ),
        completion: SeedKindName.completion,
        transform: SeedKindName.parse
    )
    var prune: [SeedKindName] = []

    @Flag(help: "Remove without asking.")
    var yes = false

    @Flag(help: "List every problem, not only the first \(SeedCommand.problemLimit).")
    var allProblems = false

    @Flag(help: "Print one JSON object; `connvo-server help seeding` lists its fields.")
    var json = false

    @Flag(help: "Show e-mail addresses, names, pictures and titles in the difference and in messages.")
    var showValues = false

    @OptionGroup var quietness: QuietOption

    /// More than one reads at a time; a mistake in a column is one in each row.
    private static let problemLimit = 100

    func validate() throws {
        if files.count(where: { $0 == "-" }) > 1 {
            throw ValidationError("Standard input can be read once.")
        }
        for file in files where format == nil && SeedFormat(path: file) == nil {
            throw ValidationError("\(file): which format is it? Give --format json, ndjson or csv.")
        }
        for file in files where kind == nil && self.format(of: file) == .csv && SeedFileReader.kind(ofFile: file) == nil
        {
            throw ValidationError(
                "\(file): of which kind are its rows? Give --kind, or name the file after it: users.csv."
            )
        }
    }

    private func format(of file: String) -> SeedFormat { format?.format ?? SeedFormat(path: file) ?? .json }

    func run() async throws {
        let progress = ProgressLine(isShown: !quietness.isQuiet)
        let paths = files.map { (path: $0, format: format(of: $0)) }
        let options = SeedOptions(
            isDryRun: dryRun,
            reportsChanges: dryRun,
            pruned: Set(prune.map(\.kind))
        )
        let difference = SeedDifference(showsValues: showValues)
        let json = json ? SeedJSON(isDryRun: dryRun, difference: difference) : nil
        let effect = InterruptedWork.Effect.oneTransaction(
            done: "everything was seeded",
            unknown: """
                the server has not answered whether everything was seeded or nothing; `connvo-server seed --dry-run` shows it
                """
        )
        try await reporting(dryRun ? .readsOnly : effect, isQuiet: quietness.isQuiet) {
            defer { progress.finish() }
            let kind = kind?.kind
            let problemLimit = allProblems ? nil : Self.problemLimit
            let summary: SeedSummary
            do {
                let rows = try await onThreadOfItsOwn(named: "seed-read") {
                    Result { try Self.read(paths, of: kind, problemLimit: problemLimit, progress) }
                }.get()
                let confirmed = try await confirmed(options, rows, progress)
                summary = try await seed(rows, confirmed, progress) { change in
                    if let json { json.add(change) } else { Terminal.record(difference.line(change)) }
                }
            } catch {
                Interruption.ofProcess.gate.waitIfClosed()
                json?.fail(error)
                throw error
            }
            progress.finish()
            if let json { json.finish(summary) } else { show(summary) }
            if dryRun, !summary.changesNothing { throw ExitCode(ExitStatus.pending.rawValue) }
        }
    }

    // MARK: - Reading

    /// All files are opened before the first is read: a name that was mistyped shows at once.
    private static func read(
        _ paths: [(path: String, format: SeedFormat)],
        of kind: SeedKind?,
        problemLimit: Int?,
        _ progress: ProgressLine
    ) throws(CommandFailure) -> SeedFileReader.Result {
        var sources: [SeedSource] = []
        var errors: [SeedFileError] = []
        for (path, format) in paths {
            do {
                sources.append(try SeedSource(path: path, format: format))
            } catch {
                errors.append(error)
            }
        }
        guard errors.isEmpty else {
            throw CommandFailure(.failed, errors.map(\.description).joined(separator: "\nconnvo-server: "))
        }
        let sizes = sources.map(\.size)
        let total = sizes.contains(nil) ? nil : sizes.reduce(0) { $0 + ($1 ?? 0) }
        var read = 0
        do {
            return try SeedFileReader.read(sources, kind: kind, problemLimit: problemLimit) { count in
                read += count
                progress.update("reading", fraction: total.map { Double(read) / Double(max(1, $0)) })
            }
        } catch {
            throw CommandFailure(.failed, error.description)
        }
    }

    // MARK: - Seeding

    /// Finds how many rows pruning would remove, and asks for them, before anything is locked: no session waits for the
    /// answer. The seed then removes no more than was confirmed.
    private func confirmed(
        _ options: SeedOptions,
        _ rows: SeedFileReader.Result,
        _ progress: ProgressLine
    ) async throws -> SeedOptions {
        guard !yes, !dryRun, !options.pruned.isEmpty else { return options }
        let plan = try await seed(rows, SeedOptions(isDryRun: true, pruned: options.pruned), progress)
        var options = options
        options.confirmedRemovals = plan.removals
        guard !plan.removals.isEmpty else { return options }
        try progress.interrupt { () throws(CommandFailure) in
            Terminal.say("This removes \(SeedFailure.text(of: plan.removals)).")
            try Confirmation.require("Seed, and remove them", isGiven: false)
        }
        return options
    }

    private func seed(
        _ rows: SeedFileReader.Result,
        _ options: SeedOptions,
        _ progress: ProgressLine,
        onChange: @escaping @Sendable (SeedChange) -> Void = { _ in }
    ) async throws -> SeedSummary {
        do {
            return try await AdministrativeConnection.run(purpose: "seed") { connection in
                try SchemaRequirement.check(on: &connection)
                return try Seeder.seed(
                    rows.batch,
                    options: options,
                    foundProblems: rows.problems,
                    deadline: .never,
                    on: &connection
                ) { Self.show($0, progress, onChange) }
            }
        } catch let failure as SeedFailure {
            throw commandFailure(failure)
        } catch let failure as CommandFailure where failure.status == .unavailable && !rows.problems.isEmpty {
            // What is known is said; how the rest fits the database cannot be.
            let problems = Self.text(of: rows.problems)
            throw CommandFailure(.badData, "\(problems)\nnothing was compared with the database: \(failure.message)")
        }
    }

    private static func show(_ event: SeedEvent, _ progress: ProgressLine, _ onChange: (SeedChange) -> Void) {
        switch event {
        case .waiting(let holder):
            progress.interrupt { Terminal.note("Waiting for \(holder?.description ?? "another session")") }
            progress.update("waiting")
        case .progress(let step, let done, let total):
            progress.update(step, fraction: Double(done) / Double(max(1, total)))
        case .change(let change):
            progress.interrupt { onChange(change) }
        case .removing(let removals):
            progress.interrupt { Terminal.note("Removing \(SeedFailure.text(of: removals)).") }
        }
    }

    private func commandFailure(_ failure: SeedFailure) -> CommandFailure {
        let text = failure.description(showingValues: showValues)
        switch failure {
        case .invalid(let problems): return CommandFailure(.badData, Self.text(of: problems))
        case .unconfirmed: return CommandFailure(.failed, text)
        case .busy: return CommandFailure(.unavailable, text)
        case .database(_, let error):
            if let failure = SchemaRequirement.failure(for: error) { return failure }
            let isPassing = error.sqlState == nil || error.sqlState == .lockNotAvailable
            return CommandFailure(isPassing ? .unavailable : .failed, text)
        }
    }

    /// One line a problem, as editors read them, and how many there are.
    private static func text(of problems: SeedProblems) -> String {
        let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
        return "\(count); nothing was seeded\n\(problems)"
    }

    // MARK: - The summary

    private func show(_ summary: SeedSummary) {
        for (kind, counts) in summary.sorted {
            Terminal.record(
                """
                \(kind.rawValue): \(counts.inserted) inserted, \(counts.changed) changed, \
                \(counts.unchanged) unchanged, \(counts.removed) removed
                """
            )
        }
        if dryRun { Terminal.note("Dry run: nothing was written.") }
    }
}
