/// Which names of variables are ours: settings, and names that can only be meant for one.
///
/// A variable with such a name that is no setting is an error: a misspelled setting has no effect and shows nowhere.
/// The environment is shared, so names that other software is known to set are left alone, and `IGNORED_VARIABLES` has
/// further ones.
enum SettingNames {
    /// What a name begins with when it is meant for us. Every setting begins with one of these.
    static let prefixes = [
        "ADMIN_", "ALLOW_DEV", "ALLOW_IMP", "CORS_", "DATABASE_", "DEVELOPMENT_KEY", "EARLY_JOIN", "HTTP_",
        "IGNORED_VAR", "INVALID_TOKEN", "LOG_", "PAST_DUE", "RECORD_RETENTION", "RECORDS_RETENTION", "REQUESTED_ROLE",
        "STREAM_", "TOKENS_", "TOKEN_PER", "TRUSTED_PROX", "WORKOS_",
    ]

    /// Names with these prefixes that other software sets; `*` stands for any rest.
    static let others = [
        // For clients of HTTP: curl and many libraries. connvo-server uses no forward proxy.
        "HTTP_PROXY", "HTTP_PROXY_*",
        // Stream's and WorkOS's own libraries, and Convex's integration of WorkOS.
        "STREAM_API_KEY", "STREAM_APP_ID", "STREAM_BASE_URL", "STREAM_CHAT_*", "STREAM_TIMEOUT", "STREAM_URL",
        "STREAM_VIDEO_*", "WORKOS_ACTION_*", "WORKOS_API_*", "WORKOS_CLIENT_SECRET", "WORKOS_COOKIE_*",
        "WORKOS_ENVIRONMENT_*", "WORKOS_ORGANIZATION_ID", "WORKOS_REDIRECT_URI", "WORKOS_WEBHOOK_*",
        // Platforms set these beside DATABASE_URL: Railway, Heroku, Vercel with Neon.
        "DATABASE_CONNECTION_POOL_URL", "DATABASE_PRIVATE_URL", "DATABASE_PUBLIC_URL", "DATABASE_URL_UNPOOLED",
        // Applications that make a first user.
        "ADMIN_EMAIL", "ADMIN_PASSWORD", "ADMIN_USER", "ADMIN_USERNAME",
    ]

    /// All settings, and the names of the files of secrets.
    static let known: Set<String> = Set(
        Setting.allCases.flatMap { $0.declaration.type.isSecret ? [$0.name, $0.fileName] : [$0.name] }
    )

    /// Whether a variable of this name is a setting, or can only be meant for one.
    static func concern(_ name: String) -> Bool {
        if known.contains(name) || known.contains(name.uppercased()) { return true }
        return prefixes.contains { name.hasPrefix($0) } && !others.contains { matches(name, $0) }
    }

    /// What is wrong with the name of a variable; nil when it is a setting, or none of ours.
    ///
    /// - Parameters:
    ///   - value: Looked at for what Kubernetes sets, and never shown.
    ///   - ignored: Further patterns of names that other software sets.
    static func problem(with name: String, value: String, ignoring ignored: [String]) -> SettingProblem? {
        guard concern(name), !known.contains(name), !ignored.contains(where: { matches(name, $0) }),
            !isServiceVariable(name, value)
        else { return nil }
        return SettingProblem(setting: name, problem: "is no setting", remedy: remedy(for: name))
    }

    /// - Parameter pattern: A name, or the beginning of names and `*`.
    static func matches(_ name: String, _ pattern: String) -> Bool {
        pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
    }

    /// Whether Kubernetes sets this variable for a service, or Docker for a link (Kubernetes: Service, "Environment
    /// variables"): `DATABASE_SERVICE_HOST`, `DATABASE_PORT=tcp://10.0.0.1:5432`, `DATABASE_PORT_5432_TCP_ADDR`.
    private static func isServiceVariable(_ name: String, _ value: String) -> Bool {
        if name.hasSuffix("_SERVICE_HOST") || name.contains("_SERVICE_PORT") { return true }
        if name.hasSuffix("_PORT") { return isServiceAddress(value) }
        guard let words = name.firstRange(of: "_PORT_") else { return false }
        let rest = name[words.upperBound...].split(separator: "_")
        return rest.count >= 2 && Int(rest[0]) != nil && ["TCP", "UDP", "SCTP"].contains(rest[1])
    }

    /// Whether a value is the address of a service, as Kubernetes writes it: `tcp://10.0.0.1:80`.
    static func isServiceAddress(_ value: String) -> Bool {
        ["tcp://", "udp://", "sctp://"].contains { value.hasPrefix($0) }
    }

    private static func remedy(for name: String) -> String {
        switch name {
        case "DATABASE_HOST", "DATABASE_NAME", "DATABASE_PASS", "DATABASE_PASSWORD", "DATABASE_PORT", "DATABASE_USER",
            "DATABASE_USERNAME":
            return "DATABASE_URL holds host, port, user, password and database; "
                + "or name this one in IGNORED_VARIABLES when another program uses it"
        default:
            break
        }
        if known.contains(name.uppercased()) { return "write \(name.uppercased())" }
        if name.hasSuffix("_FILE"), known.contains(String(name.dropLast("_FILE".count))) {
            return "only secrets are read from files; set \(name.dropLast("_FILE".count))"
        }
        let others = "name it in IGNORED_VARIABLES when another program uses it"
        guard let near = near(name) else { return "`connvo-server help configuration` has all settings; or \(others)" }
        return "did you mean \(near)? Or \(others)"
    }

    /// The setting that is spelled most like this name.
    private static func near(_ name: String) -> String? {
        let names = known.map { (shown: $0, compared: $0.lowercased()) }.sorted { $0.shown < $1.shown }
        let found = NearNames.of(name, in: names.map(\.compared)).first
        return names.first { $0.compared == found }?.shown
    }
}
