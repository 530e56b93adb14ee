import TestSupport
import Testing

@testable import connvo_server

/// Variables that are no settings: which are errors, and what is said of them.
@Suite struct SettingNamesTests {
    struct Variable: Sendable {
        let name: String
        var value = "1"
        /// What the message ends with after "NAME is no setting: "; nil when the variable is left alone.
        var remedy: String?
    }

    private static let others = "name it in IGNORED_VARIABLES when another program uses it"

    static let variables: [Variable] = [
        Variable(name: "TOKEN_PER_MINUTE", remedy: "did you mean TOKENS_PER_MINUTE? Or \(others)"),
        Variable(name: "HTTP_PRT", remedy: "did you mean HTTP_PORT? Or \(others)"),
        Variable(name: "DATABASE_URI", remedy: "did you mean DATABASE_URL? Or \(others)"),
        Variable(name: "DATABASE_ADMIN_URL_FIL", remedy: "did you mean DATABASE_ADMIN_URL_FILE? Or \(others)"),
        Variable(name: "STREAM_API_SECRT", remedy: "did you mean STREAM_API_SECRET? Or \(others)"),
        Variable(name: "STREAM_ROLE_COHOST", remedy: "did you mean STREAM_ROLE_CO_HOST? Or \(others)"),
        Variable(name: "WORKOS_ISSUER", remedy: "did you mean WORKOS_ISSUERS? Or \(others)"),
        Variable(name: "WORKOS_JWK_URL", remedy: "did you mean WORKOS_JWKS_URL? Or \(others)"),
        Variable(name: "TRUSTED_PROXY", remedy: "did you mean TRUSTED_PROXIES? Or \(others)"),
        Variable(name: "CORS_ORIGIN", remedy: "did you mean CORS_ORIGINS? Or \(others)"),
        Variable(name: "ALLOW_DEVELOPMENT_TOKEN", remedy: "did you mean ALLOW_DEVELOPMENT_TOKENS? Or \(others)"),
        Variable(name: "ALLOW_IMPERSONATE", remedy: "did you mean ALLOW_IMPERSONATION? Or \(others)"),
        Variable(name: "EARLY_JOIN_WINDOWS", remedy: "did you mean EARLY_JOIN_WINDOW? Or \(others)"),
        Variable(name: "PAST_DUE_GRACE_PERIOD", remedy: "did you mean PAST_DUE_GRACE? Or \(others)"),
        Variable(name: "RECORDS_RETENTION_MONTHS", remedy: "did you mean RECORD_RETENTION_MONTHS? Or \(others)"),
        Variable(name: "LOG_LEVL", remedy: "did you mean LOG_LEVEL? Or \(others)"),
        Variable(name: "LOG_DIRECTORY", remedy: "`connvo-server help configuration` has all settings; or \(others)"),
        Variable(name: "IGNORED_VARS", remedy: "`connvo-server help configuration` has all settings; or \(others)"),
        Variable(name: "Http_Port", remedy: "write HTTP_PORT"),
        Variable(name: "HTTP_PORT_FILE", remedy: "only secrets are read from files; set HTTP_PORT"),
        Variable(
            name: "DATABASE_PASSWORD",
            value: "hunter2-secret",
            remedy: "DATABASE_URL holds host, port, user, password and database; "
                + "or name this one in IGNORED_VARIABLES when another program uses it"
        ),
        Variable(name: "HTTP_TLS_CERT_FILE", remedy: "did you mean HTTP_TLS_KEY_FILE? Or \(others)"),
        // Kubernetes and Docker set these for a service "http", "database" or "stream-api".
        Variable(name: "HTTP_SERVICE_HOST", value: "10.0.0.1"), Variable(name: "HTTP_SERVICE_PORT", value: "80"),
        Variable(name: "HTTP_SERVICE_PORT_WEB", value: "80"),
        Variable(name: "HTTP_PORT_80_TCP", value: "tcp://10.0.0.1:80"),
        Variable(name: "HTTP_PORT_80_TCP_ADDR", value: "10.0.0.1"),
        Variable(name: "DATABASE_PORT", value: "tcp://10.0.0.1:5432"),
        Variable(name: "DATABASE_PORT_5432_TCP_PROTO", value: "tcp"),
        Variable(name: "STREAM_API_PORT", value: "tcp://10.0.0.1:80"),
        Variable(name: "CONNVO_SERVER_PORT", value: "tcp://10.0.0.1:80"),
        // Other software.
        Variable(name: "HTTP_PROXY"), Variable(name: "http_proxy"), Variable(name: "HTTPS_PROXY"),
        Variable(name: "STREAM_API_KEY"), Variable(name: "WORKOS_API_KEY"), Variable(name: "WORKOS_REDIRECT_URI"),
        Variable(name: "WORKOS_COOKIE_PASSWORD"), Variable(name: "DATABASE_PUBLIC_URL"), Variable(name: "ADMIN_EMAIL"),
        Variable(name: "LOGNAME"), Variable(name: "PGHOST"), Variable(name: "ALLOW_EMPTY_PASSWORD"),
        Variable(name: "TOKEN"), Variable(name: "RECORD_DOCUMENTATION"), Variable(name: "JOURNAL_STREAM"),
    ]

