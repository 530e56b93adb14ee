internal import JSON

/// The endpoint for clients that speak the Convex protocol: `POST /api/action`, the function's name in the body.
package enum ActionEndpoint {
    package static let path = "/api/action"
    /// The one function there is. Convex knows it also by an alias with `.js`, which no client sends.
    static let function: StaticString = "meetings/stream/index:generateParticipantTokenPublic"

    /// Reads `{"path": "...", "args": {...} or [{...}], "format"?: "json" or "convex_encoded_json"}`.
    ///
    /// Both formats are the same here: they differ in integers beyond a double and in bytes, and no argument here is one of those.
    static func arguments(from body: JSONValue) throws(BodyFault) -> FunctionArguments {
        guard let path = body["path"] else { throw .malformed("A member is missing, at $.path") }
        guard path.kind == .string else { throw .malformed("The path must be a string, at $.path") }
        guard path.isString(equalTo: function) else { throw .noFunction(name: path.string ?? "") }
        if let format = body["format"], !format.isNull, !format.isString(equalTo: "json"),
            !format.isString(equalTo: "convex_encoded_json")
        {
            throw .malformed(#"The format must be "json" or "convex_encoded_json", at $.format"#)
        }
        guard var arguments = body["args"] else { throw .malformed("A member is missing, at $.args") }
        var elements = arguments.elements
        if arguments.count == 1, let element = elements.next() { arguments = element }
        guard arguments.kind == .object else {
            throw .malformed("The arguments must be an object, or a list of one object, at $.args")
        }
        return try FunctionArguments(arguments)
    }
}
