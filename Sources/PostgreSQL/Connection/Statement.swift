/// One SQL statement, with a name for errors, metrics and `pg_prepared_statements`.
///
/// Parameters and results are in binary format.
///
/// ```swift
/// static let userByID = Statement("user_by_id", "SELECT email FROM connvo.users WHERE id = $1", parameters: [.text])
/// ```
package struct Statement: Hashable, Sendable {
    package let name: String
    package let sql: String
    package let parameterTypes: [TypeOID]

    package init(_ name: String, _ sql: String, parameters: [TypeOID] = []) {
        self.name = name
        self.sql = sql
        self.parameterTypes = parameters
    }

    package static let begin = Statement("begin", "BEGIN")
    package static let commit = Statement("commit", "COMMIT")
    package static let rollback = Statement("rollback", "ROLLBACK")
}
