import Foundation
import Persistence
import Testing

@testable import connvo_server

/// The version, which is defined in one place.
@Suite(.serverFixture()) struct VersionTests {
    @Test func `the route and the command give the same version`() async throws {
        let answer = try await ServerFixture.current.send(WireRequest("GET", "/version"))
        #expect(answer.status == 200)
        #expect(answer["content-type"] == "text/plain; charset=utf-8")
        #expect(answer.text.contains(/^[0-9]+\.[0-9]+\.[0-9]+(-[a-z0-9.]+)?$/))
        let command = try await Binary.run("--version")
        #expect(command.status == 0)
        #expect(command.output.split(separator: " ").first.map(String.init) == answer.text)
    }

    @Test func `the command names version, commit and schema on one line`() async throws {
        let command = try await Binary.run("--version")
        let line = /(\S+) \(commit ([0-9a-f]{12}|unknown), schema ([0-9]{4})\+\)\n/
        let (_, version, commit, schema) = try #require(command.output.wholeMatch(of: line)).output
        #expect(String(version) == ServerVersion.current)
        #expect(commit == ServerVersion.commit.prefix(12))
        let newest = try #require([MigrationName].embedded.map(\.description).max())
        #expect(newest.hasPrefix("\(schema)_"))
    }
}
