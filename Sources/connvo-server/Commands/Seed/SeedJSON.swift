internal import JSON
internal import Persistence
internal import Synchronization

/// What `seed --json` prints: one object, the rows of the difference first, as they are found and one a line, and then
/// the summary, or what it failed with. The names are public (docs/seeding.md).
final class SeedJSON: Sendable {
    private struct State {
        var hasBegun = false
        /// The last row that was added: whether a comma follows it is known with the next one.
        var row: String?
    }

    private let isDryRun: Bool
    private let difference: SeedDifference
    private let state = Mutex(State())

    init(isDryRun: Bool, difference: SeedDifference) {
        self.isDryRun = isDryRun
        self.difference = difference
    }

    /// Adds a row to the difference.
    func add(_ change: SeedChange) {
        let row = difference.json(change)
        state.withLock { state in
            begin(&state)
            if let row = state.row { Terminal.print(row + ",") }
            state.row = row
        }
    }

    /// Writes the rest.
    func finish(_ summary: SeedSummary) { finish(summary, error: nil) }

    /// Writes the rest, after a failure.
    func fail(_ error: any Error) { finish(nil, error: CommandReportError(error)) }

    private func finish(_ summary: SeedSummary?, error: CommandReportError?) {
        var json = JSONWriter()
        json.object { json in
            json.key("changes")
            if let summary { json.bool(!summary.changesNothing) } else { json.null() }
            json.key("kinds")
            if let summary { json.object { json in Self.write(summary, to: &json) } } else { json.null() }
            json.key("error")
            guard let error else { return json.null() }
            json.object { json in
                json.member("exit_code", Int64(error.exitCode))
                json.member("message", error.message)
            }
        }
        // Its opening brace is that of `begin`.
        let members = json.text.dropFirst()
        state.withLock { state in
            guard state.hasBegun || isDryRun else {
                return Terminal.print("{\"dry_run\":false,\"difference\":null,\(members)")
            }
            begin(&state)
            if let row = state.row { Terminal.print(row) }
            Terminal.print("],\(members)")
        }
    }

    private func begin(_ state: inout State) {
        if !state.hasBegun { Terminal.print("{\"dry_run\":\(isDryRun),\"difference\":[") }
        state.hasBegun = true
    }

    private static func write(_ summary: SeedSummary, to json: inout JSONWriter) {
        for (kind, counts) in summary.sorted {
            json.key(kind.rawValue)
            json.object { json in
                json.member("inserted", Int64(counts.inserted))
                json.member("changed", Int64(counts.changed))
                json.member("unchanged", Int64(counts.unchanged))
                json.member("removed", Int64(counts.removed))
            }
        }
    }
}

extension SeedSummary {
    /// In the order of the kinds.
    var sorted: [(SeedKind, Counts)] {
        SeedKind.allCases.compactMap { kind in counts[kind].map { (kind, $0) } }
    }
}
