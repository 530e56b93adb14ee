internal import Domain
internal import Persistence
internal import PostgreSQL

/// The settings that decide a request, read as `serve` reads them.
struct ExplainSettings: Sendable {
    let target: ConnectionTarget
    let rules: IssuanceRules
    let values: [Value]

    /// A setting, for the reader of the explanation: where it is not set as for `serve`, the decision may differ.
    struct Value: Sendable {
        let setting: Setting
        /// The value that counts; nil for none.
        let text: String?
        /// Whether it is not set, so that the default counts.
        let isDefault: Bool
    }

    /// - Throws: ``ConfigurationFailure`` with every problem in these settings.
    init(_ settings: inout SettingsReader) throws(ConfigurationFailure) {
        let target = DatabaseSettings.explaining(&settings)
        let policy = ServerConfiguration.admissionPolicy(&settings)
        let limit = settings.integer(.tokensPerMinute)
        try settings.throwIfWrong()
        // It is nil only when its reader has noted a problem.
        guard let target else { throw ConfigurationFailure(settings.problems) }
        self.target = target
        rules = IssuanceRules(policy: policy, requestsPerMinute: limit)
        let decisive: [Setting] = [
            .tokensPerMinute, .requestedRole, .earlyJoinWindow, .pastDueGrace,
            .streamRoleHost, .streamRoleCoHost, .streamRoleParticipant, .streamRoleObserver,
        ]
        values = decisive.map { setting in
            let given = settings.string(setting)
            return Value(
                setting: setting,
                text: given ?? Self.defaultText(of: setting, policy: policy),
                isDefault: given == nil
            )
        }
    }

    /// The default as an operator would write it.
    private static func defaultText(of setting: Setting, policy: AdmissionPolicy) -> String? {
        switch setting {
        case .streamRoleHost: policy.streamRoles[.host]
        case .streamRoleCoHost: policy.streamRoles[.coHost]
        case .streamRoleParticipant: policy.streamRoles[.participant]
        case .streamRoleObserver: policy.streamRoles[.observer]
        default:
            switch setting.declaration.type {
            case .integer(let value, _): String(value)
            case .choice(let value, _): value
            case .duration(let value): value
            case .text, .secret, .flag, .list: nil
            }
        }
    }
}
