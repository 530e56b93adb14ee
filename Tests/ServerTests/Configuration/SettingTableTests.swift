import Foundation
import TestSupport
import Testing

@testable import connvo_server

/// What is read from `.env`, the environment and the file of a secret, byte by byte: the value, or the message.
@Suite struct SettingTableTests {
    enum Source: Sendable {
        /// The whole `.env` file.
        case file([UInt8])
        case environment(String)
        /// The file that `..._FILE` names.
        case secretFile([UInt8])
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let source: Source
        var setting: Setting
        /// The value, entries of a list joined by `|`; nil when it counts as not set.
        var value: String?
        /// The one problem; nil for none.
        var problem: String?

        var testDescription: String {
            switch source {
            case .file(let bytes): ".env \(String(decoding: bytes, as: UTF8.self).debugDescription)"
            case .environment(let text): "environment \(text.debugDescription)"
            case .secretFile(let bytes): "file \(String(decoding: bytes, as: UTF8.self).debugDescription)"
            }
        }
    }

    private static func file(_ text: String, _ setting: Setting, _ value: String?) -> Row {
        Row(source: .file(Array(text.utf8)), setting: setting, value: value)
    }

    private static func file(_ text: String, _ setting: Setting, problem: String) -> Row {
        Row(source: .file(Array(text.utf8)), setting: setting, problem: problem)
    }

    private static func environment(_ text: String, _ setting: Setting, _ value: String?) -> Row {
        Row(source: .environment(text), setting: setting, value: value)
    }

    private static func environment(_ text: String, _ setting: Setting, problem: String) -> Row {
        Row(source: .environment(text), setting: setting, problem: problem)
    }

    private static func secretFile(_ text: String, _ setting: Setting = .streamAPISecret, value: String?) -> Row {
        Row(source: .secretFile(Array(text.utf8)), setting: setting, value: value)
    }

    private static func secretFile(_ text: String, _ setting: Setting = .streamAPISecret, problem: String) -> Row {
        Row(source: .secretFile(Array(text.utf8)), setting: setting, problem: problem)
    }

    private static let key = "k0123456789-0123456789-0123456789"

