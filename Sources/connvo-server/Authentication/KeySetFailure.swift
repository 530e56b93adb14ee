internal import JOSE

/// Why a key set was not read or not accepted.
enum KeySetFailure: Error, Equatable, CustomStringConvertible {
    case fileUnreadable(SmallFile.Failure)
    /// Name resolution, connecting and the whole response together, or reading the file, took too long.
    case timedOut
    /// The connection could not be opened, or it broke.
    case connection(String)
    /// The server's certificate is not trusted, or the server does not use TLS.
    case tls(String)
    /// Any status but 200; redirects count as this too.
    case status(UInt)
    /// The body has a Content-Encoding. The request accepts none, and none is decoded.
    case encoded
    case refused(JWKSetError)
    case noUsableKey

    /// A stable name from a closed list, for a metric label.
    var slug: String {
        switch self {
        case .fileUnreadable: "file_unreadable"
        case .timedOut: "timed_out"
        case .connection: "connection"
        case .tls: "tls"
        case .status: "status"
        case .encoded: "encoded"
        case .refused(let error): error.slug
        case .noUsableKey: "no_usable_key"
        }
    }

    var description: String {
        switch self {
        case .fileUnreadable(let failure): "the file \(failure)"
        case .timedOut: "no answer in time"
        case .connection(let cause): "no connection: \(cause)"
        case .tls(let cause): "no TLS: \(cause)"
        case .status(let code): "the answer has status \(code), not 200"
        case .encoded: "the answer has a Content-Encoding"
        case .refused(let error): "\(error)"
        case .noUsableKey: "the set holds no usable key"
        }
    }
}
