/// What is wrong with a request body, in words for the client (docs/errors.md, rows 5 and 6).
package enum BodyFault: Error, Equatable {
    /// Row 5: not the JSON that the endpoint reads.
    case malformed(String)
    /// The body asks for a function that does not exist; `name` as it was sent.
    case noFunction(name: String)
    /// Row 6: an argument is wrong. `field` is the argument's name, cut at 64 scalars.
    case argument(field: String, message: String)
}