    static let lines: [Row] = [
        file("", .httpHost, nil),
        file("HTTP_HOST=a.example", .httpHost, "a.example"),
        file("HTTP_HOST=a.example\n", .httpHost, "a.example"),
        file("HTTP_HOST=a.example\r\nHTTP_PORT=1\r\n", .httpHost, "a.example"),
        file("HTTP_PORT=1\r\nHTTP_HOST=a.example\r\n", .httpHost, "a.example"),
        file("\r\n\r\n# c\r\nHTTP_HOST=a.example\r\n", .httpHost, "a.example"),
        file("\u{FEFF}HTTP_HOST=a.example\n", .httpHost, "a.example"),
        file("\u{FEFF}# c\r\nHTTP_HOST=a.example", .httpHost, "a.example"),
        file("export HTTP_HOST=a.example\n", .httpHost, "a.example"),
        file("export\t HTTP_HOST=\"a.example\"\n", .httpHost, "a.example"),
        file("  HTTP_HOST=a.example  \n", .httpHost, "a.example"),
        file("HTTP_HOST = a.example\n", .httpHost, "a.example"),
        file("HTTP_HOST=\"a.example\"\n", .httpHost, "a.example"),
        file("HTTP_HOST='a.example'\r\n", .httpHost, "a.example"),
        file("HTTP_HOST=a.example # c\n", .httpHost, "a.example"),
        file("HTTP_HOST=\"a.example\" # 'c'\n", .httpHost, "a.example"),
        file("# HTTP_HOST=b.example\nHTTP_HOST=a.example\n", .httpHost, "a.example"),
        file("HTTP_HOST=\n", .httpHost, nil),
        file("HTTP_HOST=\"\"\n", .httpHost, nil),
        file("HTTP_HOST=''\r\n", .httpHost, nil),
        file("STREAM_API_SECRET=a#b=c\n", .streamAPISecret, "a#b=c"),
        file("STREAM_API_SECRET='a$b`c\\d\"e # f'\n", .streamAPISecret, "a$b`c\\d\"e # f"),
        file("STREAM_API_SECRET=\"a\\\\b\\\"c'd\"\n", .streamAPISecret, "a\\b\"c'd"),
        file("STREAM_API_SECRET=\"a # b\"\n", .streamAPISecret, "a # b"),
        file("STREAM_API_SECRET=schlüssel\n", .streamAPISecret, "schlüssel"),
        // A combining character after the separator.
        file("STREAM_API_SECRET=\u{0301}a\n", .streamAPISecret, "\u{0301}a"),
        file(
            "WORKOS_ISSUERS=https://a.example, https://b.example\n",
            .workOSIssuers,
            "https://a.example|https://b.example"
        ),
        file(
            "DATABASE_URL=host=h password='a b'\n",
            .databaseURL,
            problem: ".env, line 1 (DATABASE_URL) has a quotation mark inside"
        ),
        file("DATABASE_URL=\"host=h password='a b'\"\n", .databaseURL, "host=h password='a b'"),
        // Other programs' variables, which Docker Compose may substitute and spread over several lines.
        file("IMAGE=a:${TAG}\nKEY=\"one\nHTTP_HOST=two\n\"\nHTTP_HOST=a.example\n", .httpHost, "a.example"),
        file("NOTE=it's\nHTTP_HOST=a.example\n", .httpHost, "a.example"),
        file("WORKOS_COOKIE_PASSWORD=\"a$b\"\nHTTP_HOST=a.example\n", .httpHost, "a.example"),

        file("HTTP_HOST\n", .httpHost, problem: ".env, line 1 is not of the form NAME=value"),
        file("\nHTTP_HOST: a.example\n", .httpHost, problem: ".env, line 2 is not of the form NAME=value"),
        file("HTTP HOST=a\n", .httpHost, problem: ".env, line 1 is not of the form NAME=value"),
        file("=a\n", .httpHost, problem: ".env, line 1 is not of the form NAME=value"),
        file("export\n", .httpHost, problem: ".env, line 1 is not of the form NAME=value"),
        file("HTTP_HOST=\"a\n", .httpHost, problem: ".env, line 1 (HTTP_HOST) has no closing quotation mark"),
        file("HTTP_HOST='a\r\n", .httpHost, problem: ".env, line 1 (HTTP_HOST) has no closing quotation mark"),
        file(
            "HTTP_HOST=\"a\"b\n",
            .httpHost,
            problem: ".env, line 1 (HTTP_HOST) has text after its closing quotation mark"
        ),
        file(
            "HTTP_HOST='a'# c\n",
            .httpHost,
            problem: ".env, line 1 (HTTP_HOST) has text after its closing quotation mark"
        ),
        file("HTTP_HOST=a\"b\n", .httpHost, problem: ".env, line 1 (HTTP_HOST) has a quotation mark inside a value"),
        file(
            "HTTP_HOST=$HOST\n",
            .httpHost,
            problem: ".env, line 1 (HTTP_HOST) has a $ outside single quotation marks"
        ),
        file(
            "HTTP_HOST=\"${HOST}\"\n",
            .httpHost,
            problem: ".env, line 1 (HTTP_HOST) has a $ outside single quotation marks"
        ),
        file(
            "HTTP_HOST=`hostname`\n",
            .httpHost,
            problem: ".env, line 1 (HTTP_HOST) has a ` outside single quotation marks"
        ),
        file(
            "HTTP_HOST=a\\b\n",
            .httpHost,
            problem: ".env, line 1 (HTTP_HOST) has a backslash outside quotation marks"
        ),
        file(
            "HTTP_HOST=\"a\\nb\"\n",
            .httpHost,
            problem: ".env, line 1 (HTTP_HOST) has a backslash before something else"
        ),
        file("HTTP_HOST='a\\'\n", .httpHost, problem: ".env, line 1 (HTTP_HOST) has a backslash before a single"),
        file("HTTP_HOST=#a\n", .httpHost, problem: ".env, line 1 (HTTP_HOST) begins with #"),
        file(
            "HTTP_HOST=a\nHTTP_HOST=b\n",
            .httpHost,
            problem: ".env, line 2 (HTTP_HOST) sets HTTP_HOST again, which line 1"
        ),
        file("HTTP_HOST=a\rHTTP_PORT=1\r", .httpHost, problem: "HTTP_HOST has a carriage return"),
        file("HTTP_HOST=a\tb\n", .httpHost, problem: "HTTP_HOST has a tab (.env, line 1)"),
        file("HTTP_HOST=\" a\"\n", .httpHost, problem: "HTTP_HOST begins with a space (.env, line 1)"),
        file(
            "STREAM_API_SECRET=\"'\(key)'\"\n",
            .streamAPISecret,
            problem: "STREAM_API_SECRET begins with a quotation mark"
        ),
        file(
            "STREAM_API_SECRET=\u{FEFF}\(key)\n",
            .streamAPISecret,
            problem: "STREAM_API_SECRET begins with a byte order mark"
        ),
        Row(
            source: .file(Array("STREAM_API_SECRET=".utf8) + [0xE9, 0x0A]),
            setting: .streamAPISecret,
            problem: ".env, line 1 (STREAM_API_SECRET) is not text in UTF-8"
        ),
        Row(
            source: .file([0xFF, 0xFE] + "HTTP_HOST=a\n".utf8.flatMap { [$0, 0] }),
            setting: .httpHost,
            problem: ".env is text in UTF-16: save it in UTF-8"
        ),
        Row(source: .file(Array("HTTP_HOST=a\0b\n".utf8)), setting: .httpHost, problem: "HTTP_HOST has a zero byte"),
    ]

