internal import CLibPQ

/// Why a server, or libpq, refuses a connection, where another attempt with the same settings has the same result.
///
/// All else may pass: a server that is starting (57P03) or has no connection left (53300), a name that is not resolved, a
/// connection that is refused or breaks.
package enum ConnectionRefusal: Hashable, Sendable {
    /// The password is wrong (28P01), or the server asks for one and there is none.
    case password
    /// `pg_hba.conf` has no line for the login, or there is no such login (28000).
    case login
    /// There is no such database (3D000).
    case database
    /// The login has no CONNECT on the database (42501).
    case privilege
    /// The server has no TLS where the URL demands it, or its certificate is not one that the URL trusts.
    case tls
    /// An option of the URL that libpq does not take.
    case options
    /// The server is too old, or the database has another encoding than UTF8.
    case server

    /// PostgreSQL 15 manual, appendix A.
    init?(sqlState: SQLState) {
        switch sqlState.rawValue {
        case "28P01": self = .password
        case "28000": self = .login
        case "3D000": self = .database
        case "42501": self = .privilege
        default: return nil
        }
    }

    /// What libpq says before the server has said anything, which comes without a code (`fe-connect.c`,
    /// `fe-secure-openssl.c`, `fe-auth.c` of PostgreSQL 15 to 18).
    init?(clientMessage text: some StringProtocol) {
        let found = Self.clientMessages.first { text.contains($0.text) }
        guard let found else { return nil }
        self = found.refusal
    }

    private static let clientMessages: [(text: String, refusal: ConnectionRefusal)] = [
        ("no password supplied", .password),
        ("server does not support SSL, but SSL was required", .tls),
        ("certificate verify failed", .tls),
        ("does not match host name", .tls),
        ("root certificate file", .tls),
        ("could not read certificate file", .tls),
        ("could not load private key file", .tls),
        ("private key file", .tls),
        ("channel binding required", .tls),
        ("invalid sslmode value", .options),
        ("definition of service", .options),
        ("invalid port number", .options),
        ("invalid integer value", .options),
    ]
}

/// A failed attempt to connect, in libpq's words with the codes of the server.
///
/// libpq keeps the SQLSTATE of a failed connection to itself. With PQERRORS_VERBOSE its message has the code, in every
/// language of the server: `FATAL:  28P01: password authentication failed ...`, and a line `LOCATION:  ...`
/// (manual, 34.11 "PQsetErrorVerbosity").
struct ConnectionFailureText {
    /// The message as it would be without the codes.
    let message: String
    /// Nil when one of the attempts that it tells of may have another result later.
    let refusal: ConnectionRefusal?
    /// Whether an attempt found a server without a connection left (53300).
    private(set) var isServerFull = false

    init(verbose text: String) {
        var lines: [Substring] = []
        var attempts: [ConnectionRefusal?] = []
        for line in text.split(separator: "\n") where !line.hasPrefix("LOCATION:  ") {
            // With several hosts or addresses, and with and without TLS, each attempt is told of.
            let beginsAttempt = lines.isEmpty || line.hasPrefix("connection to server ")
            var plain = line
            var refusal = ConnectionRefusal(clientMessage: line)
            if let code = Self.code(in: line) {
                refusal = ConnectionRefusal(sqlState: SQLState(rawValue: String(line[code])))
                if line[code] == "53300" { isServerFull = true }
                plain.removeSubrange(code.lowerBound..<line.index(code.upperBound, offsetBy: 2))
            }
            lines.append(plain)
            if beginsAttempt {
                attempts.append(refusal)
            } else if attempts[attempts.count - 1] == nil, refusal != nil {
                attempts[attempts.count - 1] = refusal
            }
        }
        message = lines.joined(separator: "\n")
        self.refusal = attempts.contains(nil) ? nil : attempts.last ?? nil
    }

    /// Where the first code is: five characters between `":  "` and `": "`.
    private static func code(in line: Substring) -> Range<Substring.Index>? {
        guard let severityEnd = line.firstRange(of: ":  ")?.upperBound,
            let end = line.index(severityEnd, offsetBy: 5, limitedBy: line.endIndex),
            line[severityEnd..<end].utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }),
            line[end...].hasPrefix(": ")
        else { return nil }
        return severityEnd..<end
    }
}
