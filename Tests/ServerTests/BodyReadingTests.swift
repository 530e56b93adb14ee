import Testing

@testable import connvo_server

/// Parsing a body without a server.
@Suite struct BodyReadingTests {
    @Test func `the name of an unknown argument is cut at 64 characters, however long each of them is`() throws {
        let mark = String(repeating: "\u{301}", count: 2000)
        let error = #expect(throws: BodyFault.self) {
            let body = Array(#"{"args":{"meetingId":"m","e\#(mark)":1}}"#.utf8)
            _ = try RunDoor.arguments(from: RequestBody.root(of: body))
        }
        guard case .argument(let field, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(field.unicodeScalars.count == 64)
    }
}
