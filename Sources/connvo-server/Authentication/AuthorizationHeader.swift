/// The `Authorization` header of a request, as it came.
enum AuthorizationHeader {
    case absent
    case one(String)
    /// More than one, which is never valid.
    case several
}
