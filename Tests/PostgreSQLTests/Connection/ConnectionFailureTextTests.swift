import Testing

@testable import PostgreSQL

/// What libpq says of a failed attempt to connect.
@Suite struct ConnectionFailureTextTests {
    private static let socket = #"connection to server on socket "/tmp/.s.PGSQL.5432" failed: "#

    static let texts: [(text: String, refusal: ConnectionRefusal?)] = [
        (#"FATAL:  28P01: password authentication failed for user "a""#, .password),
        // In the language of the server.
        (#"SCHWERWIEGEND:  28P01: Passwort-Authentifizierung für Benutzer »a« fehlgeschlagen"#, .password),
        ("fe_sendauth: no password supplied", .password),
        (#"FATAL:  28000: role "a" does not exist"#, .login),
        (#"FATAL:  28000: no pg_hba.conf entry for host "::1", user "a", database "b", no encryption"#, .login),
        (#"FATAL:  3D000: database "b" does not exist"#, .database),
        (#"FATAL:  42501: permission denied for database "b""#, .privilege),
        ("server does not support SSL, but SSL was required", .tls),
        ("SSL error: certificate verify failed", .tls),
        (#"server certificate for "a" does not match host name "b""#, .tls),
        (#"root certificate file "/none" does not exist"#, .tls),
        (#"invalid sslmode value: "yes""#, .options),
        (#"definition of service "a" not found"#, .options),
        // What may pass.
        ("FATAL:  57P03: the database system is starting up", nil),
        ("FATAL:  57P03: the database system is shutting down", nil),
        ("FATAL:  53300: sorry, too many clients already", nil),
        (#"FATAL:  53300: too many connections for role "a""#, nil),
        ("FATAL:  57P01: terminating connection due to administrator command", nil),
        ("Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?", nil),
        (#"could not translate host name "db" to address: Temporary failure in name resolution"#, nil),
        ("server closed the connection unexpectedly", nil),
        ("SSL SYSCALL error: EOF detected", nil),
        ("session is read-only", nil),
        // Poolers report all of their own errors so.
        ("FATAL:  08P01: server login has been failing", nil),
    ]

    @Test(arguments: texts)
    func `what would fail again is told from what may pass`(text: String, refusal: ConnectionRefusal?) {
        #expect(ConnectionFailureText(verbose: Self.socket + text).refusal == refusal)
        #expect(ConnectionFailureText(verbose: Self.socket + text + "\nLOCATION:  f, f.c:1\n").refusal == refusal)
    }

    @Test func `the message is the one without codes`() {
        let text = ConnectionFailureText(
            verbose: """
                \(Self.socket)FATAL:  28P01: password authentication failed for user "a"
                DETAIL:  Of the server.
                LOCATION:  auth_failed, auth.c:335

                """
        )
        #expect(
            text.message == """
                \(Self.socket)FATAL:  password authentication failed for user "a"
                DETAIL:  Of the server.
                """
        )
    }

    @Test func `several attempts are a refusal when each is`() {
        let attempt = "connection to server at \"::1\", port 1 failed: "
        let refused = attempt + "FATAL:  28000: no pg_hba.conf entry, no encryption\n"
        let passing = attempt + "Connection refused\n\tIs the server running?\n"
        #expect(ConnectionFailureText(verbose: refused + refused).refusal == .login)
        #expect(ConnectionFailureText(verbose: refused + passing).refusal == nil)
        #expect(ConnectionFailureText(verbose: passing + refused).refusal == nil)
        #expect(ConnectionFailureText(verbose: "").refusal == nil)
    }
}
