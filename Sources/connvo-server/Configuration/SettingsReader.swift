internal import Domain
internal import Glibc
internal import PostgreSQL

/// Reads settings by name and collects every problem, so that an operator sees all problems at once.
///
/// Flags override the environment, and the environment overrides a `.env` file. Names and texts of all settings are
/// checked when the reader is made, whichever of them a command then reads.
struct SettingsReader {
    /// A setting as it was given.
    private struct Given {
        let text: String
        /// Where, for messages; nil for a flag and for the environment.
        var origin: String?
    }

    private var given: [String: Given] = [:]
    /// Where each variable was given, also where its text was refused since.
    private var sources: [String: SettingSource] = [:]
    /// Settings with a problem. Another one that only follows from it is not noted.
    private var faulty: Set<String> = []
    private(set) var problems: [SettingProblem] = []
    /// The files that were read, by the name of the variable that names them. Each is read once, so that what is checked
    /// is what is used.
    private(set) var files: [String: ReadFile] = [:]
    /// Secrets that were read, wherever they were given.
    private var secrets: [Setting: String] = [:]
    /// Pipes that an earlier reader has read: there is nothing more in them.
    private let pipes: [String: ReadFile]

    /// A file that a setting names.
    struct ReadFile: Equatable {
        let path: String
        let contents: [UInt8]
        let isPipe: Bool
    }

    /// - Parameters:
    ///   - flags: Values given on the command line, by setting name.
    ///   - environment: The process's environment.
    ///   - environmentFile: A `.env` file, which may be missing; nil for none.
    /// - Throws: ``ConfigurationFailure`` when there is a `.env` file that cannot be read. What is wrong in it is among
    ///   ``problems``.
    init(
        flags: [String: String] = [:],
        environment: [String: String] = ProcessEnvironment.current(),
        environmentFile: String? = ".env"
    ) async throws(ConfigurationFailure) {
        try self.init(flags: flags, environment: environment, readingFrom: environmentFile)
    }

    /// The same on a thread that may block, for seconds.
    ///
    /// - Parameter pipes: What ``files`` of an earlier reader has. A pipe with the same path is taken from there.
    init(
        flags: [String: String],
        environment: [String: String],
        readingFrom environmentFile: String?,
        pipes: [String: ReadFile] = [:]
    ) throws(ConfigurationFailure) {
        self.pipes = pipes.filter(\.value.isPipe)
        let file = try environmentFile.flatMap { path throws(ConfigurationFailure) in try Self.file(path) }
        for variable in file?.variables ?? [] where !variable.value.isEmpty {
            given[variable.name] = Given(
                text: variable.value,
                origin: "\(environmentFile ?? ""), line \(variable.line)"
            )
            sources[variable.name] = .environmentFile(line: variable.line)
        }
        for (name, text) in environment.merging(flags, uniquingKeysWith: { $1 }) where !text.isEmpty {
            given[name] = Given(text: text)
            sources[name] = flags[name] == nil ? .environment : .flag
        }
        note(file?.faults ?? [], of: environmentFile ?? "")
        checkTexts()
        checkNames()
    }

    /// The variables of the file; nil when it is missing.
    private static func file(_ path: String) throws(ConfigurationFailure) -> EnvironmentFile? {
        func failure(_ problem: String, _ remedy: String) -> ConfigurationFailure {
            ConfigurationFailure([SettingProblem(setting: path, problem: problem, remedy: remedy)])
        }
        let bytes: [UInt8]
        do {
            bytes = try SmallFile.readAtStart(path).contents()
        } catch .system(ENOENT) {
            return nil
        } catch {
            throw failure("\(error)", "correct the file")
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw failure("is text in UTF-16", "save it in UTF-8")
        }
        return EnvironmentFile(bytes, concerns: SettingNames.concern)
    }

