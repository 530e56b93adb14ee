import Foundation
import TestSupport
import Testing

@testable import Persistence
@testable import connvo_server

/// docs/seeding.md says what the code does.
@Suite struct SeedDocumentationTests {
    private static let page: String = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().resolvingSymlinksInPath()
            .appending(path: "../../../docs/seeding.md")
        return String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self)
    }()

    /// Name, value and presence of each row of the table under a heading.
    private func table(under heading: String) -> [[String]] {
        guard let start = Self.page.range(of: "\n### \(heading)\n") else { return [] }
        let section = Self.page[start.upperBound...].components(separatedBy: "\n#")[0]
        return section.components(separatedBy: "\n").filter { $0.hasPrefix("| `") }.map { line in
            line.components(separatedBy: " | ").prefix(3).map {
                $0.trimmingCharacters(in: CharacterSet(charactersIn: "| "))
            }
        }
    }

    private func expected(_ column: SeedColumn) -> [String] {
        let value =
            switch column.type {
            case .text: "text"
            case .longID: "1 to 255 of `A-Z a-z 0-9 _ @ -`"
            case .shortID: "1 to 64 of `A-Z a-z 0-9 _ -`"
            case .oneOf(let values): values.map { "`\($0)`" }.joined(separator: ", ")
            case .uuid: "UUID"
            case .boolean: "`true`, `false`"
            case .integer: "integer"
            case .timestamp: "time"
            }
        let presence =
            switch column.presence {
            case .required: "required"
            case .hasDefault: "has a default"
            case .nullable: "or null"
            }
        let reference = column.referredKind.map { ", in `\($0.rawValue)`" } ?? ""
        return ["`\(column.name)`", value, presence + reference + (column.isPersonal ? ", personal" : "")]
    }

    @Test(arguments: SeedKind.allCases)
    func `every field is described as it is read`(kind: SeedKind) {
        #expect(table(under: "`\(kind.rawValue)`") == kind.columns.map(expected))
    }

    @Test func `the examples can be seeded one after the other, and hold every field`() async throws {
        let examples = Self.page.matches(of: /<!-- (\S+) -->\n```\w+\n((?s:.*?))```/).map { match in
            (name: String(match.1), text: String(match.2))
        }
        #expect(examples.map(\.name) == ["everything.json", "more.ndjson", "users.csv"])
        for kind in SeedKind.allCases {
            for column in kind.columns { #expect(examples.first?.text.contains("\"\(column.name)\":") == true) }
        }
        try await withDatabase { database in
            for (name, text) in examples {
                let result = try await Binary.run(
                    ["seed", name],
                    settings: ["DATABASE_URL": "postgresql:///\(database.name)"],
                    files: [name: text]
                )
                #expect(result.status == 0, "\(result.errors)")
            }
        }
    }

    @Test(arguments: ["seed", "export"])
    func `every option is described`(command: String) async throws {
        let help = try await Binary.run(command, "--help").output
        let options = Set(help.matches(of: /--[a-z-]+/).map { String($0.0) }).subtracting(["--help", "--version"])
        let section = Self.page.components(separatedBy: "\n## Options of `\(command)`\n").last ?? ""
        let table = section.components(separatedBy: "\n## ")[0]

        #expect(!options.isEmpty)
        for option in options { #expect(table.contains("| `\(option)"), "\(option)") }
    }
}
