internal import Configuration
internal import Domain
internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// Reads settings by name and collects every problem, so that an operator sees all problems at once.
///
/// Flags override the environment, and the environment overrides a `.env` file.
struct SettingsReader {
    private let reader: ConfigReader
    private(set) var problems: [SettingProblem] = []

    /// - Parameters:
    ///   - flags: Values given on the command line, by setting name.
    ///   - environment: The process's environment.
    ///   - environmentFile: A `.env` file, which may be missing.
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
                try SmallFile.readAtStart(environmentFile.string).check()
            } catch {
                // It may be missing.
                if error != .system(ENOENT) {
                    throw ConfigurationFailure([
                        SettingProblem(setting: environmentFile.string, problem: "\(error)", remedy: "correct the file")
                    ])
                }
            }
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

    /// The value as given; nil when it is missing or empty.
    func string(_ setting: Setting) -> String? {
        value(named: setting.name, isSecret: false)
    }

    /// The value, or the declared default.
    func text(_ setting: Setting) -> String {
        guard case .text(let defaultValue?) = setting.declaration.type else {
            preconditionFailure("\(setting.name) is not declared as a text with a default")
        }
        return string(setting) ?? defaultValue
    }

    /// The value of a secret, or the contents of the file that ``Setting/fileName`` names, without a final newline.
    mutating func secret(_ setting: Setting) -> String? {
        let value = value(named: setting.name, isSecret: true)
        guard let path = secretFile(setting) else { return value }
        guard value == nil else {
            note(setting, "is set, and so is \(setting.fileName)", "set one of them")
            return nil
        }
        guard let bytes = contents(of: .readAtStart(path), named: setting.fileName) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            note(setting.fileName, "\(path) is not text in UTF-8", "name a file with the value")
            return nil
        }
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// The contents of a file that a setting names; nil, and a problem noted, when it cannot be read.
    mutating func contents(of file: SmallFile, named setting: Setting) -> [UInt8]? {
        contents(of: file, named: setting.name)
    }

    private mutating func contents(of file: SmallFile, named name: String) -> [UInt8]? {
        do {
            return try file.contents()
        } catch {
            note(name, "\(file.path) \(error)", "name a file that this user may read")
            return nil
        }
    }

    /// The file of a secret; nil when no file is named.
    func secretFile(_ setting: Setting) -> String? {
        value(named: setting.fileName, isSecret: false)
    }

    /// A whole number in the declared range, or the declared default.
    mutating func integer(_ setting: Setting) -> Int {
        guard case .integer(let defaultValue, let range) = setting.declaration.type else {
            preconditionFailure("\(setting.name) is not declared as an integer")
        }
        guard let text = string(setting) else { return defaultValue }
        guard let value = Int(text), range.contains(value) else {
            note(setting, "is \"\(text)\"", "give a whole number from \(range.lowerBound) to \(range.upperBound)")
            return defaultValue
        }
        return value
    }

    mutating func flag(_ setting: Setting) -> Bool {
        guard let text = string(setting) else { return false }
        switch text {
        case "true": return true
        case "false": return false
        default:
            note(setting, "is \"\(text)\"", "give true or false")
            return false
        }
    }

    /// A case of an enumeration by its raw value, or the declared default.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ setting: Setting,
        of: Choice.Type
    ) -> Choice {
        guard case .choice(let name, _) = setting.declaration.type, let defaultValue = Choice(rawValue: name) else {
            preconditionFailure("\(setting.name) is not declared as a choice of \(Choice.self)")
        }
        guard let text = string(setting) else { return defaultValue }
        guard let value = Choice(rawValue: text) else {
            note(setting, "is \"\(text)\"", "give one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
            return defaultValue
        }
        return value
    }

    /// A whole number and a unit (`90s`, `15m`, `2h`, `7d`), or the declared default.
    mutating func duration(_ setting: Setting) -> Duration? {
        guard case .duration(let defaultText) = setting.declaration.type else {
            preconditionFailure("\(setting.name) is not declared as a duration")
        }
        guard let text = string(setting) ?? defaultText else { return nil }
        guard let duration = DurationText.parse(text, in: .zero ... .days(100_000)) else {
            note(setting, "is \"\(text)\"", "give a number and a unit, such as 90s, 15m, 2h or 7d")
            return nil
        }
        return duration
    }

    /// The entries of a comma-separated list, without the blanks around them.
    func list(_ setting: Setting) -> [String] {
        (string(setting) ?? "").split(separator: ",").map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty }
    }

    /// Notes a problem that the reader cannot detect by itself. The texts must not contain the value of a secret.
    mutating func note(_ setting: Setting, _ problem: String, _ remedy: String) {
        note(setting.name, problem, remedy)
    }

    private mutating func note(_ name: String, _ problem: String, _ remedy: String) {
        problems.append(SettingProblem(setting: name, problem: problem, remedy: remedy))
    }

    private func value(named name: String, isSecret: Bool) -> String? {
        let key = ConfigKey(name.lowercased().split(separator: "_").map(String.init))
        return reader.string(forKey: key, isSecret: isSecret).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// - Throws: ``ConfigurationFailure`` when a problem was noted.
    func throwIfWrong() throws(ConfigurationFailure) {
        if !problems.isEmpty { throw ConfigurationFailure(problems) }
    }
}
