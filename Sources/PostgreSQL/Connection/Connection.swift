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
    package let preparesStatements: Bool
    /// Names of the statements that the server has prepared on this connection.
    var prepared: Set<String> = []
    /// Nil unless a signal may end the program while this connection works; see ``pass(_:)``.
    var gate: CommandGate?
    /// When another connection found last that this server does not answer; nil when none has. Asked while this one
    /// waits: an answer that has not come for a second does not come either, then.
    package var serverFellSilent: (@Sendable () -> ContinuousClock.Instant?)?

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

    /// Connects by these keywords and values, of which none may need a name to be resolved: libpq would block.
    ///
    /// - Throws: ``DatabaseError`` of kind `connect` or `timedOut`.
    static func open(
        _ parameters: [(keyword: String, value: String)],
        preparesStatements: Bool,
        deadline: Deadline,
        isCancelled: () -> Bool
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
        // Until it is connected, messages have codes: ``ConnectionFailureText``.
        PQsetErrorVerbosity(raw, PQERRORS_VERBOSE)
        try connection.finishConnecting(deadline: deadline, isCancelled: isCancelled)
        PQsetErrorVerbosity(raw, PQERRORS_DEFAULT)
        try connection.checkServer()
        guard PQsetnonblocking(raw, 1) == 0 else { throw connection.failure(.connect) }
        return connection
    }

    borrowing func finishConnecting(deadline: Deadline, isCancelled: () -> Bool) throws(DatabaseError) {
        guard PQstatus(raw) != CONNECTION_BAD else { throw connectingFailure() }
        var interest = Interest.write
        while true {
            // PQconnectPoll ignores connect_timeout, and the socket may change after each step (several hosts, TLS
            // fallback): manual, 34.1 "PQconnectPoll".
            do {
                _ = try wait(for: interest, until: min(deadline, .after(.milliseconds(100))))
            } catch  where error.kind == .timedOut {
                if deadline.hasPassed { throw DatabaseError(.timedOut, "connecting took too long") }
                if isCancelled() { throw .connectingCancelled }
                continue
            }
            switch PQconnectPoll(raw) {
            case PGRES_POLLING_READING: interest = .read
            case PGRES_POLLING_WRITING: interest = .write
            case PGRES_POLLING_OK: return
            default: throw connectingFailure()
            }
        }
    }

    private borrowing func connectingFailure() -> DatabaseError {
        let text = ConnectionFailureText(verbose: PQerrorMessage(raw).map { String(cString: $0) } ?? "")
        var error = DatabaseError(.connect, text.message.withCString { Self.oneLine($0) })
        error.refusal = text.refusal
        error.isServerFull = text.isServerFull
        return error
    }

    /// Checks the server properties that the codecs depend on.
    borrowing func checkServer() throws(DatabaseError) {
        guard PQserverVersion(raw) >= 150_000 else {
            throw refused("PostgreSQL 15 or later is needed; this server reports \(PQserverVersion(raw))")
        }
        guard PQparameterStatus(raw, "integer_datetimes").map({ String(cString: $0) }) == "on" else {
            throw refused("the server does not use integer datetimes")
        }
        guard PQparameterStatus(raw, "server_encoding").map({ String(cString: $0) }) == "UTF8" else {
            throw refused("the database's encoding must be UTF8")
        }
    }

    private borrowing func refused(_ reason: String) -> DatabaseError {
        var error = DatabaseError(.connect, reason)
        error.refusal = .server
        return error
    }
}

extension Connection {
    /// The process id of the server's backend, as in `pg_stat_activity.pid`.
    package var backendPID: Int32 { PQbackendPID(raw) }

    package var isOpen: Bool { PQstatus(raw) == CONNECTION_OK }

    /// Host, address and port of the server.
    package var server: String {
        [PQhost(raw), PQhostaddr(raw), PQport(raw)].map { $0.map { String(cString: $0) } ?? "" }
            .joined(separator: " ")
    }

    /// Has the server of this connection, which has not answered in time, tried after the other hosts of `target`.
    package borrowing func noteSilence(in target: ConnectionTarget) {
        let (name, address, port) = (PQhost(raw), PQhostaddr(raw), PQport(raw))
        func text(_ value: UnsafeMutablePointer<CChar>?) -> String { value.map { String(cString: $0) } ?? "" }
        for address in ["", text(address)] {
            target.silentHosts.note(ConnectionTarget.Host(name: text(name), address: address, port: text(port)))
        }
    }

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
func withCStrings<Value>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Value?
) -> Value? {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    guard copies.allSatisfy({ $0 != nil }) else { return nil }
    let pointers = copies.map { UnsafePointer<CChar>($0) } + [nil]
    return pointers.withUnsafeBufferPointer { $0.baseAddress.flatMap(body) }
}
