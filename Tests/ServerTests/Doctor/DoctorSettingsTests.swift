import Foundation
import TestSupport
import Testing

@testable import connvo_server

/// `doctor --config`: every setting, with its source, and nothing is asked.
@Suite struct DoctorSettingsTests {
    /// A value that each setting accepts, from what is declared.
    private static func example(_ setting: Setting) -> String {
        let declaration = setting.declaration
        if setting == .streamAPISecret { return "k7vq2m9xw4tz8rnb3hpc6sfd5gjl1yae" }
        if setting == .workOSClientID { return "client_01EXAMPLE" }
        if let example = declaration.example { return example }
        return switch declaration.type {
        case .text(let value), .duration(let value): value ?? "value"
        case .secret: "zp4nq8vt2mw6xk9rb3hc7sfd5gjl1yae"
        case .flag: "false"
        case .integer(let value, _): "\(value)"
        case .choice(let value, _): value
        case .list: "value"
        }
    }

    /// Settings whose example names a file that is not on this machine.
    private static func namesFile(_ setting: Setting) -> Bool {
        setting == .workOSCAFile || setting.name.contains("_TLS_")
    }

    private static let base = [
        "STREAM_API_SECRET": example(.streamAPISecret), "WORKOS_CLIENT_ID": example(.workOSClientID),
    ]

    @Test func `every declared setting is there, in order`() async throws {
        let output = try await DoctorOutput.of("--config", settings: [:])
        #expect(output.settings.map(\.name) == Setting.allCases.map(\.name))
        for setting in output.settings {
            #expect(setting.source == "default")
            #expect(!setting.set)
        }
        #expect(try output.setting("HTTP_PORT").value == "8080")
        // What is missing is all said.
        #expect(output["settings"].count == 3, "\(output["settings"])")
        #expect(output.status == 78)
    }

    @Test(arguments: Setting.allCases)
    fileprivate func `each has its source: environment, .env, file`(setting: Setting) async throws {
        let value = Self.example(setting)
        var rest = Self.base
        rest[setting.name] = nil
        func check(_ output: DoctorOutput, _ source: String, _ place: String?) throws {
            let entry = try output.setting(setting.name)
            #expect(entry.source == source, "\(entry)")
            #expect(entry.place == place, "\(entry)")
            #expect(entry.set)
            #expect(entry.secret == setting.declaration.type.isSecret)
            if Self.namesFile(setting) {
                #expect(output.status == 78)
            } else {
                #expect(entry.problem == nil, "\(entry)")
                #expect(entry.value == (entry.secret ? nil : value))
                #expect(output.status == 0, "\(output.whole)")
            }
        }
        let given = rest.merging([setting.name: value]) { $1 }
        try check(await DoctorOutput.of("--config", settings: given), "environment", nil)

        let line = "# A comment.\n\(setting.name)='\(value)'\n"
        try check(await DoctorOutput.of("--config", settings: rest, files: [".env": line]), ".env", "line 2")
        // The environment overrides the file.
        try check(await DoctorOutput.of("--config", settings: given, files: [".env": line]), "environment", nil)

        guard setting.declaration.type.isSecret else { return }
        let byFile = rest.merging([setting.fileName: "secret.txt"]) { $1 }
        try check(
            await DoctorOutput.of("--config", settings: byFile, files: ["secret.txt": value + "\n"]),
            "file",
            "secret.txt"
        )
    }

