internal import PostgreSQL

/// The first connection of `serve` to the database.
///
/// Settings that are wrong end the process at once, with what to correct. What may pass, such as a server that is
/// starting, is waited for. After the first connection nothing that the server says ends the process: a password may be new
/// on one side only.
enum FirstConnection {
    /// With what else happens at the start, wrong settings are told within three seconds.
    private static let limit: Duration = .seconds(2)

    /// Connects once, before anything listens.
    ///
    /// - Throws: ``CommandFailure`` when another attempt with these settings would fail, too.
    static func attempt(_ target: ConnectionTarget) async throws(CommandFailure) {
        let error = await onThreadOfItsOwn(named: "first-connection") { () -> DatabaseError? in
            do throws(DatabaseError) {
                _ = try Connection.open(target, deadline: .after(limit))
                return nil
            } catch {
                return error
            }
        }
        if let error, error.refusal != nil { throw failure(error) }
    }

    /// What ends the process.
    static func failure(_ error: DatabaseError) -> CommandFailure {
        let correction = error.refusal.map { "; \(remedy(for: $0))" } ?? ""
        return CommandFailure(
            .badConfiguration,
            "DATABASE_URL: cannot connect to the database: \(error.message)\(correction)"
        )
    }

    /// What to correct.
    static func remedy(for refusal: ConnectionRefusal) -> String {
        switch refusal {
        case .password: "correct the password, in the URL or in the password file that it names (passfile)"
        case .login: "correct the login, or give it a line in the server's pg_hba.conf"
        case .database: "correct the name of the database, or make it with CREATE DATABASE and connvo-server migrate up"
        case .privilege: "GRANT CONNECT ON DATABASE to the login"
        case .tls: "correct sslmode and sslrootcert in the URL, or the server's certificate"
        case .options: "correct the options of the URL"
        case .server: "use a database in UTF8 on PostgreSQL 15 or later"
        }
    }
}
