internal import Domain
internal import Persistence
internal import PostgreSQL
internal import Text

extension DoctorCheck {
    /// Whether `serve` can sign in to its database.
    static let database = DoctorCheck("database", .connection)

    /// What a connection says that was made.
    static func reached(
        _ session: DatabaseDiagnosis.Session,
        _ transport: ConnectionTransport,
        in time: Duration
    ) -> Finding {
        let place =
            switch transport.place {
            case .socket(let directory): "the socket in \(directory.safe(for: .table))"
            case .loopback, .network: "\(transport.host.safe(for: .table)) port \(transport.port.safe(for: .table))"
            }
        return .ok(
            """
            database \(session.database.safe(for: .table)) at \(place) as \(session.login.safe(for: .table)), \
            in \(time.milliseconds) ms
            """
        )
    }

    /// What the error of a connection says that was not made. A wrong setting has the exit code with which `serve` ends.
    static func notReached(_ error: DatabaseError) -> Finding {
        let text = "cannot connect: \(error.message.safe(for: .table))"
        if let refusal = error.refusal {
            return .fault(text, remedy: FirstConnection.remedy(for: refusal), status: .badConfiguration)
        }
        return .fault(
            text,
            remedy: "start the server, or correct host and port in DATABASE_URL; `serve` waits until it can connect",
            status: .unavailable
        )
    }
}
