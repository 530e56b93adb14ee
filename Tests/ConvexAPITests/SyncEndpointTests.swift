import ConvexAPI
import JSON
import Testing

/// What a client of Convex's sync protocol is told.
@Suite struct SyncEndpointTests {
    private func response(_ message: String) throws -> String? {
        try SyncEndpoint.response(to: Array(message.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: ["Action", "Mutation"]) func `a call fails, and says what to use`(kind: String) throws {
        let call = #"{"type":"\#(kind)","requestId":7,"udfPath":"a:b","args":[{}]}"#
        let text = try #require(try response(call))
        let root = try JSONDocument(parsing: Array(text.utf8)).root
        #expect(root["type"]?.string == "\(kind)Response")
        #expect(root["requestId"]?.integer == 7)
        #expect(root["success"]?.bool == false)
        #expect(root["result"]?.string?.contains("ConvexHttpClient") == true)
        #expect(root["logLines"]?.count == 0)
    }

    @Test(arguments: [
        #"{"type":"Connect","sessionId":"x","connectionCount":0}"#, #"{"type":"Authenticate","tokenType":"User"}"#,
        #"{"type":"ModifyQuerySet","baseVersion":0,"newVersion":1,"modifications":[]}"#, #"{"type":"Event"}"#,
        #"{"type":"Action"}"#, #"{"type":"Action","requestId":"7"}"#, #"{"requestId":7}"#, "[]", "7", "{}",
    ])
    func `any other message has no response`(message: String) throws {
        #expect(try response(message) == nil)
    }

    @Test func `what is no JSON is an error`() {
        for text in ["", "{", "x", #"{"type":"Action","type":"Action"}"#] {
            #expect(throws: JSONSyntaxError.self) { try response(text) }
        }
    }

    @Test(arguments: [
        ("/api/sync", true), ("/api/1.29.0/sync", true), ("/api/sync/", false), ("/api//sync", false), ("/sync", false),
        ("/api/1/2/sync", false), ("/api/1.29.0/synced", false), ("/x/sync", false), ("api/sync", false), ("", false),
    ])
    func `the path may have a version`(path: String, isPath: Bool) {
        #expect(SyncEndpoint.isPath(path[...]) == isPath)
    }
}
