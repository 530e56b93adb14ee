import Foundation
import Testing

/// The version, which is defined in one place.
@Suite(.serverFixture()) struct VersionTests {
    @Test func `the route and the command give the same version`() async throws {
        let answer = try await ServerFixture.current.send(WireRequest("GET", "/version"))
        #expect(answer.status == 200)
        #expect(answer["content-type"] == "text/plain; charset=utf-8")
        #expect(answer.text.contains(/^[0-9]+\.[0-9]+\.[0-9]+(-[a-z0-9.]+)?$/))
        let command = try await Binary.run("--version")
        #expect(command.status == 0)
        #expect(command.output == answer.text + "\n")
    }
}
