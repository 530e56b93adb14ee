import TestSupport
import Testing

@testable import connvo_server

/// No message and no log line has a piece of a password, however the connection text was written.
@Suite struct PasswordDisclosureTests {
    /// Texts in which libpq takes a piece of the password `hunter2...` for something else.
    static let misread = [
        "postgresql://app:hunter2@hunter3@db.invalid/connvo",
        "postgresql://app:hunter2@hunter3@db.invalid:5432/connvo?sslmode=require",
        "postgres://app:p@hunter2@127.0.0.1:1/connvo",
        "postgresql://app:hunter2/hunter3@db.invalid/connvo",
        "postgresql://app:12/hunter2@db.invalid/connvo",
        "postgresql://app:hunter2/connvo",
        "postgresql://app:hunter2:hunter3/connvo",
        "postgresql://app:p/hunter2?hunter3@db.invalid/connvo",
        "postgresql://app:p%40hunter2%40db.invalid/connvo",
        "postgresql://app:hunter2@a.invalid,app:hunter3@b.invalid/connvo",
        "postgresql://app:p@%40hunter2%40db.invalid/connvo",
        "postgresql://app:%zz hunter2@db.invalid/connvo",
        "host=127.0.0.1 port=1password=hunter2",
        "host=127.0.0.1 dbname=connvopassword=hunter2",
        "host=127.0.0.1 sslmode=requirepassword=hunter2",
        "host=127.0.0.1 password=p hunter2",
        "host=127.0.0.1 password='p'hunter2",
        "host=hunter2@hunter3@127.0.0.1",
        "mysql://app:hunter2@db.invalid/connvo",
        "hunter2",
    ]

    private static let serve = [
        "STREAM_API_SECRET": "a-secret-of-the-tests-0123456789abcdef",
        "WORKOS_JWKS_URL": "file:///nonexistent/jwks.json", "ALLOW_DEVELOPMENT_TOKENS": "true", "HTTP_PORT": "0",
        "ADMIN_PORT": "0",
    ]

    @Test(arguments: misread) func `a text that would be misread is refused, and none of it is shown`(
        text: String
    ) async throws {
        for (arguments, name) in [(["serve"], "DATABASE_URL"), (["migrate", "status"], "DATABASE_ADMIN_URL")] {
            let result = try await Binary.run(arguments, settings: Self.serve.merging([name: text]) { $1 })
            #expect(result.status == 78, "\(result.errors)")
            #expect(result.errors.contains("\(name) is "), "\(result.errors)")
            let shown = result.output + result.errors
            #expect(!shown.contains("hunter"), "\(shown)")
            #expect(!shown.contains("invalid"), "\(shown)")
        }
    }

    /// What is written as it should be, and cannot be reached.
    @Test(arguments: [
        "postgresql://app:p%40hunter2%2Fa%3Ab@127.0.0.1:1/connvo",
        "postgresql://app:p?hunter2#a:b@127.0.0.1:1/connvo",
        "postgresql://127.0.0.1:1/connvo?user=app&password=p@hunter2",
        "host=127.0.0.1 port=1 dbname=connvo user=app password='p@hunter2 /x'",
    ])
    func `a password that is written rightly is not shown either`(text: String) async throws {
        for arguments in [["migrate", "status"], ["migrate", "wait", "--timeout", "300ms"]] {
            let result = try await Binary.run(arguments, settings: ["DATABASE_URL": text])
            #expect(result.status == 69, "\(result.errors)")
            #expect(!(result.output + result.errors).contains("hunter"), "\(result.errors)")
        }
    }

    @Test(arguments: [
        ("WORKOS_JWKS_URL", "http://app:hunter2@db.invalid/keys"),
        ("WORKOS_JWKS_URL", "ftp://app:p@hunter2@db.invalid/keys"),
        ("WORKOS_JWKS_URL", "https://app:hunter2 x@db.invalid/keys"),
        ("CORS_ORIGINS", "https://app:hunter2@db.invalid"),
        ("TRUSTED_PROXIES", "app:hunter2@10.0.0.0/8"),
        ("HTTP_HOST", "app:hunter2@db.invalid"),
        ("HTTP_PORT", "postgresql://app:hunter2@db.invalid/connvo"),
        ("LOG_LEVEL", "app:hunter2@db.invalid"),
        ("PAST_DUE_GRACE", "app:hunter2@db.invalid"),
        ("STREAM_ROLE_HOST", "app:hunter2@db.invalid"),
        ("WORKOS_CLIENT_ID", "app:hunter2@db.invalid"),
        ("DATABASE_STATEMENTS", "app:hunter2@db.invalid"),
        ("ALLOW_IMPERSONATION", "app:hunter2@db.invalid"),
        ("HTTP_PASSWORD", "hunter2"),
    ])
    func `a value with an @ in another setting is not shown`(name: String, value: String) async throws {
        let settings = Self.serve.merging(["DATABASE_URL": "postgresql:///nowhere", name: value]) { $1 }
        let result = try await Binary.run("serve", settings: settings)
        #expect(result.status == 78)
        #expect(result.errors.contains("\(name) "), "\(result.errors)")
        #expect(!result.errors.contains("hunter"), "\(result.errors)")
        #expect(!result.errors.contains("db.invalid"), "\(result.errors)")
    }
}
