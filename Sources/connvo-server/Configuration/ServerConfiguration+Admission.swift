internal import Domain

extension ServerConfiguration {
    /// The rules of admission, of `serve` and of `explain`.
    static func admissionPolicy(_ settings: inout SettingsReader) -> AdmissionPolicy {
        AdmissionPolicy(
            streamRoles: streamRoles(&settings),
            earlyJoinWindow: settings.duration(.earlyJoinWindow),
            pastDueGrace: settings.duration(.pastDueGrace) ?? .zero,
            requestedRoleRule: settings.choice(.requestedRole, of: RequestedRoleRule.self)
        )
    }

    /// Observers have no Stream role unless one is configured, so by default they get no token.
    private static func streamRoles(_ settings: inout SettingsReader) -> [Role: String] {
        var roles = AdmissionPolicy.defaultStreamRoles
        for (role, setting) in [
            (Role.host, Setting.streamRoleHost), (.coHost, .streamRoleCoHost),
            (.participant, .streamRoleParticipant), (.observer, .streamRoleObserver),
        ] {
            guard let value = settings.string(setting) else { continue }
            guard value.utf8.count <= 64,
                value.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "_-".contains($0)) })
            else {
                settings.note(
                    setting,
                    "is \(SettingText.quoted(value))",
                    "give a role of Stream: at most 64 letters, digits, _ or -"
                )
                continue
            }
            roles[role] = value
        }
        return roles
    }
}
