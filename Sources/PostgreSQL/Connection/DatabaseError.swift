/// An error of PostgreSQL, of libpq or of decoding a result.
///
/// ```swift
/// do {
///     _ = try connection.execute(statement, parameters, deadline: deadline)
/// } catch where error.sqlState == .uniqueViolation {
///     // The row exists already.
/// }
/// ```
@usableFromInline package struct DatabaseError: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// No connection could be made.
        case connect
        /// The connection broke. The command may or may not have taken effect.
        case connectionLost
        /// A deadline passed. The state of the connection is unknown, and it must be closed.
        case timedOut
        /// The server reported an error; `sqlState` has its code.
        case server
        /// The command tag of `COMMIT` was `ROLLBACK`: the transaction had failed before.
        case rolledBack
        /// `COMMIT` came with a warning that the standbys may not have the transaction (class 01).
        case commitUncertain
        /// A statement took effect on fewer rows than it was sent.
        case rowsMissing
        /// A value is NULL or not of the type that the caller decodes.
        case decoding
        /// libpq or the server did something that the protocol does not permit here.
        case unexpected
    }

    package let kind: Kind
    package let sqlState: SQLState?
    package let message: String
    package var detail: String?
    package var hint: String?
    package var constraint: String?
    /// The position of the error in the statement's text, in characters from 1, when the server reports one.
    package var position: Int?
    /// The name of the statement; nil for scripts.
    package var statement: String?
    /// Why another attempt to connect with the same settings would fail, too; nil for what may pass.
    package var refusal: ConnectionRefusal?
    /// Whether the server lives and has no connection left for this login (53300).
    package var isServerFull = false

    package init(_ kind: Kind, _ message: String, sqlState: SQLState? = nil, statement: String? = nil) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
        self.statement = statement
    }

    /// Whether the connection this error came from can still be used.
    package var leavesConnectionUsable: Bool {
        switch kind {
        case .server, .rolledBack, .rowsMissing, .decoding: true
        case .connect, .connectionLost, .timedOut, .commitUncertain, .unexpected: false
        }
    }
}

extension DatabaseError: CustomStringConvertible {
    /// One line without row data. `detail` may quote values, so it is left out.
    @usableFromInline package var description: String {
        var text = message
        if let sqlState { text += " (SQLSTATE \(sqlState.rawValue))" }
        if let statement { text += " in \(statement)" }
        return text
    }
}
