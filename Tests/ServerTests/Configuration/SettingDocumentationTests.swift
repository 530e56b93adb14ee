import Domain
import Foundation
import Logging
import Testing

@testable import connvo_server

/// docs/configuration.md and .env.example have exactly the declared settings, each under its section, with its type, its
/// default and its meaning.
///
/// Run with `RECORD_DOCUMENTATION=1` to write both.
@Suite struct SettingDocumentationTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let document = root.appending(path: "docs/configuration.md")
    private static let example = root.appending(path: ".env.example")
    private static let isRecording = ProcessInfo.processInfo.environment["RECORD_DOCUMENTATION"] != nil

    private static let header = "| name | type | default | new value | meaning |\n|---|---|---|---|---|\n"

    private static func row(_ setting: Setting) -> String {
        let declaration = setting.declaration
        var names = "`\(setting.name)`"
        if declaration.type.isSecret { names += ", `\(setting.fileName)`" }
        let type = typeText(declaration.type)
        let newValue = declaration.newValue.rawValue
        return "| \(names) | \(type) | \(shownDefault(declaration)) | \(newValue) | \(declaration.meaning) |\n"
    }

    private static func shownDefault(_ declaration: SettingDeclaration) -> String {
        declaration.shownDefault ?? defaultText(declaration.type)
    }

    private static func typeText(_ type: SettingDeclaration.ValueType) -> String {
        switch type {
        case .text: "text"
        case .secret: "secret"
        case .flag: "`true` or `false`"
        case .integer(_, let range): "number, \(range.lowerBound) to \(range.upperBound)"
        case .choice(_, let names): names.map { "`\($0)`" }.joined(separator: ", ")
        case .duration: "duration"
        case .list: "list"
        }
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

    /// The words in lines of at most `width` characters.
    private static func wrapped(_ text: String, prefix: String = "", to width: Int) -> String {
        var lines = [""]
        var left = width - prefix.count
        for word in text.split(separator: " ") {
            let line = lines[lines.count - 1]
            if line.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if line.count + 1 + word.count <= left {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
                left = width - prefix.count
            }
        }
        return lines.map { prefix + $0 }.joined(separator: "\n")
    }

    /// Markdown as plain text: links become the path of their document.
    private static func plain(_ text: String) -> String {
        text.replacing(/\[[^\]]+\]\(([^)#]+)[^)]*\)/) { "docs/\($0.1)" }.replacing("`", with: "")
    }

    /// What .env.example sets a setting to.
    private static func exampleValue(_ declaration: SettingDeclaration) -> String {
        if let example = declaration.example { return example }
        return switch declaration.type {
        case .text(let value), .duration(let value): value ?? ""
        case .secret, .list: ""
        case .flag: "false"
        case .integer(let value, _): "\(value)"
        case .choice(let value, _): value
        }
    }

    private static var exampleFile: String {
        var text = """
            # Settings of connvo-server. Copy this file to .env and fill in the two that are required.
            #
            # Lines that begin with # have no effect; take the # away to set one. Those with a default show it, the
            # others an example. The environment overrides this file. docs/configuration.md says how it is written.
            # This file is written from the declarations of the settings (SettingDocumentationTests).

            """
        for section in SettingDeclaration.Section.allCases {
            text += "\n# ==== \(section.rawValue) ====\n"
            for setting in Setting.allCases where setting.declaration.section == section {
                let declaration = setting.declaration
                let meaning = plain(declaration.meaning)
                text += "\n\(wrapped(meaning.prefix(1).uppercased() + meaning.dropFirst(), prefix: "# ", to: 120)).\n"
                if declaration.type.isSecret { text += "# \(setting.fileName) names a file with it instead.\n" }
                let type = plain(typeText(declaration.type))
                let end = declaration.isRequired ? "required" : "default: \(plain(shownDefault(declaration)))"
                let facts = "(\(type); \(end); new value: \(declaration.newValue.rawValue))"
                text += "\(wrapped(facts, prefix: "# ", to: 120))\n"
                let sign = declaration.isRequired ? "" : "#"
                text += "\(sign)\(setting.name)=\(exampleValue(declaration))\n"
            }
        }
        return text
    }

    @Test func `the document has exactly the declared settings`() throws {
        let text = try String(contentsOf: Self.document, encoding: .utf8)
        let expected = try Self.documented(text)
        if Self.isRecording { try expected.write(to: Self.document, atomically: true, encoding: .utf8) }
        #expect(text == expected, "run this test again with RECORD_DOCUMENTATION=1 to write the rows")
    }

    @Test func `the example file has exactly the declared settings`() throws {
        if Self.isRecording { try Self.exampleFile.write(to: Self.example, atomically: true, encoding: .utf8) }
        let text = try String(contentsOf: Self.example, encoding: .utf8)
        #expect(text == Self.exampleFile, "run this test again with RECORD_DOCUMENTATION=1 to write the file")
    }

    @Test func `the example file is read, and sets nothing`() async throws {
        let settings = try await SettingsReader(environment: [:], environmentFile: Self.example.path)
        #expect(settings.problems.isEmpty)
        #expect(Setting.allCases.allSatisfy { settings.string($0) == nil })
        let text = try String(contentsOf: Self.example, encoding: .utf8)
        let set = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { String($0.prefix { $0 != "=" }) }
        #expect(set == Setting.allCases.filter(\.declaration.isRequired).map(\.name))
    }

    @Test func `every line of the example file is one that its setting accepts`() async throws {
        let text = try String(contentsOf: Self.example, encoding: .utf8)
        let folder = try Folder()
        let file = text.replacing(/(?m)^#([A-Z_]+=)/) { String($0.1) } + "WORKOS_CLIENT_ID=client_01EXAMPLE\n"
        let secret = "STREAM_API_SECRET=a-secret-of-the-tests-0123456789abcdef"
        // This machine has no such files of certificates, and an empty line of the file is no second setting.
        let changed = file.replacing("STREAM_API_SECRET=\n", with: "\(secret)\n")
            .replacing("\nWORKOS_CLIENT_ID=\n", with: "\n").replacing(
                /(?m)^(WORKOS_CA|(HTTP|ADMIN)_TLS_[A-Z]+)_FILE=.*$/,
                with: ""
            )
        try folder.write(Array(changed.utf8), to: ".env")
        var settings = try await SettingsReader(environment: [:], environmentFile: folder.file(".env"))
        #expect(settings.problems.isEmpty, "\(settings.problems)")
        _ = LogSettings(&settings)
        let configuration = try ServerConfiguration(&settings)
        #expect(configuration.poolSize == 4)
        #expect(settings.integer(.recordRetentionMonths) == 0)
        #expect(settings.problems.isEmpty, "\(settings.problems)")
    }

    @Test func `a setting that may be one of several names is declared with the names of its type`() {
        let types: [(Setting, [String])] = [
            (.databaseStatements, ServerConfiguration.Statements.allCases.map(\.rawValue)),
            (.httpDocs, ServerConfiguration.Documents.allCases.map(\.rawValue)),
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
