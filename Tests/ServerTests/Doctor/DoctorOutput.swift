import Foundation
import Testing

@testable import connvo_server

/// What `doctor --json` has printed.
struct DoctorOutput {
    struct Setting: Decodable, Equatable {
        let name: String
        let value: String?
        let detail: String?
        let source: String
        let place: String?
        let problem: String?
        let secret: Bool
        let set: Bool
    }

    struct Check: Decodable, Equatable {
        let check: String
        let level: String
        let text: String
        let remedy: String?
    }

    private struct Document: Decodable {
        struct Failure: Decodable {
            let exit_code: Int32
            let message: String
        }

        let version: String
        let counts: [String: Int]
        let settings: [Setting]
        let checks: [Check]
        let error: Failure?
    }

    let status: Int32
    let settings: [Setting]
    let checks: [Check]
    /// Everything that was printed, for a failure of a test.
    let whole: String

    /// What every server needs, and no more.
    static let needed = [
        "STREAM_API_SECRET": "k7vq2m9xw4tz8rnb3hpc6sfd5gjl1yae", "STREAM_GRANTS_CONFIRMED": "true",
        "ALLOW_DEVELOPMENT_TOKENS": "true", "HTTP_PORT": "0", "ADMIN_PORT": "0",
        "WORKOS_JWKS_URL": "file:///nonexistent/jwks.json",
    ]

    /// Runs `doctor --json`, and checks that its figures and its exit code agree with its lines.
    static func of(
        _ arguments: String...,
        settings: [String: String],
        files: [String: String] = [:]
    ) async throws -> DoctorOutput {
        let result = try await Binary.run(["doctor", "--json"] + arguments, settings: settings, files: files)
        #expect(result.errors.isEmpty, "\(result.errors)")
        let document = try JSONDecoder().decode(Document.self, from: Data(result.output.utf8))
        for level in Finding.Level.allCases {
            #expect(document.counts[level.rawValue] == document.checks.count { $0.level == level.rawValue })
        }
        #expect(document.error?.exit_code ?? 0 == result.status)
        #expect(document.checks.allSatisfy { !$0.text.contains("\n") && !($0.remedy ?? "").contains("\n") })
        return DoctorOutput(
            status: result.status,
            settings: document.settings,
            checks: document.checks,
            whole: result.output
        )
    }

    /// The lines of one check.
    subscript(check: String) -> [Check] { checks.filter { $0.check == check } }

    func setting(_ name: String) throws -> Setting { try #require(settings.first { $0.name == name }, "\(name)") }

    /// Whether the check has one line, of this level, with this text in it.
    func says(_ check: String, _ level: Finding.Level, _ text: String = "") -> Bool {
        let lines = self[check]
        return lines.count == 1 && lines[0].level == level.rawValue && (text.isEmpty || lines[0].text.contains(text))
    }
}
