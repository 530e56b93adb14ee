internal import Domain
internal import NIOCore
internal import Persistence

/// The JSON bodies of 200 that Convex clients read: keys of objects in the order of their bytes, and every number with a
/// dot, as Convex prints a double. The Python clients refuse a number without one.
enum ConvexEnvelope {
    static func success(_ issued: IssuedToken, into buffer: inout ByteBuffer) {
        let caller = issued.admission.caller
        buffer.writeStaticString(#"{"status":"success","value":{"expiresAt":"#)
        buffer.writeString(String(issued.expiresAt))
        buffer.writeStaticString(#".0,"success":true,"token":""#)
        buffer.writeBytes(issued.token)
        // Ids and tokens consist of characters that JSON does not escape.
        buffer.writeStaticString(#"","user":{"id":""#)
        buffer.writeString(caller.id.rawValue)
        buffer.writeStaticString(#"","#)
        if let image = caller.avatarURL {
            buffer.writeStaticString(#""image":"#)
            buffer.writeJSON(image)
            buffer.writeStaticString(",")
        }
        buffer.writeStaticString(#""name":"#)
        buffer.writeJSON(caller.publicName)
        buffer.writeStaticString(#"},"userId":""#)
        buffer.writeString(caller.id.rawValue)
        buffer.writeStaticString(#""}}"#)
    }

    /// A failure of the function. `errorData` is what makes clients throw a `ConvexError`; where no function was found,
    /// there is none, as at Convex.
    static func failure(_ problem: Problem, into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"status":"error","errorMessage":"#)
        buffer.writeJSON(problem.message)
        if problem.source == .function {
            buffer.writeStaticString(#","errorData":{"code":"#)
            buffer.writeJSON(problem.code)
            buffer.writeStaticString(#","message":"#)
            buffer.writeJSON(problem.message)
            if !problem.metadata.isEmpty {
                buffer.writeStaticString(#","metadata":{"#)
                let metadata = problem.metadata.sorted { $0.key < $1.key }
                for (index, entry) in metadata.enumerated() {
                    if index > 0 { buffer.writeStaticString(",") }
                    buffer.writeJSON(entry.key)
                    buffer.writeStaticString(":")
                    buffer.writeJSON(entry.value)
                }
                buffer.writeStaticString("}")
            }
            buffer.writeStaticString(#","statusCode":"#)
            buffer.writeString(String(problem.statusCode))
            buffer.writeStaticString(".0}")
        }
        buffer.writeStaticString("}")
    }
}