    static let variables: [Row] = [
        environment("", .httpHost, nil),
        environment("a.example", .httpHost, "a.example"),
        environment("\u{0301}a", .streamAPISecret, "\u{0301}a"),
        environment("host=h password='a b'", .databaseURL, "host=h password='a b'"),
        environment(" https://a.example , https://b.example ", .workOSIssuers, "https://a.example|https://b.example"),
        environment("a.example\n", .httpHost, problem: "HTTP_HOST ends in a line feed"),
        environment("a.example\r\n", .httpHost, problem: "HTTP_HOST has a carriage return"),
        environment(
            "a.example\r",
            .httpHost,
            problem: "HTTP_HOST ends in a carriage return (the line ends of Windows)"
        ),
        environment("a\u{1B}[0m", .httpHost, problem: "HTTP_HOST has a control character (U+001B)"),
        environment("a\u{7F}", .httpHost, problem: "HTTP_HOST ends in a control character (U+007F)"),
        environment("a\u{85}b", .httpHost, problem: "HTTP_HOST has a control character (U+0085)"),
        environment("a\u{200B}", .httpHost, problem: "HTTP_HOST ends in a character that is not shown (U+200B)"),
        environment(" a", .httpHost, problem: "HTTP_HOST begins with a space"),
        environment("a\u{A0}", .httpHost, problem: "HTTP_HOST ends in white space (U+00A0)"),
        environment("8080 ", .httpPort, problem: "HTTP_PORT ends in a space"),
        environment("\"\(key)\"", .streamAPISecret, problem: "STREAM_API_SECRET begins with a quotation mark"),
        environment("\(key)'", .streamAPISecret, problem: "STREAM_API_SECRET ends in a quotation mark"),
        environment("\(key)\u{FFFD}", .streamAPISecret, problem: "STREAM_API_SECRET is not text in UTF-8"),
        environment("'postgresql:///connvo'", .databaseURL, problem: "DATABASE_URL begins with a quotation mark"),
        environment("postgresql:///connvo'", .databaseURL, problem: "DATABASE_URL ends in a quotation mark"),
        environment("https://a.example,\nhttps://b.example", .workOSIssuers, problem: "WORKOS_ISSUERS has a line feed"),
        environment("https://a.example,\thttps://b.example", .workOSIssuers, problem: "WORKOS_ISSUERS has a tab"),
        environment(
            "https://a.example https://b.example",
            .workOSIssuers,
            problem: "WORKOS_ISSUERS has a blank or a semicolon"
        ),
        environment(
            "https://a.example;https://b.example",
            .workOSIssuers,
            problem: "WORKOS_ISSUERS has a blank or a semicolon"
        ),
        environment(
            "https://a.example,\"https://b.example\"",
            .workOSIssuers,
            problem: "WORKOS_ISSUERS ends in a quotation mark"
        ),
        environment(
            "https://a.example,'b',c",
            .workOSIssuers,
            problem: "WORKOS_ISSUERS has brackets or quotation marks"
        ),
        environment("[https://a.example]", .workOSIssuers, problem: "WORKOS_ISSUERS has brackets or quotation marks"),
        environment(
            "https://a.example,,https://b.example",
            .workOSIssuers,
            problem: "WORKOS_ISSUERS has an empty entry"
        ),
        environment(",", .workOSAudiences, problem: "WORKOS_AUDIENCES has an empty entry"),
    ]

