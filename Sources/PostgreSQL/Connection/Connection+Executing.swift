internal import CLibPQ

extension Connection {
    /// Runs one statement in the open transaction, or in an implicit transaction when none is open.
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

    /// Sends all `commands` in one pipeline, which takes one round trip, and returns their results in order.
    ///
    /// After an error the server skips the remaining commands. The first error is thrown after the whole pipeline has
    /// been read, so that the connection stays usable.
    ///
    /// - Throws: ``DatabaseError``. After `connectionLost` and `timedOut`, commands may or may not have taken effect.
    package mutating func executeTogether(
        _ commands: [Command],
        deadline: Deadline
    ) throws(DatabaseError) -> [QueryResult] {
        guard gate != nil else { return try sendTogether(commands, deadline: deadline) }
        let isCommit = commands.contains { $0.statement.name == Statement.commit.name }
        enterGate(isCommit: isCommit)
        var hasCommitted = false
        defer { leaveGate(hasCommitted: hasCommitted) }
        let results = try sendTogether(commands, deadline: deadline)
        hasCommitted = isCommit && results.contains { $0.commandTag == "COMMIT" }
        return results
    }

    private mutating func sendTogether(
        _ commands: [Command],
        deadline: Deadline
    ) throws(DatabaseError) -> [QueryResult] {
        guard PQenterPipelineMode(raw) == 1 else { throw failure(.connectionLost) }
        var expected: [ExpectedResult] = []
        expected.reserveCapacity(commands.count + 1)
        for command in commands {
            if preparesStatements, !prepared.contains(command.statement.name) {
                try sendPrepare(command.statement)
                // Inserted before the server confirms it, so that the pipeline does not prepare a statement twice.
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

    /// Runs a script of any number of statements with the simple query protocol, in one implicit transaction unless
    /// the script contains transaction commands.
    package mutating func executeScript(_ sql: String, deadline: Deadline) throws(DatabaseError) {
        enterGate()
        defer { leaveGate() }
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
    /// - Throws: ``DatabaseError/Kind/rolledBack`` when the command tag is `ROLLBACK`, because the transaction had
    ///   already failed; ``DatabaseError/Kind/commitUncertain`` when the server warned that it stopped waiting for
    ///   standbys.
    package mutating func commit(deadline: Deadline) throws(DatabaseError) {
        _ = takeNotices()
        let result = try execute(.commit, deadline: deadline)
        try confirmCommit(result)
    }

    /// Checks the result of a `COMMIT` that was sent in a pipeline.
    package borrowing func confirmCommit(_ result: QueryResult) throws(DatabaseError) {
        guard result.commandTag == "COMMIT" else {
            throw DatabaseError(.rolledBack, "COMMIT was answered with \(result.commandTag)")
        }
        if let notice = takeNotices().first(where: { SQLState.warning ~= $0.sqlState }) {
            throw DatabaseError(.commitUncertain, notice.message, sqlState: notice.sqlState)
        }
    }
}

extension Connection {
    borrowing func sendPrepare(_ statement: Statement) throws(DatabaseError) {
        let types = statement.parameterTypes.map(\.rawValue)
        guard PQsendPrepare(raw, statement.name, statement.sql, Int32(types.count), types) == 1 else {
            throw failure(.connectionLost, statement: statement.name)
        }
    }

    borrowing func sendExecute(_ command: Command) throws(DatabaseError) {
        let statement = command.statement
        let lengths = command.parameters.lengths
        let count = lengths.count
        precondition(count == statement.parameterTypes.count, "\(statement.name): wrong number of parameters")
        let sent = command.parameters.withPointers { values in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { formats in
                formats.initialize(repeating: 1)
                let formats = formats.baseAddress
                if preparesStatements {
                    return PQsendQueryPrepared(raw, statement.name, Int32(count), values, lengths, formats, 1)
                }
                let types = statement.parameterTypes.map(\.rawValue)
                return PQsendQueryParams(raw, statement.sql, Int32(count), types, values, lengths, formats, 1)
            }
        }
        guard sent == 1 else { throw failure(.connectionLost, statement: statement.name) }
    }

    /// Sends all buffered output, and reads meanwhile, because the server stops reading while its output is blocked.
    borrowing func flush(deadline: Deadline) throws(DatabaseError) {
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
