internal import CLibPQ

extension Connection {
    enum ExpectedResult {
        case prepared(String)
        case rows(String)

        var statement: String {
            switch self {
            case .prepared(let name), .rows(let name): name
            }
        }
    }

    /// Reads the results of one pipeline to its end. Throws when the connection failed; returns a failure when the
    /// server reported an error.
    mutating func collect(
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
            // libpq returns null after the result of each command.
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

    /// The next result, or nil at the end of the results of one command.
    borrowing func nextResult(deadline: Deadline) throws(DatabaseError) -> OpaquePointer? {
        try flush(deadline: deadline)
        while PQisBusy(raw) == 1 {
            _ = try wait(for: .read, until: deadline)
            guard PQconsumeInput(raw) == 1 else { throw failure(.connectionLost) }
        }
        return PQgetResult(raw)
    }
}

extension Connection {
    /// An error with libpq's message about the connection.
    borrowing func failure(_ kind: DatabaseError.Kind, statement: String? = nil) -> DatabaseError {
        DatabaseError(kind, Self.oneLine(PQerrorMessage(raw)), statement: statement)
    }

    borrowing func serverError(_ result: OpaquePointer, statement: String?) -> DatabaseError {
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
        }
        guard let sqlState = field("C") else {
            // libpq made this result without a message of the server, because the connection broke.
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

    static func oneLine(_ text: UnsafePointer<CChar>?) -> String {
        guard let text else { return "unknown" }
        let lines = String(cString: text).split(separator: "\n").map { $0.drop { $0 == " " || $0 == "\t" } }
        return lines.isEmpty ? "the connection is closed" : lines.joined(separator: "; ")
    }
}