    static let secretFiles: [Row] = [
        secretFile(key, value: key),
        secretFile("\(key)\n", value: key),
        secretFile("\(key)\r\n", value: key),
        secretFile("schlüssel $`\\# x\n", value: "schlüssel $`\\# x"),
        secretFile("postgresql:///connvo\r\n", .databaseAdminURL, value: "postgresql:///connvo"),
        secretFile("\(key)\n\n", problem: "STREAM_API_SECRET_FILE secret ends in a line feed"),
        secretFile("\(key)\r\n\r\n", problem: "STREAM_API_SECRET_FILE secret has a carriage return"),
        secretFile("\(key)\r", problem: "STREAM_API_SECRET_FILE secret ends in a carriage return"),
        secretFile("\(key)\r\r\n", problem: "STREAM_API_SECRET_FILE secret ends in a carriage return"),
        secretFile("\n\(key)\n", problem: "STREAM_API_SECRET_FILE secret begins with a line feed"),
        secretFile("\(key) \n", problem: "STREAM_API_SECRET_FILE secret ends in a space"),
        secretFile("\t\(key)\n", problem: "STREAM_API_SECRET_FILE secret begins with a tab"),
        secretFile("\"\(key)\"\n", problem: "STREAM_API_SECRET_FILE secret begins with a quotation mark"),
        secretFile("\u{FEFF}\(key)\r\n", problem: "STREAM_API_SECRET_FILE secret begins with a byte order mark"),
        secretFile("\(key)\0\n", problem: "STREAM_API_SECRET_FILE secret ends in a zero byte"),
        secretFile("", problem: "STREAM_API_SECRET_FILE secret is empty"),
        secretFile("\r\n", problem: "STREAM_API_SECRET_FILE secret is empty"),
        secretFile("", .databaseURL, problem: "DATABASE_URL_FILE secret is empty"),
        secretFile(
            "postgresql:///connvo\r",
            .databaseAdminURL,
            problem: "DATABASE_ADMIN_URL_FILE secret ends in a carriage"
        ),
        Row(
            source: .secretFile([0xFF, 0xFE, 0x6B, 0x00]),
            setting: .streamAPISecret,
            problem: "STREAM_API_SECRET_FILE secret is not text in UTF-8"
        ),
    ]

    @Test(arguments: lines + variables + secretFiles)
    func `each input gives its value or its message`(row: Row) async throws {
        let folder = try Folder()
        var environment: [String: String] = [:]
        switch row.source {
        case .file(let bytes): try folder.write(bytes, to: ".env")
        case .environment(let text): environment[row.setting.name] = text
        case .secretFile(let bytes):
            try folder.write(bytes, to: "secret")
            environment[row.setting.fileName] = folder.file("secret")
        }
        var value: String?
        var problems: [SettingProblem]
        do {
            var settings = try await SettingsReader(environment: environment, environmentFile: folder.file(".env"))
            switch row.setting.declaration.type {
            case .secret: value = settings.secret(row.setting)
            case .list:
                let entries = settings.list(row.setting)
                value = entries.isEmpty ? nil : entries.joined(separator: "|")
            default: value = settings.string(row.setting)
            }
            problems = settings.problems
        } catch {
            problems = error.problems
        }
        // The files have a path of their own in each test.
        let shown = problems.map { $0.description.replacing("\(folder.path)/", with: "") }
        #expect(value == row.value)
        if let problem = row.problem {
            #expect(shown.count == 1, "\(shown)")
            #expect(shown.first?.hasPrefix(problem) == true, "\(shown)")
            #expect(shown.first?.contains(Self.key) == false)
        } else {
            #expect(shown == [])
        }
    }

    @Test func `the table has sixty inputs or more`() {
        #expect((Self.lines + Self.variables + Self.secretFiles).count >= 60)
    }

