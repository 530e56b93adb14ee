import TestSupport
import Testing

@testable import connvo_server

/// Invalid settings: exit code 78, all problems at once, no secret shown.
@Suite struct ConfigurationTests {
    private static let good = [
        "DATABASE_URL": "postgresql:///nowhere", "STREAM_API_SECRET": "a-secret-of-the-tests-0123456789abcdef",
        "WORKOS_JWKS_URL": "file:///nonexistent/jwks.json", "ALLOW_DEVELOPMENT_TOKENS": "true", "HTTP_PORT": "0",
        "ADMIN_PORT": "0",
    ]

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Added to valid settings.
        let settings: [String: String]
        let named: [String]
        var secrets: [String] = []
    }

    static let cases: [Case] = [
        Case(
            testDescription: "nothing is set",
            settings: ["STREAM_API_SECRET": "", "WORKOS_JWKS_URL": "", "ALLOW_DEVELOPMENT_TOKENS": ""],
            named: ["STREAM_API_SECRET", "WORKOS_CLIENT_ID", "WORKOS_JWKS_URL"]
        ),
        Case(
            testDescription: "everything is wrong",
            settings: [
                "HTTP_PORT": "99999", "ADMIN_PORT": "x", "HTTP_IDLE_TIMEOUT": "2h",
                "INVALID_TOKENS_PER_SECOND": "-1", "LOG_LEVEL": "loud", "LOG_FORMAT": "xml",
                "ALLOW_DEVELOPMENT_TOKENS": "yes",
                "TRUSTED_PROXIES": "300.0.0.0/8", "EARLY_JOIN_WINDOW": "soon", "PAST_DUE_GRACE": "7",
                "DATABASE_POOL_SIZE": "0",
                "DATABASE_STATEMENTS": "maybe", "STREAM_ROLE_HOST": "a b", "STREAM_GRANTS_CONFIRMED": "1",
                "ALLOW_IMPERSONATION": "TRUE", "CORS_ORIGINS": "https://app.connvo.app, https://app.connvo.app/",
                "STREAM_API_SECRET": "short-secret-of-31-bytes-012345",
                "DATABASE_URL": "postgresql://user:hunter2-secret@[bad",
            ],
            named: [
                "HTTP_PORT", "ADMIN_PORT", "HTTP_IDLE_TIMEOUT", "INVALID_TOKENS_PER_SECOND", "LOG_LEVEL", "LOG_FORMAT",
                "ALLOW_DEVELOPMENT_TOKENS", "TRUSTED_PROXIES",
                "EARLY_JOIN_WINDOW",
                "PAST_DUE_GRACE", "DATABASE_POOL_SIZE", "DATABASE_STATEMENTS", "STREAM_ROLE_HOST",
                "STREAM_GRANTS_CONFIRMED",
                "ALLOW_IMPERSONATION", "CORS_ORIGINS", "STREAM_API_SECRET", "DATABASE_URL",
            ],
            secrets: ["short-secret-of-31-bytes-012345", "hunter2-secret"]
        ),
        Case(
            testDescription: "development tokens beside a real client",
            settings: ["WORKOS_CLIENT_ID": "client_123"],
            named: ["ALLOW_DEVELOPMENT_TOKENS", "WORKOS_CLIENT_ID"]
        ),
        Case(
            testDescription: "the development issuer without permission",
            settings: ["ALLOW_DEVELOPMENT_TOKENS": "", "WORKOS_ISSUERS": "https://connvo.invalid/development"],
            named: ["WORKOS_ISSUERS", "ALLOW_DEVELOPMENT_TOKENS"]
        ),
        Case(
            testDescription: "a secret twice",
            settings: ["STREAM_API_SECRET_FILE": "input"],
            named: ["STREAM_API_SECRET", "STREAM_API_SECRET_FILE"],
            secrets: ["a-secret-of-the-tests"]
        ),
        Case(
            testDescription: "a secret file that is not there",
            settings: ["STREAM_API_SECRET": "", "STREAM_API_SECRET_FILE": "/nonexistent/secret"],
            named: ["STREAM_API_SECRET_FILE"]
        ),
        Case(
            testDescription: "an empty secret file",
            settings: ["STREAM_API_SECRET": "", "STREAM_API_SECRET_FILE": "input"],
            named: ["STREAM_API_SECRET"]
        ),
        Case(
            testDescription: "no address of a key set",
            settings: ["WORKOS_JWKS_URL": "not a url"],
            named: ["WORKOS_JWKS_URL"]
        ),
        Case(
            testDescription: "a key set over plain http",
            settings: ["WORKOS_JWKS_URL": "http://api.workos.com/sso/jwks/client_123"],
            named: ["WORKOS_JWKS_URL", "https"]
        ),
        Case(
            testDescription: "a key set behind a password",
            settings: ["WORKOS_JWKS_URL": "https://user:hunter2-secret@example.com/keys"],
            named: ["WORKOS_JWKS_URL"],
            secrets: ["hunter2-secret"]
        ),
        Case(
            testDescription: "a key set without a host",
            settings: ["WORKOS_JWKS_URL": "https:///keys"],
            named: ["WORKOS_JWKS_URL"]
        ),
        Case(
            testDescription: "a key set by another scheme",
            settings: ["WORKOS_JWKS_URL": "ftp://example.com/keys"],
            named: ["WORKOS_JWKS_URL"]
        ),
        Case(
            testDescription: "a CA file that is not there",
            settings: ["WORKOS_JWKS_URL": "https://example.com/keys", "WORKOS_CA_FILE": "/nonexistent/ca.pem"],
            named: ["WORKOS_CA_FILE"]
        ),
        Case(
            testDescription: "a CA file that holds no certificate",
            settings: ["WORKOS_JWKS_URL": "https://example.com/keys", "WORKOS_CA_FILE": "input"],
            named: ["WORKOS_CA_FILE"]
        ),
        Case(
            testDescription: "a client id that is none",
            settings: ["ALLOW_DEVELOPMENT_TOKENS": "", "WORKOS_JWKS_URL": "", "WORKOS_CLIENT_ID": "../a b?"],
            named: ["WORKOS_CLIENT_ID"]
        ),
        Case(testDescription: "a negative port", settings: ["HTTP_PORT": "-1"], named: ["HTTP_PORT"]),
    ]

    @Test(arguments: cases) func `serve reports all problems and exits with 78`(testCase: Case) async throws {
        let settings = Self.good.merging(testCase.settings) { $1 }.filter { !$0.value.isEmpty }
        let result = try await Binary.run("serve", settings: settings)
        #expect(result.status == 78)
        for name in testCase.named { #expect(result.errors.contains(name), "\(name): \(result.errors)") }
        let output = result.output + result.errors
        for secret in testCase.secrets { #expect(!output.contains(secret)) }
        #expect(!output.contains(Self.good["STREAM_API_SECRET"] ?? "-"))
        #expect(result.output.isEmpty)
    }

    @Test(arguments: [
        (["WORKOS_CLIENT_ID": "client_123"], "https://api.workos.com/sso/jwks/client_123"),
        (["WORKOS_CLIENT_ID": "client_123", "WORKOS_JWKS_URL": "HTTPS://a.example/keys"], "HTTPS://a.example/keys"),
        (["WORKOS_CLIENT_ID": "client_123", "WORKOS_JWKS_URL": "file:///etc/jwks.json"], "/etc/jwks.json"),
    ])
    func `the client id determines the URL of the key set unless that is set`(
        own: [String: String],
        source: String
    ) async throws {
        let other = ["WORKOS_JWKS_URL": "", "ALLOW_DEVELOPMENT_TOKENS": ""]
        let environment = Self.good.merging(other) { $1 }.merging(own) { $1 }
        var settings = try await SettingsReader(environment: environment, environmentFile: nil)
        #expect(try ServerConfiguration(&settings).keySetSource.name == source)
    }

    @Test func `a .env file is read, and the environment overrides it`() async throws {
        let file = "HTTP_PORT=wrong\nSTREAM_ROLE_HOST=a b\n"
        let result = try await Binary.run("serve", settings: Self.good, files: [".env": file])
        #expect(result.status == 78)
        #expect(!result.errors.contains("HTTP_PORT"))
        #expect(result.errors.contains("STREAM_ROLE_HOST"))
    }

    @Test func `a flag overrides the environment`() async throws {
        let settings = Self.good.merging(["HTTP_PORT": "wrong", "STREAM_ROLE_HOST": "a b"]) { $1 }
        let result = try await Binary.run("serve", "--http-port", "0", settings: settings)
        #expect(result.status == 78)
        #expect(!result.errors.contains("HTTP_PORT"))
    }

    @Test func `a secret file is read without its final newline`() async throws {
        let secret = String(repeating: "k", count: 32)
        var settings = Self.good.merging([
            "STREAM_API_SECRET_FILE": "secret", "STREAM_API_SECRET": "", "HTTP_PORT": "wrong",
        ]) { $1 }
        settings = settings.filter { !$0.value.isEmpty }
        let long = try await Binary.run("serve", settings: settings, files: ["secret": secret + "\n"])
        #expect(long.status == 78)
        #expect(!long.errors.contains("STREAM_API_SECRET"))
        let short = try await Binary.run("serve", settings: settings, files: ["secret": secret.dropLast() + "\n"])
        #expect(short.errors.contains("STREAM_API_SECRET"))
        #expect(!short.errors.contains(secret.dropLast()))
    }

    @Test(arguments: [
        ["serve", "--nonsense"], ["nonsense"], ["token", "inspect"],
        ["token", "inspect", "eyJhbGciOiJIUzI1NiJ9.e30.x"],
    ])
    func `wrong usage exits with 64`(arguments: [String]) async throws {
        let result = try await Binary.run(arguments)
        #expect(result.status == 64)
        #expect(result.output.isEmpty)
        #expect(!result.errors.isEmpty)
    }
}
