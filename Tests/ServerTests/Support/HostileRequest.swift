import Foundation
import HostileTokens

/// A request with the credentials of a ``HostileCase``, byte for byte.
struct HostileRequest: Sendable {
    let bytes: [UInt8]
    /// Always of the same length, so that responses have the same length too.
    let requestID: String

    init(_ credentials: HostileCase.Credentials, target: String = WireRequest.function) {
        let id = UUID().uuidString
        let body = Array(WireRequest.documentedBody.utf8)
        let head = """
            POST \(target) HTTP/1.1\r
            Host: localhost\r
            Content-Type: application/json\r
            X-Request-Id: \(id)\r
            Content-Length: \(body.count)\r

            """
        var bytes = Array(head.utf8)
        let values =
            switch credentials {
            case .token(let token): [Array("Bearer ".utf8) + token]
            case .fields(let values): values.map { Array($0.utf8) }
            }
        for value in values { bytes += Array("Authorization: ".utf8) + value + Array("\r\n".utf8) }
        self.bytes = bytes + Array("\r\n".utf8) + body
        requestID = id
    }
}
