/// What went wrong between this process and PostgreSQL.
package struct DatabaseError: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// No connection could be made.
        case connect
        /// The connection broke. What was being done may or may not have been done.
        case connectionLost
        /// A deadline of ours passed; the connection is in an unknown state and must be closed.
        case timedOut
        /// The server refused; `sqlState` says how.
        case server
        /// `COMMIT` was answered with `ROLLBACK`: the transaction had failed before.
        case rolledBack
        /// `COMMIT` was answered with a warning that it may not have reached the standbys (class 01).
        case commitUncertain
        /// A value did not have the type or the shape that our SQL promises.
        case decoding
        /// libpq or the server did something that the protocol does not allow here.
        case unexpected
    }

    package let kind: Kind
    package let sqlState: SQLState?
    package let message: String
    package var detail: String?
    package var hint: String?
    package var constraint: String?
    /// 1-based position in characters in the text of the statement, where the server gives one.
    package var position: Int?
    /// The name of our statement; nil for scripts.
    package var statement: String?

    package init(_ kind: Kind, _ message: String, sqlState: SQLState? = nil, statement: String? = nil) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
        self.statement = statement
    }

    /// Whether the connection this error came from can still be used.
    package var leavesConnectionUsable: Bool {
        switch kind {
        case .server, .rolledBack, .decoding: true
        case .connect, .connectionLost, .timedOut, .commitUncertain, .unexpected: false
        }
    }
}

extension DatabaseError: CustomStringConvertible {
    /// One line without row data: `detail` may quote values and is left out.
    package var description: String {
        var text = message
        if let sqlState { text += " (SQLSTATE \(sqlState.rawValue))" }
        if let statement { text += " in \(statement)" }
        return text
    }
}
