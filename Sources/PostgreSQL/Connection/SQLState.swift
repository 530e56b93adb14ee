/// A five-character SQLSTATE. It can hold codes that have no constant here.
///
/// ```swift
/// if let code = error.sqlState, SQLState.integrityConstraintViolation ~= code { ... }  // any code of class 23
/// ```
///
/// PostgreSQL 15 manual, appendix A.
package struct SQLState: RawRepresentable, Hashable, Sendable {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let warning = SQLState(rawValue: "01000")
    package static let featureNotSupported = SQLState(rawValue: "0A000")
    package static let dataException = SQLState(rawValue: "22000")
    package static let integrityConstraintViolation = SQLState(rawValue: "23000")
    package static let uniqueViolation = SQLState(rawValue: "23505")
    package static let checkViolation = SQLState(rawValue: "23514")
    package static let exclusionViolation = SQLState(rawValue: "23P01")
    package static let readOnlyTransaction = SQLState(rawValue: "25006")
    package static let idleInTransactionTimeout = SQLState(rawValue: "25P03")
    package static let invalidStatementName = SQLState(rawValue: "26000")
    package static let serializationFailure = SQLState(rawValue: "40001")
    package static let deadlockDetected = SQLState(rawValue: "40P01")
    package static let duplicatePreparedStatement = SQLState(rawValue: "42P05")
    package static let duplicateObject = SQLState(rawValue: "42710")
    package static let insufficientPrivilege = SQLState(rawValue: "42501")
    package static let undefinedColumn = SQLState(rawValue: "42703")
    package static let undefinedFunction = SQLState(rawValue: "42883")
    package static let undefinedTable = SQLState(rawValue: "42P01")
    package static let duplicateTable = SQLState(rawValue: "42P07")
    package static let undefinedSchema = SQLState(rawValue: "3F000")
    package static let lockNotAvailable = SQLState(rawValue: "55P03")
    package static let queryCanceled = SQLState(rawValue: "57014")
    package static let internalError = SQLState(rawValue: "XX000")

    /// Whether a prepared statement was there that this connection had not made, or one was gone that it had made: other
    /// connections share its session, as behind a pooler in transaction mode.
    package var isOfSharedSession: Bool {
        self == .duplicatePreparedStatement || self == .invalidStatementName
    }

    /// A pattern that ends in `000` matches every code of its class; any other pattern matches only itself.
    package static func ~= (pattern: SQLState, code: SQLState) -> Bool {
        pattern.rawValue.hasSuffix("000")
            ? code.rawValue.hasPrefix(pattern.rawValue.prefix(2))
            : pattern == code
    }
}