    @Test func `flags of serve override the rest`() async throws {
        let output = try await DoctorOutput.of(
            "--config",
            "--http-host",
            "localhost",
            "--http-port",
            "1234",
            "--admin-host",
            "::1",
            "--admin-port",
            "0",
            "--log-level",
            "debug",
            "--log-format",
            "text",
            settings: Self.base.merging(["HTTP_PORT": "1", "LOG_LEVEL": "error"]) { $1 },
            files: [".env": "ADMIN_PORT=2\n"]
        )
        let flags = output.settings.filter { $0.source == "flag" }
        #expect(
            flags.map { "\($0.name)=\($0.value ?? "")" } == [
                "HTTP_HOST=localhost", "HTTP_PORT=1234", "ADMIN_HOST=::1", "ADMIN_PORT=0", "LOG_LEVEL=debug",
                "LOG_FORMAT=text",
            ]
        )
        #expect(output.status == 0)
    }

    /// What `serve` says, `doctor` says, and what other commands would say, too.
    @Test func `all problems are told, as serve tells them`() async throws {
        let wrong = [
            "HTTP_PORT": "abc", "TOKENS_PER_MINUTE": "-1", "STREAM_API_SECRET": "short", "CORS_ORIGINS": "nowhere",
            "LOG_LEVEL": "loud", "STREAM_API_SECRETT": "x", "DATABASE_URL": "mysql://x",
        ]
        let serve = try await Binary.run("serve", settings: wrong)
        #expect(serve.status == 78)
        let file = [".env": "EARLY_JOIN_WINDOW=\"15m\n"]
        let output = try await DoctorOutput.of(
            "--config",
            settings: wrong.merging(["RECORD_RETENTION_MONTHS": "x", "DATABASE_ADMIN_URL": "hunter2"]) { $1 },
            files: file
        )
        let told = output["settings"].map { "connvo-server: \($0.text): \($0.remedy ?? "")" }
        for line in serve.errors.split(separator: "\n") { #expect(told.contains(String(line)), "\(line)\n\(told)") }
        for name in ["RECORD_RETENTION_MONTHS ", "DATABASE_ADMIN_URL ", ".env, line 1 (EARLY_JOIN_WINDOW) "] {
            #expect(output["settings"].contains { $0.text.hasPrefix(name) }, "\(name)\n\(told)")
        }
        #expect(output.status == 78)
        let early = try output.setting("EARLY_JOIN_WINDOW")
        #expect(early.source == ".env")
    }

    @Test func `a file .env that cannot be read is one fault`() async throws {
        let output = try await DoctorOutput.of("--config", settings: Self.base, files: [".env": "\u{FFFE}"])
        #expect(output.status == 0 || output.status == 78)
        let folder = try Folder()
        try FileManager.default.createDirectory(atPath: folder.file(".env"), withIntermediateDirectories: true)
        let process = try LaunchedProcess(["doctor", "--json"], settings: Self.base, folder: folder)
        let status = try await onOwnThread { process.exitStatus(within: .seconds(60)) }
        #expect(status == 78)
        #expect(folder.text("output").contains(".env is a directory, not a file"))
    }

    @Test func `--config asks neither the database nor the key set`() async throws {
        let forwarder = try TCPForwarder()
        let place = "127.0.0.1:\(forwarder.port)"
        let settings = [
            "STREAM_API_SECRET": Self.example(.streamAPISecret), "WORKOS_CLIENT_ID": "client_1", "ADMIN_PORT": "0",
            "HTTP_PORT": "\(forwarder.port)", "DATABASE_URL": "postgresql://postgres@\(place)/postgres",
            "WORKOS_JWKS_URL": "https://\(place)/keys",
        ]
        let output = try await DoctorOutput.of("--config", settings: settings)
        #expect(output.status == 0)
        #expect(output.checks.map(\.check) == ["settings", "stream_secret", "stream_grants", "development_tokens"])
        #expect(forwarder.connectionCount == 0)
        // Without it they are asked, and so is what listens on the port of the public listener.
        let whole = try await DoctorOutput.of(settings: settings)
        #expect(forwarder.connectionCount >= 3, "\(whole.whole)")
        #expect(whole.says("database", .ok))
        #expect(whole.says("listeners", .fault, "another program uses"))
    }

    @Test func `secrets are in no output`() async throws {
        let marks = ["hunter2Alpha", "hunter2Beta", "hunter2Gamma"]
        let folder = try Folder()
        let secrets = [
            "STREAM_API_SECRET": "hunter2Alpha-k7vq2m9xw4tz8rnb3hpc6sfd",
            "DATABASE_URL":
                "postgresql://app:hunter2Beta%40x@127.0.0.1:1/connvo?sslmode=prefer&sslpassword=hunter2Gamma",
            "DATABASE_ADMIN_URL": "host=127.0.0.1 port=1 user=app password='hunter2Beta /x'",
        ]
        var worlds = [secrets]
        var files: [String: String] = [:]
        for (name, value) in secrets { files[name] = value }
        worlds.append(Dictionary(uniqueKeysWithValues: secrets.keys.map { ("\($0)_FILE", $0) }))
        worlds.append(["WORKOS_JWKS_URL": "https://app:hunter2Alpha@keys.example.com/x"].merging(secrets) { $1 })
        // Too short, in quotation marks, with a blank: what is refused is not shown either.
        worlds.append(secrets.merging(["STREAM_API_SECRET": "hunter2Alpha"]) { $1 })
        worlds.append(secrets.mapValues { "\"\($0)\"" })
        worlds.append(secrets.mapValues { "\($0) " })
        for text in PasswordDisclosureTests.misread {
            worlds.append(secrets.merging(["DATABASE_URL": text, "DATABASE_ADMIN_URL": text]) { $1 })
        }
        for world in worlds {
            for arguments in [["doctor", "--config"], ["doctor", "--json"], ["doctor"]] {
                let result = try await Binary.run(
                    arguments,
                    settings: DoctorOutput.needed.merging(world) { $1 },
                    files: files
                )
                let shown = (result.output + result.errors).lowercased()
                #expect(!shown.contains("hunter"), "\(arguments) \(world)\n\(shown)")
                for mark in marks { #expect(!shown.contains(Data(mark.utf8).base64EncodedString().lowercased())) }
            }
        }
        withExtendedLifetime(folder) {}
    }

    @Test func `text for people is aligned, and has color on a terminal only`() async throws {
        let result = try await Binary.run("doctor", "--config", settings: Self.base)
        #expect(!result.output.contains("\u{1B}"))
        #expect(result.output.contains("\n  HTTP_PORT                   default      8080\n"))
        #expect(result.output.contains("\n  WARNING  stream_grants       unless"))
        #expect(result.output.hasSuffix("\n\n0 faults, 1 warning, 3 ok.\n"))
        let report = DoctorReport(
            await DoctorSettings.read(flags: [:]),
            checks: [.streamGrants, .settings],
            findings: [[.warning("w", remedy: "r")], [.ok("o")]],
            isStrict: false
        )
        #expect(report.text(isColored: true).contains("\u{1B}[33mWARNING\u{1B}[0m  stream_grants  w\n"))
        #expect(!report.text(isColored: false).contains("\u{1B}"))
    }

    @Test func `the page of the command has every check and every member`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("docs/doctor.md"), encoding: .utf8)
        let checks = page.components(separatedBy: "\n## Checks\n").last?.components(separatedBy: "\n## ").first ?? ""
        let rows = checks.split(separator: "\n").compactMap { line in
            line.wholeMatch(of: /\| `([a-z_]+)` \| .*/).map { String($0.1) }
        }
        #expect(rows == DoctorCheck.all.map(\.name))
        #expect(Set(DoctorCheck.all.map(\.name)).count == DoctorCheck.all.count)
        for level in Finding.Level.allCases { #expect(page.contains("`\(level.rawValue)`"), "\(level)") }
    }
}
