internal import CLibPQ

extension Connection {
    /// Loads rows in the text format of COPY.
    ///
    /// - Parameters:
    ///   - sql: A `COPY ... FROM STDIN` statement.
    ///   - nextChunk: Returns the next bytes, or nil at the end.
    package mutating func copyIn(
        _ sql: String,
        deadline: Deadline,
        nextChunk: () -> [UInt8]?
    ) throws(DatabaseError) {
        enterGate()
        defer { leaveGate() }
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
