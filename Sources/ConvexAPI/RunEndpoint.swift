internal import JSON

/// The documented endpoint: `POST /api/run/meetings/stream/index/generateParticipantTokenPublic`.
package enum RunEndpoint {
    /// What the paths of all functions begin with, known or not.
    package static let prefix = "/api/run/"
    package static let path = prefix + "meetings/stream/index/generateParticipantTokenPublic"

    /// Reads `{"args": {...}, "format"?: "json"}`.
    static func arguments(from body: JSONValue) throws(BodyFault) -> FunctionArguments {
        if let format = body["format"], !format.isNull, !format.isString(equalTo: "json") {
            throw .malformed(#"The only format is "json", at $.format"#)
        }
        guard let arguments = body["args"] else { throw .malformed("A member is missing, at $.args") }
        guard arguments.kind == .object else { throw .malformed("The arguments must be an object, at $.args") }
        return try FunctionArguments(arguments)
    }

    /// The name of a function as Convex writes it, `module:function`.
    ///
    /// - Parameter path: Of the request, behind ``prefix``.
    package static func functionName(of path: Substring) -> String {
        guard let separator = path.lastIndex(of: "/") else { return String(path) }
        return path[..<separator] + ":" + path[path.index(after: separator)...]
    }
}
