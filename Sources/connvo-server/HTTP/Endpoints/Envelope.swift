internal import Domain
internal import NIOCore
internal import Persistence

/// The JSON bodies of door A, byte for byte as documented, and of every failure that is not 200.
enum Envelope {
    /// `{"status":"success","errorMessage":"","errorData":{},"value":{...}}`, fields in the documented order.
    static func success(_ issued: IssuedToken, into buffer: inout ByteBuffer) {
        let caller = issued.admission.caller
        buffer.writeStaticString(#"{"status":"success","errorMessage":"","errorData":{},"value":{"token":""#)
        buffer.writeBytes(issued.token)
        // Ids and tokens consist of characters that JSON does not escape.
        buffer.writeStaticString(#"","userId":""#)
        buffer.writeString(caller.id.rawValue)
        buffer.writeStaticString(#"","user":{"id":""#)
        buffer.writeString(caller.id.rawValue)
        buffer.writeStaticString(#"","name":"#)
        buffer.writeJSON(caller.publicName)
        if let image = caller.avatarURL {
            buffer.writeStaticString(#","image":"#)
            buffer.writeJSON(image)
        }
        buffer.writeStaticString(#"},"expiresAt":"#)
        buffer.writeString(String(issued.expiresAt))
        buffer.writeStaticString(#","success":true}}"#)
    }

    /// The error envelope: `errorData` is what Connvo's front end reads, `code` and `message` at the top are what Convex
    /// clients need on every answer that is not 200.
    static func failure(_ problem: Problem, requestID: String, into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"status":"error","errorMessage":"#)
        buffer.writeJSON(problem.message)
        buffer.writeStaticString(#","errorData":{"code":"#)
        buffer.writeJSON(problem.code)
        buffer.writeStaticString(#","message":"#)
        buffer.writeJSON(problem.message)
        buffer.writeStaticString(#","statusCode":"#)
        buffer.writeString(String(problem.statusCode))
        if !problem.metadata.isEmpty {
            buffer.writeStaticString(#","metadata":{"#)
            for (index, entry) in problem.metadata.enumerated() {
                if index > 0 { buffer.writeStaticString(",") }
                buffer.writeJSON(entry.key)
                buffer.writeStaticString(":")
                buffer.writeJSON(entry.value)
            }
            buffer.writeStaticString("}")
        }
        buffer.writeStaticString(#"},"code":"#)
        buffer.writeJSON(problem.code)
        buffer.writeStaticString(#","message":"#)
        buffer.writeJSON(problem.message)
        buffer.writeStaticString(#","requestId":"#)
        buffer.writeJSON(requestID)
        buffer.writeStaticString("}")
    }
}
