internal import Configuration
internal import FoundationEssentials
internal import SystemPackage

/// Reads settings by name and gathers everything that is wrong with them, so that an administrator hears of all
/// problems at once.
///
/// Flags win over the environment, and the environment over a `.env` file.
struct SettingsReader {
    private let reader: ConfigReader
    private(set) var problems: [SettingProblem] = []

    /// - Parameters:
    ///   - flags: Values given on the command line, by setting name.
    ///   - environment: The process's environment.
    ///   - environmentFile: A `.env` file; one that does not exist is no problem.
    init(
        flags: [String: String] = [:],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        environmentFile: FilePath? = ".env"
    ) async throws(ConfigurationFailure) {
        var providers: [any ConfigProvider] = [
            EnvironmentVariablesProvider(environmentVariables: flags),
            EnvironmentVariablesProvider(environmentVariables: environment),
        ]
        if let environmentFile {
            do {
                providers.append(
                    try await EnvironmentVariablesProvider(environmentFilePath: environmentFile, allowMissing: true)
                )
            } catch {
                throw ConfigurationFailure([
                    SettingProblem(
                        setting: environmentFile.string,
                        problem: "cannot be read",
                        remedy: "correct the file"
                    )
                ])
            }
        }
        reader = ConfigReader(providers: providers)
    }

    /// The value as it stands; an empty one counts as none.
    func string(_ name: String, isSecret: Bool = false) -> String? {
        let key = ConfigKey(name.lowercased().split(separator: "_").map(String.init))
        return reader.string(forKey: key, isSecret: isSecret).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A secret: the setting itself, or the contents of the file that `NAME_FILE` names, less a final newline.
    mutating func secret(_ name: String) -> String? {
        let value = string(name, isSecret: true)
        guard let path = string(name + "_FILE") else { return value }
        guard value == nil else {
            note(name, "is set, and so is \(name)_FILE", "set one of them")
            return nil
        }
        guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8)
        else {
            note(name + "_FILE", "\(path) cannot be read as text", "name a file that this user may read")
            return nil
        }
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    mutating func integer(_ name: String, default defaultValue: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = string(name) else { return defaultValue }
        guard let value = Int(text), range.contains(value) else {
            note(name, "is \"\(text)\"", "give a whole number from \(range.lowerBound) to \(range.upperBound)")
            return defaultValue
        }
        return value
    }

    mutating func flag(_ name: String) -> Bool {
        guard let text = string(name) else { return false }
        switch text {
        case "true": return true
        case "false": return false
        default:
            note(name, "is \"\(text)\"", "give true or false")
            return false
        }
    }

    /// One of the names of an enumeration.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        default choice: Choice
    ) -> Choice {
        guard let text = string(name) else { return choice }
        guard let value = Choice(rawValue: text) else {
            note(name, "is \"\(text)\"", "give one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
            return choice
        }
        return value
    }

    /// A whole number and a unit: `90s`, `15m`, `2h`, `7d`.
    mutating func duration(_ name: String) -> Duration? {
        guard let text = string(name) else { return nil }
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
            (0...100_000).contains(count)
        else {
            note(name, "is \"\(text)\"", "give a number and a unit, such as 90s, 15m, 2h or 7d")
            return nil
        }
        return .seconds(count * unit)
    }

    /// A comma-separated list, without blanks around its entries.
    func list(_ name: String) -> [String] {
        (string(name) ?? "").split(separator: ",").map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty }
    }

    /// Notes a problem that only the reader of several settings can see. Never give a secret's value.
    mutating func note(_ setting: String, _ problem: String, _ remedy: String) {
        problems.append(SettingProblem(setting: setting, problem: problem, remedy: remedy))
    }

    /// - Throws: ``ConfigurationFailure`` when anything was noted.
    func throwIfWrong() throws(ConfigurationFailure) {
        if !problems.isEmpty { throw ConfigurationFailure(problems) }
    }
}

struct SettingProblem: Hashable, Sendable, CustomStringConvertible {
    let setting: String
    let problem: String
    let remedy: String

    var description: String { "\(setting) \(problem): \(remedy)" }
}

/// Settings that cannot be worked with. The process ends with exit code 78.
struct ConfigurationFailure: Error, CustomStringConvertible {
    let problems: [SettingProblem]

    init(_ problems: [SettingProblem]) {
        self.problems = problems
    }

    var description: String { problems.map(\.description).joined(separator: "\n") }
}
