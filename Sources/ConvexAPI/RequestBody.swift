internal import JSON

/// The JSON of a request body, before an endpoint looks for its own members.
enum RequestBody {
    /// - Throws: ``BodyFault/malformed(_:)``.
    static func root(of text: [UInt8]) throws(BodyFault) -> JSONValue {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: text)
        } catch {
            throw .malformed("The body is not valid JSON: \(error)")
        }
        guard document.root.kind == .object else { throw .malformed("The body must be an object, at $") }
        return document.root
    }
}
