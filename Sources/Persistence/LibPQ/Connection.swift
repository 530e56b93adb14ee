internal import CLibPQ
internal import Glibc

/// Owns one open connection to PostgreSQL. Dropping it closes the connection.
///
/// Used by one thread at a time. libpq runs in non-blocking mode; `wait` is the only place that
/// blocks, and every wait has a deadline. (psycopg 3 divides the work the same way.)
///
/// - SeeAlso: PostgreSQL 15 manual, 34.4 "Asynchronous Command Processing" and 34.5 "Pipeline Mode".
package struct Connection: ~Copyable {
    /// `PGconn *`; never null, finished exactly once, also when the connection is broken.
    let raw: OpaquePointer
    private let noticeCollector: NoticeCollector
    /// Whether statements are prepared once and then executed by name.
    private let preparesStatements: Bool
    /// Names that the server has prepared on this connection.
    private var prepared: Set<String> = []

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
    /// Several hosts are tried in the order of the target. Each gets an equal part of the time that is left, so that one
    /// which stays silent does not keep the others from being tried.
    ///
    /// - Parameter preparesStatements: False sends every statement unnamed, for poolers in transaction mode.
    /// - Throws: ``DatabaseError`` of kind `connect` or `timedOut`; of several hosts, it names each and why it failed.
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

    private static func open(
        _ parameters: [(keyword: String, value: String)],
        preparesStatements: Bool,
        deadline: Deadline
    ) throws(DatabaseError) -> Connection {
        let raw = withCStrings(parameters.map(\.keyword)) { keywords in
            withCStrings(parameters.map(\.value)) { values in
                // expand_dbname: `dbname` may be a whole connection string.
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

    private borrowing func finishConnecting(deadline: Deadline) throws(DatabaseError) {
        guard PQstatus(raw) != CONNECTION_BAD else { throw failure(.connect) }
        var interest = Interest.write
        while true {
            // connect_timeout is ignored by PQconnectPoll, and the socket may be another one after each step
            // (several hosts, TLS fallback): manual, 34.1 "PQconnectPoll".
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

    /// What our codecs rely on.
    private borrowing func checkServer() throws(DatabaseError) {
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

// MARK: - State

extension Connection {
    /// The server process that serves this connection, as `pg_stat_activity.pid` shows it.
    package var backendPID: Int32 { PQbackendPID(raw) }

    package var isOpen: Bool { PQstatus(raw) == CONNECTION_OK }

    /// Whether nothing is running and no transaction is open: the only state in which a connection may be kept.
    package var isIdle: Bool { isOpen && PQtransactionStatus(raw) == PQTRANS_IDLE }

    /// Takes the notices that have come in since the last call.
    package borrowing func takeNotices() -> [Notice] { noticeCollector.take() }

    /// The socket to wait on between commands; it becomes readable when the server hangs up.
    var socket: Int32 { PQsocket(raw) }

    /// Reads what the server sent unasked. False once the connection is gone.
    package borrowing func drainUnasked() -> Bool {
        PQconsumeInput(raw) == 1 && isOpen
    }
}

// MARK: - Commands

/// A statement with its values.
package struct Command: Sendable {
    let statement: Statement
    let parameters: Parameters

    package init(_ statement: Statement, _ parameters: Parameters = Parameters()) {
        self.statement = statement
        self.parameters = parameters
    }
}

extension Connection {
    /// Runs one statement in a transaction of its own, or in the one that is open.
    package mutating func execute(
        _ statement: Statement,
        _ parameters: Parameters = Parameters(),
        deadline: Deadline
    ) throws(DatabaseError) -> QueryResult {
        let results = try executeTogether([Command(statement, parameters)], deadline: deadline)
        guard let result = results.first else {
            throw DatabaseError(.unexpected, "no result", statement: statement.name)
        }
        return result
    }

    /// Sends all `commands` in one flight and returns their results in order.
    ///
    /// After an error the server skips the rest; the first error is thrown once the flight has been read to its end,
    /// so that the connection stays usable.
    ///
    /// - Throws: ``DatabaseError``. After `connectionLost` and `timedOut` it is unknown what was done.
    package mutating func executeTogether(
        _ commands: [Command],
        deadline: Deadline
    ) throws(DatabaseError) -> [QueryResult] {
        guard PQenterPipelineMode(raw) == 1 else { throw failure(.connectionLost) }
        var expected: [ExpectedResult] = []
        expected.reserveCapacity(commands.count + 1)
        for command in commands {
            if preparesStatements, !prepared.contains(command.statement.name) {
                try sendPrepare(command.statement)
                // Known as prepared once the server has said so; the same flight must not prepare it twice.
                prepared.insert(command.statement.name)
                expected.append(.prepared(command.statement.name))
            }
            try sendExecute(command)
            expected.append(.rows(command.statement.name))
        }
        guard PQpipelineSync(raw) == 1 else { throw failure(.connectionLost) }
        let results = try collect(expected, deadline: deadline)
        guard PQexitPipelineMode(raw) == 1 else { throw failure(.unexpected) }
        return try results.get()
    }

    /// Runs a script of any number of statements by the simple protocol, in one implicit transaction
    /// unless the script says otherwise.
    package mutating func executeScript(_ sql: String, deadline: Deadline) throws(DatabaseError) {
        guard PQsendQuery(raw, sql) == 1 else { throw failure(.connectionLost) }
        var firstError: DatabaseError?
        while let result = try nextResult(deadline: deadline) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                continue
            case PGRES_FATAL_ERROR:
                firstError = firstError ?? serverError(result, statement: nil)
            default:
                throw DatabaseError(.unexpected, "a script may not use COPY")
            }
        }
        if let firstError { throw firstError }
    }

    /// Commits the open transaction.
    ///
    /// - Throws: ``DatabaseError/Kind/rolledBack`` when the server answered `ROLLBACK`, as it does for a transaction that
    ///   had already failed; ``DatabaseError/Kind/commitUncertain`` when it warned that the wait for standbys was cut short.
    package mutating func commit(deadline: Deadline) throws(DatabaseError) {
        _ = takeNotices()
        let result = try execute(.commit, deadline: deadline)
        try confirmCommit(result)
    }

    /// Judges the answer to a `COMMIT` that travelled in a flight.
    borrowing func confirmCommit(_ result: QueryResult) throws(DatabaseError) {
        guard result.commandTag == "COMMIT" else {
            throw DatabaseError(.rolledBack, "COMMIT was answered with \(result.commandTag)")
        }
        if let notice = takeNotices().first(where: { SQLState.warning ~= $0.sqlState }) {
            throw DatabaseError(.commitUncertain, notice.message, sqlState: notice.sqlState)
        }
    }
}

// MARK: - COPY

extension Connection {
    /// Loads rows in COPY's text format.
    ///
    /// - Parameters:
    ///   - sql: A `COPY ... FROM STDIN` statement.
    ///   - nextChunk: Returns the next bytes, or nil at the end.
    package mutating func copyIn(
        _ sql: String,
        deadline: Deadline,
        nextChunk: () -> [UInt8]?
    ) throws(DatabaseError) {
        guard PQsendQuery(raw, sql) == 1 else { throw failure(.connectionLost) }
        guard let answer = try nextResult(deadline: deadline) else { throw failure(.unexpected) }
        defer { PQclear(answer) }
        guard PQresultStatus(answer) == PGRES_COPY_IN else {
            let error = serverError(answer, statement: nil)
            try drain(deadline: deadline)
            throw error
        }
        while let chunk = nextChunk() {
            try putCopyData(chunk, deadline: deadline)
        }
        while true {
            switch PQputCopyEnd(raw, nil) {
            case 1: return try finishCopy(deadline: deadline)
            case 0: _ = try wait(for: .write, until: deadline)
            default: throw failure(.connectionLost)
            }
        }
    }

    private borrowing func putCopyData(_ chunk: [UInt8], deadline: Deadline) throws(DatabaseError) {
        while true {
            let outcome = chunk.withUnsafeBytes {
                PQputCopyData(raw, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count))
            }
            switch outcome {
            case 1: return try flush(deadline: deadline)
            case 0: try flush(deadline: deadline)
            default: throw failure(.connectionLost)
            }
        }
    }

    private borrowing func finishCopy(deadline: Deadline) throws(DatabaseError) {
        var firstError: DatabaseError?
        while let result = try nextResult(deadline: deadline) {
            defer { PQclear(result) }
            if PQresultStatus(result) != PGRES_COMMAND_OK {
                firstError = firstError ?? serverError(result, statement: nil)
            }
        }
        if let firstError { throw firstError }
    }

    private borrowing func drain(deadline: Deadline) throws(DatabaseError) {
        while let result = try nextResult(deadline: deadline) { PQclear(result) }
    }
}

// MARK: - Sending

extension Connection {
    private borrowing func sendPrepare(_ statement: Statement) throws(DatabaseError) {
        let types = statement.parameterTypes.map(\.rawValue)
        guard PQsendPrepare(raw, statement.name, statement.sql, Int32(types.count), types) == 1 else {
            throw failure(.connectionLost, statement: statement.name)
        }
    }

    private borrowing func sendExecute(_ command: Command) throws(DatabaseError) {
        let statement = command.statement
        let slots = command.parameters.slots
        precondition(slots.count == statement.parameterTypes.count, "\(statement.name): wrong number of parameters")
        let lengths = slots.map { Int32(clamping: $0?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: slots.count)
        let sent = command.parameters.bytes.withUnsafeBytes { bytes in
            // An empty value must not look like NULL: it points at this byte instead of nowhere.
            withUnsafeBytes(of: 0 as UInt8) { empty in
                let values: [UnsafePointer<CChar>?] = slots.map { slot in
                    slot.flatMap { range in
                        (range.isEmpty ? empty.baseAddress : bytes.baseAddress?.advanced(by: range.lowerBound))?
                            .assumingMemoryBound(to: CChar.self)
                    }
                }
                if preparesStatements {
                    return PQsendQueryPrepared(raw, statement.name, Int32(slots.count), values, lengths, formats, 1)
                }
                let types = statement.parameterTypes.map(\.rawValue)
                return PQsendQueryParams(raw, statement.sql, Int32(slots.count), types, values, lengths, formats, 1)
            }
        }
        guard sent == 1 else { throw failure(.connectionLost, statement: statement.name) }
    }

    /// Hands all that is buffered to the kernel, reading on the way, because the server may be writing too.
    private borrowing func flush(deadline: Deadline) throws(DatabaseError) {
        while true {
            switch PQflush(raw) {
            case 0: return
            case 1:
                if try wait(for: .readOrWrite, until: deadline).contains(.read), PQconsumeInput(raw) == 0 {
                    throw failure(.connectionLost)
                }
            default: throw failure(.connectionLost)
            }
        }
    }
}

// MARK: - Receiving

extension Connection {
    private enum ExpectedResult {
        case prepared(String)
        case rows(String)

        var statement: String {
            switch self {
            case .prepared(let name), .rows(let name): name
            }
        }
    }

    /// Reads one flight to its end. The outer error says that the connection failed, the inner one that the server refused.
    private mutating func collect(
        _ expected: [ExpectedResult],
        deadline: Deadline
    ) throws(DatabaseError) -> Result<[QueryResult], DatabaseError> {
        var results: [QueryResult] = []
        var firstError: DatabaseError?
        for step in expected {
            guard let raw = try nextResult(deadline: deadline) else {
                throw failure(.connectionLost, statement: step.statement)
            }
            let result = QueryResult(owning: raw, statement: step.statement)
            switch PQresultStatus(raw) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                if case .rows = step { results.append(result) }
            case PGRES_PIPELINE_ABORTED:
                if case .prepared(let name) = step { prepared.remove(name) }
            default:
                if case .prepared(let name) = step { prepared.remove(name) }
                firstError = firstError ?? serverError(raw, statement: step.statement)
                if !isOpen { throw firstError ?? failure(.connectionLost) }
            }
            // A null follows the result of each command.
            if let surplus = try nextResult(deadline: deadline) {
                PQclear(surplus)
                throw DatabaseError(.unexpected, "more than one result", statement: step.statement)
            }
        }
        guard let sync = try nextResult(deadline: deadline) else { throw failure(.connectionLost) }
        defer { PQclear(sync) }
        guard PQresultStatus(sync) == PGRES_PIPELINE_SYNC else { throw failure(.unexpected) }
        if let firstError { return .failure(firstError) }
        return .success(results)
    }

    /// The next result, or nil where libpq ends the results of one command.
    private borrowing func nextResult(deadline: Deadline) throws(DatabaseError) -> OpaquePointer? {
        try flush(deadline: deadline)
        while PQisBusy(raw) == 1 {
            _ = try wait(for: .read, until: deadline)
            guard PQconsumeInput(raw) == 1 else { throw failure(.connectionLost) }
        }
        return PQgetResult(raw)
    }
}

// MARK: - Errors

extension Connection {
    /// What libpq says about the connection itself.
    private borrowing func failure(_ kind: DatabaseError.Kind, statement: String? = nil) -> DatabaseError {
        DatabaseError(kind, Self.oneLine(PQerrorMessage(raw)), statement: statement)
    }

    private borrowing func serverError(_ result: OpaquePointer, statement: String?) -> DatabaseError {
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
        }
        guard let sqlState = field("C") else {
            // libpq made this result itself, because the connection broke.
            return DatabaseError(.connectionLost, Self.oneLine(PQresultErrorMessage(result)), statement: statement)
        }
        // Field codes of the protocol, manual 55.8: M message, D detail, H hint, n constraint, P position.
        var error = DatabaseError(
            isOpen ? .server : .connectionLost,
            field("M") ?? "",
            sqlState: SQLState(rawValue: sqlState),
            statement: statement
        )
        error.detail = field("D")
        error.hint = field("H")
        error.constraint = field("n")
        error.position = field("P").flatMap { Int($0) }
        return error
    }

    private static func oneLine(_ text: UnsafePointer<CChar>?) -> String {
        guard let text else { return "unknown" }
        let lines = String(cString: text).split(separator: "\n").map { $0.drop { $0 == " " || $0 == "\t" } }
        return lines.isEmpty ? "the connection is closed" : lines.joined(separator: "; ")
    }
}

// MARK: - Waiting

extension Connection {
    struct Interest: OptionSet {
        let rawValue: Int16

        static let read = Interest(rawValue: Int16(POLLIN))
        static let write = Interest(rawValue: Int16(POLLOUT))
        static let readOrWrite: Interest = [.read, .write]
    }

    /// Blocks until the socket is ready for one of `interest`, or has failed, which counts as readable.
    ///
    /// - Throws: ``DatabaseError/Kind/timedOut`` when `deadline` passes first.
    private borrowing func wait(for interest: Interest, until deadline: Deadline) throws(DatabaseError) -> Interest {
        let socket = PQsocket(raw)
        guard socket >= 0 else { throw failure(.connectionLost) }
        while true {
            var descriptor = pollfd(fd: socket, events: interest.rawValue, revents: 0)
            let ready = poll(&descriptor, 1, deadline.millisecondsLeft)
            if ready > 0 {
                let failed = descriptor.revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
                return failed ? .readOrWrite : Interest(rawValue: descriptor.revents)
            }
            if ready == 0, deadline.hasPassed {
                throw DatabaseError(.timedOut, "the server did not answer in time")
            }
            if ready < 0, errno != EINTR {
                throw DatabaseError(.unexpected, "poll failed: errno \(errno)")
            }
        }
    }
}

/// Lends a null-terminated array of C strings for the duration of `body`.
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
