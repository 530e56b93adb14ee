internal import JOSE

/// Why a key set was not read, or not put in force.
enum KeySetFailure: Error, Equatable, CustomStringConvertible {
    case fileUnreadable
    /// Resolving, connecting and the whole answer together took too long.
    case timedOut
    /// No connection, or one that broke.
    case connection(String)
    /// The other side could not prove who it is, or speaks no TLS.
    case tls(String)
    /// Anything but 200, redirects included.
    case status(UInt)
    /// The body has a Content-Encoding. None was asked for, and none is decoded.
    case encoded
    case refused(JWKSetError)
    case noUsableKey

    /// Stable, from a closed list, for a metric label.
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
        case .fileUnreadable: "the file cannot be read"
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
