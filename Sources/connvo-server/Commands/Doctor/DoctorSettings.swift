internal import JOSE
internal import PostgreSQL
internal import Text

/// The settings as `doctor` reads them: with the readers of `serve`, and then those that other commands read.
struct DoctorSettings: Sendable {
    /// What is shown of one setting.
    struct Entry: Hashable, Sendable {
        let setting: Setting
        /// The value, or what the default is; nil for none, and always nil for a secret that is set.
        var value: String?
        /// What may be said of a secret that is set; nil when nothing is known of it.
        var detail: String?
        let source: SettingSource
        /// What is wrong with it.
        var problem: SettingProblem?
    }

    /// One for each declared setting, in the order of their declaration. Empty when `.env` cannot be read.
    var entries: [Entry] = []
    var problems: [SettingProblem]
    /// Nil when a setting of `serve` is wrong.
    var configuration: ServerConfiguration?
    /// What `serve` would connect to; nil when that is not known.
    var database: ConnectionTarget?
    var streamSecret: StreamSecretShape?
    var streamGrantsConfirmed = false
    var allowsDevelopmentTokens = false

    /// How long reading may take. A file that a setting names may be on a mount that hangs.
    private static let timeLimit: Duration = .seconds(6)

    /// Reads them. Blocks, for the time limit at most.
    static func read(flags: [String: String]) async -> DoctorSettings {
        let reader: SettingsReader
        do {
            reader = try await SettingsReader(flags: flags)
        } catch {
            return DoctorSettings(problems: error.problems)
        }
        let settings = try? onThreadOfItsOwn(named: "settings", within: timeLimit) { DoctorSettings(reader) }
        if let settings { return settings }
        let late = SettingProblem(
            setting: "a file that a setting names",
            problem: "could not be read within \(timeLimit.components.seconds) s",
            remedy: "see whether its file system answers"
        )
        return DoctorSettings(problems: reader.problems + [late])
    }

    private init(problems: [SettingProblem]) {
        self.problems = problems
    }

    private init(_ reader: SettingsReader) {
        var settings = reader
        _ = LogSettings(&settings)
        configuration = try? ServerConfiguration(&settings)
        _ = settings.integer(.recordRetentionMonths)
        if settings.source(.databaseAdminURL) != .unset {
            _ = DatabaseSettings.administering(&settings, purpose: "doctor")
        }
        streamGrantsConfirmed = settings.flag(.streamGrantsConfirmed)
        allowsDevelopmentTokens = settings.flag(.allowDevelopmentTokens)
        problems = settings.problems

        // What a second reading of the same finds is known already.
        var again = settings
        if let configuration {
            database = configuration.database
        } else if Self.canBeReadAgain(.databaseURL, settings) {
            database = DatabaseSettings.serving(&again, purpose: "doctor")
        }
        database?.applicationName = "connvo-server/doctor"
        if let secret = Self.secret(.streamAPISecret, settings) { streamSecret = StreamSecretShape(secret) }
        entries = Setting.allCases.map { Self.entry($0, settings) }
    }

    // MARK: What is shown

    private static func entry(_ setting: Setting, _ settings: SettingsReader) -> Entry {
        let source = settings.source(setting)
        var entry = Entry(setting: setting, source: source)
        entry.problem = settings.problems.first { $0.setting == setting.name || $0.setting == setting.fileName }
        if source == .unset {
            entry.value = defaultText(setting, settings)
        } else if setting.declaration.type.isSecret {
            entry.detail = secret(setting, settings).flatMap { detail(of: $0, setting) }
        } else {
            entry.value = settings.string(setting).map(shown)
        }
        return entry
    }

    /// A value that is no secret. One with `@` in it may hold a password all the same.
    private static func shown(_ value: String) -> String {
        value.utf8.contains(UInt8(ascii: "@")) ? SettingText.quoted(value) : value.safe(for: .table)
    }

    private static func defaultText(_ setting: Setting, _ settings: SettingsReader) -> String? {
        let declaration = setting.declaration
        if let shown = declaration.shownDefault {
            let clientID = settings.string(.workOSClientID).map(Self.shown) ?? "<client id>"
            return shown.replacing("`", with: "").replacing("<client id>", with: clientID)
        }
        return switch declaration.type {
        case .text(let value), .duration(let value): value
        case .integer(let value, _): String(value)
        case .choice(let value, _): value
        case .flag: "false"
        case .secret, .list: nil
        }
    }

    private static func detail(of secret: String, _ setting: Setting) -> String? {
        if setting.declaration.section == .stream { return StreamSecretShape(secret).summary }
        return (try? ConnectionTarget(secret, applicationName: ""))?.outline
    }

    // MARK: Secrets

    /// A secret that was read already.
    private static func secret(_ setting: Setting, _ settings: SettingsReader) -> String? {
        guard canBeReadAgain(setting, settings) else { return nil }
        var again = settings
        return again.secret(setting)
    }

    /// Whether nothing is wrong with a secret. Its file was read once, and the reader has kept what was in it.
    private static func canBeReadAgain(_ setting: Setting, _ settings: SettingsReader) -> Bool {
        let names = [setting.name, setting.fileName]
        return !settings.isFaulty(setting) && !settings.problems.contains { names.contains($0.setting) }
    }
}