    private mutating func note(_ faults: [EnvironmentFile.Fault], of file: String) {
        for fault in faults {
            if let name = fault.name {
                if ignored.contains(where: { SettingNames.matches(name, $0) }) { continue }
                // What the environment sets is not read from the file.
                if given[name]?.origin != nil || given[name] == nil {
                    given[name] = nil
                    faulty.insert(name)
                    sources[name] = .environmentFile(line: fault.line)
                }
            }
            let name = fault.name.map { " (\($0))" } ?? ""
            note("\(file), line \(fault.line)\(name)", fault.problem, fault.remedy)
        }
    }

    /// Notes the texts that no setting may have, and takes them for missing.
    private mutating func checkTexts() {
        for setting in Setting.allCases {
            let type = setting.declaration.type
            for name in type.isSecret ? [setting.name, setting.fileName] : [setting.name] {
                guard let text = given[name]?.text else { continue }
                var fault = SettingText.fault(in: text, isList: type.isList)
                if fault == nil, type.isList {
                    fault = Self.entries(text).lazy.compactMap { SettingText.fault(inEntry: $0) }.first
                }
                guard let fault else { continue }
                note(name, fault.problem, fault.remedy)
                faulty.formUnion([name, setting.name])
                given[name] = nil
            }
        }
    }

    private mutating func checkNames() {
        for pattern in list(.ignoredVariables) where pattern == "*" || SettingNames.known.contains(pattern) {
            note(.ignoredVariables, "has \(SettingText.quoted(pattern))", "name variables of other programs")
        }
        let ignored = ignored
        for (name, value) in given.sorted(by: { $0.key < $1.key }) {
            if let problem = SettingNames.problem(with: name, value: value.text, ignoring: ignored) {
                note(problem.setting, problem.problem, problem.remedy)
            }
        }
    }

    private var ignored: [String] { list(.ignoredVariables).filter { $0 != "*" } }

    /// The value as given; nil when it is missing or empty.
    func string(_ setting: Setting) -> String? {
        given[setting.name]?.text
    }

    /// Whether there is a value, or the name of a file with it, whether these can be used or not.
    func isGiven(_ setting: Setting) -> Bool {
        isFaulty(setting) || given[setting.name] != nil || given[setting.fileName] != nil
    }

    /// What the setting is, for a comparison with what it was: of secrets the value, of others the text and the contents
    /// of the file that was read for it.
    func value(_ setting: Setting) -> SettingValue {
        if setting.declaration.type.isSecret { return SettingValue(text: secrets[setting], contents: nil) }
        return SettingValue(text: string(setting), contents: files[setting.name]?.contents)
    }

    /// Where the setting was given, whether it can be used or not.
    func source(_ setting: Setting) -> SettingSource {
        if let source = sources[setting.name] { return source }
        guard setting.declaration.type.isSecret, sources[setting.fileName] != nil else { return .unset }
        return .file(secretFile(setting) ?? "")
    }

    /// Whether what was given cannot be used, and is among ``problems``.
    func isFaulty(_ setting: Setting) -> Bool {
        faulty.contains(setting.name)
    }

    /// The value, or the declared default.
    func text(_ setting: Setting) -> String {
        guard case .text(let defaultValue?) = setting.declaration.type else {
            preconditionFailure("\(setting.name) is not declared as a text with a default")
        }
        return string(setting) ?? defaultValue
    }

    /// The value of a secret, or the contents of the file that ``Setting/fileName`` names, without one line end, LF or
    /// CR LF, at its end.
    mutating func secret(_ setting: Setting) -> String? {
        let secret = readSecret(setting)
        secrets[setting] = secret
        return secret
    }

    private mutating func readSecret(_ setting: Setting) -> String? {
        guard let path = secretFile(setting) else { return string(setting) }
        guard string(setting) == nil else {
            note(setting, "is set, and so is \(setting.fileName)", "set one of them")
            return nil
        }
        guard var bytes = contents(of: .readAtStart(path), named: setting.fileName) else { return nil }
        if bytes.last == UInt8(ascii: "\n") {
            bytes.removeLast()
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        }
        guard !bytes.isEmpty else {
            if setting.declaration.mayBeEmpty { return nil }
            noteContents(of: setting, path, SettingText.Fault(problem: "is empty", remedy: Self.valueFile))
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            noteContents(of: setting, path, SettingText.Fault(problem: "is not text in UTF-8", remedy: Self.valueFile))
            return nil
        }
        if let fault = SettingText.fault(in: text) {
            noteContents(
                of: setting,
                path,
                SettingText.Fault(
                    problem: fault.problem,
                    remedy: "write the value alone into the file, with one line end after it or none"
                )
            )
            return nil
        }
        return text
    }

