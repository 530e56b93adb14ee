/// What is wrong with a request body, in words for the client.
///
/// This file and those of the doors know no HTTP, so that fuzz targets build them without a server around.
enum BodyFault: Error, Equatable {
    /// Row 5: not the JSON we expect.
    case malformed(String)
    /// The body asks for a function that there is not; `name` as it was sent.
    case noFunction(name: String)
    /// Row 6: an argument is wrong. `field` is the argument's name, cut at 64 scalars.
    case argument(field: String, message: String)
}
