internal import Glibc
internal import PostgreSQL

/// What a command has done to the data when a signal ends it, as a sentence. A value without side effects.
struct InterruptedWork: Sendable {
    /// What a command does to the data.
    enum Effect: Sendable {
        case readsOnly
        /// All of it, or nothing. The texts follow "SIGINT: ".
        case oneTransaction(done: String, unknown: String)
        /// One step after another; what is done stays. `again` says how to go on.
        case steps(again: String)
    }

    var effect = Effect.readsOnly
    /// The steps that are done, in their order.
    var done: [String] = []
    /// The step under way.
    var underWay: String?
    /// What becomes of the step under way where it is no transaction; nil where it is one.
    var remnant: String?
    /// The file that the command writes; nil for standard output.
    var output: String?

    /// - Parameters:
    ///   - signal: SIGINT or another that ends a process.
    ///   - observation: Of the gate, which is closed. A command that it still has was not answered.
    ///   - published: The files that were written completely.
    func sentence(after signal: Int32, _ observation: CommandGate.Observation, published: [String]) -> String {
        var parts = [outcome(observation)]
        if let output {
            parts.append(
                published.isEmpty ? "\(output) was not written, and is as it was" : "\(output) is written completely"
            )
        }
        return "\(Self.name(of: signal)): \(parts.joined(separator: "; "))"
    }

    private func outcome(_ observation: CommandGate.Observation) -> String {
        let isUnanswered: Bool
        switch observation.command {
        case .alone, .commit: isUnanswered = true
        case .inTransaction, nil: isUnanswered = false
        }
        switch effect {
        case .readsOnly:
            return "nothing in the database was changed"
        case .oneTransaction(let done, let unknown):
            if observation.commits > 0 { return done }
            return isUnanswered ? unknown : "nothing in the database was changed"
        case .steps(let again):
            return steps(isUnanswered: isUnanswered, again: again)
        }
    }

    private func steps(isUnanswered: Bool, again: String) -> String {
        var parts: [String] = []
        if !done.isEmpty { parts.append("done, and kept: \(Self.list(done))") }
        if let underWay {
            if isUnanswered {
                parts.append("the server has not answered whether this is done: \(underWay)")
            } else if let remnant {
                parts.append("ended early: \(underWay), \(remnant)")
            } else {
                parts.append("rolled back: \(underWay)")
            }
        } else if isUnanswered {
            parts.append("the server has not answered whether the last step is done")
        } else if done.isEmpty {
            parts.append("nothing in the database was changed")
        }
        return "\(parts.joined(separator: "; ")). \(again)"
    }

    private static func list(_ names: [String]) -> String {
        guard names.count > 6 else { return names.joined(separator: ", ") }
        return "\(names[0]) to \(names[names.count - 1]) (\(names.count) steps)"
    }

    static func name(of signal: Int32) -> String {
        switch signal {
        case SIGHUP: "SIGHUP"
        case SIGINT: "SIGINT"
        default: "SIGTERM"
        }
    }
}
