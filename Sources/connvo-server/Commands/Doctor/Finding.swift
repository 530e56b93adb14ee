/// What a check of `doctor` has found: one line of its output.
struct Finding: Hashable, Sendable {
    /// The names are public (`connvo-server help doctor`).
    enum Level: String, CaseIterable, Sendable {
        case ok
        case warning
        case fault
        /// An earlier fault is in the way, or this login may not see it.
        case notChecked = "not_checked"
    }

    let level: Level
    /// One line. What another process has said is in it as ``Text/TextDestination/table`` shows it.
    let text: String
    /// What to do; nil when nothing is to be done.
    var remedy: String?
    /// The exit code of a fault.
    var status = ExitStatus.done

    static func ok(_ text: String) -> Finding {
        Finding(level: .ok, text: text)
    }

    static func warning(_ text: String, remedy: String) -> Finding {
        Finding(level: .warning, text: text, remedy: remedy)
    }

    static func fault(_ text: String, remedy: String?, status: ExitStatus = .failed) -> Finding {
        Finding(level: .fault, text: text, remedy: remedy, status: status)
    }

    /// - Parameter reason: Follows `not checked: `.
    static func notChecked(_ reason: String) -> Finding {
        Finding(level: .notChecked, text: "not checked: \(reason)")
    }
}
