import Domain
import Foundation
import Logging
import Testing

@testable import connvo_server

/// docs/configuration.md has exactly the declared settings, each under its section, with its default and its meaning.
///
/// Run with `RECORD_DOCUMENTATION=1` to write the rows into the document.
@Suite struct SettingDocumentationTests {
    private static let document = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "docs/configuration.md")

    private static let header = "| name | default | meaning |\n|---|---|---|\n"

    private static func row(_ setting: Setting) -> String {
        let declaration = setting.declaration
        var names = "`\(setting.name)`"
        if case .secret = declaration.type { names += ", `\(setting.fileName)`" }
        return "| \(names) | \(declaration.shownDefault ?? defaultText(declaration.type)) | \(declaration.meaning) |\n"
    }

    private static func defaultText(_ type: SettingDeclaration.ValueType) -> String {
        switch type {
        case .text(let value), .duration(let value): value.map { "`\($0)`" } ?? "none"
        case .secret, .list: "none"
        case .flag: "`false`"
        case .integer(let value, _): "`\(value)`"
        case .choice(let value, _): "`\(value)`"
        }
    }

    /// The document with the table of each section replaced by the declared rows.
    private static func documented(_ text: String) throws -> String {
        var text = text
        for section in SettingDeclaration.Section.allCases {
            let rows = Setting.allCases.filter { $0.declaration.section == section }.map(row).joined()
            let heading = try #require(text.range(of: "\n## \(section.rawValue)\n"), "no section \(section.rawValue)")
            let start = try #require(text.range(of: header, range: heading.upperBound..<text.endIndex)).upperBound
            let end = text.range(of: "\n\n", range: start..<text.endIndex)?.lowerBound ?? text.endIndex
            text.replaceSubrange(start..<end, with: String(rows.dropLast()))
        }
        return text
    }

    @Test func `the document has exactly the declared settings`() throws {
        let text = try String(contentsOf: Self.document, encoding: .utf8)
        let expected = try Self.documented(text)
        if ProcessInfo.processInfo.environment["RECORD_DOCUMENTATION"] != nil {
            try expected.write(to: Self.document, atomically: true, encoding: .utf8)
        }
        #expect(text == expected, "run this test again with RECORD_DOCUMENTATION=1 to write the rows")
    }

    @Test func `a setting that may be one of several names is declared with the names of its type`() {
        let types: [(Setting, [String])] = [
            (.databaseStatements, ServerConfiguration.Statements.allCases.map(\.rawValue)),
            (.requestedRole, RequestedRoleRule.allCases.map(\.rawValue)),
            (.logLevel, Logger.Level.allCases.map(\.rawValue)),
            (.logFormat, LogSettings.Format.allCases.map(\.rawValue)),
        ]
        for (setting, names) in types {
            guard case .choice(_, let declared) = setting.declaration.type else {
                Issue.record("\(setting.name) is not a choice")
                continue
            }
            #expect(declared == names)
        }
        let choices = Setting.allCases.filter { if case .choice = $0.declaration.type { true } else { false } }
        #expect(choices == types.map(\.0))
    }

    @Test func `each default is a value that its setting accepts`() async throws {
        var settings = try await SettingsReader(environment: [:], environmentFile: nil)
        for setting in Setting.allCases {
            switch setting.declaration.type {
            case .integer(let value, let range): #expect(range.contains(value), "\(setting.name)")
            case .choice(let value, let names): #expect(names.contains(value), "\(setting.name)")
            case .duration(.some): #expect(settings.duration(setting) != nil, "\(setting.name)")
            case .text, .secret, .flag, .list, .duration(nil): break
            }
        }
        #expect(settings.problems.isEmpty)
    }
}
