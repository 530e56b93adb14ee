internal import JOSE
internal import JSON

/// Door A, the documented one: `POST /api/run/meetings/stream/index/generateParticipantTokenPublic`.
enum RunDoor {
    static let prefix = "/api/run/"
    static let path = prefix + "meetings/stream/index/generateParticipantTokenPublic"

    /// Reads `{"args": {...}, "format"?: "json"}`.
    static func arguments(from body: JSONValue) throws(BodyFault) -> FunctionArguments {
        if let format = body["format"], !format.isNull, !format.isString(equalTo: "json") {
            throw .malformed(#"The only format is "json", at $.format"#)
        }
        guard let arguments = body["args"] else { throw .malformed("A member is missing, at $.args") }
        guard arguments.kind == .object else { throw .malformed("The arguments must be an object, at $.args") }
        return try FunctionArguments(arguments)
    }

    /// The path of a function as Convex writes it, `module:function`.
    static func functionName(of path: Substring) -> String {
        guard let separator = path.lastIndex(of: "/") else { return String(path) }
        return path[..<separator] + ":" + path[path.index(after: separator)...]
    }
}
