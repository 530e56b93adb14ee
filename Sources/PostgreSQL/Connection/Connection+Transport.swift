internal import CLibPQ

/// How the bytes of a connection travel: to which address, and whether they are encrypted.
package struct ConnectionTransport: Hashable, Sendable {
    /// Where the server is, as far as that decides whether a third party can listen.
    package enum Place: Hashable, Sendable {
        /// A Unix socket, in this directory.
        case socket(String)
        /// This machine, by an IP address.
        case loopback
        case network
    }

    package let place: Place
    /// The name or the directory that the target says; the address where it says none.
    package let host: String
    package let port: String
    /// As it is in effect, also where it is libpq's default (`prefer`).
    package let sslMode: String
    /// The version of TLS, such as `TLSv1.3`; nil without TLS.
    package let tlsVersion: String?
    /// Whether GSSAPI encrypts in the place of TLS.
    package let isEncryptedByGSSAPI: Bool

    package init(
        place: Place,
        host: String,
        port: String,
        sslMode: String,
        tlsVersion: String?,
        isEncryptedByGSSAPI: Bool
    ) {
        self.place = place
        self.host = host
        self.port = port
        self.sslMode = sslMode
        self.tlsVersion = tlsVersion
        self.isEncryptedByGSSAPI = isEncryptedByGSSAPI
    }
}

extension Connection {
    /// PostgreSQL 15 manual, 34.2 "Connection Status Functions".
    package borrowing func transport() -> ConnectionTransport {
        let host = text(PQhost(raw))
        let address = text(PQhostaddr(raw))
        let place: ConnectionTransport.Place =
            if host.hasPrefix("/") || host.hasPrefix("@") || address.isEmpty {
                .socket(host)
            } else if address == "::1" || address.hasPrefix("127.") {
                .loopback
            } else {
                .network
            }
        return ConnectionTransport(
            place: place,
            host: host.isEmpty ? address : host,
            port: text(PQport(raw)),
            sslMode: ConnectionTarget.values(PQconninfo(raw))["sslmode"] ?? "prefer",
            tlsVersion: PQsslInUse(raw) == 1 ? text(PQsslAttribute(raw, "protocol")) : nil,
            isEncryptedByGSSAPI: PQgssEncInUse(raw) == 1
        )
    }

    /// As `server_version_num`: 150018 for 15.18.
    package var serverVersion: Int { Int(PQserverVersion(raw)) }

    private borrowing func text(_ value: UnsafePointer<CChar>?) -> String {
        value.map { String(cString: $0) } ?? ""
    }
}
