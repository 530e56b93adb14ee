/// What is wrong with one setting, and how to correct it.
struct SettingProblem: Hashable, Sendable, CustomStringConvertible {
    let setting: String
    let problem: String
    let remedy: String

    var description: String { "\(setting) \(problem): \(remedy)" }
}