    private static let valueFile = "name a file with the value"

    private mutating func noteContents(of setting: Setting, _ path: String, _ fault: SettingText.Fault) {
        note(setting.fileName, "\(path) \(fault.problem)", fault.remedy)
        faulty.insert(setting.name)
    }

    /// The contents of a file that a setting names; nil, and a problem noted, when it cannot be read.
    mutating func contents(of file: SmallFile, named setting: Setting) -> [UInt8]? {
        contents(of: file, named: setting.name)
    }

    private mutating func contents(of file: SmallFile, named name: String) -> [UInt8]? {
        if let read = files[name] ?? pipes[name], read.path == file.path {
            files[name] = read
            return read.contents
        }
        do {
            let contents = try file.contents()
            files[name] = ReadFile(path: file.path, contents: contents, isPipe: file.isPipe)
            return contents
        } catch {
            note(name, "\(file.path) \(error)", "name a file that this user may read")
            return nil
        }
    }

    /// The file of a secret; nil when no file is named.
    func secretFile(_ setting: Setting) -> String? {
        given[setting.fileName]?.text
    }

    /// A whole number in the declared range, or the declared default.
    mutating func integer(_ setting: Setting) -> Int {
        guard case .integer(let defaultValue, let range) = setting.declaration.type else {
            preconditionFailure("\(setting.name) is not declared as an integer")
        }
        guard let text = string(setting) else { return defaultValue }
        guard let value = Int(text), range.contains(value) else {
            let wanted = "a whole number from \(range.lowerBound) to \(range.upperBound)"
            if SettingNames.isServiceAddress(text), setting.name.hasSuffix("_PORT") {
                let service = setting.name.dropLast("_PORT".count).lowercased()
                note(
                    setting,
                    "is \(SettingText.quoted(text)), which Kubernetes sets for a service named \"\(service)\"",
                    "set enableServiceLinks: false in the pod's spec, or set \(setting.name) there to \(wanted)"
                )
            } else {
                note(setting, "is \(SettingText.quoted(text))", "give \(wanted)")
            }
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
            note(setting, "is \(SettingText.quoted(text))", "give true or false")
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
            note(
                setting,
                "is \(SettingText.quoted(text))",
                "give one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))"
            )
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
            note(setting, "is \(SettingText.quoted(text))", "give a number and a unit, such as 90s, 15m, 2h or 7d")
            return nil
        }
        return duration
    }

    /// The entries of a comma-separated list, without the blanks around them.
    func list(_ setting: Setting) -> [String] {
        string(setting).map(Self.entries) ?? []
    }

    private static func entries(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { entry in
            String(entry.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// Notes a problem that the reader cannot detect by itself. The texts must not contain the value of a secret.
    /// Another problem of a setting whose text was refused is not noted.
    mutating func note(_ setting: Setting, _ problem: String, _ remedy: String) {
        guard !isFaulty(setting) else { return }
        note(setting.name, problem, remedy)
    }

    /// Notes that what was given cannot be used; see ``isFaulty(_:)``.
    mutating func refuse(_ setting: Setting, _ problem: String, _ remedy: String) {
        note(setting, problem, remedy)
        faulty.insert(setting.name)
    }

    private mutating func note(_ name: String, _ problem: String, _ remedy: String) {
        let origin = given[name]?.origin.map { " (\($0))" } ?? ""
        let problem = SettingProblem(setting: name, problem: problem + origin, remedy: remedy)
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// - Throws: ``ConfigurationFailure`` when a problem was noted.
    func throwIfWrong() throws(ConfigurationFailure) {
        if !problems.isEmpty { throw ConfigurationFailure(problems) }
    }
}
