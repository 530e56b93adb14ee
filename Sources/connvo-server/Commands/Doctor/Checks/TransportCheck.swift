internal import PostgreSQL
internal import Text

extension DoctorCheck {
    /// Whether a third party between here and the database can read along, or answer in its place.
    static let transport = DoctorCheck(
        "database_tls",
        .database { connection, _ in [finding(connection.transport())] }
    )

    static func finding(_ transport: ConnectionTransport) -> Finding {
        let mode = "sslmode=\(transport.sslMode.safe(for: .table))"
        switch (transport.place, transport.tlsVersion) {
        case (.socket, _):
            return .ok("a Unix socket needs none")
        case (_, nil) where transport.isEncryptedByGSSAPI:
            return .ok("encrypted by GSSAPI, \(mode)")
        case (.loopback, nil):
            return .ok("none, and the bytes stay on this machine")
        case (.network, nil):
            return .warning(
                "none, and the database is on the network: passwords, records and tokens' hashes can be read (\(mode))",
                remedy: "set sslmode=verify-full in DATABASE_URL, and ssl=on at the server"
            )
        case (.network, let version?) where transport.sslMode != "verify-full":
            let weakness =
                transport.sslMode == "verify-ca"
                ? "the server's name is not compared with its certificate"
                : "the server's certificate is not verified"
            return .warning(
                "\(version.safe(for: .table)), and \(weakness) (\(mode))",
                remedy: "set sslmode=verify-full in DATABASE_URL, and sslrootcert to the certificate that signed it"
            )
        case (_, let version?):
            return .ok("\(version.safe(for: .table)), \(mode)")
        }
    }
}
