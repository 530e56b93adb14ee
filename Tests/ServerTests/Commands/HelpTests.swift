import ArgumentParser
import Foundation
import Testing

@testable import connvo_server

/// `connvo-server help`, and that no text sends an operator to a file that an installed binary does not have.
@Suite struct HelpTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test func `without a name, help lists commands and documents`() async throws {
        let result = try await Binary.run("help")
        #expect(result.status == 0)
        for name in CommandTree.names(of: ConnvoServer.self) {
            #expect(result.output.contains("\n  \(name) "), "\(name)")
        }
        for topic in HelpTopic.all { #expect(result.output.contains("\n  \(topic.name) "), "\(topic.name)") }
        #expect(result.output.contains("\n  migrations           Migrations\n"))
    }

    @Test func `every document of docs but their index is a topic`() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "docs").path)
            .filter { $0.hasSuffix(".md") && $0 != "README.md" }.map { String($0.dropLast(3)) }
        #expect(names.count > 10)
        let topics = Set(HelpTopic.all.map(\.name))
        #expect(topics == Set(names + ["readme", "changelog", "openapi"]))
    }

    @Test func `a document that has the name of a command follows the help of the command`() async throws {
        let help = try await Binary.run("explain", "--help").output
        let both = try await Binary.run("help", "explain").output
        #expect(both.hasPrefix(help.trimmingCharacters(in: .newlines)))
        #expect(both.contains("\n# "))
    }

    @Test func `a topic prints its document, whole`() async throws {
        let migrations = try await Binary.run("help", "migrations")
        #expect(migrations.status == 0)
        #expect(migrations.errors.isEmpty)
        #expect(migrations.output.hasPrefix("# Migrations\n"))
        #expect(migrations.output.hasSuffix("(decision 0012).\n"))
        let openAPI = try await Binary.run("help", "openapi")
        #expect(openAPI.output == (try String(contentsOf: Self.root.appending(path: "openapi.yaml"), encoding: .utf8)))
    }

    @Test(arguments: HelpTopic.all.map(\.name).filter { $0 != "openapi" })
    func `a document names no other one by a path`(name: String) throws {
        let text = try #require(HelpTopic.named(name)).text
        #expect(!text.contains(#/docs/[a-z-]+\.md/#))
        #expect(!text.contains(#/(^|[\s(])(?:[a-z-]+|README|CHANGELOG)\.md/#))
        #expect(!text.contains(#/\]\([^)]*\.(md|yaml|png)/#))
        #expect(text.utf8.count > 500)
    }

    @Test(
        arguments: [
            ("see [maintenance.md](maintenance.md#retention).", "see `connvo-server help maintenance`."),
            ("[what\nto do](../README.md#a-client)", "what\nto do (`connvo-server help readme`)"),
            (
                "docs/errors.md, row 10; `docs/logins.md`",
                "`connvo-server help errors`, row 10; `connvo-server help logins`"
            ),
            (
                "(logins.md); bench/README.md; x-errors.md",
                "(`connvo-server help logins`); bench/README.md; x-errors.md"
            ),
            ("[below](#the-action-endpoint)", "below"),
            ("[jq](https://jqlang.org)", "jq (https://jqlang.org)"),
            ("[bench/README.md](../bench/README.md)", "bench/README.md (of the source tree)"),
            ("[docs/README.md](README.md), [all](README.md)", "`connvo-server help`, `connvo-server help`"),
            (
                "![The page](images/x.png) and [dark](images/y.png)",
                "(a picture: The page) and dark"
            ),
            (
                "```\n[a](errors.md)\n```\n[errors.md](errors.md)",
                "```\n[a](errors.md)\n```\n`connvo-server help errors`"
            ),
            ("a]( b", "a]( b"),
        ]
    )
    func `references become commands`(text: String, shown: String) {
        #expect(DocumentReferences.renamed(in: text, at: "docs/migrations.md") == shown)
    }

    @Test(arguments: [["migrate"], ["migrate", "up"], ["token", "inspect"], ["report"], ["help"]])
    func `help on a command is the help of the command`(words: [String]) async throws {
        let help = try await Binary.run(["help"] + words)
        let flag = try await Binary.run(words == ["help"] ? ["help", "help"] : words + ["--help"])
        #expect(help.status == 0)
        #expect(help.output.trimmingCharacters(in: .newlines) == flag.output.trimmingCharacters(in: .newlines))
        #expect(help.output.contains("USAGE: connvo-server \(words.joined(separator: " "))"))
        let withFlag = try await Binary.run(["help"] + words + ["--help"])
        #expect(withFlag.output == help.output)
    }

    @Test(
        arguments: [
            (["migration"], "there is no help on \"migration\"; did you mean migrations or migrate?"),
            (["maintian"], "did you mean maintain?"),
            (["migrate", "statsu"], "there is no help on \"migrate statsu\"; did you mean status?"),
            (["xyzzy"], "there is no help on \"xyzzy\"; connvo-server help lists what there is"),
            (["migrations", "up"], "there is no help on"),
        ]
    )
    func `an unknown topic is an error with the near name`(words: [String], message: String) async throws {
        let result = try await Binary.run(["help"] + words)
        #expect(result.status == 64)
        #expect(result.output.isEmpty)
        #expect(result.errors.contains(message), "\(result.errors)")
    }

    // MARK: - Texts

    /// Every file in which an operator may read `connvo-server help NAME`.
    private static func texts() throws -> [(path: String, text: String)] {
        var found: [(path: String, text: String)] = []
        for folder in ["Sources", "docs", "scripts", "sql"] {
            let files = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
            while let file = files?.nextObject() as? String {
                let url = root.appending(path: folder).appending(path: file)
                guard let text = try? String(contentsOf: url, encoding: .utf8) else { continue }
                found.append(("\(folder)/\(file)", text))
            }
        }
        for file in ["README.md", "CHANGELOG.md", "openapi.yaml"] {
            found.append((file, try String(contentsOf: root.appending(path: file), encoding: .utf8)))
        }
        return found
    }

    @Test func `every help that a text mentions exists`() throws {
        var count = 0
        // Also where a line of a literal or of a document ends within the mention.
        let mention = #/connvo-server\s+help(?:\s|\\)+([a-z][a-z-]+)/#
        for (path, text) in try Self.texts() {
            for match in text.matches(of: mention) {
                count += 1
                let name = String(match.1)
                let exists = HelpTopic.named(name) != nil || CommandTree.subcommand(name, of: ConnvoServer.self) != nil
                // Prose, such as "connvo-server help lists what there is".
                let isProse = ["lists", "prints", "shows"].contains(name)
                #expect(exists || isProse, "\(path): connvo-server help \(name)")
            }
        }
        #expect(count > 5)
    }

    @Test func `no help text and no message names a path of the documents`() throws {
        func check(_ command: CommandTree.Command) {
            #expect(!ConnvoServer.helpMessage(for: command).contains("docs/"), "\(command)")
            for subcommand in command.configuration.subcommands { check(subcommand) }
        }
        check(ConnvoServer.self)
        for (path, text) in try Self.texts() where path.hasPrefix("Sources/") && path.hasSuffix(".swift") {
            for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
                #expect(!code.contains("docs/"), "\(path):\(number + 1)")
            }
        }
    }
}
