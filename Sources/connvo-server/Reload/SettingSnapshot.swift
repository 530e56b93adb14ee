internal import JOSE

/// What every setting was at one time, to find what a reload changes. Secrets that are replaced go with it.
struct SettingSnapshot: Sendable {
    private var values: [Setting: SettingValue]
    /// What secrets are called in the log.
    private let keyIDs: [Setting: String]

    /// - Parameter configuration: What was made from these settings.
    init(_ settings: SettingsReader, _ configuration: ServerConfiguration) {
        values = Dictionary(uniqueKeysWithValues: Setting.allCases.map { ($0, settings.value($0)) })
        var keyIDs = [Setting.streamAPISecret: configuration.streamSecrets.signer.keyID]
        if settings.value(.streamAPISecretPrevious).text != nil {
            keyIDs[.streamAPISecretPrevious] =
                (configuration.streamSecrets.previous ?? configuration.streamSecrets.signer.verifier).keyID
        }
        self.keyIDs = keyIDs
    }

    /// The differences between the settings in use and what was read now.
    struct Differences: Sendable {
        /// What a reload takes.
        var reloadable: [SettingChange] = []
        /// What only another start takes.
        var forRestart: [Setting] = []
    }

    func differences(to new: SettingSnapshot) -> Differences {
        var differences = Differences()
        for setting in Setting.allCases {
            let (old, new) = (self[setting], new[setting])
            guard old != new else { continue }
            switch setting.declaration.newValue {
            case .reload:
                differences.reloadable.append(change(of: setting, from: old, to: new))
            case .reloadOfContents where old.value.text == new.value.text:
                differences.reloadable.append(change(of: setting, from: old, to: new))
            case .reloadOfContents, .restart:
                differences.forRestart.append(setting)
            case .nextCommand:
                break
            }
        }
        return differences
    }

    /// This snapshot with what a reload has taken from `new`. The rest is what the process was started with, so that each
    /// further reload names what still needs a start.
    func taking(_ changes: [SettingChange], from new: SettingSnapshot) -> SettingSnapshot {
        var next = new
        let taken = Set(changes.map(\.setting))
        for setting in Setting.allCases where !taken.contains(setting) { next.values[setting] = values[setting] }
        return next
    }

    // MARK: One setting

    private struct Entry: Equatable {
        let value: SettingValue
        let keyID: String?

        static func == (one: Entry, other: Entry) -> Bool { one.value == other.value }
    }

    private subscript(setting: Setting) -> Entry {
        Entry(value: values[setting] ?? SettingValue(text: nil, contents: nil), keyID: keyIDs[setting])
    }

    private func change(of setting: Setting, from old: Entry, to new: Entry) -> SettingChange {
        if setting.declaration.type.isSecret {
            return SettingChange(
                setting: setting,
                old: old.value.text == nil ? "none" : old.keyID ?? "not shown",
                new: new.value.text == nil ? "none" : new.keyID ?? "not shown"
            )
        }
        let texts = [old, new].map { Self.shown($0.value.text ?? setting.defaultText) }
        let isSameFile = old.value.text == new.value.text
        return SettingChange(setting: setting, old: texts[0], new: isSameFile ? "\(texts[1]), new contents" : texts[1])
    }

    private static func shown(_ text: String?) -> String {
        text.map { SettingText.quoted($0) } ?? "none"
    }
}

/// One setting that a reload changes, for the log. Of a secret the values are key ids.
struct SettingChange: Hashable, Sendable, CustomStringConvertible {
    let setting: Setting
    let old: String
    let new: String

    var description: String { "\(setting.name): \(old) -> \(new)" }
}

extension Setting {
    /// The default in the syntax of the setting; nil when there is none.
    fileprivate var defaultText: String? {
        switch declaration.type {
        case .text(let value), .duration(let value): value
        case .integer(let value, _): "\(value)"
        case .choice(let value, _): value
        case .flag: "false"
        case .secret, .list: nil
        }
    }
}
