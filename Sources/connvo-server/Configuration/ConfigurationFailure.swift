/// The problems of all invalid settings. The process ends with exit code 78.
struct ConfigurationFailure: Error, CustomStringConvertible {
    let problems: [SettingProblem]

    init(_ problems: [SettingProblem]) {
        self.problems = problems
    }

    var description: String { problems.map(\.description).joined(separator: "\n") }
}
