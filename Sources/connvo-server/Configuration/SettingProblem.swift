/// What is wrong with one setting, and what to do about it.
struct SettingProblem: Hashable, Sendable, CustomStringConvertible {
    let setting: String
    let problem: String
    let remedy: String

    var description: String { "\(setting) \(problem): \(remedy)" }
}
