import Foundation
import Glibc
import JOSE
import TestSupport
import Testing

@testable import connvo_server

/// `serve` takes new values of settings from `.env` and from files when it gets SIGHUP.
@Suite struct ReloadTests {
    private static let secrets = (1...3).map { "stream-secret-\($0)-0123456789abcdef0123456789" }

    /// Settings of which the environment has nothing: they come from `.env`.
    private static let unset = ["TOKENS_PER_MINUTE": "", "LOG_LEVEL": "", "CORS_ORIGINS": "", "TRUSTED_PROXIES": ""]

    private static let reloaded = "Settings were reloaded"
    private static let unchanged = "Settings were read again, and none has changed"
    private static let refused = "Settings were not reloaded, and those before are in use"
    private static let messages = [reloaded, unchanged, refused]

    /// A server whose secret is in a file, with the folder of that file.
    private static func withServer(
        _ settings: [String: String] = [:],
        _ body: @Sendable (ServerFixture, Folder) async throws -> Void
    ) async throws {
        let files = try Folder()
        try files.write(Array("\(secrets[0])\n".utf8), to: "secret")
        let own = ["STREAM_API_SECRET": "", "STREAM_API_SECRET_FILE": files.file("secret")]
        try await ServerFixture.with(unset.merging(own) { $1 }.merging(settings) { $1 }) { fixture in
            try await body(fixture, files)
        }
    }

    /// The lines of the log about reloads, as name and value.
    private static func lines(_ fixture: ServerFixture) -> [[String: String]] {
        fixture.server.log.split(separator: "\n").compactMap { line in
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            guard let object, let message = object["message"] as? String, messages.contains(message) else { return nil }
            return object.mapValues { "\($0)" }
        }
    }

    /// Sends SIGHUP, and returns the line about it.
    private static func reload(_ fixture: ServerFixture) async throws -> [String: String] {
        let before = lines(fixture).count
        fixture.server.signal(SIGHUP)
        try await eventually { lines(fixture).count > before }
        return lines(fixture)[before]
    }