    struct EndToEnd: Sendable {
        var settings: [String: String] = [:]
        var files: [String: String] = [:]
        let message: String
    }

    /// Without these the server has no secret, and all else that it needs.
    private static let good = [
        "DATABASE_URL": "postgresql:///nowhere", "WORKOS_JWKS_URL": "file:///nonexistent/jwks.json",
        "ALLOW_DEVELOPMENT_TOKENS": "true", "HTTP_PORT": "0", "ADMIN_PORT": "0",
    ]

    @Test(arguments: [
        EndToEnd(
            settings: ["STREAM_API_SECRET_FILE": "secret"],
            files: ["secret": "\(key)\r"],
            message: "STREAM_API_SECRET_FILE secret ends in a carriage return (the line ends of Windows): "
                + "write the value alone into the file, with one line end after it or none\n"
        ),
        EndToEnd(
            files: [".env": "STREAM_API_SECRET=\"'\(key)'\"\r\n"],
            message: "STREAM_API_SECRET begins with a quotation mark (.env, line 1): give the value without it\n"
        ),
        EndToEnd(
            files: [".env": "STREAM_API_SECRET='\(key)'\r\nLOG_LEVEL=$LEVEL\r\n"],
            message:
                ".env, line 2 (LOG_LEVEL) has a $ outside single quotation marks, which nothing is substituted for "
                + "here: put the value in single quotation marks\n"
        ),
        EndToEnd(
            settings: ["STREAM_API_SECRET": key, "WORKOS_ISSUERS": "https://a.example,\n https://b.example"],
            message: "WORKOS_ISSUERS has a line feed: give the value without it\n"
        ),
        EndToEnd(
            settings: ["STREAM_API_SECRET": key, "DATABASE_URL": "", "DATABASE_URL_FILE": "url"],
            files: ["url": "\n"],
            message: "DATABASE_URL_FILE url is empty: name a file with the value\n"
        ),
    ])
    func `serve ends with 78 and the one message`(input: EndToEnd) async throws {
        let settings = Self.good.merging(input.settings) { $1 }
        let result = try await Binary.run("serve", settings: settings, files: input.files)
        #expect(result.status == 78)
        #expect(result.errors.hasSuffix(input.message), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        #expect(!result.errors.contains(Self.key))
    }

    @Test func `a .env file of Windows is read to its last line`() async throws {
        let file = "\u{FEFF}export STREAM_API_SECRET=\"\(Self.key)\"\r\n\r\n# port\r\nHTTP_IDLE_TIMEOUT=never\r\n"
        let result = try await Binary.run("serve", settings: Self.good, files: [".env": file])
        #expect(result.status == 78)
        let message = "HTTP_IDLE_TIMEOUT is \"never\" (.env, line 4): give a number and a unit"
        #expect(result.errors.contains(message), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }

    @Test(arguments: [
        ["migrate", "status"], ["maintain"], ["token", "inspect", "-"], ["token", "issue-bearer", "--user", "u"],
    ])
    func `every command that reads settings checks them all`(arguments: [String]) async throws {
        let settings = ["STREAM_API_SECRET": "\(Self.key)\r", "HTTP_PRT": "1"]
        let result = try await Binary.run(arguments, settings: settings)
        #expect(result.status == 78)
        #expect(result.errors.contains("STREAM_API_SECRET ends in a carriage return"), "\(result.errors)")
        #expect(result.errors.contains("HTTP_PRT is no setting: did you mean HTTP_PORT?"), "\(result.errors)")
    }

    @Test func `a variable whose bytes are not UTF-8 is refused`() async throws {
        let folder = try Folder()
        let script = "STREAM_API_SECRET=$(printf '\(Self.key)\\351') exec \(Binary.url.path) serve"
        let process = try ChildProcess(
            "/bin/sh",
            ["-c", script],
            environment: Binary.environment(Self.good),
            directory: folder.path,
            streams: .init(errors: folder.file("errors"))
        )
        #expect(try await onOwnThread { process.exitStatus(within: .seconds(30)) } == 78)
        #expect(folder.text("errors").contains("STREAM_API_SECRET is not text in UTF-8"), "\(folder.text("errors"))")
    }
}
