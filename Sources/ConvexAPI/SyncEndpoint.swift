internal import JSON

/// The endpoint for Convex clients that keep a WebSocket open: `/api/sync` and `/api/<version>/sync`.
///
/// It serves nothing. Such a client takes every failed connection for a passing one and tries again for ever, while its
/// calls neither return nor fail. So the connection is accepted, and each call fails at once with a text that says what
/// to use instead (`get-convex/convex-backend`, crates/convex/sync_types, has the messages).
package enum SyncEndpoint {
    /// What a call is told.
    package static let explanation =
        """
        This server answers POST /api/action only: call the function with a ConvexHttpClient (connvo-server help \
        convex-clients)
        """

    /// Whether a WebSocket may be opened at this path.
    package static func isPath(_ path: Substring) -> Bool {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 3 || parts.count == 4, parts[0].isEmpty, parts[1].elementsEqual("api".utf8) else {
            return false
        }
        return parts[parts.count - 1].elementsEqual("sync".utf8) && !(parts.count == 4 && parts[2].isEmpty)
    }

    /// The response to one message of a client; nil for a message that needs none.
    ///
    /// - Parameter message: A JSON text.
    /// - Throws: ``JSONSyntaxError`` for another text.
    package static func response(to message: [UInt8]) throws -> [UInt8]? {
        let root = try JSONDocument(parsing: message).root
        guard let type = root["type"], let requestID = root["requestId"]?.integer else { return nil }
        let response: String
        if type.isString(equalTo: "Action") {
            response = "ActionResponse"
        } else if type.isString(equalTo: "Mutation") {
            response = "MutationResponse"
        } else {
            // Connect, Authenticate, ModifyQuerySet and Event: none waits for a response to itself.
            return nil
        }
        var json = JSONWriter()
        json.object { json in
            json.member("type", response)
            json.member("requestId", requestID)
            json.member("success", false)
            json.member("result", explanation)
            json.array("logLines") { _ in }
        }
        return json.bytes
    }
}
