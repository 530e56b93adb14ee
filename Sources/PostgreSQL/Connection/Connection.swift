internal import CLibPQ
internal import Glibc

/// Owns one open connection to PostgreSQL. Its deinitializer closes the connection.
///
/// One thread at a time uses it. libpq runs in non-blocking mode; `wait` is the only function that blocks, and every
/// wait has a deadline. (psycopg 3 has the same structure.)
///
/// ```swift
/// var connection = try Connection.open(target, deadline: .after(.seconds(5)))
/// let result = try connection.execute(Statement("now", "SELECT now()::text"), deadline: .after(.seconds(1)))
/// for row in result.rows { print(try row.decode(0, as: String.self)) }
/// ```
///
/// - SeeAlso: PostgreSQL 15 manual, 34.4 "Asynchronous Command Processing" and 34.5 "Pipeline Mode".
package struct Connection: ~Copyable {
    /// `PGconn *`: never null, and finished exactly once, even when the connection is broken.
    let raw: OpaquePointer
    let noticeCollector: NoticeCollector
    /// Whether statements are prepared once and then executed by name.
    let preparesStatements: Bool
    /// Names of the statements that the server has prepared on this connection.
    var prepared: Set<String> = []

    private init(
        owning raw: OpaquePointer,
        noticeCollector: NoticeCollector,
        preparesStatements: Bool
    ) {
        self.raw = raw
        self.noticeCollector = noticeCollector
        self.preparesStatements = preparesStatements
    }

    deinit {
        PQfinish(raw)
    }

    /// Connects, with TLS and authentication, before `deadline`.
    ///
    /// Several hosts are tried in the order of the target. Each gets an equal part of the time that is left, so that a
    /// host that does not respond leaves time for the others.
    ///
    /// - Parameter preparesStatements: False sends every statement unnamed, for poolers in transaction mode.
    /// - Throws: ``DatabaseError`` of kind `connect` or `timedOut`. For several hosts, the message has the error of
    ///   each.
    package static func open(
        _ target: ConnectionTarget,
        preparesStatements: Bool = true,
        deadline: Deadline
    ) throws(DatabaseError) -> Connection {
        let hosts = target.hosts
        guard !hosts.isEmpty else {
            return try open(target.parameters, preparesStatements: preparesStatements, deadline: deadline)
        }
        var failures: [DatabaseError] = []
        for (index, host) in hosts.enumerated() {
            do {
                return try open(
                    target.parameters + host.parameters,
                    preparesStatements: preparesStatements,
                    deadline: deadline.part(of: hosts.count - index)
                )
            } catch {
                failures.append(error)
            }
        }
        let reasons = zip(hosts, failures).map { "\($0.name): \($1.message)" }
        throw DatabaseError(
            failures.allSatisfy { $0.kind == .timedOut } ? .timedOut : .connect,
            reasons.joined(separator: "; ")
        )
    }

    static func open(
        _ parameters: [(keyword: String, value: String)],
        preparesStatements: Bool,
        deadline: Deadline
    ) throws(DatabaseError) -> Connection {
        let raw = withCStrings(parameters.map(\.keyword)) { keywords in
            withCStrings(parameters.map(\.value)) { values in
                // expand_dbname is 1: `dbname` may be a whole connection string.
                PQconnectStartParams(keywords, values, 1)
            }
        }
        guard let raw else { throw DatabaseError(.connect, "out of memory") }

        let noticeCollector = NoticeCollector()
        noticeCollector.attach(to: raw)
        let connection = Connection(
            owning: raw,
            noticeCollector: noticeCollector,
            preparesStatements: preparesStatements
        )
        try connection.finishConnecting(deadline: deadline)
        try connection.checkServer()
        guard PQsetnonblocking(raw, 1) == 0 else { throw connection.failure(.connect) }
        return connection
    }

    borrowing func finishConnecting(deadline: Deadline) throws(DatabaseError) {
        guard PQstatus(raw) != CONNECTION_BAD else { throw failure(.connect) }
        var interest = Interest.write
        while true {
            // PQconnectPoll ignores connect_timeout, and the socket may change after each step (several hosts, TLS
            // fallback): manual, 34.1 "PQconnectPoll".
            do {
                _ = try wait(for: interest, until: deadline)
            } catch  where error.kind == .timedOut {
                throw DatabaseError(.timedOut, "connecting took too long")
            }
            switch PQconnectPoll(raw) {
            case PGRES_POLLING_READING: interest = .read
            case PGRES_POLLING_WRITING: interest = .write
            case PGRES_POLLING_OK: return
            default: throw failure(.connect)
            }
        }
    }

    /// Checks the server properties that the codecs depend on.
    borrowing func checkServer() throws(DatabaseError) {
        guard PQserverVersion(raw) >= 150_000 else {
            throw DatabaseError(
                .connect,
                "PostgreSQL 15 or later is needed; this server reports \(PQserverVersion(raw))"
            )
        }
        guard PQparameterStatus(raw, "integer_datetimes").map({ String(cString: $0) }) == "on" else {
            throw DatabaseError(.connect, "the server does not use integer datetimes")
        }
        guard PQparameterStatus(raw, "server_encoding").map({ String(cString: $0) }) == "UTF8" else {
            throw DatabaseError(.connect, "the database's encoding must be UTF8")
        }
    }
}

extension Connection {
    /// The process id of the server's backend, as in `pg_stat_activity.pid`.
    package var backendPID: Int32 { PQbackendPID(raw) }

    package var isOpen: Bool { PQstatus(raw) == CONNECTION_OK }

    /// Whether no command is running and no transaction is open. Only then may the connection be reused.
    package var isIdle: Bool { isOpen && PQtransactionStatus(raw) == PQTRANS_IDLE }

    /// Returns and removes the notices that have arrived since the last call.
    package borrowing func takeNotices() -> [Notice] { noticeCollector.take() }

    /// The socket to wait on between commands. It becomes readable when the server closes the connection.
    package var socket: Int32 { PQsocket(raw) }

    /// Reads what the server sent between commands. Returns false when the connection is lost.
    package borrowing func drainUnasked() -> Bool {
        PQconsumeInput(raw) == 1 && isOpen
    }
}

/// Passes a null-terminated array of C strings to `body`. The pointers are valid only during the call.
private func withCStrings<Value>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Value?
) -> Value? {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    guard copies.allSatisfy({ $0 != nil }) else { return nil }
    let pointers = copies.map { UnsafePointer<CChar>($0) } + [nil]
    return pointers.withUnsafeBufferPointer { $0.baseAddress.flatMap(body) }
}