    private static func write(_ fixture: ServerFixture, _ lines: String...) throws {
        try fixture.server.folder.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: ".env")
    }

    /// The key id of the secret that has signed the token of a response.
    private static func signer(_ response: ReceivedResponse) throws -> String? {
        let body = try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any]
        let token = (body?["value"] as? [String: Any])?["token"] as? String ?? ""
        return try secrets.map { try StreamTokenSigner(secret: Array($0.utf8)) }
            .first { (try? StreamToken.verify(Array(token.utf8), with: $0)) != nil }?.keyID
    }

    private static func keyID(_ number: Int) throws -> String {
        try StreamTokenSigner(secret: Array(secrets[number].utf8)).keyID
    }

    @Test func `quota, log level, origins and proxies count at once, and the log has what they were`() async throws {
        try await Self.withServer { fixture, _ in
            for _ in 0..<3 { #expect(try await fixture.call().status == 200) }
            let origin = WireRequest("GET", "/livez").adding("Origin", "https://app.example")
            #expect(try await fixture.send(origin)["access-control-allow-origin"] == nil)

            try Self.write(
                fixture,
                "TOKENS_PER_MINUTE=3",
                "LOG_LEVEL=debug",
                "CORS_ORIGINS=https://app.example",
                "TRUSTED_PROXIES=127.0.0.0/8"
            )
            let line = try await Self.reload(fixture)
            #expect(line["message"] == Self.reloaded)
            #expect(
                line["changed"] == """
                    CORS_ORIGINS: none -> "https://app.example"; TRUSTED_PROXIES: none -> "127.0.0.0/8"; \
                    TOKENS_PER_MINUTE: "60" -> "3"; LOG_LEVEL: "info" -> "debug"
                    """
            )
            #expect(line["need_restart"] == nil)

            #expect(try await fixture.call().status == 429)
            #expect(try await fixture.send(origin)["access-control-allow-origin"] == "https://app.example")
            let call = WireRequest.call(try Tokens.bearer("user_cohost")).adding("X-Forwarded-For", "203.0.113.9")
            #expect(try await fixture.send(call.adding("X-Request-Id", "behind")).status == 200)
            let address = try await fixture.scalar(
                "SELECT host(client_ip) FROM connvo.issued_tokens WHERE request_id = 'behind'"
            )
            #expect(address == "203.0.113.9")
            try await eventually { fixture.server.log.contains(#""level":"debug""#) }

            // Without the lines the defaults count again.
            try Self.write(fixture, "LOG_LEVEL=error")
            let second = try await Self.reload(fixture)
            #expect(second["changed"]?.contains(#"TOKENS_PER_MINUTE: "3" -> "60""#) == true)
            #expect(try await fixture.call().status == 200)
            // Also at this level there is a line about it.
            #expect(try await Self.reload(fixture)["message"] == Self.unchanged)
        }
    }

    @Test func `so many access lines are written, and users are called by the secret, as the last reload says`()
        async throws
    {
        try await Self.withServer { fixture, files in
            func call() async throws -> String {
                let id = ServerFixture.makeRequestID()
                #expect(try await fixture.call(requestID: id).status == 200)
                return id
            }
            func line(_ id: String) -> Substring? {
                fixture.server.log.split(separator: "\n").first { $0.contains(id) }
            }
            func user(_ secret: Int) throws -> String {
                try StreamTokenSigner(secret: Array(Self.secrets[secret].utf8)).pseudonym(of: SeedData.host)
            }

            try Self.write(fixture, "LOG_SUCCESSES_PER_SECOND=0")
            #expect(try await Self.reload(fixture)["changed"] == #"LOG_SUCCESSES_PER_SECOND: "10" -> "0""#)
            let silent = try await call()

            try Self.write(fixture, "LOG_SUCCESSES_PER_SECOND=all")
            _ = try await Self.reload(fixture)
            let first = try await call()
            try files.write(Array("\(Self.secrets[1])\n".utf8), to: "secret")
            _ = try await Self.reload(fixture)
            let second = try await call()

            try await eventually { line(second) != nil }
            #expect(line(first)?.contains(try user(0)) == true)
            #expect(line(second)?.contains(try user(1)) == true)
            #expect(line(silent) == nil)
        }
    }

    @Test func `another secret signs, the log names both by their ids, and the one before signs no more`() async throws
    {
        try await Self.withServer { fixture, files in
            #expect(try await Self.signer(fixture.call()) == Self.keyID(0))
            try files.write(Array(Self.secrets[0].utf8), to: "previous")
            try files.write(Array(Self.secrets[1].utf8), to: "secret")
            try Self.write(fixture, "STREAM_API_SECRET_PREVIOUS_FILE=\(files.file("previous"))")
            let line = try await Self.reload(fixture)
            let ids = (try Self.keyID(0), try Self.keyID(1))
            #expect(
                line["changed"]
                    == "STREAM_API_SECRET: \(ids.0) -> \(ids.1); STREAM_API_SECRET_PREVIOUS: none -> \(ids.0)"
            )
            for _ in 0..<5 { #expect(try await Self.signer(fixture.call()) == ids.1) }
            let ofRecords = try await fixture.scalar(
                "SELECT string_agg(DISTINCT signing_key_id, ' ' ORDER BY signing_key_id) FROM connvo.issued_tokens"
            )
            #expect(ofRecords == [ids.0, ids.1].sorted().joined(separator: " "))
            for secret in Self.secrets { #expect(!fixture.server.log.contains(secret)) }
        }
    }

    @Test func `one fault keeps everything, and the next reload takes what was right before`() async throws {
        try await Self.withServer { fixture, files in
            try files.write(Array(Self.secrets[1].utf8), to: "secret")
            try Self.write(fixture, "TOKENS_PER_MINUTE=1", "CORS_ORIGINS=https://app.example/path")
            let line = try await Self.reload(fixture)
            #expect(line["message"] == Self.refused)
            #expect(line["level"] == "error")
            #expect(line["error"]?.contains("CORS_ORIGINS is \"https://app.example/path\"") == true)
            for _ in 0..<3 {
                let response = try await fixture.call()
                #expect(response.status == 200)
                #expect(try Self.signer(response) == Self.keyID(0))
            }

            try Self.write(fixture, "TOKENS_PER_MINUTE=100", "CORS_ORIGINS=https://app.example")
            #expect(try await Self.reload(fixture)["message"] == Self.reloaded)
            #expect(try await Self.signer(fixture.call()) == Self.keyID(1))
        }
    }

    @Test(arguments: ["is gone", "is a directory", "is too short", "is empty", "has a carriage return"])
    func `a file of a secret that cannot be used changes nothing`(fault: String) async throws {
        try await Self.withServer { fixture, files in
            try files.remove("secret")
            switch fault {
            case "is a directory":
                try FileManager.default.createDirectory(
                    atPath: files.file("secret"),
                    withIntermediateDirectories: false
                )
            case "is too short": try files.write(Array("short".utf8), to: "secret")
            case "is empty": try files.write([], to: "secret")
            case "has a carriage return": try files.write(Array("\(Self.secrets[1])\r\r\n".utf8), to: "secret")
            default: break
            }
            let line = try await Self.reload(fixture)
            #expect(line["message"] == Self.refused)
            #expect(line["error"]?.contains("STREAM_API_SECRET") == true)
            #expect(try await Self.signer(fixture.call()) == Self.keyID(0))
        }
    }

    @Test func `what needs a restart is named each time, and stays as it is`() async throws {
        try await Self.withServer { fixture, _ in
            try Self.write(fixture, "EARLY_JOIN_WINDOW=5m", "TOKENS_PER_MINUTE=50", "RECORD_RETENTION_MONTHS=13")
            let line = try await Self.reload(fixture)
            #expect(line["changed"] == #"TOKENS_PER_MINUTE: "60" -> "50""#)
            #expect(line["need_restart"] == "EARLY_JOIN_WINDOW")
            let second = try await Self.reload(fixture)
            #expect(second["message"] == Self.unchanged)
            #expect(second["need_restart"] == "EARLY_JOIN_WINDOW")
            // What the next start would refuse fails the reload, too.
            try Self.write(fixture, "EARLY_JOIN_WINDOW=soon")
            #expect(try await Self.reload(fixture)["message"] == Self.refused)
        }
    }

    @Test func `a directory that a symbolic link names is replaced at once, as Kubernetes does it`() async throws {
        let files = try Folder()
        for (number, secret) in Self.secrets.enumerated() {
            try FileManager.default.createDirectory(
                atPath: files.file("v\(number)"),
                withIntermediateDirectories: false
            )
            try files.write(Array(secret.utf8), to: "v\(number)/secret")
        }
        #expect(symlink("v0", files.file("current")) == 0)
        #expect(symlink("current/secret", files.file("secret")) == 0)
        let settings = ["STREAM_API_SECRET": "", "STREAM_API_SECRET_FILE": files.file("secret")]
        try await ServerFixture.with(settings) { fixture in
            for number in 1...2 {
                #expect(symlink("v\(number)", files.file("next")) == 0)
                #expect(rename(files.file("next"), files.file("current")) == 0)
                let line = try await Self.reload(fixture)
                #expect(line["message"] == Self.reloaded)
                #expect(try await Self.signer(fixture.call()) == Self.keyID(number))
            }
        }
    }

    @Test func `a pipe is read once, and a reload keeps what was in it`() async throws {
        let files = try Folder()
        #expect(mkfifo(files.file("secret"), 0o600) == 0)
        let writer = try Foundation.Process.run(
            URL(fileURLWithPath: "/bin/sh"),
            arguments: ["-c", "printf %s '\(Self.secrets[0])' > '\(files.file("secret"))'"]
        )
        defer { writer.terminate() }
        let settings = [
            "STREAM_API_SECRET": "", "STREAM_API_SECRET_FILE": files.file("secret"), "TOKENS_PER_MINUTE": "",
        ]
        try await ServerFixture.with(settings) { fixture in
            for quota in [50, 40] {
                try Self.write(fixture, "TOKENS_PER_MINUTE=\(quota)")
                #expect(try await Self.reload(fixture)["message"] == Self.reloaded)
                #expect(try await Self.signer(fixture.call()) == Self.keyID(0))
            }
        }
    }

    @Test func `many signals at once are at least one reload, and the last value counts`() async throws {
        try await Self.withServer { fixture, files in
            for round in 0..<20 {
                try files.write(Array(Self.secrets[round % 3].utf8), to: "secret")
                for _ in 0..<5 { fixture.server.signal(SIGHUP) }
                let wanted = try Self.keyID(round % 3)
                try await eventually { try await Self.signer(fixture.call()) == wanted }
            }
            #expect(Self.lines(fixture).allSatisfy { $0["message"] != Self.refused })
            #expect(fixture.server.isRunning)
        }
    }

    @Test func `during a shutdown it changes nothing, and a request in progress gets its token`() async throws {
        try await Self.withServer { fixture, files in
            let request = WireRequest.call(try Tokens.bearer(SeedData.host))
            let connection = try await fixture.server.connect()
            try await connection.send(Array(request.bytes.dropLast(10)))
            fixture.server.terminate()
            try await eventually { fixture.server.log.contains("Shutting down") }
            try files.write(Array(Self.secrets[1].utf8), to: "secret")
            for _ in 0..<3 { fixture.server.signal(SIGHUP) }
            try await eventually { fixture.server.log.contains(#""signal":"SIGHUP""#) }
            try await connection.send(Array(request.bytes.suffix(10)))
            let response = try await connection.answer()
            #expect(response.status == 200)
            #expect(try Self.signer(response) == Self.keyID(0))
            #expect(try await fixture.server.exitStatus() == 0)
            #expect(Self.lines(fixture).isEmpty)
        }
    }

    @Test func `a signal that comes while the server starts is kept, and the settings are read again`() async throws {
        let silent = try SilentListener()
        let folder = try Folder()
        try folder.write(Array("\(Self.secrets[0])".utf8), to: "secret")
        let process = try LaunchedProcess(
            ["serve"],
            settings: [
                "DATABASE_URL": "postgresql:///nowhere?host=/nonexistent", "STREAM_API_SECRET_FILE": "secret",
                "ALLOW_DEVELOPMENT_TOKENS": "true", "WORKOS_JWKS_URL": "https://127.0.0.1:\(silent.port)/jwks",
                "HTTP_PORT": "0", "ADMIN_PORT": "0", "LOG_FORMAT": "json",
            ],
            folder: folder
        )
        defer { process.kill() }
        // It waits for the key set now, for five seconds, and does not serve yet.
        try await eventually { folder.text("errors").contains("Unless role") }
        try folder.write(Array(Self.secrets[1].utf8), to: "secret")
        process.signal(SIGHUP)
        try await eventually { folder.text("errors").contains(Self.reloaded) }
        let changed = "STREAM_API_SECRET: \(try Self.keyID(0)) -> \(try Self.keyID(1))"
        #expect(folder.text("errors").contains(changed))
        #expect(process.isRunning)
    }

    @Test func `another login connects at once, without a failed request, and one that cannot connect is refused`()
        async throws
    {
        let files = try Folder()
        try await withDatabase(.empty) { database in
            let logins = ["a", "b"].map { "\(database.name)_\($0)" }
            func url(_ login: String) -> String { "postgresql://\(login)@/\(database.name)" }
            let settings = ["DATABASE_URL": "postgresql:///\(database.name)"]
            #expect(try await Binary.run("migrate", settings: settings).status == 0)
            try await onOwnThread {
                try database.run(SeedData.sql)
                for login in logins { try database.run("CREATE ROLE \(login) LOGIN IN ROLE connvo_app") }
            }
            defer { for login in logins { try? database.run("DROP ROLE \(login)") } }
            try files.write(Array(url(logins[0]).utf8), to: "url")
            let folder = try Folder()
            try folder.write(Tokens.keySet(), to: RunningServer.keySetFile)
            let server = try await onOwnThread {
                try RunningServer.start(
                    [
                        "DATABASE_URL_FILE": files.file("url"), "STREAM_API_SECRET": Self.secrets[0],
                        "ALLOW_DEVELOPMENT_TOKENS": "true",
                    ],
                    folder: folder
                )
            }
            defer { server.kill() }
            try await server.waitUntilReady()
            let fixture = ServerFixture(database: database, server: server, secret: Self.secrets[0])
            func connections(_ login: String) async throws -> String? {
                try await fixture.scalar("SELECT count(*) FROM pg_stat_activity WHERE usename = '\(login)'")
            }
            #expect(try await fixture.call().status == 200)
            #expect(try await connections(logins[0]) != "0")

            try files.write(Array(url("\(database.name)_nobody").utf8), to: "url")
            let refused = try await Self.reload(fixture)
            #expect(refused["message"] == Self.refused)
            #expect(refused["error"]?.contains("DATABASE_URL cannot be used to connect to the database") == true)
            try files.write(Array("postgresql://\(logins[1])@/postgres".utf8), to: "url")
            #expect(try await Self.reload(fixture)["message"] == Self.refused)
            #expect(try await fixture.call().status == 200)

            try files.write(Array(url(logins[1]).utf8), to: "url")
            let taken = try await Self.reload(fixture)
            #expect(taken["changed"] == "DATABASE_URL: not shown -> not shown")
            for _ in 0..<20 { #expect(try await fixture.call().status == 200) }
            try await eventually { try await connections(logins[0]) == "0" }
            #expect(try await connections(logins[1]) != "0")
            #expect(!fixture.server.log.contains("lost"))
        }
    }

    @Test func `a pair of certificate and key is taken together, or nothing is`() async throws {
        let (old, new) = (try await TestCertificate(), try await TestCertificate())
        let settings = [
            "ADMIN_PORT": "\(try HTTPConnection.freePort())", "ADMIN_TLS_CERTIFICATE_FILE": old.path,
            "ADMIN_TLS_KEY_FILE": old.keyPath,
        ]
        @Sendable func put(_ path: String, into other: String) throws {
            let bytes = try #require(FileManager.default.contents(atPath: path))
            try bytes.write(to: URL(fileURLWithPath: other), options: .atomic)
        }
        try await Self.withServer(settings) { fixture, _ in
            // A key that does not fit: the quota of the same reload is not taken, either.
            try put(new.keyPath, into: old.keyPath)
            try Self.write(fixture, "TOKENS_PER_MINUTE=7")
            let refused = try await Self.reload(fixture)
            #expect(refused["message"] == Self.refused)
            #expect(refused["error"]?.contains("ADMIN_TLS_KEY_FILE") == true)

            try put(new.path, into: old.path)
            let line = try await Self.reload(fixture)
            #expect(line["message"] == Self.reloaded)
            #expect(line["changed"]?.contains("TOKENS_PER_MINUTE: \"60\" -> \"7\"") == true)
            // The watch of the files may have been faster.
            #expect(line["certificates"]?.hasPrefix("admin ") ?? true)
        }
    }
}