    @Test(arguments: variables, [false, true]) func `a name that can only be meant for us is an error`(
        variable: Variable,
        isInFile: Bool
    ) async throws {
        let folder = try Folder()
        if isInFile { try folder.write(Array("\n\(variable.name)=\(variable.value)\n".utf8), to: ".env") }
        let settings = try await SettingsReader(
            environment: isInFile ? [:] : [variable.name: variable.value],
            environmentFile: folder.file(".env")
        )
        let origin = isInFile ? " (\(folder.file(".env")), line 2)" : ""
        let expected = variable.remedy.map { "\(variable.name) is no setting\(origin): \($0)" }
        #expect(settings.problems.map(\.description) == [expected].compactMap(\.self))
    }

    @Test func `IGNORED_VARIABLES names variables of other programs`() async throws {
        let environment = [
            "IGNORED_VARIABLES": "LOG_DIR, DATABASE_REPLICA_*", "LOG_DIR": "/var/log", "DATABASE_REPLICA_URL": "x",
        ]
        let settings = try await SettingsReader(environment: environment, environmentFile: nil)
        #expect(settings.problems.isEmpty)
    }

    @Test(arguments: ["*", "HTTP_PORT", "STREAM_API_SECRET_FILE"]) func `IGNORED_VARIABLES names no settings`(
        pattern: String
    ) async throws {
        let environment = ["IGNORED_VARIABLES": pattern, "HTTP_PRT": "1"]
        let settings = try await SettingsReader(environment: environment, environmentFile: nil)
        #expect(
            settings.problems.first?.description
                == "IGNORED_VARIABLES has \"\(pattern)\": name variables of other programs"
        )
        #expect(settings.problems.count == 2)
    }

    @Test func `every setting begins with one of our prefixes, and with no name of others`() {
        for name in SettingNames.known {
            #expect(SettingNames.prefixes.contains { name.hasPrefix($0) }, "\(name)")
            #expect(!SettingNames.others.contains { SettingNames.matches(name, $0) }, "\(name)")
        }
        for prefix in SettingNames.prefixes where prefix != "TOKEN_PER" && prefix != "RECORDS_RETENTION" {
            #expect(SettingNames.known.contains { $0.hasPrefix(prefix) }, "\(prefix)")
        }
    }

    @Test(arguments: [
        (
            ["HTTP_PORT": "tcp://10.0.0.1:80"],
            "HTTP_PORT is \"tcp://10.0.0.1:80\", which Kubernetes sets for a service named \"http\": set "
                + "enableServiceLinks: false in the pod's spec, or set HTTP_PORT there to a whole number from 0 to 65535\n"
        ),
        (
            ["HTTP_PRT": "9"],
            "HTTP_PRT is no setting: did you mean HTTP_PORT? Or name it in IGNORED_VARIABLES when another program uses it\n"
        ),
    ])
    func `serve ends with 78 and says which name was meant`(settings: [String: String], message: String) async throws {
        let good = [
            "DATABASE_URL": "postgresql:///nowhere", "STREAM_API_SECRET": "a-secret-of-the-tests-0123456789abcdef",
            "WORKOS_JWKS_URL": "file:///nonexistent/jwks.json", "ALLOW_DEVELOPMENT_TOKENS": "true", "ADMIN_PORT": "0",
        ]
        let result = try await Binary.run("serve", settings: good.merging(settings) { $1 })
        #expect(result.status == 78)
        #expect(result.errors.hasSuffix(message), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }
}
